"""A whole country's day planned by real Celery workers: 36 cities, then a tenth of a hundred times as much.

SCALE=0.1 takes a tenth of the second part, for a look; 0 leaves it out.
"""

import os
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from bench.database import CHECKOUT, database
from bench.measuring import say
from bench.rows import Row
from repairhub.ops.demo import tables
from repairhub.ops.embedded.processes import die_with_parent

WORKERS = 2
TENTH_CITIES, TENTH_DAYS = 30, 10
CITY_ENGINEERS, CITY_VISITS = 20, 100
WHOLE = 10
"""300,000 visits in 3,000 city-days are so many times what is measured."""
PATIENCE = 3_600


@dataclass(frozen=True)
class Planned:
    """City-days planned by the workers: seconds of the wall's clock, CPU of workers and of PostgreSQL; MB."""

    days: int
    visits: int
    wall: float
    cpu: float
    postgres: float
    memory: float


def measure() -> list[Row]:
    """The rows of both parts; every city-day is planned by the task that the beat rings for."""
    scale = float(os.environ.get("SCALE", "1"))
    with database():
        from django.utils import timezone

        on = timezone.localdate() + timedelta(days=1)
        with _workers():
            cities = _real_cities(on)
            country = _planned(cities, [on])
            rows = _rows("3,000 visits, 600 engineers, 36 cities", country, bar=60)
            rows.append(Row("queries of planning one city-day once more", _queries(cities[0], on), ""))
            if scale > 0:
                count = max(2, round(TENTH_CITIES * scale))
                days = [on + timedelta(days=n) for n in range(TENTH_DAYS)]
                tenth = _planned(_like_cities(count, days), days)
                times = WHOLE * TENTH_CITIES / count
                rows += _rows(f"{tenth.visits:,} visits in {tenth.days} city-days", tenth)
                rows += [
                    Row("300,000 visits in 3,000 city-days, extrapolated", tenth.wall * times / 60, "min"),
                    Row("the same: CPU of the workers", tenth.cpu * times / 60, "min"),
                ]
    return rows


def _real_cities(on: date) -> list[Any]:
    """The demo's cities with their own numbers of engineers and orders."""
    from django.utils import timezone

    from bench.trade import fill_day, hire, open_city

    draw = random.Random(1)  # noqa: S311 - a benchmark's own draw
    orders = {row["code"]: int(row["orders_per_day"]) for row in tables.rows("cities.csv")}
    found = []
    for row in tables.cities():
        city = open_city(row.code, row.latitude, row.longitude)
        engineers = hire(city, row.engineers, first_on=on, draw=draw)
        visits = min(orders[row.code], 5 * row.engineers)
        fill_day(city, engineers, on, visits=visits, at=timezone.now(), draw=draw)
        found.append(city)
    return found


def _like_cities(count: int, days: list[date]) -> list[Any]:
    """Cities of one size, each with so many full days."""
    from django.utils import timezone

    from bench.trade import fill_day, hire, open_city

    draw = random.Random(2)  # noqa: S311 - a benchmark's own draw
    found = []
    for n in range(count):
        city = open_city(f"X{n:04d}", draw.uniform(25, 45), draw.uniform(100, 120))
        engineers = hire(city, CITY_ENGINEERS, first_on=days[0], draw=draw)
        for on in days:
            fill_day(city, engineers, on, visits=CITY_VISITS, at=timezone.now(), draw=draw)
        found.append(city)
    return found


def _planned(cities: list[Any], days: list[date]) -> Planned:
    """Rings once for each city-day and waits until the last one is planned."""
    from django.db.models import F

    from engineers.models import CityDay, Visit
    from engineers.tasks import plan_city_day

    waiting = CityDay.objects.filter(city__in=cities, on__in=days).exclude(planned_version=F("version"))
    count, visits = waiting.count(), Visit.objects.filter(city__in=cities, on__in=days).count()
    say(f"{visits} visits of {count} city-days are there")
    before, begun = _cpu_seconds(), time.monotonic()
    # the biggest first, as it is best for the last worker to be done
    for city in cities:
        for on in days:
            plan_city_day.delay(city.pk, on.isoformat())
    said = time.monotonic()
    while left := waiting.count():
        if time.monotonic() - begun > PATIENCE:
            raise RuntimeError(f"{left} of {count} city-days were never planned")
        if time.monotonic() - said > 30:
            say(f"{count - left} of {count} city-days after {time.monotonic() - begun:.0f} s")
            said = time.monotonic()
        time.sleep(0.5)
    wall, after = time.monotonic() - begun, _cpu_seconds()
    cpu, postgres = (after[kind] - before[kind] for kind in ("celery", "postgres"))
    return Planned(count, visits, wall, cpu, postgres, _largest_worker())


