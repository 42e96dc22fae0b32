"""Where the system's Chromium is, and how tests launch it.

python -m tests.chromium     prints its path, or says in one line what to install
"""

import os
import shutil
import sys

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
CHROMIUM_FLAGS = [
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-gpu",
    "--disable-quic",
    "--disable-sync",
    "--no-first-run",
    *(["--no-sandbox"] if os.geteuid() == 0 else []),  # Chromium's sandbox refuses to start as root
]


class NoChromiumError(Exception):
    """This machine has no Chromium; the message says how to get one."""


def find_chromium() -> str:
    """The path of the system's Chromium (CHROMIUM in the environment wins). Raises NoChromiumError."""
    named = os.environ.get("CHROMIUM")
    for name in [named] if named else NAMES:
        path = shutil.which(name)
        if path:
            return path
    raise NoChromiumError(
        "The tests need Chromium and a Chinese font: install the packages 'chromium' and "
        "'fonts-wqy-microhei' (Debian, Ubuntu: apt-get install), or set CHROMIUM to the path of the browser."
    )


if __name__ == "__main__":
    try:
        sys.stdout.write(find_chromium() + "\n")
    except NoChromiumError as missing:
        sys.exit(str(missing))
