"""Why an engineer is or is not a candidate, and why a window is shut: codes and data, no sentences.

The sentences are made for people, in their language, by ``engineers.reasons``.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from engineers.dispatch.clock import Clock
from engineers.dispatch.plan import DayPlan
from engineers.dispatch.problem import EngineerDay, Stop, has_parts
from engineers.dispatch.schedule import Timetable


class ReasonCode(StrEnum):
    """What a Reason says; beside each, the keys of its data."""

    FITS = "fits"
    """extra_travel, start, after (visit id or None), before (visit id or None); where late: late_by"""
    NOT_QUALIFIED = "not_qualified"
    """skill, level"""
    LEVEL_TOO_LOW = "level_too_low"
    """skill, level, held"""
    CERTIFICATE_LAPSED = "certificate_lapsed"
    """skill, level, why ("expired", "suspended", "suspended_for_reworks", "not_yet_valid")"""
    NOT_AUTHORISED = "not_authorised"
    """brand"""
    NOT_ON_SHIFT = "not_on_shift"
    """why ("no_shift", "absent", "absent_then": for a part of the day)"""
    OUTSIDE_SHIFT = "outside_shift"
    """shift_start, shift_end"""
    TOO_SOON = "too_soon"
    """earliest, window_end"""
    ARRIVES_LATE = "arrives_late"
    """late_by, after (visit id or None): reached too late from what comes before"""
    BREAKS_PROMISE = "breaks_promise"
    """late_by, visit: that promised visit would be late"""
    OVERRUNS_SHIFT = "overruns_shift"
    """late_by, shift_end"""
    NOBODY_QUALIFIED = "nobody_qualified"
    """skills (mapping skill -> level)"""
    NOBODY_AUTHORISED = "nobody_authorised"
    """brands (sorted list)"""
    NOBODY_ON_SHIFT = "nobody_on_shift"
    """qualified (how many are qualified)"""
    NO_PARTS = "no_parts"
    """parts (sorted list of kinds): the van holds none, or none that no other visit takes"""
    NOBODY_HAS_PARTS = "nobody_has_parts"
    """parts (sorted list of kinds), qualified (how many are qualified)"""
    ALL_BUSY = "all_busy"
    """on_shift (how many qualified engineers are on shift then), late_by (of the nearest miss)"""


@dataclass(frozen=True, slots=True)
class Reason:
    """A code and the facts behind it; the facts are plain values fit for JSON if the visit ids are."""

    code: ReasonCode
    data: Mapping[str, object] = field(default_factory=dict, hash=False)


def qualification(stop: Stop, day: EngineerDay) -> tuple[Reason, ...]:
    """Return every certificate and authorisation the engineer lacks for the visit; empty when none.

    The qualification gate of the design, section 1: skill, level, valid on the visit's day, and the
    brand's own authorisation for parts that need it.
    """
    lacking: list[Reason] = []
    for skill, level in stop.skills.items():
        held = day.skills.get(skill)
        if held is not None and held >= level:
            continue
        why = day.lapsed.get(skill)
        if why is not None:
            lacking.append(
                Reason(ReasonCode.CERTIFICATE_LAPSED, {"skill": skill, "level": level, "why": why})
            )
        elif held is None:
            lacking.append(Reason(ReasonCode.NOT_QUALIFIED, {"skill": skill, "level": level}))
        else:
            lacking.append(Reason(ReasonCode.LEVEL_TOO_LOW, {"skill": skill, "level": level, "held": held}))
    lacking += [
        Reason(ReasonCode.NOT_AUTHORISED, {"brand": brand}) for brand in sorted(stop.brands - day.brands)
    ]
    return tuple(lacking)


def is_qualified(stop: Stop, day: EngineerDay) -> bool:
    """Return whether ``qualification`` would find nothing lacking."""
    held = day.skills
    return stop.brands <= day.brands and all(held.get(key, -1) >= level for key, level in stop.skills.items())


def presence(stop: Stop, day: EngineerDay) -> Reason | None:
    """Return why the engineer is not at work in the visit's window, or None."""
    if not day.on_shift:
        return Reason(ReasonCode.NOT_ON_SHIFT, {"why": day.off_because or "no_shift"})
    if day.shift_end <= stop.window_start or day.shift_start > stop.deadline:
        return Reason(ReasonCode.OUTSIDE_SHIFT, {"shift_start": day.shift_start, "shift_end": day.shift_end})
    return None


def fits(timetable: Timetable, stop: Stop, position: int, extra_travel: int, start: int) -> Reason:
    """Return the reason for a candidate: where in the route, when, for how much more driving, how late."""
    stops = timetable.route.stops
    return Reason(
        ReasonCode.FITS,
        {
            "extra_travel": extra_travel,
            "start": start,
            "after": stops[position - 1].visit_id if position else None,
            "before": stops[position].visit_id if position < len(stops) else None,
            **({"late_by": start - stop.window_end} if start > stop.window_end else {}),
        },
    )


