"""A throw-away PostgreSQL and Valkey for benches that ask the product itself, as the tests get theirs."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.measuring import say
from repairhub.ops.embedded import EmbeddedServers, Home

CHECKOUT = Path(__file__).resolve().parent.parent


@contextmanager
def database() -> Iterator[None]:
    """Servers of this run alone, the tables made, Django set up; all of it deleted afterwards.

    Nothing of Django may be imported before: the settings read the servers' addresses.
    """
    servers = EmbeddedServers(Home.for_tests(CHECKOUT))
    os.environ["DATABASE_URL"] = servers.database_url
    os.environ["REDIS_URL"] = servers.redis_url()
    os.environ["DJANGO_SETTINGS_MODULE"] = "repairhub.settings.test"
    try:
        servers.start()
        import django
        from django.core.management import call_command

        django.setup()
        call_command("migrate", verbosity=0)
        say("a PostgreSQL and a Valkey of its own, the tables made")
        yield
        from django.db import connections

        connections.close_all()
    finally:
        servers.stop()
        servers.home.delete()
