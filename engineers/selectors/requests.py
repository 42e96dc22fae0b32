"""Requests of engineers, and what a yes would cost."""

from dataclasses import dataclass
from datetime import datetime

from engineers.models import EngineerRequest, Visit
from engineers.planning import CityClock, city_today
from engineers.ports import VisitDetails, visit_details
from engineers.states import MOVABLE, RequestKind, VisitStatus

HOUR, MINUTE = 3600, 60


@dataclass(frozen=True)
class VisitAtStake:
    """A promised visit that would lose its engineer. `is_told`: its customer knows the engineer's name."""

    visit: Visit
    details: VisitDetails | None
    is_told: bool


def visits_at_stake(request: EngineerRequest, at: datetime) -> list[VisitAtStake]:
    """What a yes would take off its engineer: the rule of `review_engineer`, asked before. Writes nothing."""
    held = Visit.objects.filter(
        engineer=request.engineer, status__in=MOVABLE, on__gte=city_today(request.engineer.city, at)
    ).select_related("city")
    if request.kind == RequestKind.WEEKLY_SHIFT:
        own = set(request.engineer.shifts.exclude(on=None).values_list("on", flat=True))
        visits = [v for v in held if v.on.weekday() == request.weekday and v.on not in own]
    else:
        visits = list(held.filter(on__range=(request.from_on, request.until_on)))
    if request.kind != RequestKind.ABSENCE:
        visits = [visit for visit in visits if _is_outside(visit, request)]
    visits.sort(key=lambda visit: (visit.window_start_at, visit.pk))
    details = visit_details(visits)
    return [VisitAtStake(v, details.get(v.pk), v.status == VisitStatus.CONFIRMED) for v in visits]


def _is_outside(visit: Visit, request: EngineerRequest) -> bool:
    starts_at, ends_at = request.starts_at, request.ends_at
    if not (starts_at and ends_at and visit.planned_start_at and visit.planned_end_at):
        return False  # by constraint all are there
    clock = CityClock.of(visit.city, visit.on)
    start, end = clock.seconds(visit.planned_start_at), clock.seconds(visit.planned_end_at)
    shift_start = starts_at.hour * HOUR + starts_at.minute * MINUTE
    shift_end = ends_at.hour * HOUR + ends_at.minute * MINUTE
    window_end = clock.seconds(visit.window_end_at)
    if shift_end <= clock.seconds(visit.window_start_at) or shift_start > window_end:
        return True
    if start > window_end:
        return False  # what is late already may end after the shift
    return not shift_start <= start <= end <= shift_end
