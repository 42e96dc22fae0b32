"""Past the triggers that keep what was promised: how a test plants what the product can never write."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection


@contextmanager
def past_the_triggers() -> Iterator[None]:
    """Inside, statements run as by somebody who holds the database's keys: no trigger fires.

    For planted damage and for moving a promised window to now in a story that a browser plays in real time.
    """
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        try:
            yield
        finally:
            cursor.execute("SET session_replication_role = origin")
