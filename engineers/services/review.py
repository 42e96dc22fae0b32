"""Absence, a lost shift, a suspended skill: what an engineer cannot do any more leaves the route."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from django.db import transaction
from django.urls import reverse
from django.utils.translation import gettext as _

from engineers import policy
from engineers.dispatch import EngineerDay, Reason, ReasonCode, Stop, qualification
from engineers.dispatch.explain import presence
from engineers.models import Engineer, Visit
from engineers.planning import CityClock, city_today, engineer_day, hours_of, stop_for
from engineers.reasons import sentences
from engineers.services.doorstep import mark_at_risk
from engineers.services.events import record
from engineers.services.planning import ASSIGN_WITHIN
from engineers.services.routes import lock_city_day
from engineers.signals import visit_unconfirmed
from engineers.states import MOVABLE, VisitStatus
from repairhub.notifications.doorbell import ring_on_commit
from repairhub.places.models import City
from repairhub.sla.services.clocks import start_clock


@transaction.atomic
def review_engineer(*, engineer: Engineer, by: Any, at: datetime, even_en_route: bool = False) -> list[Visit]:
    """The visits from today on that the engineer cannot do any more, now without an engineer and at risk.

    Call it in the transaction that changed shifts, absences, certificates, the engineer or their account.
    Each visit keeps its promised window, gets a new deadline for naming somebody, and is announced: the
    customer who knows the engineer's name has to learn that another one will come, and its day is planned
    anew right after the commit. Every day that can be booked is locked first, so that no booking made on
    the old facts slips through. `even_en_route`: a visit
    that the engineer is on the way to is looked at as well, for what it takes alone; the engineer turns
    back.
    """
    engineer = Engineer.objects.select_related("city", "user").get(pk=engineer.pk)
    today = city_today(engineer.city, at)
    states = (*MOVABLE, VisitStatus.EN_ROUTE) if even_en_route else MOVABLE
    held = Visit.objects.filter(engineer=engineer, status__in=states, on__gte=today)
    days = {(engineer.city_id, today + timedelta(days=n)) for n in range(policy.booking_days())}
    days |= set(held.values_list("city_id", "on"))
    cities = City.objects.in_bulk([city_id for city_id, _on in days])
    for city_id, on in sorted(days):
        lock_city_day(cities[city_id], on, changes_route=False)
    visits = list(held.select_for_update(of=("self",)).select_related("city").order_by("pk"))
    lost = [(visit, why) for visit, why in _answers(engineer, visits, at) if why]
    for city_id, on in sorted({(visit.city_id, visit.on) for visit, _why in lost}):
        lock_city_day(cities[city_id], on)
    for visit, why in lost:
        if visit.status == VisitStatus.EN_ROUTE:
            _turn_back(visit, why, by=by, at=at)
        take_off(visit, why, by=by, at=at)
    mark_at_risk(visit_ids=[visit.pk for visit, _why in lost], at=at)
    plan_anew({(visit.city_id, visit.on) for visit, _why in lost})
    return [visit for visit, _why in lost]


def plan_anew(days: Iterable[tuple[int, date]]) -> None:
    """Rings on commit for a plan of each of these days, by city and date."""
    from engineers.tasks import plan_city_day  # the tasks call services, and these among them

    for city_id, on in sorted(days):
        ring_on_commit(plan_city_day, city_id, on.isoformat())


def _answers(
    engineer: Engineer, visits: Sequence[Visit], at: datetime
) -> Iterable[tuple[Visit, Sequence[str]]]:
    """Each visit with what is in the way of it, in sentences; nothing where the engineer can do it."""
    if not visits:
        return
    if not engineer.is_working:
        gone = [_("The engineer does not work for us any more.")]
        yield from ((visit, gone) for visit in visits)
        return
    days = [visit.on for visit in visits]
    loaded = Engineer.objects.with_day(min(days), max(days)).get(pk=engineer.pk)
    for visit in visits:
        if visit.city_id != engineer.city_id:
            yield visit, [_("The engineer works in another city now.")]
        else:
            clock = CityClock.of(visit.city, visit.on)
            stop = stop_for(visit, clock, at)
            day, away = engineer_day(loaded, visit.on), hours_of(loaded, visit.on).away
            if visit.status == VisitStatus.EN_ROUTE:
                yield visit, sentences(qualification(stop, day))
            else:
                yield visit, sentences(_in_the_way(visit, stop, day, away, clock, at))


def _in_the_way(
    visit: Visit,
    stop: Stop,
    day: EngineerDay,
    away: Sequence[tuple[int, int]],
    clock: CityClock,
    at: datetime,
) -> list[Reason]:
    # a break is nobody's absence: a visit planned into one is retimed (`retime_breaks`)
    reason = presence(stop, day)
    if reason is None and visit.planned_start_at is not None and visit.planned_end_at is not None:
        start, end = clock.seconds(visit.planned_start_at), clock.seconds(visit.planned_end_at)
        is_cut = day.off_because == "absent"
        is_late = start > stop.window_end  # what is late already may end after the shift, if they are there
        if (is_cut or not is_late) and not day.shift_start <= start <= end <= day.shift_end:
            hours = {"shift_start": day.shift_start, "shift_end": day.shift_end}
            reason = Reason(ReasonCode.OUTSIDE_SHIFT, hours)
        elif (is_cut and clock.seconds(at) >= day.shift_end) or any(
            start < until and since < end for since, until in away
        ):
            reason = Reason(ReasonCode.NOT_ON_SHIFT, {"why": "absent_then"})
    return [*qualification(stop, day), *([reason] if reason else [])]


def _turn_back(visit: Visit, why: Sequence[str], *, by: Any, at: datetime) -> None:
    # only a line on the visit: what the customer has to know comes with the visit's being taken off
    visit.turn_back()
    visit.en_route_at = None
    visit.save(update_fields=["status", "en_route_at"])
    record(visit, "turned_back", by=by, at=at, from_status=VisitStatus.EN_ROUTE, reason=" ".join(why)[:500])


def take_off(visit: Visit, why: Sequence[str], *, by: Any, at: datetime) -> None:
    """The visit without an engineer, with a new deadline for naming one; its promised window stays.

    The caller holds the day's lock and the visit's row, and marks it as at risk with the others.
    """
    from_status, engineer_id = visit.status, visit.engineer_id
    visit.unconfirm()
    visit.engineer = visit.planned_start_at = visit.planned_end_at = visit.confirmed_at = None
    visit.expected_start_at = None
    visit.is_pinned = False  # a pin to somebody who cannot come holds nobody
    visit.save(
        update_fields=[
            "status", "engineer", "planned_start_at", "planned_end_at", "confirmed_at", "is_pinned",
            "expected_start_at",
        ]
    )  # fmt: skip
    city = visit.city
    start_clock(
        subject=visit,
        target_key=ASSIGN_WITHIN,
        at=at,
        scope=city.code,
        label=visit.reference,
        link=f"{reverse('board')}?city={city.code}&on={visit.on.isoformat()}&visit={visit.reference}",
    )
    record(
        visit,
        "unconfirmed",
        by=by,
        at=at,
        from_status=from_status,
        reason=" ".join(why)[:500],
        data={"engineer": engineer_id},
    )
    was_confirmed = from_status != visit.status
    visit_unconfirmed.send(sender=Visit, visit=visit, was_confirmed=was_confirmed, by=by, at=at)
