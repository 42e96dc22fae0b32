"""What a booking and the board ask: engineers for one visit, and windows for a place. The engine alone.

With the database included, which the issue sets its bars for (30 ms and 60 ms): `bench/desk.py`.
"""

import random
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from statistics import median

from bench.cities import City
from bench.measuring import quiet, say
from bench.rows import Row
from engineers.dispatch import (
    DEFAULT_SLACK,
    DayPlan,
    HaversineTravel,
    Place,
    Stop,
    arrival_windows,
    candidates,
    feasible_windows,
)
from engineers.dispatch.files import SPEED_KMH

ASKS = 200
DAYS = 14
FIRST = date(2026, 11, 2)
NEARBY = 0.01
"""How far from a visit of the city a new one lies, in degrees: places that no table has seen yet."""


def measure(city: City, plan: DayPlan) -> list[Row]:
    """Median milliseconds over ASKS new visits in that full day, of plans just loaded and of warm ones."""
    asked = new_visits(city, seed=1)
    days = [fresh(plan, travel()) for _ in range(DAYS)]
    for day in days:
        warm(day)  # the legs of the routes are known to a process that has planned the day before

    def candidates_cold(stop: Stop) -> None:
        candidates(stop, fresh(days[0], days[0].travel), slack=DEFAULT_SLACK)

    def candidates_warm(stop: Stop) -> None:
        candidates(stop, days[1], slack=DEFAULT_SLACK)

    def windows_cold(stop: Stop) -> None:
        windows([fresh(day, day.travel) for day in days], stop)

    def windows_warm(stop: Stop) -> None:
        windows(days, stop)

    who = f"candidates among {len(plan)} engineers, engine only"
    when = f"windows for {DAYS} days, engine only"
    rows = [
        Row(f"{who}, routes just loaded", milliseconds(candidates_cold, asked), "ms"),
        Row(f"{who}, routes driven through before", milliseconds(candidates_warm, asked), "ms"),
    ]
    # the cold ones in other places, so that no travel time is known to them from the warm ones
    rows += [
        Row(f"{when}, routes just loaded", milliseconds(windows_cold, new_visits(city, seed=2)), "ms"),
        Row(
            f"{when}, routes driven through before",
            milliseconds(windows_warm, new_visits(city, seed=3)),
            "ms",
        ),
    ]
    say(f"asked {ASKS} times for engineers and for windows")
    return rows


def windows(days: list[DayPlan], stop: Stop) -> None:
    """The windows of every day, as a booking page asks for them."""
    for offset, plan in enumerate(days):
        feasible_windows(
            plan,
            arrival_windows(FIRST + timedelta(days=offset)),
            place=stop.place,
            service=stop.service,
            skills=stop.skills,
            parts=stop.parts,
            slack=DEFAULT_SLACK,
            explain=False,
        )


def milliseconds(ask: Callable[[Stop], None], visits: list[Stop]) -> float:
    """The median CPU time of the question over these visits."""
    taken = []
    with quiet():
        for stop in visits:
            begun = time.thread_time_ns()
            ask(stop)
            taken.append((time.thread_time_ns() - begun) / 1e6)
    return median(taken)


def new_visits(city: City, *, seed: int) -> list[Stop]:
    """ASKS visits like the city's own, each at a place near one of them."""
    draw = random.Random(seed)  # noqa: S311 - a benchmark's own draw

    def near(place: Place) -> Place:
        return place[0] + draw.gauss(0, NEARBY), place[1] + draw.gauss(0, NEARBY)

    return [
        replace(stop, visit_id=f"new {number}", place=near(stop.place))
        for number, stop in enumerate(draw.choices(city.stops, k=ASKS))
    ]


def fresh(plan: DayPlan, by: HaversineTravel) -> DayPlan:
    """The same day as if just loaded: no route is driven through yet."""
    return DayPlan(list(plan), plan.routes.values(), by)


def travel() -> HaversineTravel:
    """Travel that knows no pair of places yet."""
    return HaversineTravel(SPEED_KMH)


def warm(plan: DayPlan) -> None:
    """Drive every route of the day through."""
    for day in plan:
        plan.timetable(day.engineer_id)
