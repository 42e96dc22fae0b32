"""Real Celery workers on the test's own database and Redis, for tests that kill them."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from django.conf import settings
from django.db import connection

from repairhub.ops.embedded.processes import die_with_parent

PATIENCE_SECONDS = 60


def wait_until(happened: Callable[[], bool], what: str) -> None:
    """Looks again and again; AssertionError with `what` where it never comes."""
    end = time.monotonic() + PATIENCE_SECONDS
    while not happened():
        assert time.monotonic() < end, f"never happened: {what}"
        time.sleep(0.1)


class Worker:
    """One `celery worker` with its pool child, in a process group of its own."""

    def __init__(self, log: Path, app: str, **environment: str) -> None:
        self.log = log
        with log.open("w") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "celery", "-A", app, "worker", "-c", "1", "--loglevel", "INFO"],
                cwd=settings.BASE_DIR,
                env={**os.environ, "DJANGO_SETTINGS_MODULE": "repairhub.settings.test",
                     "DATABASE_URL": url_of_the_tests_database(), **environment},
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=die_with_parent(signal.SIGTERM),
            )  # fmt: skip

    def wait_until_ready(self) -> None:
        """Until it takes tasks."""
        wait_until(lambda: " ready." in self.log.read_text(), f"worker ready\n{self.log.read_text()}")

    def kill(self) -> None:
        """kill -9 for the worker and its children."""
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(timeout=10)


@contextmanager
def celery_worker(log: Path, app: str = "repairhub", **environment: str) -> Iterator[Worker]:
    """A worker that takes tasks; killed at the end, whatever happens."""
    worker = Worker(log, app, **environment)
    try:
        worker.wait_until_ready()
        yield worker
    finally:
        worker.kill()


def url_of_the_tests_database() -> str:
    """The address of the database that this test uses."""
    server = urlsplit(os.environ["DATABASE_URL"])
    return urlunsplit(server._replace(path=f"/{connection.settings_dict['NAME']}"))