def _rows(what: str, planned: Planned, bar: float | None = None) -> list[Row]:
    return [
        Row(f"{what}: planned by {WORKERS} workers", planned.wall, "s", bar),
        Row(f"{what}: CPU of the workers", planned.cpu, "s"),
        Row(f"{what}: CPU of PostgreSQL", planned.postgres, "s"),
        Row(f"{what}: largest worker so far (RSS)", planned.memory, "MB"),
        Row(f"{what}: CPU of the workers a visit", planned.cpu / planned.visits * 1000, "ms"),
    ]


def _queries(city: Any, on: date) -> int:
    """The queries of one more planning of that day, in this process."""
    from django.db import connection
    from django.utils import timezone

    from engineers.services.replanning import replan_day

    count = 0

    def counted(execute: Any, *args: Any) -> Any:
        nonlocal count
        count += 1
        return execute(*args)

    with connection.execute_wrapper(counted):
        replan_day(city=city, on=on, by=None, at=timezone.now(), seed=2, seconds=1.0)
    return count


def _cpu_seconds() -> dict[str, float]:
    """CPU seconds so far of this run's workers and of its PostgreSQL, ended processes of both included."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        backend = cursor.fetchone()[0]
    postmaster = _stat(Path(f"/proc/{backend}/stat"))[1]
    found = {"celery": 0.0, "postgres": 0.0}
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            seconds, parent = _stat(path)
        except OSError:
            continue  # it ended while we looked
        if path.parent.name in _PIDS:
            found["celery"] += seconds
        elif str(postmaster) in (path.parent.name, str(parent)):
            found["postgres"] += seconds
    return found


def _stat(path: Path) -> tuple[float, int]:
    """CPU seconds of a process, with its children that have ended, and its parent's id (proc(5))."""
    fields = path.read_text().rpartition(")")[2].split()
    return sum(int(field) for field in fields[11:15]) / os.sysconf("SC_CLK_TCK"), int(fields[1])


def _largest_worker() -> float:
    """The most memory that one worker has had so far, MB (10^6 bytes)."""
    found = [re.findall(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())[0] for pid in _PIDS]
    return max(int(size) for size in found) * 1024 / 1e6


_PIDS: set[str] = set()


@contextmanager
def _workers() -> Iterator[None]:
    """Two workers as the product runs them, each one process; stopped by TERM."""
    folder = Path(tempfile.mkdtemp(prefix="repairhub-bench-"))
    logs = [folder / f"worker-{n}.log" for n in range(WORKERS)]
    processes = [_worker(log, f"bench{n}") for n, log in enumerate(logs)]
    _PIDS.update(str(process.pid) for process in processes)
    try:
        deadline = time.monotonic() + 120
        while not all(b" ready." in log.read_bytes() for log in logs):
            if time.monotonic() > deadline or any(process.poll() is not None for process in processes):
                raise RuntimeError("\n".join(log.read_text() for log in logs))
            time.sleep(0.1)
        yield
    finally:
        for process in processes:
            process.send_signal(signal.SIGTERM)
        for process in processes:
            process.wait(timeout=60)
        shutil.rmtree(folder)


def _worker(log: Path, name: str) -> subprocess.Popen[bytes]:
    with log.open("wb") as out:
        return subprocess.Popen(
            [
                sys.executable,
                "-m",
                "celery",
                "-A",
                "repairhub",
                "worker",
                "--pool",
                "solo",
                "--hostname",
                f"{name}@%h",
                "--loglevel",
                "INFO",
            ],
            cwd=CHECKOUT,
            stdout=out,
            stderr=subprocess.STDOUT,
            preexec_fn=die_with_parent(signal.SIGTERM),
        )
