"""`make run`: starts the whole product from one command, leaves nothing behind, refuses in one line."""

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import psycopg2
import pytest
from django.conf import settings

from repairhub.ops.embedded.processes import die_with_parent
from repairhub.ops.start.bootstrap import CannotError, check_port, check_writable
from tests.ops.processes import command_of, left_after, marked, new_mark

CHECKOUT = Path(__file__).resolve().parent.parent.parent
BOOTSTRAP = CHECKOUT / "repairhub" / "ops" / "start" / "bootstrap.py"
PAGE_SECONDS = 150
GONE_SECONDS = 20


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Product:
    """`make run` in a process group of its own, as a terminal would start it."""

    def __init__(self, database_url: str, log: Path) -> None:
        self.port = free_port()
        self.log = log
        self.mark = new_mark()
        addresses = {
            "DATABASE_URL": database_url,
            "REDIS_URL": re.sub(r"db=\d+", "db=63", settings.REDIS_URL),
        }
        environment = {name: value for name, value in os.environ.items() if not name.startswith("DJANGO_")}
        with log.open("w") as output:
            self.make = subprocess.Popen(
                ["make", "run", f"PORT={self.port}"],
                cwd=CHECKOUT,
                env=environment | addresses | self.mark,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
                preexec_fn=die_with_parent(signal.SIGTERM),
            )

    def wait_until_up(self) -> None:
        deadline = time.monotonic() + PAGE_SECONDS
        while "Demo sign-ins" not in self.log.read_text():
            assert self.make.poll() is None, self.log.read_text()
            assert time.monotonic() < deadline, self.log.read_text()
            time.sleep(0.2)

    def get(self, path: str) -> tuple[int, str]:
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=20) as answer:
            return answer.status, answer.read().decode()

    def runner(self) -> int:
        """The runner's number: the child of make that bears its name."""
        for pid in marked(self.mark):
            parent = int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
            if parent == self.make.pid and "ops.start.runner" in command_of(pid):
                return pid
        raise AssertionError("no runner")

    def left(self) -> list[str]:
        return [command_of(pid) for pid in left_after(self.mark, GONE_SECONDS)]


@pytest.fixture(scope="class")
def database_url() -> Iterator[str]:
    """An empty database of its own on the run's PostgreSQL."""
    host = settings.DATABASES["default"]["HOST"] or settings.DATABASES["default"]["OPTIONS"]["host"]
    name = f"start_{os.getpid()}"
    server = psycopg2.connect(host=host, user="repairhub", dbname="postgres")
    server.autocommit = True
    with server.cursor() as cursor:
        cursor.execute(f"CREATE DATABASE {name}")
        yield f"postgres://repairhub:@/{name}?host={host}"
        cursor.execute(f"DROP DATABASE {name} WITH (FORCE)")
    server.close()


@pytest.fixture
def product(database_url: str, tmp_path: Path) -> Iterator[Product]:
    product = Product(database_url, tmp_path / "run.log")
    yield product
    for pid in marked(product.mark):
        os.kill(pid, signal.SIGKILL)
    product.make.wait()


class TestMakeRun:
    """In this order: the first start fills the database, the next ones find it."""

    def test_serves_the_product_from_an_empty_database_until_ctrl_c(self, product):
        product.wait_until_up()
        assert product.get("/readyz")[0] == 200  # at once: what is announced as running is ready
        assert product.get("/")[0] == 200
        assert product.get("/static/css/repairhub.css")[0] == 200
        said = product.log.read_text()
        assert f"http://127.0.0.1:{product.port}/" in said
        assert "dispatcher" in said
        assert "password" in said
        names = " ".join(command_of(pid) for pid in marked(product.mark))
        assert all(part in names for part in ("gunicorn", "celery --app repairhub --quiet worker", "beat"))

        os.killpg(product.make.pid, signal.SIGINT)  # what Ctrl-C does at a terminal
        product.make.wait(GONE_SECONDS)
        assert product.left() == []
        assert "Traceback" not in product.log.read_text()

    def test_term_of_make_stops_everything(self, product):
        product.wait_until_up()
        product.make.terminate()
        product.make.wait(GONE_SECONDS)
        assert product.left() == []

    def test_nothing_outlives_a_runner_that_is_killed(self, product):
        product.wait_until_up()
        os.kill(product.runner(), signal.SIGKILL)
        assert product.left() == []


class TestRefusals:
    """Each is one line on stderr and exit code 1, without a traceback."""

    def run(self, *arguments: str, program: Path = BOOTSTRAP, **environment: str) -> str:
        done = subprocess.run(
            [sys.executable, str(program), "run", *arguments],
            env=os.environ | {"REDIS_URL": settings.REDIS_URL} | environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 1, done.stdout + done.stderr
        (line,) = done.stderr.splitlines()
        return line

    def test_a_busy_port(self):
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            port = taken.getsockname()[1]
            assert self.run("--port", str(port)).startswith(f"Port {port} is taken: choose another")

    @pytest.mark.parametrize("port", ["abc", "0", "65536", "-1", ""])
    def test_a_port_that_is_none(self, port):
        with pytest.raises(CannotError, match="is no port"):
            check_port(port)

    def test_a_folder_that_cannot_be_written(self, tmp_path):
        copy = tmp_path / "repairhub" / "ops" / "start" / "bootstrap.py"
        copy.parent.mkdir(parents=True)
        shutil.copy(BOOTSTRAP, copy)
        (tmp_path / "var").write_text("a file where the folder should be: refuses root as well")
        line = self.run("--port", str(free_port()), program=copy)
        assert line.startswith(f"{tmp_path} cannot be written to")

    def test_a_folder_of_a_read_only_file_system(self):
        with pytest.raises(CannotError, match="cannot be written to"):
            check_writable(Path("/proc/self"))

    @pytest.mark.parametrize(
        ("url", "line"),
        [
            ("postgres://nobody:wrong@127.0.0.1:1/nothing", "DATABASE_URL: cannot connect: "),
            ("mysql://somebody@host/name", "DATABASE_URL must begin with postgres://"),
            ("postgres://user:password@host:port/name", "DATABASE_URL or REDIS_URL cannot be read: "),
        ],
    )
    def test_a_wrong_database_url(self, url, line):
        assert self.run("--port", str(free_port()), DATABASE_URL=url).startswith(line)

    def test_a_wrong_redis_url(self):
        line = self.run("--port", str(free_port()), REDIS_URL="redis://127.0.0.1:1/0")
        assert line.startswith("REDIS_URL: cannot connect: ")
