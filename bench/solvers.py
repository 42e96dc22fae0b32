"""Other engines on the same cities: VROOM and PyVRP, as extras of the bench, each on one thread.

Both get the exact travel table. What they give is driven through by our own checker before its score counts.
"""

import subprocess
import sys
from collections.abc import Mapping, Sequence
from importlib import invalidate_caches
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from bench.cities import LOST, City, Solved, from_routes
from bench.measuring import cpu, say
from engineers.dispatch import EngineerDay, EngineerId, Stop, VisitId

BOOTSTRAP = Path(__file__).resolve().parent.parent / "repairhub" / "ops" / "start" / "bootstrap.py"
FORBIDDEN = 1_000_000
"""What PyVRP pays to drive to a visit that the engineer may not do: far more than any visit is worth."""

Routes = Mapping[EngineerId, Sequence[VisitId]]


def install() -> list[str]:
    """Install bench/requirements.txt where missing; the engines that are there then: "vroom", "pyvrp"."""
    subprocess.run([sys.executable, str(BOOTSTRAP), "bench"], check=False)
    invalidate_caches()
    there = [name for name in ("vroom", "pyvrp") if find_spec(name) is not None]
    for name in {"vroom", "pyvrp"} - set(there):
        say(f"{name} cannot be installed: it is left out, and the best plans known count alone.")
    return there


def vroom(city: City, level: int) -> Solved:
    """VROOM with that exploration level (1 to 5), which sets its time. Weights are its priorities."""
    import vroom as engine

    days, kinds = list(city.plan), part_kinds(city)
    skills = numbered({skill for holder in (*days, *city.stops) for skill in holder.skills})
    asked = engine.Input()
    asked.set_durations_matrix("car", travel_table(city))
    for n, day in enumerate(days):
        base = len(city.stops) + n
        asked.add_vehicle(
            engine.Vehicle(
                n,
                start=base,
                end=base,
                capacity=pieces(day.van or {}, kinds),
                skills={skills[skill] for skill in day.skills},
                time_window=engine.TimeWindow(day.shift_start, day.shift_end),
            )
        )
    for n, stop in enumerate(city.stops):
        asked.add_job(
            engine.Job(
                n,
                location=n,
                default_service=stop.service,
                delivery=engine.Amount(pieces(stop.parts, kinds)),
                skills={skills[skill] for skill in stop.skills},
                priority=stop.weight,
                time_windows=[engine.TimeWindow(stop.window_start, stop.window_end)],
            )
        )
    begun = cpu()
    answer = asked.solve(exploration_level=level, nb_threads=1).to_dict()
    spent = cpu() - begun
    routes = {
        days[route["vehicle"]].engineer_id: [
            city.stops[step["id"]].visit_id for step in route["steps"] if step["type"] == "job"
        ]
        for route in answer["routes"]
    }
    return from_routes(city, routes, spent)


def pyvrp(city: City, seconds: float, *, seed: int = 1) -> Solved:
    """PyVRP with that many CPU seconds for its search alone. Its prizes are those of the score."""
    import numpy
    import pyvrp as engine

    days, kinds = list(city.plan), part_kinds(city)
    travel = numpy.array(travel_table(city), dtype=numpy.int64)
    profiles = numbered({frozenset(day.skills) for day in days})
    costs = [site_dependent(travel, city.stops, skills) for skills in profiles]
    places = [engine.Location(*place) for place in all_places(city)]
    clients = [
        engine.Client(
            location=n,
            delivery=pieces(stop.parts, kinds),
            service_duration=stop.service,
            tw_early=stop.window_start,
            tw_late=stop.window_end,
            prize=LOST * stop.weight,
            required=False,
        )
        for n, stop in enumerate(city.stops)
    ]
    vans = [
        engine.VehicleType(
            capacity=pieces(day.van or {}, kinds),
            start_depot=n,
            end_depot=n,
            tw_early=day.shift_start,
            tw_late=day.shift_end,
            profile=profiles[frozenset(day.skills)],
        )
        for n, day in enumerate(days)
    ]
    depots = [engine.Depot(location=len(city.stops) + n) for n in range(len(days))]
    data = engine.ProblemData(places, clients, depots, vans, costs, [travel] * len(costs))
    begun = cpu()
    # its own MaxRuntime looks at the clock on the wall, which other work on the machine turns on
    found = engine.solve(data, stop=lambda _best: cpu() - begun >= seconds, seed=seed, collect_stats=False)
    spent = cpu() - begun
    return from_routes(city, _pyvrp_routes(found.best, city, days), spent)


def _pyvrp_routes(solution: Any, city: City, days: Sequence[EngineerDay]) -> Routes:
    return {
        days[route.vehicle_type()].engineer_id: [
            city.stops[step.idx].visit_id for step in route if step.is_client()
        ]
        for route in solution.routes()
    }


def site_dependent(travel: Any, stops: Sequence[Stop], skills: frozenset[str]) -> Any:
    """The travel table in which a visit that those skills do not cover costs FORBIDDEN to reach or leave."""
    table = travel.copy()
    for n, stop in enumerate(stops):
        if not skills.issuperset(stop.skills):
            table[n, :] = table[:, n] = FORBIDDEN
            table[n, n] = 0
    return table


def all_places(city: City) -> list[tuple[float, float]]:
    """The places of the visits, then the engineers' bases."""
    return [stop.place for stop in city.stops] + [day.base for day in city.plan]


def travel_table(city: City) -> list[list[int]]:
    """The seconds from each of those places to each."""
    seconds, places = city.plan.travel.seconds, all_places(city)
    return [[seconds(a, b) for b in places] for a in places]


def part_kinds(city: City) -> list[Any]:
    """The kinds of part that the visits take, in order."""
    return sorted({part for stop in city.stops for part in stop.parts})


def pieces(counts: Mapping[Any, int], kinds: Sequence[Any]) -> list[int]:
    """The pieces of each kind of part, as the amounts of the engines."""
    return [counts.get(kind, 0) for kind in kinds]


def numbered(things: set[Any]) -> dict[Any, int]:
    """A number from 0 for each, the same in every run."""
    return {
        thing: n
        for n, thing in enumerate(sorted(things, key=lambda t: sorted(t) if isinstance(t, frozenset) else t))
    }
