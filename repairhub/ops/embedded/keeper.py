"""The keeper: starts both servers, holds them while somebody is connected to it, and stops them after.

It is a process in a session of its own: Ctrl-C at a terminal does not reach it. Whoever needs the servers
(`client`) connects to its socket and keeps the connection. A client that leaves, in whatever way, even by
`kill -9`, closes its connection; when the last one has left, the keeper stops the servers and ends. So two
copies of the product share one pair of servers, and stopping one does not disturb the other.

    python -m repairhub.ops.embedded.keeper FOLDER PROGRAMS [--throw-away]
"""

import contextlib
import fcntl
import json
import os
import selectors
import shutil
import signal
import socket
import sys
import tempfile
from pathlib import Path

from .errors import EmbeddedServersError
from .homes import ADDRESS_FILE, ANOTHER_KEEPER, SOCKET_NAME, Home, find_owner, make_owned_folder
from .postgres import Postgres
from .programs import find_programs
from .valkey import Valkey

FAILED = 1


class Keeper:
    """Both servers of one home, and the connections of those who need them."""

    def __init__(self, home: Home) -> None:
        self.home = home
        self.clients: set[socket.socket] = set()
        self.leaving: list[socket.socket] = []
        self.stopping = False
        if home.sockets:
            make_owned_folder(home.sockets, home.owner)
        sockets = home.sockets or self._new_sockets_folder()
        bin_folder, valkey_program = find_programs(home)
        self.sockets = sockets
        self.postgres = Postgres(home, bin_folder, sockets)
        self.valkey = Valkey(home, valkey_program, sockets)

    def run(self) -> None:
        """Start, serve until the last client has left or a signal asks to stop, stop."""
        signal.signal(signal.SIGTERM, self._ask_to_stop)
        signal.signal(signal.SIGINT, self._ask_to_stop)
        listener = socket.socket(socket.AF_UNIX)
        try:
            for server in (self.valkey, self.postgres):
                server.prepare()
                server.start()
            for server in (self.valkey, self.postgres):
                server.wait_until_ready()
            self._listen(listener)
            self._serve(listener)
        finally:
            listener.close()
            (self.sockets / SOCKET_NAME).unlink(missing_ok=True)
            self.postgres.stop()
            self.valkey.stop()
            (self.home.folder / ADDRESS_FILE).unlink(missing_ok=True)
            shutil.rmtree(self.sockets, ignore_errors=True)
            self.home.delete()
            for connection in (*self.clients, *self.leaving):
                connection.close()

    def _listen(self, listener: socket.socket) -> None:
        listener.bind(str(self.sockets / SOCKET_NAME))
        listener.listen(64)
        address = self.home.folder / ADDRESS_FILE
        unfinished = address.with_suffix(".part")
        said = {"sockets": str(self.sockets), "database_url": self.postgres.url, "redis_url": self.valkey.url}
        unfinished.write_text(json.dumps(said))
        unfinished.rename(address)

    def _serve(self, listener: socket.socket) -> None:
        waiting = True  # for the client that started us; its end closes our standard input
        with selectors.DefaultSelector() as selector:
            selector.register(listener, selectors.EVENT_READ)
            selector.register(sys.stdin, selectors.EVENT_READ)
            while not self.stopping and (self.clients or waiting):
                for key, _ in selector.select(timeout=0.5):
                    if key.fileobj is listener:
                        connection, _ = listener.accept()
                        with contextlib.suppress(OSError):  # it may have left already: then reading tells
                            connection.sendall(b"ready\n")
                        self.clients.add(connection)
                        selector.register(connection, selectors.EVENT_READ)
                        waiting = False
                    elif key.fileobj is sys.stdin:
                        waiting = False
                        selector.unregister(sys.stdin)
                    else:
                        self._let_go(key.fileobj, selector)  # type: ignore[arg-type]
                if self.postgres.process.poll() is not None or self.valkey.process.poll() is not None:  # type: ignore[union-attr]
                    return

    def _let_go(self, connection: socket.socket, selector: selectors.BaseSelector) -> None:
        """One client leaves. The last one, if it says so, may wait for the end of its connection: then all
        is stopped."""
        said = b""
        with contextlib.suppress(OSError):
            said = connection.recv(64)
        selector.unregister(connection)
        self.clients.discard(connection)
        if said and not self.clients:
            self.leaving.append(connection)
        else:
            connection.close()

    def _ask_to_stop(self, *_: object) -> None:
        self.stopping = True

    def _new_sockets_folder(self) -> Path:
        """A short folder of mode 700 (a socket's path has 107 bytes at most). The one of a keeper that was
        killed is removed."""
        with contextlib.suppress(OSError, ValueError, KeyError):
            left = Path(json.loads((self.home.folder / ADDRESS_FILE).read_text())["sockets"])
            if left.name.startswith("repairhub-"):
                shutil.rmtree(left, ignore_errors=True)
        folder = Path(tempfile.mkdtemp(prefix="repairhub-", dir="/tmp"))
        if self.home.owner.drop:
            os.chown(folder, self.home.owner.uid, self.home.owner.gid)
        return folder


def main(arguments: list[str]) -> int:
    """Keep one home's servers; the exit code tells the client what came of it, the last line why."""
    folder, programs = Path(arguments[0]), Path(arguments[1])
    throw_away = "--throw-away" in arguments
    home = Home(
        folder=folder, programs=programs, sockets=folder / "s" if throw_away else None, owner=find_owner()
    )
    with (folder / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return ANOTHER_KEEPER
        try:
            Keeper(home).run()
        except (EmbeddedServersError, OSError) as error:
            sys.stdout.write(f"{error}\n")
            return FAILED
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
