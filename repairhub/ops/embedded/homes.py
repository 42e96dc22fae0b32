"""The folders that the embedded servers live in.

A normal user's servers live under `var/embedded/` of the checkout. PostgreSQL refuses to run as root, so
root's servers run as an unprivileged user who is there already, and live in a private folder outside the
checkout; its name is made from the checkout's path, so that two checkouts never meet. A home is kept
between starts unless it is a throw-away one, which the keeper deletes when it ends.

    home            logs, lock, address; ours. As root: mode 710, the servers' user may pass through
      postgres/     data; mode 700, of the user that runs the servers
      valkey/       the same
      programs/     root only: a copy of the servers' programs

Root never opens a file in a folder that the unprivileged user may write to: a link there would lead it away.
"""

import hashlib
import os
import pwd
import shutil
import stat
import tempfile
from dataclasses import dataclass
from pathlib import Path

from .errors import EmbeddedServersError

UNPRIVILEGED_USERS = ("nobody", "daemon")
PRIVATE_PARENT = Path("/var/lib")
ADDRESS_FILE = "address.json"  # in a home whose servers run: where their sockets are
SOCKET_NAME = "keeper.sock"
ANOTHER_KEEPER = 75  # a keeper's exit code: this home has one already


@dataclass(frozen=True)
class Owner:
    """The user that owns the servers' files and runs them; `drop`: we are root and must become that user."""

    uid: int
    gid: int
    drop: bool


def find_owner() -> Owner:
    """The user the servers run as: ourselves, or for root an unprivileged user that exists already."""
    if os.geteuid() != 0:
        return Owner(os.geteuid(), os.getegid(), drop=False)
    for name in UNPRIVILEGED_USERS:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        if entry.pw_uid != 0:
            return Owner(entry.pw_uid, entry.pw_gid, drop=True)
    raise EmbeddedServersError(
        "PostgreSQL refuses to run as root, and this machine has no user 'nobody': run as a normal user, "
        "or set DATABASE_URL and REDIS_URL."
    )


def persistent_folder(checkout: Path, owner: Owner) -> Path:
    """Where the home of this checkout is, or would be: nothing is made."""
    if not owner.drop:
        return checkout / "var" / "embedded"
    key = hashlib.sha256(str(checkout.resolve()).encode()).hexdigest()[:12]
    return PRIVATE_PARENT / f"repairhub-{key}"


def make_owned_folder(folder: Path, owner: Owner) -> None:
    """Make `folder` (mode 700, of the servers' user), or check that the one that is there is just that."""
    _make_folder(folder, uid=owner.uid, gid=owner.gid, mode=0o700)


def _make_home_folder(folder: Path, owner: Owner) -> None:
    """Make a home: ours alone, or as root's one that the servers' user may pass through."""
    _make_folder(folder, uid=os.geteuid(), gid=owner.gid, mode=0o710 if owner.drop else 0o700)


def _make_folder(folder: Path, *, uid: int, gid: int, mode: int) -> None:
    try:
        folder.mkdir(mode=0o700)
        os.chown(folder, uid, gid)
        folder.chmod(mode)
        return
    except FileExistsError:
        pass
    except OSError as error:
        raise EmbeddedServersError(f"{folder} cannot be made: {error.strerror}.") from error
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != uid or stat.S_IMODE(found.st_mode) != mode:
        raise EmbeddedServersError(
            f"{folder} is not the private folder it should be (user {uid}, mode {mode:o}): move it away."
        )


@dataclass(frozen=True)
class Home:
    """Where one pair of servers lives.

    `folder` holds the data and the logs, `programs` the copied programs (root only), `sockets` is set where
    the sockets' folder is known before the start (throw-away homes), else the keeper makes one.
    """

    folder: Path
    programs: Path
    sockets: Path | None
    owner: Owner

    @property
    def throw_away(self) -> bool:
        """Whether the home is deleted when its keeper ends."""
        return self.sockets is not None

    @classmethod
    def persistent(cls, checkout: Path) -> "Home":
        """The home that belongs to this checkout and keeps its data between starts."""
        owner = find_owner()
        folder = persistent_folder(checkout, owner)
        if not owner.drop:
            try:
                folder.parent.mkdir(exist_ok=True)
            except OSError as error:
                raise EmbeddedServersError(f"{folder.parent} cannot be made: {error.strerror}.") from error
        _make_home_folder(folder, owner)
        return cls(folder=folder, programs=folder / "programs", sockets=None, owner=owner)

    @classmethod
    def for_tests(cls, checkout: Path) -> "Home":
        """A new home for one test run. Its addresses are known at once; nothing is started yet."""
        owner = find_owner()
        folder = Path(tempfile.mkdtemp(prefix="repairhub-test-", dir="/tmp"))
        if owner.drop:
            os.chown(folder, 0, owner.gid)
            folder.chmod(0o710)
            lasting = persistent_folder(checkout, owner)
            _make_home_folder(lasting, owner)
            programs = lasting / "programs"
        else:
            programs = folder / "programs"
        return cls(folder=folder, programs=programs, sockets=folder / "s", owner=owner)

    def delete(self) -> None:
        """Delete a throw-away home with all that is in it."""
        if self.throw_away:
            shutil.rmtree(self.folder, ignore_errors=True)
