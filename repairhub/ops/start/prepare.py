"""Before the first request: the database answers, its tables and the demo's data are there, and it was swept.

    python -m repairhub.ops.start.prepare SIGN_INS_FILE

Who can sign in to the demo is written into that file, for the runner to show once the page answers. A process
of its own, so that the runner stays small. Exit code 1 and one line where it cannot be done.
"""

import os
import sys
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured
from django.db.utils import DatabaseError, OperationalError

# Two copies that start at once prepare one after the other. The number is arbitrary, the same in every copy.
LOCK = 52_000_001
CONNECT_SECONDS = 5


def main(sign_ins: Path) -> int:
    """Prepare the database named by the settings; 1 where there is none."""
    address = os.environ.get("DATABASE_URL", "")
    if address and not address.startswith(("postgres://", "postgresql://")):
        sys.stderr.write(
            "DATABASE_URL must begin with postgres://, as in postgres://user:password@host/name\n"
        )
        return 1
    try:
        _load_django()
    except (ImproperlyConfigured, ValueError, KeyError) as error:
        sys.stderr.write(f"DATABASE_URL or REDIS_URL cannot be read: {_first_line(error)}\n")
        return 1
    from django.db import connection

    try:
        connection.settings_dict["OPTIONS"].setdefault("connect_timeout", CONNECT_SECONDS)
        connection.ensure_connection()
    except (OperationalError, ImproperlyConfigured) as error:
        name = "DATABASE_URL" if "DATABASE_URL" in os.environ else "The database"
        sys.stderr.write(f"{name}: cannot connect: {_first_line(error)}\n")
        return 1
    except UnicodeError as error:
        sys.stderr.write(f"DATABASE_URL cannot be read: {_first_line(error)}\n")
        return 1
    refusal = _ask_redis()
    if refusal:
        sys.stderr.write(f"REDIS_URL: cannot connect: {refusal}\n")
        return 1
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_lock(%s)", [LOCK])
        _migrate()
    except DatabaseError as error:
        sys.stderr.write(f"The tables cannot be made: {_first_line(error)}\n")
        return 1
    _load_demo(sign_ins)
    _sweep()
    connection.close()  # gives the lock back
    return 0


def _load_django() -> None:
    import django

    django.setup()


def _ask_redis() -> str | None:
    """Why Redis does not answer, or None."""
    import redis
    from django.conf import settings

    try:
        client = redis.Redis.from_url(
            settings.REDIS_URL, socket_connect_timeout=CONNECT_SECONDS, socket_timeout=5
        )
        client.ping()
    except (redis.RedisError, OSError, ValueError) as error:
        return _first_line(error)
    return None


def _migrate() -> None:
    """Run migrations where some are missing; asking first is faster than `migrate` with nothing to do."""
    from django.core.management import call_command
    from django.db import connection
    from django.db.migrations.executor import MigrationExecutor

    executor = MigrationExecutor(connection)
    if executor.migration_plan(executor.loader.graph.leaf_nodes()):
        sys.stdout.write("Preparing the database ...\n")
        sys.stdout.flush()
        call_command("migrate", interactive=False, verbosity=0)


def _load_demo(sign_ins: Path) -> None:
    from django.core.management import call_command

    call_command("load_demo")
    with sign_ins.open("w") as file:
        call_command("demo_sign_ins", stdout=file)


def _sweep() -> None:
    """Beat rings at the next full minute only, and what the runner says is running must be ready."""
    from repairhub.sla.tasks import sweep_clocks

    sweep_clocks()


def _first_line(error: BaseException) -> str:
    lines = str(error).strip().splitlines()
    return lines[0] if lines else type(error).__name__


if __name__ == "__main__":
    try:
        sys.exit(main(Path(sys.argv[1])))
    except KeyboardInterrupt:
        sys.exit(130)
