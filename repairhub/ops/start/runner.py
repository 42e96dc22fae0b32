"""Runs the whole product on this machine: embedded servers, web, worker, beat.

    python -m repairhub.ops.start.runner PORT

Called by `bootstrap`. Ctrl-C, TERM, a closed terminal and the end of the parent (`make`) stop everything; a
`kill -9` of this process is answered by the watchdog and by the servers' keeper. A second copy on another
port shares the embedded servers of its checkout, and with them the data.
"""

import contextlib
import http.client
import os
import shlex
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from types import FrameType

from honcho.compat import ProcessManager
from honcho.manager import Manager
from honcho.printer import Printer

from repairhub.ops.embedded import EmbeddedServers, EmbeddedServersError, Home
from repairhub.ops.start.watchdog import ask_to_end, end_groups, read_groups

CHECKOUT = Path(__file__).resolve().parent.parent.parent.parent
HOST = "127.0.0.1"
PAGE_SECONDS = 90


class StopAskedError(Exception):
    """Somebody asked to stop before the product was up."""


class LeadersFirst(ProcessManager):
    """What honcho ends processes with: TERM goes to the leader of a group, KILL to all of it."""

    def terminate(self, pid: int) -> None:
        """Ask the leader to end; its children are its own to end."""
        ask_to_end(pid)


class Processes(Manager):
    """honcho's manager, which by itself sends TERM to whole groups."""

    def __init__(self, printer: Printer) -> None:
        super().__init__(printer)
        self._procmgr = LeadersFirst()


