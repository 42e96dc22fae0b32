"""Planning a city's day afresh: computed on what is read, stored only where nothing has changed since.

The search takes seconds of CPU and holds no lock. Its plan is stored under the day's lock if the day still
has the version that it was computed on; otherwise it is thrown away and computed again (design, section 5).
"""

import gc
import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from django.db import transaction

from engineers import policy
from engineers.dispatch import DayPlan, Stop, VisitId, unserved_because
from engineers.dispatch.replan import Move, Replan, moves, replan
from engineers.models import CityDay, Visit
from engineers.planning import CityClock, load_plans, stop_for
from engineers.reasons import sentences
from engineers.roads import learn_roads
from engineers.services.doorstep import mark_at_risk
from engineers.services.lateness import mark_planned_late
from engineers.services.moves import announce_in_time_again, announce_moves, in_time_again, locked_visits
from engineers.services.review import take_off
from engineers.services.routes import BrokenPlan, lock_city_day, write_routes
from engineers.states import MOVABLE
from repairhub.places.models import City

ATTEMPTS = 3


class StalePlan(Exception):
    """The day has changed since the plan was computed: nothing was stored."""


def _as_it_is(plan: DayPlan) -> DayPlan:
    return plan


@dataclass(frozen=True)
class ComputedPlan:
    """A plan of one city's day, the version of the day that it was computed on, and as of when.

    `as_known`: what the plan takes into account of which the rows say nothing (an engineer is held up).
    `is_whole`: whether the search looked at the whole day, so that the next one can wait for a change.
    """

    city: City
    on: date
    version: int
    at: datetime
    result: Replan
    as_known: Callable[[DayPlan], DayPlan] = field(default=_as_it_is)
    is_whole: bool = True

    @property
    def moves(self) -> list[Move]:
        """The visits that change engineer."""
        return moves(self.result.before, self.result.after)


@dataclass(frozen=True)
class StoredPlan:
    """What was written: how many visits changed engineer, found one, and are kept by no route."""

    moved: int
    found: int
    unserved: int
    saved_minutes: int


def compute_plan(
    *,
    city: City,
    on: date,
    at: datetime,
    seed: int = 1,
    seconds: float | None = None,
    rounds: int | None = None,
) -> ComputedPlan:
    """The best plan found for the day as it stands, within CPU seconds or rounds. Writes nothing.

    Visits in no route are put in where somebody can keep them. Nine queries.
    """
    version = CityDay.objects.filter(city=city, on=on).values_list("version", flat=True).first() or 0
    learn_roads(city, on, on)
    plan = load_plans(city, on, on, at)[on]
    if seconds is None and rounds is None:
        seconds = policy.plan_seconds(sum(len(route.stops) for route in plan.routes.values()))
    with no_garbage_collection():
        result = replan(
            plan,
            waiting_stops(city, on, at),
            draw=random.Random(seed),  # noqa: S311 - a plan is no secret
            rounds=rounds,
            seconds=seconds,
            spent=_cpu_clock() if seconds is not None else None,
            prices=policy.prices(city),
            compiled=True,
        )
    return ComputedPlan(city=city, on=on, version=version, at=at, result=result)


@transaction.atomic
def store_plan(*, computed: ComputedPlan, by: Any, at: datetime) -> StoredPlan:
    """The computed plan, written into the routes of its day; customers who know a name learn the new one.

    Raises StalePlan where the day has another version by now, or what an engineer may do has changed.
    """
    city, on = computed.city, computed.on
    day = lock_city_day(city, on, changes_route=False)
    if day.version != computed.version:
        raise StalePlan(f"{city.code} {on}: version {day.version}, computed on {computed.version}")
    changes = computed.moves
    after = computed.result.after
    if after is computed.result.before:
        CityDay.objects.filter(pk=day.pk).update(planned_version=day.version)
        mark_planned_late(city=city, on=on, plan=after, by=by, at=at)
        return StoredPlan(0, 0, len(computed.result.unserved), 0)
    day = lock_city_day(city, on)
    if computed.is_whole:
        CityDay.objects.filter(pk=day.pk).update(planned_version=day.version)
    # as of the same moment: certificates, shifts and absences may have changed since without a new version
    before = computed.as_known(load_plans(city, on, on, computed.at)[on])
    after = DayPlan(list(before), after.routes.values(), before.travel)
    saved = in_time_again(before, after)
    visits = locked_visits(
        [
            *(_pk(move.visit_id) for move in changes),
            *(_pk(stop.visit_id) for stop in computed.result.unserved),
            *saved,
        ]
    )
    lost = [stop for stop in computed.result.unserved if visits[_pk(stop.visit_id)].engineer_id is not None]
    for stop in lost:  # before the others are written: their time is given to somebody
        why = sentences([unserved_because(stop, after)])
        take_off(visits[_pk(stop.visit_id)], why, by=by, at=at)
    try:
        write_routes(
            city=city,
            on=on,
            before=before,
            after=after,
            engineer_ids=[int(str(key)) for key in _changed_engineers(before, after)],
            new=waiting_stops(city, on, computed.at),
            unserved=[_pk(stop.visit_id) for stop in computed.result.unserved],
        )
    except BrokenPlan as error:
        raise StalePlan(str(error)) from error
    announce_moves(changes, visits, after, by=by, at=at)
    announce_in_time_again(saved, by=by, at=at)
    mark_at_risk(visit_ids=[_pk(stop.visit_id) for stop in lost], at=at)
    mark_planned_late(city=city, on=on, plan=after, by=by, at=at)
    return StoredPlan(
        moved=sum(1 for move in changes if move.from_engineer is not None and move.to_engineer is not None),
        found=sum(1 for move in changes if move.from_engineer is None),
        unserved=len(computed.result.unserved),
        saved_minutes=round(computed.result.saved_seconds / 60),
    )


def replan_day(
    *,
    city: City,
    on: date,
    by: Any,
    at: datetime,
    seed: int = 1,
    seconds: float | None = None,
    rounds: int | None = None,
    compute: Callable[..., ComputedPlan] = compute_plan,
) -> StoredPlan:
    """The day planned afresh and stored; computed again where it changed meanwhile.

    Raises StalePlan where it changed each time: somebody is working on that very day, and the next run
    comes soon.
    """
    for attempt in range(ATTEMPTS):
        computed = compute(city=city, on=on, at=at, seed=seed + attempt, seconds=seconds, rounds=rounds)
        try:
            return store_plan(computed=computed, by=by, at=at)
        except StalePlan:
            if attempt == ATTEMPTS - 1:
                raise
    raise AssertionError("unreachable")


def waiting_stops(city: City, on: date, at: datetime) -> list[Stop]:
    """The visits of the day that are in no route, as the engine sees them. One query."""
    clock = CityClock.of(city, on)
    visits = Visit.objects.of_day(city, on).filter(engineer=None, status__in=MOVABLE).order_by("id")
    return [stop_for(visit, clock, at) for visit in visits]


def _changed_engineers(before: DayPlan, after: DayPlan) -> list[object]:
    return [
        day.engineer_id for day in after if after.planned(day.engineer_id) != before.planned(day.engineer_id)
    ]


def _pk(visit_id: VisitId) -> int:
    return int(str(visit_id))


def _cpu_clock() -> Callable[[], float]:
    begun = time.thread_time()
    return lambda: time.thread_time() - begun


@contextmanager
def no_garbage_collection() -> Iterator[None]:
    """Inside, Python looks for no circles: a search has none to leave behind."""
    # The search makes many small lists and no circles: looking for circles took a sixth of its time.
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()
