"""What every measurement of the engine shares: a CPU clock, a quiet garbage collector, lines of progress."""

import gc
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager

cpu = time.process_time
"""CPU seconds of this process: other work on the machine does not count."""


@contextmanager
def quiet() -> Iterator[None]:
    """The collector is off meanwhile: when it wakes up depends on what ran before it, not on what runs."""
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def say(line: str) -> None:
    """A line of progress, at once."""
    print(f"  {line}", flush=True)


def all_cities() -> bool:
    """Whether CITIES=all asks for every fixed city in place of the usual choice."""
    return os.environ.get("CITIES") == "all"
