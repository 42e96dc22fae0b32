"""The lock of a city's day, and the only way a route is written."""

from collections.abc import Iterable
from datetime import date

from django.db import IntegrityError, connection, transaction
from django.db.models import F
from django.utils.translation import gettext_lazy as _

from engineers.dispatch import DayPlan, Stop, check_change
from engineers.models import CityDay, Visit
from engineers.planning import CityClock
from repairhub.core.errors import Conflict, DomainError
from repairhub.places.models import City


class BrokenPlan(Exception):
    """The independent checker refused a plan: a fault of ours, never shown to people."""


def lock_city_day(city: City, on: date, *, changes_route: bool = True) -> CityDay:
    """The locked row of that city and day, its version raised. Inside a transaction only.

    Every change of a route takes it first, so two changes of one day come one after the other. Without
    `changes_route` (a part scanned at the door) the version stays, and so do the plans computed on it.
    """
    CityDay.objects.bulk_create([CityDay(city=city, on=on)], ignore_conflicts=True)
    day = CityDay.objects.select_for_update().get(city=city, on=on)
    if not changes_route:
        return day
    CityDay.objects.filter(pk=day.pk).update(version=F("version") + 1)
    day.version += 1
    return day


def write_routes(
    *,
    city: City,
    on: date,
    before: DayPlan,
    after: DayPlan,
    engineer_ids: Iterable[int],
    new: Iterable[Stop] = (),
    unserved: Iterable[int] = (),
) -> list[Visit]:
    """Stores the planned spans of these engineers' routes, and gives the visits whose span has changed.

    The caller holds the day's lock. Spans of visits under way stay as they are. Raises BrokenPlan where the
    checker finds a fault, Conflict where the database sees an engineer booked twice.
    """
    faults = check_change(before, after, new=new, unserved=list(unserved))
    if faults:
        raise BrokenPlan(f"{city.code} {on}: {faults}")
    clock = CityClock.of(city, on)
    fixed = {
        stop.visit_id
        for route in after.routes.values()
        for stop in route.stops
        if stop.fixed_start is not None
    }
    planned = {
        int(str(span.visit_id)): (engineer_id, clock.moment(span.start), clock.moment(span.end))
        for engineer_id in engineer_ids
        for span in after.planned(engineer_id)
        if span.visit_id not in fixed
    }
    changed = []
    for visit in Visit.objects.filter(pk__in=planned):
        if (visit.engineer_id, visit.planned_start_at, visit.planned_end_at) != planned[visit.pk]:
            if visit.engineer_id != planned[visit.pk][0]:
                visit.expected_start_at = None  # another one said so
            visit.engineer_id, visit.planned_start_at, visit.planned_end_at = planned[visit.pk]
            changed.append(visit)
    if not changed:
        return []
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS visit_engineer_not_twice DEFERRED")
            Visit.objects.bulk_update(
                changed, ["engineer", "planned_start_at", "planned_end_at", "expected_start_at"]
            )
            # the error rises here, where it can be answered, and not at commit
            cursor.execute("SET CONSTRAINTS visit_engineer_not_twice IMMEDIATE")
    except IntegrityError as error:
        raise engineer_busy() from error
    return changed


def planned_late(plan: DayPlan) -> dict[int, int]:
    """The visits not begun that the plan reaches after their window, and when (seconds from midnight)."""
    return {
        int(str(stop.visit_id)): span.start
        for engineer_id, route in plan.routes.items()
        for stop, span in zip(route.stops, plan.planned(engineer_id), strict=True)
        if stop.fixed_start is None and span.start > stop.window_end
    }


def engineer_busy() -> DomainError:
    """The refusal behind the exclusion constraint."""
    return Conflict(
        _("The engineer is already booked at that time."),
        code="engineer_busy",
        next_step=_("Choose another engineer or another time."),
    )


def locked_visit(visit: Visit) -> Visit:
    """The visit's row, locked and fresh. Inside a transaction only."""
    return Visit.objects.select_for_update().get(pk=visit.pk)
