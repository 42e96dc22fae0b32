"""Makes the virtual environment, fills it, starts the runner in it. Standard library alone, any Python 3.

    python3 repairhub/ops/start/bootstrap.py run --port 8000
    python3 repairhub/ops/start/bootstrap.py tests      the libraries of `make test` and `make check`, no more
    python3 repairhub/ops/start/bootstrap.py bench      the engines that `make bench` measures ours against

What is there already is left alone: a stamp in the environment holds a digest of the requirement files.
"""

from __future__ import annotations

import argparse
import fcntl
import hashlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parent.parent.parent.parent
ENVIRONMENT = CHECKOUT / ".venv"
VENV_PYTHON = ENVIRONMENT / "bin" / "python"
OLDEST = (3, 11)
PYTHONS = ("python3.13", "python3.12", "python3.11", "python3")
PRODUCT = ("requirements.txt", "repairhub/ops/embedded/requirements.txt")
HOST = "127.0.0.1"
SETS = {
    "product": PRODUCT,
    "tests": (*PRODUCT, "tests/requirements.txt"),
    "bench": ("bench/requirements.txt",),
}


class CannotError(Exception):
    """Something this machine lacks; the message says in one line what, and what to do."""


def main(arguments: list[str] | None = None) -> int:
    """Install what is asked for; with `run`, hand this process (and its number) over to the runner.

    Returns 1 after one line on stderr where that cannot be. Ctrl-C and TERM leave no process.
    """
    parser = argparse.ArgumentParser(description="Install RepairHub's libraries; run it with demo data.")
    parser.add_argument("what", choices=["run", "tests", "bench"])
    parser.add_argument("--port", default="8000")
    options = parser.parse_args(arguments)
    signal.signal(signal.SIGTERM, _stop_asked)
    started_at = time.time()
    try:
        if options.what == "run":
            check_port(options.port)
            install("product")
            keep_compiled()
            _become_runner(options.port, started_at)
        install(options.what)
        keep_compiled()
    except CannotError as refusal:
        sys.stderr.write(f"{refusal}\n")
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


def _become_runner(port: str, started_at: float) -> None:
    environment = {**os.environ, "REPAIRHUB_STARTED_AT": str(started_at)}
    os.chdir(CHECKOUT)
    os.execve(VENV_PYTHON, [str(VENV_PYTHON), "-m", "repairhub.ops.start.runner", port], environment)  # noqa: S606


def check_port(port: str) -> None:
    """Raises CannotError where the product cannot listen on that port of this machine."""
    if not port.isdecimal() or not 0 < int(port) < 65536:
        raise CannotError(f"PORT={port} is no port: choose a number from 1024 to 65535.")
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, int(port)))
        except PermissionError:
            reason = "needs root's rights"
        except OSError:
            reason = "is taken"
        else:
            return
    raise CannotError(f"Port {port} {reason}: choose another, as in: make run PORT={int(port) % 60000 + 1}")


def install(name: str) -> None:
    """Have the environment with the libraries of that set. Raises CannotError."""
    check_writable(CHECKOUT)
    with (CHECKOUT / "var" / "install.lock").open("w") as lock:  # two starts at once: the second waits
        fcntl.flock(lock, fcntl.LOCK_EX)
        works = _works(VENV_PYTHON)
        if works and _is_there(name):
            return
        if not works:
            _make_environment()
        started = time.monotonic()
        sys.stdout.write("Installing the libraries (a minute or two the first time) ...\n")
        sys.stdout.flush()
        pip = [
            str(VENV_PYTHON),
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
            "--no-input",
        ]
        for path in SETS[name]:
            pip += ["--requirement", str(CHECKOUT / path)]
        _run(pip, "The libraries cannot be installed")
        _stamp(name).write_text(_digest(name))
        sys.stdout.write(f"Installed in {time.monotonic() - started:.0f} s.\n")
        sys.stdout.flush()


def keep_compiled() -> None:
    """Have the plan search compiled and kept on disk: 10 s, once.

    Whoever searches first would do it otherwise, so a failure here is theirs to report.
    """
    command = [str(VENV_PYTHON), "-m", "engineers.dispatch.kept"]
    subprocess.run(command, cwd=CHECKOUT, capture_output=True, check=False)


def _stamp(name: str) -> Path:
    return ENVIRONMENT / f"installed-{name}"


def _digest(name: str) -> str:
    contents = [(CHECKOUT / path).read_bytes() for path in SETS[name]]
    return hashlib.sha256(b"\n".join(contents)).hexdigest()


def _is_there(name: str) -> bool:
    """Whether the set is installed; what tests need holds all of the product."""
    return _is_stamped(name) or (name == "product" and _is_stamped("tests"))


def _is_stamped(name: str) -> bool:
    return _stamp(name).is_file() and _stamp(name).read_text() == _digest(name)


def check_writable(folder: Path) -> None:
    """Raises CannotError where nothing can be written below that folder."""
    probe = folder / "var" / f"probe-{os.getpid()}"
    try:
        probe.parent.mkdir(exist_ok=True)
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise CannotError(
            f"{folder} cannot be written to ({error.strerror}): put the project into a folder of your own."
        ) from None


def apt_get_install(*packages: str) -> bool:
    """Install packages of the system where we are root and it has apt-get; whether that worked."""
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        return False
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for command in (
        ["apt-get", "update", "-qq"],
        ["apt-get", "install", "-y", "-qq", "--no-install-recommends", *packages],
    ):
        done = subprocess.run(command, env=environment, capture_output=True, check=False)
        if done.returncode != 0:
            return False
    return True


def _find_python() -> str:
    """A Python that is new enough: the one that runs this, or one with a version in its name."""
    version = f"{OLDEST[0]}.{OLDEST[1]}"
    for candidate in (sys.executable, *PYTHONS):
        path = shutil.which(candidate) if candidate else None
        if path and _works(path, f"import sys; sys.exit(sys.version_info < {OLDEST})"):
            return path
    raise CannotError(
        f"RepairHub needs Python {version} or newer; this machine's python3 is {sys.version.split()[0]}."
    )


def _make_environment() -> None:
    python = _find_python()
    if not _works(python, "import ensurepip"):
        version = subprocess.run(
            [python, "-c", "import sys; print('%d.%d' % sys.version_info[:2])"],
            capture_output=True,
            text=True,
            check=True,
        ).stdout.strip()
        package = f"python{version}-venv"
        if not apt_get_install(package):
            raise CannotError(f"{python} cannot make virtual environments: install the package '{package}'.")
    if ENVIRONMENT.exists():
        shutil.rmtree(ENVIRONMENT)
    _run([python, "-m", "venv", str(ENVIRONMENT)], "The virtual environment cannot be made")


def _works(python: str | Path, program: str = "import pip") -> bool:
    try:
        tried = subprocess.run([str(python), "-c", program], capture_output=True, check=False)
    except OSError:
        return False
    return tried.returncode == 0


def _run(command: list[str], refusal: str) -> None:
    """Run to the end. What it said on stderr goes to var/install.log, its last line into the refusal."""
    log = CHECKOUT / "var" / "install.log"
    with log.open("w+", errors="replace") as output:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=output)
        try:
            code = process.wait()
        except BaseException:
            process.terminate()
            process.wait()
            raise
        if code != 0:
            output.seek(0)
            said = [line.strip() for line in output if line.strip()]
            errors = [line for line in said if line.startswith("ERROR:")] or said or [f"exit code {code}"]
            raise CannotError(f"{refusal}: {errors[-1].removeprefix('ERROR: ')} (all of it: {log})")


def _stop_asked(*_: object) -> None:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
