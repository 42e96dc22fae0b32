"""`manage.py` on the command line finds the servers of `make run`, or says in one line how to have some."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings

from repairhub.ops.embedded import EmbeddedServers, Home, running_addresses
from repairhub.ops.embedded.homes import ADDRESS_FILE

CHECKOUT = Path(__file__).resolve().parent.parent.parent
PARTS = ("repairhub", "parts", "engineers", "orders", "warranty", "templates", "static")
ASK = """
import os
from django.conf import settings
from django.db import connection
connection.ensure_connection()
print("connected", os.environ["DATABASE_URL"], settings.REDIS_URL)
"""


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the product, with embedded servers of its own."""
    copy = tmp_path_factory.mktemp("checkout")
    for part in PARTS:
        shutil.copytree(CHECKOUT / part, copy / part, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(CHECKOUT / "manage.py", copy)
    return copy


@pytest.fixture(scope="module")
def servers(checkout: Path) -> Iterator[EmbeddedServers]:
    """The servers of that copy; whoever needs them running opens them."""
    home = Home.persistent(checkout)
    yield EmbeddedServers(home)
    shutil.rmtree(home.folder, ignore_errors=True)


def manage(checkout: Path, *arguments: str, **addresses: str) -> subprocess.CompletedProcess[str]:
    """The command as somebody types it, in a shell that names no server unless told so."""
    named = ("DATABASE_URL", "REDIS_URL", "PGHOST")
    inherited = {
        name: value
        for name, value in os.environ.items()
        if name not in named and not name.startswith("DJANGO_")
    }
    return subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=checkout,
        env=inherited | {"PGHOST": "/nowhere"} | addresses,
        capture_output=True,
        text=True,
        check=False,
    )


class TestFindServers:
    def test_those_of_make_run_are_found(self, checkout: Path, servers: EmbeddedServers) -> None:
        with servers:
            done = manage(checkout, "shell", "--no-imports", "-c", ASK)
            addresses = (servers.database_url, servers.redis_url())
        assert done.returncode == 0, done.stderr
        assert done.stdout.split() == ["connected", *addresses]

    def test_an_address_in_the_environment_wins(self, checkout: Path, servers: EmbeddedServers) -> None:
        host = settings.DATABASES["default"]["OPTIONS"]["host"]
        database = settings.DATABASES["default"]["NAME"]
        with servers:
            url = f"postgres://repairhub:@/{database}?host={host}"
            done = manage(checkout, "shell", "--no-imports", "-c", ASK, DATABASE_URL=url)
            assert done.stdout.split() == ["connected", url, servers.redis_url()]

    def test_where_none_runs_one_line_says_what_to_do(self, checkout: Path) -> None:
        done = manage(checkout, "audit")
        assert done.returncode == 1
        (line,) = done.stderr.splitlines()
        assert "make run" in line
        assert "DATABASE_URL" in line

    def test_after_servers_that_were_killed_it_says_the_same(
        self, checkout: Path, servers: EmbeddedServers
    ) -> None:
        left = servers.home.folder / ADDRESS_FILE
        left.write_text('{"database_url": "postgres://repairhub:@/repairhub?host=/gone", "redis_url": "x"}')
        try:
            done = manage(checkout, "audit")
        finally:
            left.unlink()
        assert done.returncode == 1
        assert len(done.stderr.splitlines()) == 1

    def test_what_needs_no_database_runs_without(self, checkout: Path) -> None:
        assert manage(checkout, "check").returncode == 0


class TestRunningAddresses:
    def test_are_none_before_a_start_and_looking_makes_no_folder(self, tmp_path: Path) -> None:
        assert running_addresses(tmp_path) == {}
        assert list(tmp_path.iterdir()) == []

    def test_are_those_of_the_running_servers(self, checkout: Path, servers: EmbeddedServers) -> None:
        with servers:
            assert running_addresses(checkout) == {
                "DATABASE_URL": servers.database_url,
                "REDIS_URL": servers.redis_url(),
            }
        assert running_addresses(checkout) == {}

    def test_an_address_file_that_cannot_be_read_counts_as_none(
        self, checkout: Path, servers: EmbeddedServers
    ) -> None:
        left = servers.home.folder / ADDRESS_FILE
        for nonsense in ("", "[]", '{"sockets": "/tmp/x"}', "\x00"):
            left.write_text(nonsense)
            assert running_addresses(checkout) == {}
        left.unlink()
