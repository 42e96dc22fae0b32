"""A full city planned afresh at 13:00 with five new orders: who is dropped, and who gets another engineer."""

import random
from collections.abc import Mapping
from dataclasses import dataclass, replace
from math import cos, radians

from bench.cities import City, Solved, read
from bench.measuring import cpu, quiet, say
from bench.rows import Row
from engineers.dispatch import DayPlan, EngineerDay, Place, Route, Stop, check_change
from engineers.dispatch.explain import is_qualified
from engineers.dispatch.problem import has_parts
from engineers.dispatch.replan import moves, replan

NOW = 13 * 3600
NEW_ORDERS = 5
CPU_A_VISIT = 0.010


@dataclass(frozen=True)
class Outcome:
    """What one re-planning did: counts of visits."""

    unstarted: int
    dropped: int
    changed: int
    new_served: int


def measure(plans: Mapping[str, Solved]) -> list[Row]:
    """The rows over those cities, each with its plan of the morning and orders out of the next one."""
    found = []
    cities = list(plans)
    for n, name in enumerate(cities):
        outcome = replanned(read(name), plans[name].plan, read(cities[(n + 1) % len(cities)]), seed=n)
        found.append(outcome)
        say(
            f"{name} at 13:00: {outcome.unstarted} unstarted, {outcome.dropped} dropped, "
            f"{outcome.changed} change engineer, {outcome.new_served} of {NEW_ORDERS} new served"
        )
    unstarted = sum(each.unstarted for each in found)
    what = f"re-plan at 13:00 ({len(found)} cities): "
    return [
        Row(f"{what}promised visits dropped", sum(each.dropped for each in found), "", 0),
        Row(
            f"{what}unstarted that change engineer",
            100 * sum(each.changed for each in found) / unstarted,
            "%",
            15,
        ),
        Row(
            f"{what}the same in the worst city",
            max(100 * each.changed / each.unstarted for each in found),
            "%",
            15,
        ),
        Row(
            f"{what}new orders served",
            100 * sum(each.new_served for each in found) / NEW_ORDERS / len(found),
            "%",
        ),
    ]


def replanned(city: City, morning: DayPlan, elsewhere: City, *, seed: int) -> Outcome:
    """The city's day under way, planned afresh with new orders out of another city."""
    plan = under_way(morning, NOW)
    new = new_orders(city, elsewhere, seed)
    unstarted = {
        stop.visit_id for route in plan.routes.values() for stop in route.stops if stop.fixed_start is None
    }
    with quiet():
        begun = cpu()
        found = replan(
            plan,
            new,
            draw=random.Random(seed),  # noqa: S311 - a plan is no secret
            seconds=CPU_A_VISIT * (len(unstarted) + len(new)),
            spent=lambda: cpu() - begun,
        )
    left_out = {stop.visit_id for stop in found.unserved}
    faults = check_change(plan, found.after, new=new, unserved=left_out)
    if faults:
        raise RuntimeError(f"{city.name}: {faults[0]}")
    return Outcome(
        len(unstarted),
        len(unstarted & left_out),
        sum(1 for move in moves(plan, found.after) if move.visit_id in unstarted - left_out),
        sum(1 for stop in new if stop.visit_id not in left_out),
    )


def under_way(morning: DayPlan, now: int) -> DayPlan:
    """The day as it stands at `now`: what is finished is gone, what is begun or driven to is fixed.

    Engineers leave for a visit when they have to, to be there as it begins. Every visit is promised and its
    customer knows the engineer's name; the vans lack what the finished visits took.
    """
    days, routes = [], []
    for day in morning:
        table = morning.timetable(day.engineer_id)
        place: Place | None = None
        rest: list[Stop] = []
        for stop, start, leg in zip(table.route.stops, table.starts[1:], table.legs, strict=False):
            if start + stop.service <= now:
                place, day = stop.place, without_parts(day, stop)
                continue
            is_begun = not rest and start - leg <= now
            fixed = start if is_begun else None
            rest.append(replace(stop, promised=True, named=day.engineer_id, fixed_start=fixed))
        days.append(day)
        routes.append(Route(day.engineer_id, tuple(rest), not_before=now, start_place=place))
    return DayPlan(days, routes, morning.travel)


def without_parts(day: EngineerDay, stop: Stop) -> EngineerDay:
    """The engineer's day with the pieces that the visit took out of the van."""
    if day.van is None:
        return day
    return replace(day, van={part: have - stop.parts.get(part, 0) for part, have in day.van.items()})


def new_orders(city: City, elsewhere: City, seed: int) -> list[Stop]:
    """Five of the other city's orders with windows after 13:00, moved here; somebody can do each."""
    days = list(city.plan)
    here, there = centre(city), centre(elsewhere)
    squeeze = cos(radians(there[0])) / cos(radians(here[0]))
    fitting = [
        stop
        for stop in elsewhere.stops
        if stop.window_start >= NOW and any(is_qualified(stop, day) and has_parts(stop, day) for day in days)
    ]
    drawn = random.Random(seed).sample(fitting, NEW_ORDERS)  # noqa: S311 - a benchmark's own draw
    return [
        replace(
            stop,
            visit_id=f"new {number}",
            place=(
                here[0] + stop.place[0] - there[0],
                here[1] + (stop.place[1] - there[1]) * squeeze,
            ),
        )
        for number, stop in enumerate(drawn)
    ]


def centre(city: City) -> Place:
    """The middle of the engineers' bases."""
    bases = [day.base for day in city.plan]
    return sum(base[0] for base in bases) / len(bases), sum(base[1] for base in bases) / len(bases)
