"""What a plan run supposes: computed with before it is applied, written down when it is."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from engineers.dispatch import DayPlan, Stop
from engineers.dispatch.what_if import held_up, without_engineer
from engineers.models import Absence, PlanRun, Visit
from engineers.planning import CityClock, city_today, hours_of
from engineers.services.lateness import report_running_late
from engineers.states import MOVABLE, PlanCause, VisitStatus

ILL = "ill"


def hypothetical_plan(plan: DayPlan, run: PlanRun) -> tuple[DayPlan, tuple[Stop, ...]]:
    """The plan as the run supposes it to be, and the stops that lose their engineer by it. Writes nothing."""
    if run.cause == PlanCause.ENGINEER_ILL:
        return without_engineer(plan, run.engineer_id)
    return as_known(run)(plan), ()


def as_known(run: PlanRun) -> Callable[[DayPlan], DayPlan]:
    """What stays to be supposed of a loaded plan once `make_true` has written down what can be."""

    def known(plan: DayPlan) -> DayPlan:
        if run.cause != PlanCause.RUNNING_LATE or run.visit is None or run.expected_end_at is None:
            return plan
        until = CityClock.of(run.city, run.on).seconds(run.expected_end_at)
        return held_up(plan, run.visit.pk, until, at_the_door=run.visit.status == VisitStatus.ON_SITE)

    return known


def make_true(*, run: PlanRun, by: Any, at: datetime) -> None:
    """Writes down what the run supposed: the absence from now on, the delay.

    The caller holds the day's lock and stores the plan in the same transaction, so that no visit lies with
    nobody in between.
    """
    if run.cause == PlanCause.ENGINEER_ILL and run.engineer is not None:
        _enter_absence(run, at)
        # a pin to somebody who cannot come holds nobody
        held = Visit.objects.of_day(run.city, run.on).filter(engineer=run.engineer, status__in=MOVABLE)
        held.filter(is_pinned=True).update(is_pinned=False)
    if run.cause == PlanCause.RUNNING_LATE and run.visit is not None:
        report_running_late(
            visit=run.visit,
            minutes=run.delay_minutes or 0,
            by=by,
            at=at,
            expected_at=_as_shown(run, run.visit),
            is_handed_over=any(
                move["visit"] == run.visit_id for move in (run.result or {"moves": []})["moves"]
            ),
        )


def _as_shown(run: PlanRun, visit: Visit) -> datetime | None:
    """The moment that the preview was computed with: the end on site, before that the start."""
    if run.expected_end_at is None or visit.status == VisitStatus.ON_SITE:
        return run.expected_end_at
    return run.expected_end_at - timedelta(minutes=visit.service_minutes)


def _enter_absence(run: PlanRun, at: datetime) -> None:
    """From now on where the engineer's day has begun, otherwise all of it."""
    engineer = run.engineer
    if engineer is None or Absence.objects.of_whole_day(run.on).filter(engineer=engineer).exists():
        return  # entered meanwhile by somebody else, who had no visit to move
    from_at = None
    if run.on == city_today(run.city, at):
        local = at.astimezone(run.city.zone)
        loaded = type(engineer).objects.with_day(run.on, run.on).get(pk=engineer.pk)
        has_begun = CityClock.of(run.city, run.on).seconds(at) > hours_of(loaded, run.on).start
        from_at = local.time().replace(second=0, microsecond=0) if has_begun else None
    Absence.objects.create(engineer=engineer, from_on=run.on, from_at=from_at, until_on=run.on, reason=ILL)
