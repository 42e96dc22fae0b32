"""Finding the processes that a test started, whoever their parent is by now."""

import time
from pathlib import Path
from uuid import uuid4

MARK = "REPAIRHUB_TEST_MARK"


def new_mark() -> dict[str, str]:
    """A variable for the environment of what a test starts: every descendant inherits it."""
    return {MARK: uuid4().hex}


def marked(mark: dict[str, str]) -> list[int]:
    """The living processes whose environment holds the mark."""
    wanted = f"{MARK}={mark[MARK]}".encode()
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if wanted in (folder / "environ").read_bytes() and not _is_zombie(folder):
                found.append(int(folder.name))
        except OSError:
            continue
    return found


def left_after(mark: dict[str, str], seconds: float) -> list[int]:
    """What is still there after that time; returns as soon as nothing is."""
    deadline = time.monotonic() + seconds
    while marked(mark) and time.monotonic() < deadline:
        time.sleep(0.1)
    return marked(mark)


def command_of(pid: int) -> str:
    """The command line of a process."""
    return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()


def user_of(pid: int) -> int:
    """The number of the user that a process runs as."""
    return Path(f"/proc/{pid}").stat().st_uid


def _is_zombie(folder: Path) -> bool:
    return (folder / "stat").read_text().rpartition(")")[2].split()[0] == "Z"
