"""The fixed city-days of bench/data/dispatch: read, planned by our search, checked and scored."""

import csv
import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from bench.measuring import cpu, quiet
from engineers.dispatch import DayPlan, EngineerId, Route, Stop, VisitId, check_plan, search
from engineers.dispatch.files import read_problem

FOLDER = Path(__file__).parent / "data" / "dispatch"
LOST = 3600
"""Seconds of travel that a unit of weight not served counts for in a score."""
SEARCHING = 0.96
"""The share of a budget that the search may use: writing the plan and letting its lanes go take the rest."""


@dataclass(frozen=True)
class City:
    """One fixed day: its engineers as an empty plan, and the visits to plan."""

    name: str
    plan: DayPlan
    stops: list[Stop]


@dataclass(frozen=True)
class Solved:
    """A checked plan of a city: visits and weight served, weight lost, travel, CPU seconds, rounds."""

    plan: DayPlan
    served: int
    weight_served: int
    weight_lost: int
    travel: int
    cpu: float
    rounds: int = 0

    @property
    def score(self) -> int:
        """Seconds of travel and LOST for each unit of weight not served."""
        return self.travel + LOST * self.weight_lost


class BrokenPlanError(Exception):
    """A plan that the checker does not let pass; its figures are worth nothing."""


def names(prefix: str = "") -> list[str]:
    """The fixed cities whose name begins so, in order of size and seed."""

    def key(name: str) -> tuple[int, int]:
        _city, orders, _engineers, seed = name.split("-")
        return int(orders), int(seed[1:])

    return sorted((path.stem for path in FOLDER.glob(f"city-{prefix}*.json")), key=key)


def read(name: str) -> City:
    """The city-day as the engine sees it."""
    plan, stops = read_problem((FOLDER / f"{name}.json").read_bytes())
    return City(name, plan, stops)


@cache
def best_known() -> Mapping[str, float]:
    """The best score known of each city, from best_known.csv."""
    with (FOLDER / "best_known.csv").open() as rows:
        return {
            row["instance"]: float(row["travel_minutes"]) * 60
            + LOST * (int(row["weight_of"]) - int(row["weight_served"]))
            for row in csv.DictReader(rows)
        }


def solve(name: str, seconds: float, *, seed: int = 1, compiled: bool = True) -> Solved:
    """Our search on the city with that many CPU seconds for everything: reading, building, searching.

    The compiled rounds are loaded before, once a process; a row of the bench says what that takes.
    """
    with quiet():
        begun = cpu()
        city = read(name)
        found = search(
            city.plan,
            city.stops,
            draw=random.Random(seed),  # noqa: S311 - a plan is no secret
            seconds=SEARCHING * seconds,
            spent=lambda: cpu() - begun,
            compiled=compiled,
        )
        spent = cpu() - begun
    return judged(city, found.plan, spent, found.rounds)


def from_routes(city: City, routes: Mapping[EngineerId, Sequence[VisitId]], spent: float) -> Solved:
    """Routes that some engine gave, driven through by our checker. Raises BrokenPlanError."""
    stops = {stop.visit_id: stop for stop in city.stops}
    filled = [Route(key, tuple(stops[visit] for visit in visits)) for key, visits in routes.items()]
    return judged(city, DayPlan(list(city.plan), filled, city.plan.travel), spent)


def judged(city: City, plan: DayPlan, spent: float, rounds: int = 0) -> Solved:
    """The plan with its figures, once the checker has driven it through. Raises BrokenPlanError."""
    planned = {day.engineer_id: plan.planned(day.engineer_id) for day in plan}
    faults = check_plan(planned, days=list(city.plan), stops=city.stops, travel=city.plan.travel)
    if faults:
        raise BrokenPlanError(f"{city.name}: {faults[0]}")
    served = {visit.visit_id for visits in planned.values() for visit in visits}
    kept = weight(stop for stop in city.stops if stop.visit_id in served)
    return Solved(plan, len(served), kept, weight(city.stops) - kept, plan.travel_seconds, spent, rounds)


def weight(stops: Iterable[Stop]) -> int:
    """The weight of the visits together."""
    return sum(stop.weight for stop in stops)
