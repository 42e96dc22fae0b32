"""Who can take a visit, where in the route, and which windows a place can be promised.

An offer is true because it is a real insertion: qualified on that day, on shift, travel and slack
included, every window already promised still kept (design, section 5). Offering, booking under the
lock and assigning by hand ask the same functions.
"""

from collections.abc import Collection, Hashable, Iterable, Mapping
from dataclasses import dataclass, replace

from engineers.dispatch.explain import (
    Reason,
    fits,
    is_qualified,
    missing_parts,
    no_gap,
    presence,
    qualification,
    window_shut,
)
from engineers.dispatch.plan import DayPlan
from engineers.dispatch.problem import EngineerDay, EngineerId, Place, Stop, has_parts
from engineers.dispatch.schedule import ALWAYS, Timetable
from engineers.dispatch.windows import Window


@dataclass(frozen=True, slots=True)
class Candidate:
    """One engineer for one visit. Times in seconds from midnight.

    Feasible: ``position`` in the route, planned ``start`` and ``end``, ``extra_travel`` seconds of
    driving, and one reason that says so. Otherwise those are None and ``reasons`` says all that is
    in the way.
    """

    engineer_id: EngineerId
    feasible: bool
    reasons: tuple[Reason, ...]
    position: int | None = None
    start: int | None = None
    end: int | None = None
    extra_travel: int | None = None

    @property
    def extra_minutes(self) -> int | None:
        """The extra driving in minutes, rounded up; None where there is no place in the route."""
        return None if self.extra_travel is None else -(-self.extra_travel // 60)


@dataclass(frozen=True, slots=True)
class WindowAnswer:
    """Whether a window can be promised: by whom best, or why not."""

    window: Window
    feasible: bool
    best: Candidate | None = None
    reason: Reason | None = None


def candidates(
    stop: Stop,
    plan: DayPlan,
    *,
    slack: int = 0,
    earliest: int = 0,
    limit: int | None = None,
    among: Collection[EngineerId] | None = None,
) -> list[Candidate]:
    """Return the engineers for a visit, the fitting ones first, least extra travel first.

    After them the qualified who have no gap (nearest miss first), those not at work, and the
    unqualified, each with its reasons. A visit that is in the plan already is taken out of it first.
    ``slack`` and ``earliest`` as in ``Timetable.fit``; ``among`` keeps to some engineers.
    """
    plan = plan.without(stop.visit_id)
    fitting: list[tuple[int, int, int, Timetable, int]] = []
    others: list[EngineerDay] = []
    for order, day in enumerate(plan):
        if among is not None and day.engineer_id not in among:
            continue
        if is_qualified(stop, day) and presence(stop, day) is None and _is_equipped(stop, day, plan):
            timetable = plan.timetable(day.engineer_id)
            found = best_position(timetable, stop, slack=slack, earliest=earliest)
            if found is not None:
                fitting.append((found[0], found[1], order, timetable, found[2]))
                continue
        others.append(day)
    fitting.sort(key=lambda entry: entry[:3])
    if limit is not None:
        fitting = fitting[:limit]
    result = [
        _fitting(timetable, stop, position, extra, start) for extra, start, _, timetable, position in fitting
    ]
    if limit is None or len(result) < limit:
        result += _refused(stop, plan, others, slack, earliest)
    return result if limit is None else result[:limit]


def candidate_for(
    stop: Stop, plan: DayPlan, engineer_id: EngineerId, *, slack: int = 0, earliest: int = 0
) -> Candidate:
    """Return one engineer's answer for a visit, with the reasons; KeyError for an unknown engineer."""
    plan.day(engineer_id)
    return candidates(stop, plan, slack=slack, earliest=earliest, among=(engineer_id,))[0]


def best_insertion(
    stop: Stop,
    plan: DayPlan,
    *,
    slack: int = 0,
    earliest: int = 0,
    among: Collection[EngineerId] | None = None,
) -> Candidate | None:
    """Return the fitting engineer with the least extra travel, or None where nobody fits."""
    found = candidates(stop, plan, slack=slack, earliest=earliest, limit=1, among=among)
    return found[0] if found and found[0].feasible else None


def insert(stop: Stop, plan: DayPlan, candidate: Candidate) -> DayPlan:
    """Return the plan with the visit where the candidate has it.

    ``planned(engineer_id)`` of the result gives the spans to write, also of visits that moved within
    their windows. Raise ValueError for a candidate that does not fit.
    """
    if candidate.position is None:
        raise ValueError(f"engineer {candidate.engineer_id!r} is no fitting candidate")
    return plan.without(stop.visit_id).with_stop(stop, candidate.engineer_id, candidate.position)


def earliest_arrival(stop: Stop, plan: DayPlan) -> int | None:
    """Return the first second at which any qualified engineer could start the visit, window or not.

    Every window already promised and every shift is kept. None where nobody can come at all that day.
    """
    plan = plan.without(stop.visit_id)
    whenever = replace(stop, late_until=ALWAYS)
    earliest: int | None = None
    for day in plan:
        if not is_qualified(whenever, day) or presence(whenever, day) is not None:
            continue
        if not _is_equipped(stop, day, plan):
            continue
        timetable = plan.timetable(day.engineer_id)
        for position in range(timetable.first_free, len(timetable.route.stops) + 1):
            found = timetable.fit(whenever, position)
            if found is not None and (earliest is None or found[1] < earliest):
                earliest = found[1]
    return earliest


def least_late(stop: Stop, plan: DayPlan) -> Stop:
    """Return a visit that stands in no route as it may be planned by hand.

    Where somebody can keep its window, as it is. Otherwise nobody would come at all, so it may be as late as
    whoever arrives first would be, and no later; as it is again where nobody can come that day.
    """
    if plan.engineer_of(stop.visit_id) is not None or best_insertion(stop, plan) is not None:
        return stop
    earliest = earliest_arrival(stop, plan)
    return stop if earliest is None else replace(stop, late_until=earliest)


def best_position(
    timetable: Timetable, stop: Stop, *, slack: int = 0, earliest: int = 0
) -> tuple[int, int, int] | None:
    """Return (extra travel seconds, planned start, position) of the cheapest place in one route.

    None where there is none. Skills are not asked. Positions that time alone rules out cost no
    travel lookup.
    """
    departures, latest, arrivals = timetable.departures, timetable.latest, timetable.arrivals
    clock = timetable.clock
    soonest = max(stop.window_start, earliest)
    latest_start = stop.deadline - slack
    best: tuple[int, int, int] | None = None
    if soonest > latest_start:
        return None
    for position in range(timetable.first_free, len(timetable.route.stops) + 1):
        leaving = departures[position]
        if leaving > latest_start:
            break
        begin = leaving if leaving > soonest else soonest
        done = begin + stop.service if clock is None else clock.service_end(begin, stop.service)
        if done > latest[position + 1] - slack and done > arrivals[position + 1]:
            continue
        found = timetable.fit(stop, position, slack=slack, earliest=earliest)
        if found is not None and (best is None or found < best[:2]):
            best = (*found, position)
    return best


def feasible_windows(
    plan: DayPlan,
    windows: Iterable[Window],
    *,
    place: Place,
    service: int,
    skills: Mapping[str, int] | None = None,
    brands: frozenset[str] = frozenset(),
    parts: Mapping[Hashable, int] | None = None,
    slack: int = 0,
    earliest: int = 0,
    explain: bool = True,
    cheapest: bool = True,
) -> list[WindowAnswer]:
    """Return for each window of the plan's day whether it can be promised for a visit at the place.

    The windows are all taken as of this plan's day. With ``explain`` off a shut window has no reason, and
    with ``cheapest`` off an open one names whoever is found first: both quicker. ``service`` is in seconds.
    """
    wanted = Stop(("window",), place, 0, 0, service, skills or {}, brands, parts=parts or {})
    able = [
        day for day in plan if day.on_shift and is_qualified(wanted, day) and _is_equipped(wanted, day, plan)
    ]
    answers = []
    for window in windows:
        stop = replace(wanted, window_start=window.start, window_end=window.end)
        best: tuple[int, int, int] | None = None
        who: Timetable | None = None
        for day in able:
            if day.shift_end <= window.start or day.shift_start > window.end:
                continue
            timetable = plan.timetable(day.engineer_id)  # driven through only where it is asked for
            found = best_position(timetable, stop, slack=slack, earliest=earliest)
            if found is not None and (best is None or found[:2] < best[:2]):
                best, who = found, timetable
                if not cheapest:
                    break
        if best is not None and who is not None:
            extra, start, position = best
            answers.append(WindowAnswer(window, True, _fitting(who, stop, position, extra, start)))
        else:
            reason = None
            if explain:
                everybody = (plan.timetable(day.engineer_id) for day in plan)
                reason = window_shut(stop, everybody, slack=slack, earliest=earliest)
            answers.append(WindowAnswer(window, False, None, reason))
    return answers


def _is_equipped(stop: Stop, day: EngineerDay, plan: DayPlan) -> bool:
    return has_parts(stop, day, plan.routes[day.engineer_id].stops)


def _fitting(timetable: Timetable, stop: Stop, position: int, extra: int, start: int) -> Candidate:
    return Candidate(
        timetable.day.engineer_id,
        True,
        (fits(timetable, stop, position, extra, start),),
        position,
        start,
        timetable.end_of(start, stop),
        extra,
    )


def _refused(
    stop: Stop, plan: DayPlan, days: Iterable[EngineerDay], slack: int, earliest: int
) -> list[Candidate]:
    ranked: list[tuple[int, int, int, Candidate]] = []
    for order, day in enumerate(days):
        lacking = qualification(stop, day)
        away = presence(stop, day)
        unequipped = missing_parts(stop, plan.timetable(day.engineer_id))
        if lacking or away is not None or unequipped is not None:
            rank, miss = (2, len(lacking)) if lacking else (1, 0)
            reasons = (*lacking, *(reason for reason in (away, unequipped) if reason is not None))
        else:
            blocked = no_gap(stop, plan.timetable(day.engineer_id), slack=slack, earliest=earliest)
            late_by = blocked.data.get("late_by", 0)
            rank, miss = 0, late_by if isinstance(late_by, int) else 0
            reasons = (blocked,)
        ranked.append((rank, miss, order, Candidate(day.engineer_id, False, reasons)))
    ranked.sort(key=lambda entry: entry[:3])
    return [entry[3] for entry in ranked]
