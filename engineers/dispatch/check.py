"""An independent check of a plan: it drives every route through from the coordinates.

It shares no arithmetic with ``schedule``, ``clock`` and ``insertion``, so that a mistake there
cannot hide here. No plan is stored without it (issue "Dispatch", section Engine).
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from math import asin, ceil, cos, radians, sin, sqrt

from engineers.dispatch.plan import DayPlan
from engineers.dispatch.problem import (
    EngineerDay,
    EngineerId,
    HaversineTravel,
    Place,
    PlannedVisit,
    Route,
    Stop,
    Travel,
    VisitId,
)


class ViolationCode(StrEnum):
    """What a plan can do wrong."""

    UNKNOWN_ENGINEER = "unknown_engineer"
    UNKNOWN_VISIT = "unknown_visit"
    DUPLICATE_VISIT = "duplicate_visit"
    MISSING_VISIT = "missing_visit"
    """A visit that was planned is neither planned nor said to be unserved."""
    MOVED_PIN = "moved_pin"
    """A pinned visit is not with its engineer."""
    MOVED_STARTED = "moved_started"
    """A started visit, or one that the engineer is on the way to, is not where and when it was."""
    UNQUALIFIED = "unqualified"
    UNAUTHORISED = "unauthorised"
    NO_PARTS = "no_parts"
    """The visits of the route take more pieces of a part than the van holds; ``by`` pieces are missing."""
    OFF_SHIFT = "off_shift"
    """Planned on a day off, or a span that sticks out of the shift."""
    UNREACHABLE = "unreachable"
    """Starts before the engineer can have driven there; ``by`` seconds are missing."""
    OVERLAP = "overlap"
    """Starts before the visit before it ends."""
    BEFORE_WINDOW = "before_window"
    LATE = "late"
    TOO_SHORT = "too_short"
    """The span is shorter than the service takes."""
    IN_BREAK = "in_break"
    HOME_LATE = "home_late"
    """Back at the base after the shift."""


@dataclass(frozen=True, slots=True)
class Violation:
    """One fault of a plan; ``by`` in seconds where it has a size, otherwise 0."""

    code: ViolationCode
    engineer_id: EngineerId
    visit_id: VisitId | None = None
    by: int = 0


def check_plan(
    planned: Mapping[EngineerId, Sequence[PlannedVisit]],
    *,
    days: Iterable[EngineerDay],
    stops: Iterable[Stop],
    travel: Travel,
    routes: Iterable[Route] = (),
    unserved: Collection[VisitId] = (),
) -> list[Violation]:
    """Return every fault of the planned spans; an empty list for a plan that holds.

    ``stops`` are all visits that may be planned, as promised; ``routes`` are the routes before
    planning: where the engineers are now, what was started, what was pinned and what may not be
    forgotten unless it is in ``unserved``. Lateness is measured against the promised window's end,
    never excused: for that see ``check_change``. Straight-line travel is worked out here afresh, any
    other travel is asked.
    """
    drive = _Drive(travel)
    by_id = {stop.visit_id: stop for stop in stops}
    day_of = {day.engineer_id: day for day in days}
    before = {route.engineer_id: route for route in routes}
    found: list[Violation] = []
    seen: dict[VisitId, EngineerId] = {}
    for engineer_id, visits in planned.items():
        day = day_of.get(engineer_id)
        if day is None:
            found.append(Violation(ViolationCode.UNKNOWN_ENGINEER, engineer_id))
        for visit in visits:
            if visit.visit_id not in by_id:
                found.append(Violation(ViolationCode.UNKNOWN_VISIT, engineer_id, visit.visit_id))
            if visit.visit_id in seen:
                found.append(Violation(ViolationCode.DUPLICATE_VISIT, engineer_id, visit.visit_id))
            seen[visit.visit_id] = engineer_id
        if day is not None:
            known = [visit for visit in visits if visit.visit_id in by_id]
            route = before.get(engineer_id) or Route(engineer_id)
            found += _check_day(day, route, known, by_id, drive)
    for route in before.values():
        found += _check_kept(route, planned.get(route.engineer_id, ()), seen, unserved)
    return found


def check_change(
    before: DayPlan, after: DayPlan, *, new: Iterable[Stop] = (), unserved: Collection[VisitId] = ()
) -> list[Violation]:
    """Return what is wrong with a changed plan and was not as wrong before; empty for a good change.

    The rule of the design, section 5: no decision of ours breaks a window; what the world had already
    broken may stay as it is but get no worse. Promises are read from ``before`` and ``new``, so a
    change that edits one is found out. For a new stop, which stands in no route, the lateness before
    planning is unbounded: left alone, nobody would ever come. So it may be as late as its own
    ``late_until`` says, which only the desk's ``least_late`` sets; a booking's has none and is kept.
    """
    days = list(before)
    routes = list(before.routes.values())
    new = list(new)
    stops = {stop.visit_id: stop for route in routes for stop in route.stops}
    unplanned = [stop for stop in new if stop.visit_id not in stops]
    stops.update((stop.visit_id, stop) for stop in new)
    drive = _Drive(before.travel)
    present = {
        route.engineer_id: drive.through(before.day(route.engineer_id), route.start_place, route)
        for route in routes
    }
    already: dict[tuple[object, ...], int] = {}
    for fault in check_plan(present, days=days, stops=stops.values(), travel=before.travel, routes=routes):
        key = _identity(fault)
        already[key] = max(already.get(key, 0), fault.by)
    for stop in unplanned:
        if stop.deadline > stop.window_end:
            already[ViolationCode.LATE, stop.visit_id] = stop.deadline - stop.window_end
    planned = {day.engineer_id: after.planned(day.engineer_id) for day in after}
    return [
        fault
        for fault in check_plan(
            planned,
            days=days,
            stops=stops.values(),
            travel=before.travel,
            routes=routes,
            unserved=unserved,
        )
        if fault.by > already.get(_identity(fault), -1)
    ]


def _identity(fault: Violation) -> tuple[object, ...]:
    if fault.code is ViolationCode.LATE:
        return (fault.code, fault.visit_id)
    return (fault.code, fault.engineer_id, fault.visit_id)


def _check_day(
    day: EngineerDay,
    route: Route,
    visits: Sequence[PlannedVisit],
    stops: Mapping[VisitId, Stop],
    drive: "_Drive",
) -> Iterable[Violation]:
    place = day.base if route.start_place is None else route.start_place
    van = None if day.van is None else dict(day.van)
    free_at = max(day.shift_start, route.not_before)
    ended = None
    for visit in visits:
        stop = stops[visit.visit_id]

        def fault(code: ViolationCode, by: int = 0, visit_id: VisitId = visit.visit_id) -> Violation:
            return Violation(code, day.engineer_id, visit_id, by)

        for skill, level in stop.skills.items():
            if skill not in day.skills or day.skills[skill] < level:
                yield fault(ViolationCode.UNQUALIFIED)
                break
        if not stop.brands.issubset(day.brands):
            yield fault(ViolationCode.UNAUTHORISED)
        if van is not None:
            for part, pieces in stop.parts.items():
                van[part] = van.get(part, 0) - pieces
                if van[part] < 0:
                    yield fault(ViolationCode.NO_PARTS, -van[part])
        done = _ends(visit.start, stop.service, day.pace.service if day.pace else ())
        if visit.end < done:
            yield fault(ViolationCode.TOO_SHORT, done - visit.end)
        if ended is not None and visit.start < ended:
            yield fault(ViolationCode.OVERLAP, ended - visit.start)
        if stop.fixed_start is None:
            reached = drive.reach(free_at, place, stop.place, day)
            if visit.start < reached:
                yield fault(ViolationCode.UNREACHABLE, reached - visit.start)
            if visit.start < stop.window_start:
                yield fault(ViolationCode.BEFORE_WINDOW, stop.window_start - visit.start)
            if visit.start > stop.window_end:
                yield fault(ViolationCode.LATE, visit.start - stop.window_end)
            outside = max(day.shift_start - visit.start, visit.end - day.shift_end, 0)
            if day.shift_end <= day.shift_start or outside:
                yield fault(ViolationCode.OFF_SHIFT, outside)
            if any(visit.start < until and since < visit.end for since, until in day.breaks):
                yield fault(ViolationCode.IN_BREAK)
        place, ended = stop.place, visit.end
        free_at = max(visit.end, route.not_before)
    if visits:
        home = drive.reach(free_at, place, day.base, day)
        if home > day.shift_end:
            yield Violation(ViolationCode.HOME_LATE, day.engineer_id, None, home - day.shift_end)


def _check_kept(
    route: Route,
    visits: Sequence[PlannedVisit],
    seen: Mapping[VisitId, EngineerId],
    unserved: Collection[VisitId],
) -> Iterable[Violation]:
    started = route.locked
    for position, stop in enumerate(route.stops, start=1):
        if stop.fixed_start is not None:
            started = max(started, position)
    for position, stop in enumerate(route.stops):
        holder = seen.get(stop.visit_id)
        if position < started:
            here = visits[position] if position < len(visits) else None
            if here is None or here.visit_id != stop.visit_id:
                yield Violation(ViolationCode.MOVED_STARTED, route.engineer_id, stop.visit_id)
            elif stop.fixed_start is not None and here.start != stop.fixed_start:
                by = abs(here.start - stop.fixed_start)
                yield Violation(ViolationCode.MOVED_STARTED, route.engineer_id, stop.visit_id, by)
        elif stop.pinned and holder != route.engineer_id:
            yield Violation(ViolationCode.MOVED_PIN, route.engineer_id, stop.visit_id)
        elif stop.visit_id not in seen and stop.visit_id not in unserved:
            yield Violation(ViolationCode.MISSING_VISIT, route.engineer_id, stop.visit_id)


class _Drive:
    """Driving from coordinates: the issue's formula written out once more, through hours and breaks."""

    def __init__(self, travel: Travel) -> None:
        self._travel = travel

    def seconds(self, a: Place, b: Place) -> int:
        if not isinstance(self._travel, HaversineTravel):
            return self._travel.seconds(a, b)
        phi_a, phi_b = radians(a[0]), radians(b[0])
        h = sin((phi_b - phi_a) / 2) ** 2
        h += cos(phi_a) * cos(phi_b) * sin((radians(b[1]) - radians(a[1])) / 2) ** 2
        kilometres = 2 * 6371.0088 * asin(sqrt(min(1.0, h)))
        return ceil(kilometres * self._travel.detour / self._travel.speed_kmh * 3600)

    def reach(self, leaving: int, a: Place, b: Place, day: EngineerDay) -> int:
        """Drive on through the hours and breaks until the drive is used up."""
        return _ends(leaving, self.seconds(a, b), day.pace.travel if day.pace else (), day.breaks)

    def through(self, day: EngineerDay, place: Place | None, route: Route) -> list[PlannedVisit]:
        """Drive a route as it stands, each visit as early as it can begin."""
        here = day.base if place is None else place
        slower = day.pace.service if day.pace else ()
        now = max(day.shift_start, route.not_before)
        visits = []
        for stop in route.stops:
            if stop.fixed_start is not None:
                start = stop.fixed_start
            else:
                start = max(self.reach(now, here, stop.place, day), stop.window_start)
                for since, until in sorted(day.breaks):
                    if start < until and since < _ends(start, stop.service, slower):
                        start = until
            end = _ends(start, stop.service, slower)
            visits.append(PlannedVisit(stop.visit_id, start, end))
            now = max(end, route.not_before)
            here = stop.place
        return visits


def _ends(begin: int, work: int, factors: Sequence[int], rests: Sequence[tuple[int, int]] = ()) -> int:
    """Walk from ``begin`` from one edge (an hour, a break) to the next until so much base work is done."""
    if work <= 0:
        return begin
    left = work * 1_000_000
    now = begin
    while True:
        hour = now // 3600
        resting = [until for since, until in rests if since <= now < until]
        if resting:
            now = max(resting)
            continue
        known = bool(factors) and 0 <= hour < 24
        speed = -(-100_000_000 // factors[hour]) if known else 1_000_000
        edges = [since for since, _until in rests if since > now]
        if factors and hour < 24:
            edges.append((hour + 1) * 3600 if known else 0)
        if not edges or (min(edges) - now) * speed >= left:
            return now + -(-left // speed)
        left -= (min(edges) - now) * speed
        now = min(edges)
