"""The compiled rounds on disk: whether they are there, and having them made.

``python -m engineers.dispatch.kept`` compiles them where their source is newer than what is kept. Without it
the first search of a process does that, which takes seconds.
"""

from functools import cache
from pathlib import Path

SOURCE = Path(__file__).with_name("compiled.py")
FOLDER = SOURCE.with_name("__pycache__")


def is_kept() -> bool:
    """Return whether the compiled rounds load at once."""
    kept = FOLDER.glob(f"{SOURCE.stem}.make_rounds-*.nbi")
    return any(index.stat().st_mtime >= SOURCE.stat().st_mtime for index in kept)


@cache
def load() -> None:
    """Have the rounds loaded, once a process, and compiled and kept before where they were not."""
    # its import loads the compiler
    from engineers.dispatch.rounds import build

    build()


def keep() -> bool:
    """Have the rounds compiled and kept where they are not; return whether they are now.

    They are not where the folder cannot be written to.
    """
    if not is_kept():
        load()
    return is_kept()


if __name__ == "__main__":
    keep()