def missing_parts(stop: Stop, timetable: Timetable) -> Reason | None:
    """Return that the van has not the parts besides those its other visits take, or None where it has."""
    others = (other for other in timetable.route.stops if other.visit_id != stop.visit_id)
    if has_parts(stop, timetable.day, others):
        return None
    return Reason(ReasonCode.NO_PARTS, {"parts": sorted(stop.parts, key=str)})


def no_gap(stop: Stop, timetable: Timetable, *, slack: int = 0, earliest: int = 0) -> Reason:
    """Return what blocks the visit at the position where it misses by least.

    ``late_by`` is how many seconds sooner something would have to be. Asked only of a stop that
    ``fit`` refuses at every position.
    """
    if earliest > stop.deadline - slack:
        return Reason(ReasonCode.TOO_SOON, {"earliest": earliest, "window_end": stop.window_end})
    misses = [
        _miss(stop, timetable, position, slack, earliest)
        for position in range(timetable.first_free, len(timetable.route.stops) + 1)
    ]
    return min(misses, key=lambda miss: miss[0])[1]


def _miss(stop: Stop, timetable: Timetable, position: int, slack: int, earliest: int) -> tuple[int, Reason]:
    clock = timetable.clock or Clock()
    stops = timetable.route.stops
    seconds = timetable.travel.seconds
    arrived = clock.arrival(timetable.departures[position], seconds(timetable.places[position], stop.place))
    start = clock.service_start(max(arrived, stop.window_start, earliest), stop.service)
    if start > stop.deadline - slack:
        late_by = start - (stop.deadline - slack)
        after = stops[position - 1].visit_id if position else None
        return late_by, Reason(ReasonCode.ARRIVES_LATE, {"late_by": late_by, "after": after})
    now, place, spare = clock.service_end(start, stop.service), stop.place, slack
    for later in stops[position:]:
        arrived = clock.arrival(now, seconds(place, later.place)) + spare
        start = clock.service_start(max(arrived, later.window_start), later.service)
        if start > later.deadline:
            late_by = start - later.deadline
            return late_by, Reason(ReasonCode.BREAKS_PROMISE, {"late_by": late_by, "visit": later.visit_id})
        now, place, spare = clock.service_end(start, later.service), later.place, 0
    late_by = clock.arrival(now, seconds(place, timetable.day.base)) + spare - timetable.home_by
    return late_by, Reason(
        ReasonCode.OVERRUNS_SHIFT, {"late_by": late_by, "shift_end": timetable.day.shift_end}
    )


def window_shut(stop: Stop, timetables: Iterable[Timetable], *, slack: int, earliest: int) -> Reason:
    """Return why none of these engineers can keep the window.

    Nobody certified, nobody authorised, nobody at work, too soon, no parts, or all busy, in this order:
    the first is what to mend first.
    """
    if earliest > stop.deadline - slack:
        return Reason(ReasonCode.TOO_SOON, {"earliest": earliest, "window_end": stop.window_end})
    everybody = list(timetables)
    skilled = [t for t in everybody if is_qualified(_without_brands(stop), t.day)]
    if not skilled:
        return Reason(ReasonCode.NOBODY_QUALIFIED, {"skills": dict(stop.skills)})
    qualified = [t for t in skilled if stop.brands <= t.day.brands]
    if not qualified:
        return Reason(ReasonCode.NOBODY_AUTHORISED, {"brands": sorted(stop.brands)})
    at_work = [t for t in qualified if presence(stop, t.day) is None]
    if not at_work:
        return Reason(ReasonCode.NOBODY_ON_SHIFT, {"qualified": len(qualified)})
    equipped = [t for t in at_work if missing_parts(stop, t) is None]
    if not equipped:
        data = {"parts": sorted(stop.parts, key=str), "qualified": len(at_work)}
        return Reason(ReasonCode.NOBODY_HAS_PARTS, data)
    misses = [no_gap(stop, t, slack=slack, earliest=earliest).data.get("late_by", 0) for t in equipped]
    nearest = min(miss for miss in misses if isinstance(miss, int))
    return Reason(ReasonCode.ALL_BUSY, {"on_shift": len(equipped), "late_by": nearest})


def unserved_because(stop: Stop, plan: DayPlan) -> Reason:
    """Return why nobody of the plan has the visit: the first thing to mend, as in ``window_shut``."""
    return window_shut(stop, (plan.timetable(day.engineer_id) for day in plan), slack=0, earliest=0)


def _without_brands(stop: Stop) -> Stop:
    return Stop(stop.visit_id, stop.place, stop.window_start, stop.window_end, stop.service, stop.skills)
