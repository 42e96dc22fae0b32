"""A worker computes a plan run: it says how far it is, and stops when nobody wants it any more."""

import random
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from django.db import transaction

from engineers import policy
from engineers.dispatch import DayPlan, Stop, check_change
from engineers.dispatch.replan import Replan
from engineers.dispatch.what_if import around_it, with_a_place
from engineers.models import CityDay, PlanRun
from engineers.planning import load_plans
from engineers.roads import learn_roads
from engineers.services.plan_facts import facts_of, says_something
from engineers.services.replanning import ATTEMPTS, ComputedPlan, no_garbage_collection, waiting_stops
from engineers.services.routes import BrokenPlan, lock_city_day
from engineers.services.suppositions import as_known, hypothetical_plan
from engineers.states import TELLS_NEWS, PlanCause, PlanRunStatus

LOOK_EACH_SECONDS = 0.5


class RunEnded(Exception):
    """Somebody has cancelled the run while it was computed, or another worker has finished it."""


class Meter:
    """Counts the CPU seconds of the search for it, and now and then writes down how far it is.

    Raises RunEnded out of the search where the row says that nobody wants it any more.
    """

    def __init__(self, run: PlanRun, attempt: int) -> None:
        self._run, self._attempt = run, attempt
        self._begun = time.thread_time()
        self._written = time.monotonic()

    def __call__(self) -> float:
        """CPU seconds since the beginning."""
        spent = time.thread_time() - self._begun
        if time.monotonic() - self._written >= LOOK_EACH_SECONDS:
            self.write(spent)
        return spent

    def write(self, spent: float) -> None:
        """Tells the page; raises RunEnded where there is nobody to tell."""
        self._written = time.monotonic()
        wanted = PlanRun.objects.filter(pk=self._run.pk, status=PlanRunStatus.COMPUTING)
        if not wanted.update(spent_seconds=spent, attempt=self._attempt):
            raise RunEnded(self._run.reference)


Compute = Callable[..., ComputedPlan]


def computed_plan(*, run: PlanRun, at: datetime, spent: Callable[[], float], seed: int = 1) -> ComputedPlan:
    """The best plan found for the run's question within its budget. Writes nothing. Seven queries."""
    city, on = run.city, run.on
    version = CityDay.objects.filter(city=city, on=on).values_list("version", flat=True).first() or 0
    learn_roads(city, on, on)
    present = load_plans(city, on, on, at)[on]
    waiting = waiting_stops(city, on, at)
    supposed, freed = hypothetical_plan(present, run)
    draw = random.Random(seed)  # noqa: S311 - a plan is no secret
    with no_garbage_collection():
        if run.cause == PlanCause.URGENT:
            stop = _stop_of(run, supposed, waiting)
            result = Replan(supposed, supposed, (), 0)
            if stop is not None:
                result = with_a_place(
                    supposed,
                    stop,
                    draw=draw,
                    seconds=run.budget_seconds,
                    spent=spent,
                    prices=policy.prices(city),
                )
        else:
            result = around_it(
                supposed,
                [*waiting, *freed],
                draw=draw,
                seconds=run.budget_seconds,
                spent=spent,
                prices=policy.prices(city),
                compiled=True,
            )
    gone = [stop.visit_id for stop in result.unserved]
    faults = check_change(supposed, result.after, new=[*waiting, *freed], unserved=gone)
    if faults:  # nobody is shown what could never be applied
        raise BrokenPlan(f"{run.reference}: {faults}")
    return ComputedPlan(
        city=city,
        on=on,
        version=version,
        at=at,
        # what people compare with is the day as it stands, not as it is supposed
        result=replace(result, before=present),
        as_known=as_known(run),
        is_whole=run.cause != PlanCause.URGENT,
    )


def compute_run(*, run: PlanRun, at: datetime, compute: Compute = computed_plan) -> PlanRun:
    """The run with its difference ready to look at; computed again where the day changed meanwhile.

    A run that is ready or over stays as it is; one that is cancelled while it is computed ends at once. It
    fails where the day changed each time, and where the search itself fails, which is raised.
    """
    if not _taken_up(run, at):
        return _fresh(run)
    run = _fresh(run)
    try:
        for attempt in range(1, ATTEMPTS + 1):
            meter = Meter(run, attempt)
            computed = compute(run=run, at=at, spent=meter, seed=attempt)
            meter.write(meter())
            if _shown(run, computed, at):
                return _fresh(run)
    except RunEnded:
        return _fresh(run)
    except Exception:
        _failed(run, at)
        raise
    _failed(run, at)
    return _fresh(run)


def _stop_of(run: PlanRun, plan: DayPlan, waiting: list[Stop]) -> Stop | None:
    holder = plan.engineer_of(run.visit_id)
    among = waiting if holder is None else plan.routes[holder].stops
    return next((stop for stop in among if stop.visit_id == run.visit_id), None)


def _fresh(run: PlanRun) -> PlanRun:
    return PlanRun.objects.with_page_data().get(pk=run.pk)


@transaction.atomic
def _taken_up(run: PlanRun, at: datetime) -> bool:
    locked = PlanRun.objects.select_for_update().get(pk=run.pk)
    if not locked.is_unready:
        return False
    locked.take_up()
    locked.computing_at = at
    locked.save(update_fields=["status", "computing_at"])
    return True


@transaction.atomic
def _shown(run: PlanRun, computed: ComputedPlan, at: datetime) -> bool:
    """False where the day has changed since the plan was computed. Raises RunEnded."""
    day = lock_city_day(run.city, run.on, changes_route=False)
    locked = PlanRun.objects.select_for_update().get(pk=run.pk)
    if locked.status != PlanRunStatus.COMPUTING:
        raise RunEnded(run.reference)
    if day.version != computed.version:
        return False
    locked.result = facts_of(computed)
    locked.rounds = computed.result.rounds
    locked.version, locked.ready_at = computed.version, at
    if run.cause in TELLS_NEWS or says_something(locked.result):
        locked.show()
    else:
        locked.find_nothing()
        locked.ended_at = at
        if computed.is_whole:
            CityDay.objects.filter(pk=day.pk).update(planned_version=day.version)
    locked.save(update_fields=["status", "result", "rounds", "version", "ready_at", "ended_at"])
    return True


@transaction.atomic
def _failed(run: PlanRun, at: datetime) -> None:
    locked = PlanRun.objects.select_for_update().get(pk=run.pk)
    if locked.is_unready:
        locked.fail()
        locked.ended_at = at
        locked.save(update_fields=["status", "ended_at"])
