"""The embedded servers, as real processes."""

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg2
import pytest
import redis
from django.conf import settings
from django.db import connection

from repairhub.ops.embedded import EmbeddedServers, EmbeddedServersError, Home
from repairhub.ops.embedded.homes import ADDRESS_FILE
from tests.ops.processes import command_of, left_after, marked, new_mark, user_of

CHECKOUT = Path(__file__).resolve().parent.parent.parent
# A client in a process of its own: says that it has the servers, then keeps them until its input ends.
CLIENT = """
import sys
from pathlib import Path
from repairhub.ops.embedded import EmbeddedServers, Home
home = Home.persistent(Path(sys.argv[1]))
with EmbeddedServers(home) as servers:
    print(servers.database_url, flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def mark(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """Marks what the test starts. (The servers themselves get a plain environment: see `server_pids`.)"""
    mark = new_mark()
    for name, value in mark.items():
        monkeypatch.setenv(name, value)
    return mark


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkout that exists for these tests only."""
    return tmp_path_factory.mktemp("checkout")


@pytest.fixture(scope="module")
def home(checkout: Path) -> Iterator[Home]:
    """The home of that checkout. Every test finds its servers stopped and leaves them so."""
    home = Home.persistent(checkout)
    yield home
    shutil.rmtree(home.folder, ignore_errors=True)


def server_pids(home: Home) -> list[int]:
    """The servers' processes: their commands name the home."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            command = command_of(int(folder.name))
        except OSError:
            continue
        if str(home.folder) in command and "keeper" not in command:
            found.append(int(folder.name))
    return found


def sockets_of(home: Home) -> Path:
    return Path(json.loads((home.folder / ADDRESS_FILE).read_text())["sockets"])


class TestThisRun:
    @pytest.mark.django_db
    def test_is_on_a_real_postgresql_without_a_port(self):
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT current_setting('server_version_num')::int, current_setting('listen_addresses')"
            )
            version, addresses = cursor.fetchone()
        assert version >= 180000
        assert addresses == ""

    def test_is_on_a_real_valkey_without_a_port(self):
        client = redis.from_url(settings.REDIS_URL, decode_responses=True)
        assert client.info("server")["server_name"] == "valkey"
        assert client.config_get("port", "appendonly") == {"port": "0", "appendonly": "yes"}


class TestStartAndStop:
    def test_keeps_the_data_and_leaves_no_process(self, home, mark):
        with EmbeddedServers(home) as servers:
            with psycopg2.connect(servers.database_url) as database, database.cursor() as cursor:
                cursor.execute("CREATE TABLE kept AS SELECT 7 AS number")
            database.close()
            redis.from_url(servers.redis_url(3)).set("kept", "7")
            sockets = sockets_of(home)
            if os.geteuid() == 0:
                assert server_pids(home)
                assert {user_of(pid) for pid in server_pids(home)} == {home.owner.uid}
                assert home.owner.uid != 0
            assert sockets.stat().st_mode & 0o777 == 0o700
        assert marked(mark) == []
        assert server_pids(home) == []
        assert not sockets.exists()

        with EmbeddedServers(home) as servers:
            with psycopg2.connect(servers.database_url) as database, database.cursor() as cursor:
                cursor.execute("SELECT number FROM kept")
                assert cursor.fetchone() == (7,)
            database.close()
            assert redis.from_url(servers.redis_url(3)).get("kept") == b"7"

    def test_a_throw_away_home_disappears_with_its_servers(self, mark):
        home = Home.for_tests(CHECKOUT)
        with EmbeddedServers(home):
            assert (home.folder / "postgres").is_dir()
        assert not home.folder.exists()
        assert marked(mark) == []

    def test_says_in_one_line_why_a_server_does_not_start(self, home):
        with EmbeddedServers(home):
            pass
        version = home.folder / "postgres" / "PG_VERSION"
        made_by = version.read_text()
        version.write_text("9\n")
        with pytest.raises(EmbeddedServersError, match=r"was made by PostgreSQL 9") as refusal:
            EmbeddedServers(home).start()
        version.write_text(made_by)
        assert "\n" not in str(refusal.value)


class TestSharing:
    def start_client(self, checkout: Path) -> subprocess.Popen[str]:
        client = subprocess.Popen(
            [sys.executable, "-c", CLIENT, str(checkout)],
            cwd=CHECKOUT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert client.stdout.readline().startswith("postgres://")
        return client

    def test_servers_stay_as_long_as_one_client_needs_them(self, checkout, home, mark):
        first = self.start_client(checkout)
        second = self.start_client(checkout)
        first.communicate("")
        with EmbeddedServers(home) as third:
            psycopg2.connect(third.database_url).close()
        assert server_pids(home)
        second.communicate("")
        assert left_after(mark, 10) == []
        assert server_pids(home) == []

    def test_a_client_that_is_killed_leaves_nothing(self, checkout, home, mark):
        client = self.start_client(checkout)
        assert server_pids(home)
        client.kill()
        client.communicate()
        assert left_after(mark, 10) == []
        assert server_pids(home) == []

    def test_servers_end_with_a_keeper_that_is_killed_and_start_again(self, checkout, home, mark):
        client = self.start_client(checkout)
        (keeper,) = [pid for pid in marked(mark) if "embedded.keeper" in command_of(pid)]
        os.kill(keeper, signal.SIGKILL)
        with EmbeddedServers(home) as servers:
            psycopg2.connect(servers.database_url).close()
        client.communicate("")
        assert left_after(mark, 10) == []