class Runner:
    """One copy of the product on one port."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.started_at = float(os.environ.get("REPAIRHUB_STARTED_AT") or time.time())
        # Only `make` is followed into its end: a runner started from a shell may outlive that.
        self.parent = os.getppid() if "MAKELEVEL" in os.environ else None
        self.url = f"http://{HOST}:{port}"
        self.environment = os.environ | {
            "DJANGO_SETTINGS_MODULE": "repairhub.settings.local",
            "PUBLIC_URL": os.environ.get("PUBLIC_URL") or self.url,
            "PYTHONUNBUFFERED": "1",
            # Memory of a decoded photo goes back to the system: without these, glibc keeps 100 MB a process.
            "MALLOC_ARENA_MAX": "2",
            "MALLOC_MMAP_THRESHOLD_": "131072",
            "MALLOC_TRIM_THRESHOLD_": "131072",
            # As root, Celery warns of root. This demo listens on the loopback address only.
            "PYTHONWARNINGS": "ignore:You're running the worker with superuser privileges",
        }
        self.folder = CHECKOUT / "var" / f"run-{port}"
        self.groups_file = self.folder / "groups"
        self.sign_ins = self.folder / "sign-ins"
        self.servers: EmbeddedServers | None = None
        self.failure: str | None = None
        self.over = threading.Event()

    def run(self) -> int:
        """Everything, until it is asked to stop. Returns the exit code."""
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, _stop_early)
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            self.groups_file.write_text("")
            with self._embedded_servers():
                self._prepare()
                return self._run_processes()
        except StopAskedError:
            return 130
        except EmbeddedServersError as refusal:
            sys.stderr.write(f"{refusal}\n")
            return 1
        except subprocess.CalledProcessError as failed:
            return failed.returncode if failed.returncode in (1, 130) else 1

    @contextlib.contextmanager
    def _embedded_servers(self) -> Iterator[None]:
        """The addresses in the environment win; what they do not name is started here."""
        if os.environ.get("DATABASE_URL") and os.environ.get("REDIS_URL"):
            yield
            return
        self.servers = EmbeddedServers(Home.persistent(CHECKOUT))
        try:
            self.servers.start()
            for name, value in (
                ("DATABASE_URL", self.servers.database_url),
                ("REDIS_URL", self.servers.redis_url()),
            ):
                self.environment[name] = os.environ.get(name) or value
            yield
        finally:
            for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
                signal.signal(number, signal.SIG_IGN)  # a second Ctrl-C must not leave a server behind
            self.servers.stop()

    def _prepare(self) -> None:
        """Tables and demo data. Its own session: Ctrl-C reaches it through us, once."""
        self._to_the_end([sys.executable, "-m", "repairhub.ops.start.prepare", str(self.sign_ins)])

    def _to_the_end(self, command: list[str]) -> None:
        process = subprocess.Popen(
            command, cwd=CHECKOUT, env=self.environment, stdin=subprocess.DEVNULL, start_new_session=True
        )
        try:
            code = process.wait()
        except BaseException:
            process.terminate()
            process.wait()
            raise
        if code:
            raise subprocess.CalledProcessError(code, command)

    def commands(self) -> dict[str, list[str]]:
        """What runs, by name."""
        python = sys.executable
        return {
            "web": [
                *(python, "-m", "gunicorn", "repairhub.wsgi", "--bind", f"{HOST}:{self.port}", "--preload"),
                *("--worker-class", "gthread", "--workers", "2", "--threads", "4", "--log-level", "warning"),
                *("--graceful-timeout", "3", "--no-control-socket"),
            ],
            "worker": [
                *(python, "-m", "celery", "--app", "repairhub", "--quiet", "worker", "--concurrency", "2"),
                *("--hostname", f"run-{self.port}@%h", "--loglevel", "WARNING"),
                *("--without-gossip", "--without-mingle"),
            ],
            "beat": [
                *(python, "-m", "celery", "--app", "repairhub", "--quiet", "beat", "--loglevel", "WARNING"),
                *("--schedule", str(self.folder / "beat-schedule"), "--pidfile="),
            ],
        }

    def _run_processes(self) -> int:
        watchdog = subprocess.Popen(
            [
                sys.executable,
                str(Path(__file__).with_name("watchdog.py")),
                str(os.getpid()),
                str(self.groups_file),
            ],
            stdin=subprocess.DEVNULL,
            start_new_session=True,
        )
        manager = Processes(Printer(sys.stdout, colour=sys.stdout.isatty()))
        for name, command in self.commands().items():
            # The shell leads a process group of its own and becomes the program.
            line = f"echo $$ >> {shlex.quote(str(self.groups_file))}; exec {shlex.join(command)}"
            manager.add_process(name, line, env=self.environment, cwd=str(CHECKOUT), quiet=False)
        caretaker = threading.Thread(target=self._look_after, daemon=True)
        caretaker.start()
        signal.signal(signal.SIGHUP, _as_sigterm)
        try:
            manager.loop()
        except (KeyError, AttributeError):
            # honcho was told to stop before it knew all its processes; a moment later the groups' file does
            time.sleep(1)
        finally:
            self.over.set()
            for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
                signal.signal(number, signal.SIG_IGN)
            end_groups(read_groups(self.groups_file))
            watchdog.terminate()
            watchdog.wait()
            caretaker.join(10)
        if self.failure:
            sys.stderr.write(f"{self.failure}\n")
            return 1
        return manager.returncode if manager.returncode is not None else 130

    def _look_after(self) -> None:
        """In a thread: say when the page answers; stop where the parent has gone or a server has ended."""
        deadline = time.monotonic() + PAGE_SECONDS
        shown = False
        while not self.over.wait(0.5 if shown else 0.1):
            if self.parent and os.getppid() != self.parent:
                self._give_up("The process that started RepairHub has ended: stopping.")
            elif self.servers and self.servers.have_died():
                self._give_up(f"An embedded server has ended by itself (logs: {self.servers.home.folder}).")
            elif not shown and (status := self._first_page()):
                shown = True
                if status != 200:
                    self._give_up(f"{self.url}/ answers {status}: the reason stands above.")
                else:
                    self._say_hello()
            elif not shown and time.monotonic() > deadline:
                self._give_up(f"{self.url} did not answer within {PAGE_SECONDS} s.")

    def _give_up(self, reason: str) -> None:
        self.failure = reason
        self.over.set()
        os.kill(os.getpid(), signal.SIGTERM)

    def _first_page(self) -> int | None:
        """The status of the first page, or None as long as nobody listens."""
        connection = http.client.HTTPConnection(HOST, self.port, timeout=30)
        try:
            connection.request("GET", "/")
            return connection.getresponse().status
        except (OSError, http.client.HTTPException):
            return None
        finally:
            connection.close()

    def _say_hello(self) -> None:
        lines = [
            "",
            f"RepairHub is running, {time.time() - self.started_at:.0f} s after its start. Ctrl-C stops it.",
            "",
            f"  customers   {self.url}/",
            f"  staff       {self.url}/staff/",
            f"  messages    {self.url}/demo/messages/   what was sent, one-time codes too",
            f"  API         {self.url}/api/docs/",
            "",
            "Demo sign-ins",
            self.sign_ins.read_text().rstrip(),
            "",
        ]
        # Not through sys.stdout: honcho writes there from another thread, and the two would mix.
        os.write(1, ("\n".join(lines) + "\n").encode())


def _stop_early(number: int, frame: FrameType | None) -> None:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    raise StopAskedError


def _as_sigterm(number: int, frame: FrameType | None) -> None:
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    sys.exit(Runner(int(sys.argv[1])).run())
