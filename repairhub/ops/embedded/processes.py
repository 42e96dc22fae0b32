"""Starting a server as its owner, in a session of its own, so that no signal of a terminal reaches it."""

import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from .homes import Owner

PR_SET_PDEATHSIG = 1


def die_with_parent(signal_number: int) -> Callable[[], None] | None:
    """What a child runs before its program so that the kernel sends it this signal when we die (Linux)."""
    if not sys.platform.startswith("linux"):
        return None
    libc = ctypes.CDLL(
        None, use_errno=True
    )  # loaded before the fork: a child should do as little as possible

    def prepare() -> None:
        libc.prctl(PR_SET_PDEATHSIG, signal_number)

    return prepare


def start_server(
    arguments: Sequence[str], *, owner: Owner, folder: Path, log: Path, death_signal: int
) -> subprocess.Popen[bytes]:
    """Start a server in the background, its output appended to `log`."""
    with log.open("ab") as output:
        return subprocess.Popen(
            arguments,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env=server_environment(),
            start_new_session=True,
            preexec_fn=die_with_parent(death_signal),  # safe: the keeper has one thread
            user=owner.uid if owner.drop else None,
            group=owner.gid if owner.drop else None,
            extra_groups=[] if owner.drop else None,
        )


def run_as(
    arguments: Sequence[str], *, owner: Owner, folder: Path, seconds: float = 60
) -> subprocess.CompletedProcess[str]:
    """Run a program of the servers to its end and return what it said."""
    return subprocess.run(
        arguments,
        cwd=folder,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=seconds,
        env=server_environment(),
        check=False,
        user=owner.uid if owner.drop else None,
        group=owner.gid if owner.drop else None,
        extra_groups=[] if owner.drop else None,
    )


def stop(process: subprocess.Popen[bytes], signal_number: int, seconds: float) -> None:
    """Ask the server to stop; after `seconds` kill it with its whole session."""
    if process.poll() is None:
        process.send_signal(signal_number)
        try:
            process.wait(seconds)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def server_environment() -> dict[str, str]:
    """A plain environment: nothing of the user's (PGPORT, LANG) changes how a server behaves."""
    return {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", "TZ": "UTC"}


def last_line(log: Path, otherwise: str) -> str:
    """The last line of a log that says something, for a message of one line."""
    try:
        lines = [line.strip() for line in log.read_text(errors="replace").splitlines() if line.strip()]
    except OSError:
        return otherwise
    return lines[-1] if lines else otherwise
