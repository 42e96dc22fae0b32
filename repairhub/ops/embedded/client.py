"""What others call: get the servers of a home and let them go, or find those that run already."""

import contextlib
import json
import os
import socket
import subprocess
import sys
import time
from pathlib import Path
from types import TracebackType

from .errors import EmbeddedServersError
from .homes import ADDRESS_FILE, ANOTHER_KEEPER, SOCKET_NAME, Home, find_owner, persistent_folder
from .postgres import database_url
from .processes import last_line
from .valkey import redis_url

START_SECONDS = 120
STOP_SECONDS = 40
CHECKOUT = Path(__file__).resolve().parent.parent.parent.parent


class EmbeddedServers:
    """A PostgreSQL and a Valkey for as long as this object is open.

    Several processes may open the same home: the servers start with the first and stop after the last.
    """

    def __init__(self, home: Home) -> None:
        self.home = home
        self._connection: socket.socket | None = None
        self._keeper: subprocess.Popen[bytes] | None = None
        self._sockets = home.sockets

    @property
    def database_url(self) -> str:
        """The address for DATABASE_URL; known before the start for a throw-away home."""
        return database_url(self._known_sockets())

    def redis_url(self, number: int = 0) -> str:
        """The address for REDIS_URL, of the database with that number."""
        return redis_url(self._known_sockets(), number)

    def start(self) -> None:
        """Wait until both servers answer, starting them where nobody has. Raises EmbeddedServersError."""
        deadline = time.monotonic() + START_SECONDS
        while not self._connect():
            if self._keeper is None:
                self._keeper = self._start_keeper()
            code = self._keeper.poll()
            if code is not None:
                self._keeper = None
                if code != ANOTHER_KEEPER and not self._connect():
                    reason = last_line(self._keeper_log, f"its keeper ended with {code}")
                    raise EmbeddedServersError(reason)
                if self._connection:
                    return
            if time.monotonic() > deadline:
                raise EmbeddedServersError(f"The embedded servers do not answer (logs: {self.home.folder}).")
            time.sleep(0.05)

    def stop(self) -> None:
        """Let the servers go. Returns when they have stopped, or at once where somebody else needs them."""
        if self._connection is not None:
            with contextlib.suppress(OSError):
                self._connection.settimeout(STOP_SECONDS)
                self._connection.sendall(b"bye\n")
                while self._connection.recv(64):
                    pass
            self._connection.close()
            self._connection = None
        if self._keeper is not None:
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._keeper.wait(1)
            self._keeper = None

    def have_died(self) -> bool:
        """Whether the keeper has closed the connection: a server has ended by itself, or it was killed."""
        if self._connection is None:
            return True
        try:
            return not self._connection.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT)
        except BlockingIOError:
            return False
        except OSError:
            return True

    def __enter__(self) -> "EmbeddedServers":
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def _keeper_log(self) -> Path:
        return self.home.folder / "keeper.log"

    def _known_sockets(self) -> Path:
        if self._sockets is None:
            raise EmbeddedServersError("The embedded servers have not been started.")
        return self._sockets

    def _connect(self) -> bool:
        """Connect to the home's keeper, if it has one that is not about to end."""
        try:
            sockets = Path(json.loads((self.home.folder / ADDRESS_FILE).read_text())["sockets"])
        except (OSError, ValueError, KeyError):
            return False
        connection = socket.socket(socket.AF_UNIX)
        connection.settimeout(STOP_SECONDS)
        try:
            connection.connect(str(sockets / SOCKET_NAME))
            greeted = connection.recv(64)
        except OSError:
            greeted = b""
        if not greeted:
            connection.close()
            return False
        connection.settimeout(None)
        self._sockets, self._connection = sockets, connection
        return True

    def _start_keeper(self) -> subprocess.Popen[bytes]:
        arguments = [sys.executable, "-m", "repairhub.ops.embedded.keeper"]
        arguments += [str(self.home.folder), str(self.home.programs)]
        arguments += ["--throw-away"] if self.home.throw_away else []
        with self._keeper_log.open("ab") as log:
            return subprocess.Popen(
                arguments,
                cwd=CHECKOUT,
                stdin=subprocess.PIPE,  # closes with us: a keeper that nobody has reached yet then ends
                stdout=log,
                stderr=log,
                env=os.environ | {"PYTHONPATH": str(CHECKOUT)},
                start_new_session=True,
            )


def running_addresses(checkout: Path) -> dict[str, str]:
    """DATABASE_URL and REDIS_URL of the servers that run for this checkout; empty where none do.

    Starts nothing and makes no folder. Of servers that were killed it may still know the addresses: then
    nobody answers there.
    """
    try:
        said = json.loads((persistent_folder(checkout, find_owner()) / ADDRESS_FILE).read_text())
        return {"DATABASE_URL": str(said["database_url"]), "REDIS_URL": str(said["redis_url"])}
    except (OSError, ValueError, KeyError, TypeError, EmbeddedServersError):
        return {}
