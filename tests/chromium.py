"""Where the system's Chromium is, and how tests launch it.

python -m tests.chromium     has a Chromium and a Chinese font: finds them, installs them as root on
                             Debian or Ubuntu, or says in one line what to install
"""

import os
import shutil
import subprocess
import sys

from repairhub.ops.start.bootstrap import apt_get_install

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
PACKAGES = ("chromium", "fonts-wqy-microhei")
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
        f"The tests need a Chromium and a Chinese font: install the packages {' and '.join(PACKAGES)} "
        "(Debian, Ubuntu: apt-get install), or set CHROMIUM to the browser's path."
    )


def has_chinese_font() -> bool:
    """Whether the browser can draw Chinese; a page of empty boxes would hide what a test looks at."""
    try:
        listed = subprocess.run(["fc-list", ":lang=zh", "family"], capture_output=True, check=False)
    except OSError:
        return False
    return bool(listed.stdout.strip())


def main() -> int:
    """Have both; 1 and one line where there is no Chromium. A font alone is worth a word, no refusal."""
    wanted = [] if any(map(shutil.which, NAMES)) or "CHROMIUM" in os.environ else list(PACKAGES)
    if not wanted and not has_chinese_font():
        wanted = [PACKAGES[1]]
    if wanted:
        sys.stdout.write(f"Installing {' and '.join(wanted)} if this system lets us ...\n")
        sys.stdout.flush()
        apt_get_install(*wanted)
    try:
        find_chromium()
    except NoChromiumError as missing:
        sys.stderr.write(f"{missing}\n")
        return 1
    if not has_chinese_font():
        sys.stderr.write("No Chinese font found: pages will show empty boxes in screenshots.\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
