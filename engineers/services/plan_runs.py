"""Plan runs: asked for at the desk, looked at, applied as shown or discarded. A changed day outdates them."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from engineers import policy
from engineers.models import CityDay, Engineer, PlanRun, Visit
from engineers.planning import city_today
from engineers.services.plan_facts import rebuilt_plan
from engineers.services.plan_questions import check_question, expected_end
from engineers.services.replanning import StalePlan, StoredPlan, store_plan
from engineers.services.routes import lock_city_day
from engineers.services.suppositions import make_true
from engineers.states import UNREADY_RUNS, PlanCause, PlanRunStatus
from repairhub.core.errors import Conflict, DomainError
from repairhub.core.tokens import new_reference
from repairhub.notifications.doorbell import ring_on_commit
from repairhub.places.models import City

TIMES = 3
"""A person waits for the answer and looks at it once: so many times the usual budget."""
KEEPS = timedelta(minutes=15)
"""For so long a preview of today holds: after that engineers are elsewhere, whatever the version says."""
LOST_AFTER = timedelta(minutes=5)
"""Longer than any task may take: whoever had it is gone."""
RING_AGAIN_AFTER = timedelta(minutes=1)

Store = Callable[..., StoredPlan]


@dataclass(frozen=True)
class Outcome:
    """What came of applying a run: `anew` is the run asked for in place of an outdated one, or `refusal` why
    there is none.
    """

    run: PlanRun
    anew: PlanRun | None = None
    refusal: DomainError | None = None


@transaction.atomic
def ask_for_plan(
    *,
    city: City,
    on: date,
    cause: str,
    engineer: Engineer | None = None,
    visit: Visit | None = None,
    minutes: int | None = None,
    by: Any,
    at: datetime,
    seconds: float | None = None,
    follows: PlanRun | None = None,
) -> PlanRun:
    """The run that answers this question: a new one, rung for after the commit, or the one still open.

    `minutes`: how much later an engineer runs; `seconds`: CPU seconds instead of the policy's. An open run
    that the day has outlived makes way. Raises InvalidInput for a question that is none, Conflict where the
    day is over, the engineer is away anyhow, or the visit needs no new plan.
    """
    day = lock_city_day(city, on, changes_route=False)
    if engineer is not None:
        engineer = Engineer.objects.select_related("user").get(pk=engineer.pk)
    if visit is not None:
        visit = Visit.objects.select_related("city").get(pk=visit.pk)
    check_question(city=city, on=on, cause=cause, engineer=engineer, visit=visit, minutes=minutes, at=at)
    if cause != PlanCause.RUNNING_LATE:
        minutes = None
    same = PlanRun.objects.open().filter(city=city, on=on, cause=cause, engineer=engineer, visit=visit)
    present = same.select_for_update(of=("self",)).select_related("city").first()
    if present is not None:
        if not _is_past(present, day, at) and present.delay_minutes == minutes:
            return present
        _make_way(present, by=by, at=at)
    if seconds is None:
        seconds = policy.plan_seconds(Visit.objects.of_day(city, on).open().count(), TIMES)
    run = PlanRun.objects.create(
        reference=new_reference("P"),
        city=city,
        on=on,
        cause=cause,
        engineer=engineer,
        visit=visit,
        delay_minutes=minutes,
        expected_end_at=expected_end(visit, minutes, at) if visit is not None and minutes else None,
        asked_by=by,
        asked_at=at,
        budget_seconds=seconds,
        follows=follows,
    )
    _ring(run)
    return run


@transaction.atomic
def cancel_run(*, run: PlanRun, by: Any, at: datetime) -> PlanRun:
    """The run, discarded; a search under way ends within a second. Raises Conflict once it is over."""
    run = _locked(run)
    if run.status == PlanRunStatus.CANCELLED:
        return run  # pressed twice
    if not run.is_open:
        raise _is_over(run)
    run.cancel()
    _end(run, by=by, at=at)
    return run


@transaction.atomic
def apply_run(*, run: PlanRun, by: Any, at: datetime, store: Store = store_plan) -> Outcome:
    """The run, applied: what it supposed is written down and what it showed stands in the routes.

    On a day that has changed since, nothing is written: the run is outdated and the same question is asked
    anew. Applied twice it is applied once. Raises Conflict for a run that is not ready, or no more.
    """
    day = lock_city_day(run.city, run.on, changes_route=False)
    run = _locked(run)
    if run.status == PlanRunStatus.APPLIED:
        return Outcome(run)
    if run.status == PlanRunStatus.STALE:
        return Outcome(run, anew=PlanRun.objects.filter(follows=run).first())
    if run.status != PlanRunStatus.READY:
        raise _is_over(run) if not run.is_open else _not_ready(run)
    try:
        if _is_past(run, day, at):
            raise StalePlan(f"{run.reference}: version {day.version}, computed on {run.version}")
        with transaction.atomic():  # what was supposed and what was shown, or neither
            make_true(run=run, by=by, at=at)
            store(computed=rebuilt_plan(run, at), by=by, at=at)
    except StalePlan:
        return _ask_anew(run, by=by, at=at)
    run.apply()
    _end(run, by=by, at=at)
    return Outcome(run)


def mend_runs(*, at: datetime) -> int:
    """Rings again for runs that no worker took up, ends those whose worker is gone; returns how many."""
    mended = 0
    for run in PlanRun.objects.open().filter(asked_at__lt=at - RING_AGAIN_AFTER).select_related("city"):
        with transaction.atomic():
            day = lock_city_day(run.city, run.on, changes_route=False)
            locked = _locked(run)
            if locked.is_open and _is_past(locked, day, at):
                _make_way(locked, by=None, at=at)
            elif locked.status == PlanRunStatus.ASKED:
                _ring(locked)
            else:
                continue
            mended += 1
    return mended


def _ring(run: PlanRun) -> None:
    from engineers.tasks import compute_plan_run  # the task calls this service's neighbour

    ring_on_commit(compute_plan_run, run.pk)


def _locked(run: PlanRun) -> PlanRun:
    rows = PlanRun.objects.select_for_update(of=("self",))
    return rows.select_related("city", "engineer__user", "visit", "ended_by").get(pk=run.pk)


def _is_past(run: PlanRun, day: CityDay, at: datetime) -> bool:
    """Whether it can never be applied, or its worker is gone."""
    if run.status in UNREADY_RUNS:
        return run.is_older_than(LOST_AFTER, at)
    today = city_today(run.city, at)
    return run.version != day.version or run.on < today or (run.on == today and run.is_older_than(KEEPS, at))


def _make_way(run: PlanRun, *, by: Any, at: datetime) -> None:
    if run.status == PlanRunStatus.READY:
        run.outlive()
    elif run.is_older_than(LOST_AFTER, at):
        run.fail()
    else:
        run.cancel()
    _end(run, by=by, at=at)


def _end(run: PlanRun, *, by: Any, at: datetime) -> None:
    run.ended_by, run.ended_at = by, at
    run.save(update_fields=["status", "ended_by", "ended_at"])


def _ask_anew(run: PlanRun, *, by: Any, at: datetime) -> Outcome:
    run.outlive()
    _end(run, by=by, at=at)
    try:
        anew = ask_for_plan(
            city=run.city,
            on=run.on,
            cause=run.cause,
            engineer=run.engineer,
            visit=run.visit,
            minutes=run.delay_minutes,
            by=by,
            at=at,
            seconds=run.budget_seconds,
            follows=run,
        )
    except DomainError as refusal:
        return Outcome(run, refusal=refusal)
    return Outcome(run, anew=anew)


def _not_ready(run: PlanRun) -> Conflict:
    return Conflict(
        _("Plan %(reference)s is still being computed.") % {"reference": run.reference},
        code="not_ready",
        next_step=_("Wait until its difference is shown, then decide."),
    )


def _is_over(run: PlanRun) -> Conflict:
    return Conflict(
        _("Plan %(reference)s is over: %(status)s.")
        % {"reference": run.reference, "status": run.get_status_display()},
        code="run_over",
        next_step=_("Ask for a new plan from the board."),
    )
