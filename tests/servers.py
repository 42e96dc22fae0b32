"""A pytest plugin: a throw-away PostgreSQL and Valkey for every run, with nothing to set up.

pytest's controller starts them once and stops them last, after Ctrl-C too; each xdist worker has a database
(pytest-django's) and a Redis number of its own. A DATABASE_URL of the shell is never touched by tests.

pyproject.toml loads this module with `-p`, which is before pytest-django reads the settings: so the addresses
are fixed on import, and the servers behind them are started in `pytest_configure`.
"""

import atexit
import os
from pathlib import Path

import pytest

from repairhub.ops.embedded import EmbeddedServers, EmbeddedServersError, Home

CHECKOUT = Path(__file__).resolve().parent.parent
servers: EmbeddedServers | None = None

worker = os.environ.get("PYTEST_XDIST_WORKER")
if worker:
    number = int(worker.removeprefix("gw")) + 1
    os.environ["REDIS_URL"] = os.environ["REDIS_URL"].replace("db=0", f"db={number}")
else:
    servers = EmbeddedServers(Home.for_tests(CHECKOUT))
    atexit.register(servers.home.delete)  # also where pytest fails before it configures its plugins
    os.environ["DATABASE_URL"] = servers.database_url
    os.environ["REDIS_URL"] = servers.redis_url()


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Start the servers, in the controller only."""
    if servers is not None and not config.option.collectonly and not config.option.help:
        try:
            servers.start()
        except EmbeddedServersError as error:
            raise pytest.UsageError(str(error)) from error


@pytest.hookimpl(trylast=True)
def pytest_unconfigure() -> None:
    """Stop the servers and delete what they wrote."""
    if servers is not None:
        servers.stop()
