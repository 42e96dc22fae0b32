"""The embedded PostgreSQL: prepared by initdb once, started by its own binary, stopped by SIGINT."""

import os
import re
import shutil
import signal
import subprocess
import time
from pathlib import Path
from urllib.parse import quote

from .errors import EmbeddedServersError
from .homes import Home, make_owned_folder
from .processes import last_line, run_as, start_server, stop

USER = DATABASE = "repairhub"
START_SECONDS = 60
STOP_SECONDS = 20
# A crash of a throw-away server loses nothing, so its tests need not wait for the disk.
THROW_AWAY_OPTIONS = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
OPTIONS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "max_connections": "200",
    "shared_buffers": "128MB",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "jit": "off",
    "io_method": "sync",
}


class Postgres:
    """One PostgreSQL server in its home. In this order: prepare, start, wait_until_ready, stop."""

    def __init__(self, home: Home, bin_folder: Path, sockets: Path) -> None:
        self.home = home
        self.bin_folder = bin_folder
        self.sockets = sockets
        self.data = home.folder / "postgres"
        self.log = home.folder / "postgres.log"
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """The address for DATABASE_URL."""
        return database_url(self.sockets)

    def prepare(self) -> None:
        """Make the data folder, unless it is there. An unfinished one of a broken start is made anew."""
        if (self.data / "PG_VERSION").exists():
            self._refuse_other_version()
            self._wait_for_predecessor()
            return
        unfinished = self.home.folder / "postgres.part"
        options = [
            "--auth-local=trust",
            "--auth-host=reject",
            "--encoding=UTF8",
            "--no-instructions",
            "--no-sync",
        ]
        options += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"]
        shutil.rmtree(unfinished, ignore_errors=True)
        make_owned_folder(unfinished, self.home.owner)
        made = run_as(
            [str(self.bin_folder / "initdb"), "-D", str(unfinished), "-U", USER, *options],
            owner=self.home.owner,
            folder=self.home.folder,
        )
        if made.returncode != 0:
            said = made.stderr.strip().splitlines() or ["initdb failed."]
            raise EmbeddedServersError(f"PostgreSQL's data folder {self.data} cannot be made: {said[-1]}")
        unfinished.rename(self.data)

    def start(self) -> None:
        """Start the server; `wait_until_ready` tells when it answers."""
        options = OPTIONS | (THROW_AWAY_OPTIONS if self.home.throw_away else {})
        options["unix_socket_directories"] = str(self.sockets)
        settings = [argument for name, value in options.items() for argument in ("-c", f"{name}={value}")]
        self.process = start_server(
            [str(self.bin_folder / "postgres"), "-D", str(self.data), *settings],
            owner=self.home.owner,
            folder=self.home.folder,
            log=self.log,
            death_signal=signal.SIGINT,
        )

    def wait_until_ready(self) -> None:
        """Wait for the server to take connections and make the product's database where it is missing."""
        deadline = time.monotonic() + START_SECONDS
        while not self._is_ready():
            if self.process is None or self.process.poll() is not None or time.monotonic() > deadline:
                reason = last_line(self.log, "it said nothing")
                raise EmbeddedServersError(f"PostgreSQL does not start: {reason} (log: {self.log})")
            time.sleep(0.03)
        if not self._ask(f"SELECT 1 FROM pg_database WHERE datname = '{DATABASE}'").stdout.strip():  # noqa: S608
            made = self._ask(f"CREATE DATABASE {DATABASE}")
            if made.returncode != 0:
                raise EmbeddedServersError(f"The database cannot be made: {made.stderr.strip()}")

    def stop(self) -> None:
        """Stop at once and cleanly (a fast shutdown: it does not wait for clients)."""
        if self.process is not None:
            stop(self.process, signal.SIGINT, STOP_SECONDS)

    def _is_ready(self) -> bool:
        """The server writes its state into line 8 of its lock file: cheaper than asking it."""
        try:
            lines = (self.data / "postmaster.pid").read_text().splitlines()
        except OSError:
            return False
        return (
            self.process is not None
            and len(lines) >= 8
            and lines[0].strip() == str(self.process.pid)
            and lines[7].strip() == "ready"
        )

    def _ask(self, sql: str) -> subprocess.CompletedProcess[str]:
        psql = [str(self.bin_folder / "psql"), "-X", "-A", "-t", "-q", "-h", str(self.sockets), "-U", USER]
        return run_as([*psql, "-d", "postgres", "-c", sql], owner=self.home.owner, folder=self.home.folder)

    def _refuse_other_version(self) -> None:
        found = (self.data / "PG_VERSION").read_text().strip()
        said = run_as(
            [str(self.bin_folder / "postgres"), "--version"], owner=self.home.owner, folder=self.home.folder
        )
        wanted = re.search(r"(\d+)", said.stdout)
        if wanted and wanted[1] != found:
            raise EmbeddedServersError(
                f"{self.data} was made by PostgreSQL {found}, the installed one is {wanted[1]}: move that "
                "folder away to start with new demo data."
            )

    def _wait_for_predecessor(self) -> None:
        """A server whose keeper was killed is shutting down: give it the time. A lock file whose process is
        no PostgreSQL (the number was given out again after a reboot) is removed."""
        lock = self.data / "postmaster.pid"
        deadline = time.monotonic() + STOP_SECONDS
        while lock.exists():
            try:
                pid = int(lock.read_text().split("\n", 1)[0])
            except (OSError, ValueError):
                return
            if not _is_postgres(pid):
                lock.unlink(missing_ok=True)
                return
            if time.monotonic() > deadline:
                raise EmbeddedServersError(
                    f"Another PostgreSQL (pid {pid}) still uses {self.data}: stop it first."
                )
            time.sleep(0.1)


def database_url(sockets: Path) -> str:
    """The DATABASE_URL of the server whose sockets lie in that folder."""
    return f"postgres://{USER}:@/{DATABASE}?host={quote(str(sockets))}"


def _is_postgres(pid: int) -> bool:
    command = Path(f"/proc/{pid}/cmdline")
    if command.parent.parent.is_dir() and Path("/proc/self").exists():
        try:
            return b"postgres" in command.read_bytes()
        except OSError:
            return False
    try:
        os.kill(pid, 0)
    except PermissionError:
        return True
    except OSError:
        return False
    return True
