"""How long things take has changed: routes stay, their times are reckoned afresh, and a new plan is due."""

from dataclasses import dataclass
from datetime import date, datetime

from django.db import transaction
from django.db.models import F

from engineers.models import Engineer, Visit, WeeklyShift
from engineers.planning import CityClock, city_today, load_plans
from engineers.services.lateness import mark_planned_late
from engineers.services.moves import announce_in_time_again
from engineers.services.routes import lock_city_day, planned_late, write_routes
from engineers.states import MOVABLE
from engineers.tasks import plan_city_day
from repairhub.notifications.doorbell import ring_on_commit
from repairhub.places.models import City


@dataclass(frozen=True)
class Retimed:
    """What new times did to a day: visits planned for another time, and those no longer in their window."""

    moved: int
    late: int


@transaction.atomic
def retime_day(*, city: City, on: date, at: datetime) -> Retimed:
    """Each route in its order at the times it takes now, the day's version raised, its new plan rung for.

    Locks the day. No promise is touched: what comes too late now is at risk and its customer told in a few
    minutes, unless the new plan keeps its window; what was late and is in time now is at risk no more.
    """
    lock_city_day(city, on)
    plan = load_plans(city, on, on, at)[on]
    routed = {stop.visit_id for route in plan.routes.values() for stop in route.stops}
    engineers = [int(str(key)) for key, route in plan.routes.items() if route.stops]
    was_late = Visit.objects.of_day(city, on).filter(planned_start_at__gt=F("window_end_at"))
    late_before, late = list(was_late.values_list("pk", flat=True)), planned_late(plan)
    moved = write_routes(city=city, on=on, before=plan, after=plan, engineer_ids=engineers)
    announce_in_time_again([pk for pk in late_before if pk in routed and pk not in late], by=None, at=at)
    mark_planned_late(city=city, on=on, plan=plan, by=None, at=at)
    ring_on_commit(plan_city_day, city.pk, on.isoformat())
    return Retimed(moved=len(moved), late=len(late))


@transaction.atomic
def retime_city(*, city: City, at: datetime) -> list[date]:
    """Every day from today on with visits that have not begun, retimed; gives the days."""
    coming = Visit.objects.filter(city=city, on__gte=city_today(city, at), status__in=MOVABLE)
    days = sorted(set(coming.values_list("on", flat=True)))
    for on in days:
        retime_day(city=city, on=on, at=at)
    return days


@transaction.atomic
def retime_breaks(*, engineer: Engineer, at: datetime) -> list[date]:
    """The engineer's days from today on with a visit planned into a break, retimed; gives the days.

    Call it after a shift has changed.
    """
    engineer = Engineer.objects.select_related("city").prefetch_related("shifts").get(pk=engineer.pk)
    today = city_today(engineer.city, at)
    held = Visit.objects.filter(
        engineer=engineer, city=engineer.city, status__in=MOVABLE, on__gte=today
    ).exclude(planned_start_at=None)
    days = set()
    for visit in held:
        clock = CityClock.of(engineer.city, visit.on)
        span = clock.seconds(visit.planned_start_at), clock.seconds(visit.planned_end_at)  # type: ignore[arg-type]
        shift = WeeklyShift.on_day(engineer.shifts.all(), visit.on)
        if any(span[0] < end and start < span[1] for start, end in (shift.breaks if shift else ())):
            days.add(visit.on)
    for on in sorted(days):
        retime_day(city=engineer.city, on=on, at=at)
    return sorted(days)
