#!/usr/bin/env python
"""Django's command line."""

import os
import sys


def main() -> None:
    """Run one management command with the local settings unless told otherwise.

    These find the servers of `make run`. Where nobody answers and no address was named, one line says so.
    """
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "repairhub.settings.local")
    is_named = bool(os.environ.get("DATABASE_URL"))
    from django.core.management import execute_from_command_line
    from django.db import OperationalError, connection

    try:
        execute_from_command_line(sys.argv)
    except OperationalError:
        if is_named or connection.connection is not None:
            raise
        sys.exit("No database answers: run `make run` in another terminal, or set DATABASE_URL.")


if __name__ == "__main__":
    main()
