"""Running late: what the engineer says, and what the rest of the route makes of it."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from engineers.dispatch import DayPlan
from engineers.models import HeldUp, Visit
from engineers.planning import CityClock, city_today, load_plans
from engineers.services.doorstep import check_own_or_desk, mark_at_risk
from engineers.services.events import record
from engineers.services.moves import announce_in_time_again
from engineers.services.routes import lock_city_day, locked_visit, planned_late
from engineers.signals import visit_running_late
from engineers.states import MOVABLE, UNDER_WAY, EventKind, VisitStatus
from repairhub.core.errors import Conflict, InvalidInput
from repairhub.notifications.doorbell import ring_on_commit
from repairhub.places.models import City

MOST_MINUTES = 240
SAME = timedelta(minutes=2)
"""Less than this is no news: the same thing said again."""


@dataclass(frozen=True)
class MissedWindow:
    """A visit of the route that is now expected after its promised window."""

    visit: Visit
    expected_at: datetime


@transaction.atomic
def report_running_late(
    *,
    visit: Visit,
    minutes: int,
    by: Any,
    at: datetime,
    received_at: datetime | None = None,
    expected_at: datetime | None = None,
    is_handed_over: bool = False,
) -> Visit:
    """The visit with the start that its engineer now expects; for one on site, with the end.

    `minutes` count from the planned time, or from `at` where that has passed. Said by the visit's engineer or
    the city's desk. Whatever its route can no longer keep is at risk from now on and announced, and a new
    plan of the day is rung for, so that others take it over; what was late and is in time again is at risk no
    more. The same again changes nothing. `expected_at`: the moment that was shown instead of one counted from
    the minutes. `is_handed_over`: the caller gives the visit to somebody else at once, so its customer hears
    nothing of it. Raises
    InvalidInput (field "minutes"), NotAllowed, Conflict for a visit that is not the engineer's next one.
    """
    lock_city_day(visit.city, visit.on, changes_route=False)
    visit = locked_visit(visit)
    check_own_or_desk(visit, by)
    if not 1 <= minutes <= MOST_MINUTES:
        raise InvalidInput(
            _("Say how late you are, between 1 and %(most)d minutes.") % {"most": MOST_MINUTES},
            field="minutes",
            code="invalid",
            next_step=_("If it takes longer, turn back or call the dispatcher."),
        )
    now = received_at or at
    check_is_next(visit, now)
    expected_at = expected_at or expected_moment(visit, minutes, at)
    name = "expected_end_at" if visit.status == VisitStatus.ON_SITE else "expected_start_at"
    present: datetime | None = getattr(visit, name)
    if present is not None and abs(expected_at - present) < SAME:
        return visit
    lock_city_day(visit.city, visit.on)  # plans computed without it are thrown away
    late_before = _late_starts(visit, now)
    setattr(visit, name, expected_at)
    visit.save(update_fields=[name])
    if visit.status == VisitStatus.CONFIRMED:
        _hold_up(visit, expected_at, now)
    record(
        visit,
        EventKind.RUNNING_LATE,
        by=by,
        at=at,
        from_status=visit.status,
        data={
            "minutes": minutes,
            "expected_at": expected_at.isoformat(),
            **({"received_at": now.isoformat()} if now != at else {}),
        },
    )
    late = _late_starts(visit, now)
    missed = _missed_windows(visit, late)
    mark_at_risk(
        visit_ids=[one.visit.pk for one in missed if one.visit.pk != visit.pk or not is_handed_over], at=now
    )
    if visit.status == VisitStatus.EN_ROUTE and visit.pk in late_before and visit.pk not in late:
        # its customer is told the time itself, below
        Visit.objects.filter(pk=visit.pk).update(at_risk_at=None)
    announce_in_time_again([pk for pk in late_before if pk not in late], by=by, at=now)
    visit.refresh_from_db()
    if visit.status != VisitStatus.ON_SITE and not is_handed_over:  # who is at the door needs no telling
        _announce(visit, expected_at, by=by, at=now)
    for one in missed:
        if one.visit.pk != visit.pk:
            _announce(one.visit, one.expected_at, by=by, at=now)
    if missed:
        from engineers.tasks import plan_city_day  # tasks import what this module is a part of

        ring_on_commit(plan_city_day, visit.city_id, visit.on.isoformat())
    return visit


def expected_choices(
    visit: Visit, at: datetime, minutes: tuple[int, ...] = (10, 20, 30)
) -> dict[int, datetime]:
    """The moment that each of these answers stands for, as the buttons show it."""
    return {each: expected_moment(visit, each, at) for each in minutes}


def expected_moment(visit: Visit, minutes: int, at: datetime) -> datetime:
    """The start that so many minutes of lateness stand for; of a visit on site, its end."""
    return _whole_minute(_counted_from(visit, at) + timedelta(minutes=minutes))


def mark_planned_late(*, city: City, on: date, plan: DayPlan, by: Any, at: datetime) -> list[Visit]:
    """What the day's plan reaches after its window is at risk; whoever was not marked before is told when.

    The caller holds the day's lock and has written the plan.
    """
    late, clock = planned_late(plan), CityClock.of(city, on)
    marked = mark_at_risk(visit_ids=late, at=at)
    for visit in marked:
        _announce(visit, clock.moment(late[visit.pk]), by=by, at=at)
    return marked


def check_is_next(visit: Visit, at: datetime) -> None:
    """Raises Conflict unless the visit is what its engineer is at now, or does next today."""
    if visit.status not in (VisitStatus.CONFIRMED, *UNDER_WAY):
        raise Conflict(
            _("Visit %(reference)s does not allow that now: %(status)s.")
            % {"reference": visit.reference, "status": visit.get_status_display()},
            code="wrong_state",
            next_step=_("Reload the page to see where it stands."),
        )
    if visit.on != city_today(visit.city, at):
        raise Conflict(
            _("Visit %(reference)s is not on today's route.") % {"reference": visit.reference},
            code="other_day",
            next_step=_("Call the dispatcher if something is in the way of it."),
        )
    if visit.status in UNDER_WAY:
        return
    mine = Visit.objects.filter(engineer=visit.engineer).exclude(pk=visit.pk)
    before = mine.filter(status__in=UNDER_WAY).first() or (
        mine.filter(on=visit.on, status=VisitStatus.CONFIRMED, planned_start_at__lt=visit.planned_start_at)
        .order_by("planned_start_at")
        .first()
    )
    if before is not None:
        raise Conflict(
            _("Visit %(reference)s comes before this one.") % {"reference": before.reference},
            code="not_next",
            next_step=_("Say there how late you are: what follows is worked out from it."),
            details={"reference": before.reference},
        )


def _counted_from(visit: Visit, at: datetime) -> datetime:
    assert visit.planned_start_at is not None  # noqa: S101 - a visit with an engineer has one, by constraint
    if visit.status != VisitStatus.ON_SITE:
        return max(visit.planned_start_at, at)
    began_at = max(visit.planned_start_at, visit.started_at or visit.arrived_at or at)
    return max(began_at + timedelta(minutes=visit.service_minutes), at)


def _whole_minute(moment: datetime) -> datetime:
    return (moment + timedelta(seconds=59)).replace(second=0, microsecond=0)


def _hold_up(visit: Visit, expected_at: datetime, at: datetime) -> None:
    """The engineer sets out so late that the visit begins when expected, whoever does it in the end."""
    assert visit.engineer_id is not None  # noqa: S101 - a named visit has one, by constraint
    plan = load_plans(visit.city, visit.on, visit.on, at)[visit.on]
    drive = 0
    if visit.engineer_id in plan.routes:
        start_place = plan.routes[visit.engineer_id].start_place or plan.day(visit.engineer_id).base
        drive = plan.travel.seconds(start_place, (visit.latitude, visit.longitude))
    until_at = expected_at - timedelta(seconds=drive)
    HeldUp.objects.update_or_create(engineer_id=visit.engineer_id, defaults={"until_at": until_at})


def _late_starts(visit: Visit, at: datetime) -> dict[int, int]:
    """What the engineer's route, driven through as it stands now, cannot keep, and when it begins."""
    plan: DayPlan = load_plans(visit.city, visit.on, visit.on, at)[visit.on]
    if visit.engineer_id not in plan.routes:
        return {}
    timetable = plan.timetable(visit.engineer_id)
    return {
        int(str(stop.visit_id)): start
        for stop, start in zip(timetable.route.stops, timetable.starts[1:], strict=False)
        if start > stop.window_end
    }


def _missed_windows(visit: Visit, late: dict[int, int]) -> list[MissedWindow]:
    clock = CityClock.of(visit.city, visit.on)
    visits = Visit.objects.filter(pk__in=late, status__in=(*MOVABLE, VisitStatus.EN_ROUTE))
    rows = visits.select_for_update(of=("self",)).select_related("city").order_by("pk")
    return [MissedWindow(each, clock.moment(late[each.pk])) for each in rows]


def _announce(visit: Visit, expected_at: datetime, *, by: Any, at: datetime) -> None:
    planned_at = visit.planned_start_at or expected_at
    minutes = max(0, int((expected_at - planned_at).total_seconds() // 60))
    visit_running_late.send(sender=Visit, visit=visit, minutes=minutes, expected_at=expected_at, by=by, at=at)
