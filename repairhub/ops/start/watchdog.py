"""Ends the product's processes where the runner was killed without a chance to end them itself.

    python watchdog.py RUNNER_PID GROUPS_FILE

Each process of the product writes the number of its process group into GROUPS_FILE before it becomes what it
is. The watchdog is a child of the runner in a session of its own: when its parent is no longer the runner, it
ends those groups. Only the standard library, and no import of the project: it should be small.
"""

import contextlib
import os
import signal
import sys
import time
from pathlib import Path

LOOK_SECONDS = 0.5
PATIENCE_SECONDS = 5


def main(runner: int, groups_file: Path) -> None:
    """Wait for the runner's end, then end what is left of it."""
    while os.getppid() == runner:
        time.sleep(LOOK_SECONDS)
    end_groups(read_groups(groups_file))
    groups_file.unlink(missing_ok=True)


def read_groups(groups_file: Path) -> list[int]:
    """The process groups of the product."""
    try:
        return [int(line) for line in groups_file.read_text().split()]
    except (OSError, ValueError):
        return []


def end_groups(groups: list[int]) -> None:
    """Ask each leader to end, and the group where its leader is gone; kill what is still there later."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    for group in groups:
        ask_to_end(group)
    left = _signal_groups(groups, 0)
    while left and time.monotonic() < deadline:
        time.sleep(0.1)
        left = _signal_groups(left, 0)
    _signal_groups(left, signal.SIGKILL)


def ask_to_end(group: int) -> None:
    """TERM to the leader alone: it ends its children when their tasks are done.

    Sent to all of a Celery worker's group, TERM would end its pool children in the middle of a task.
    """
    try:
        os.kill(group, signal.SIGTERM)
    except ProcessLookupError:
        _signal_groups([group], signal.SIGTERM)


def _signal_groups(groups: list[int], number: int) -> list[int]:
    """Send the signal; returns the groups that were there."""
    there = []
    for group in groups:
        with contextlib.suppress(OSError):
            os.killpg(group, number)
            there.append(group)
    return there


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        main(int(sys.argv[1]), Path(sys.argv[2]))
