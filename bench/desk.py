"""What the desk and the booking page ask, database included: 100 engineers, 500 visits a day over 14 days."""

import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from statistics import median
from typing import Any

from bench.database import database
from bench.measuring import quiet, say
from bench.rows import Row

ENGINEERS, VISITS, DAYS = 100, 500, 14
ASKS = 60
AT = datetime.fromisoformat("2026-11-23T06:00:00+08:00")


@dataclass(frozen=True)
class Asked:
    """Medians of one question: milliseconds of the wall's clock and of this process's CPU; queries."""

    wall: float
    cpu: float
    queries: float


def measure() -> list[Row]:
    """Candidates for one visit and windows at one place, each asked ASKS times with every query it takes."""
    with database():
        from bench.trade import fill_day, hire, open_city

        draw = random.Random(1)  # noqa: S311 - a benchmark's own draw
        city = open_city("BENCH", 39.9, 116.4)
        first = AT.date()
        engineers = hire(city, ENGINEERS, first_on=first, draw=draw)
        days = [
            fill_day(city, engineers, first + timedelta(days=n), visits=VISITS, at=AT, draw=draw)
            for n in range(DAYS)
        ]
        say(f"{ENGINEERS} engineers, {sum(len(day) for day in days)} visits in {DAYS} days")
        return [*_windows(city, draw), *_candidates(days, draw)]


def _candidates(days: list[list[Any]], draw: random.Random) -> list[Row]:
    from engineers.selectors.candidates import candidates_for

    asked = draw.choices([visit for day in days[1:] for visit in day], k=ASKS)
    today = draw.choices(days[0], k=ASKS)
    what = f"candidates for a visit among {ENGINEERS} engineers, database included"
    return [
        *_rows(what, _ask(lambda visit: candidates_for(visit, AT), asked), 30),
        *_rows(f"{what}, today", _ask(lambda visit: candidates_for(visit, AT), today), 30),
    ]


def _windows(city: Any, draw: random.Random) -> list[Row]:
    from engineers.selectors.windows import VisitNeeds, offered_windows

    needs = VisitNeeds(service_minutes=40, skills={"screen": 2}, brands=frozenset())
    places = [
        (city.latitude + draw.gauss(0, 0.05), city.longitude + draw.gauss(0, 0.05)) for _ in range(ASKS)
    ]

    def ask(place: tuple[float, float]) -> None:
        offered_windows(city=city, latitude=place[0], longitude=place[1], needs=needs, at=AT)

    what = f"windows for {DAYS} days among {ENGINEERS} engineers, database included"
    before = _resident()
    begun = time.perf_counter()
    ask(places[0])
    first = (time.perf_counter() - begun) * 1000
    rows = _rows(what, _ask(ask, places[1:]), 60)
    return [
        *rows,
        Row(f"{what}: the first time in a process", first, "ms"),
        Row(f"{what}: what the process grew by", _resident() - before, "MB"),
    ]


def _ask(question: Callable[[Any], object], about: list[Any]) -> Asked:
    from django.db import connection

    count = 0

    def counted(execute: Any, *args: Any) -> Any:
        nonlocal count
        count += 1
        return execute(*args)

    question(about[0])  # connections and templates of the process stand
    taken = []
    with quiet(), connection.execute_wrapper(counted):
        for one in about:
            wall, cpu = time.perf_counter_ns(), time.thread_time_ns()
            question(one)
            taken.append(((time.perf_counter_ns() - wall) / 1e6, (time.thread_time_ns() - cpu) / 1e6))
    return Asked(median(w for w, _c in taken), median(c for _w, c in taken), count / len(about))


def _rows(what: str, asked: Asked, bar: float) -> list[Row]:
    say(f"{what}: {asked.wall:.1f} ms")
    return [
        Row(what, asked.wall, "ms", bar),
        Row(f"{what}: CPU of this process", asked.cpu, "ms"),
        Row(f"{what}: queries", asked.queries, ""),
    ]


def _resident() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * 4096 / 1e6
