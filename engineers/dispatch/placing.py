"""Where in a route a visit can stand, for a dispatcher who has a time in mind."""

from dataclasses import dataclass

from engineers.dispatch.explain import is_qualified, missing_parts, presence
from engineers.dispatch.insertion import Candidate
from engineers.dispatch.plan import DayPlan
from engineers.dispatch.problem import EngineerDay, EngineerId, Stop


@dataclass(frozen=True, slots=True)
class Spot:
    """A place in one route that keeps every promise: planned ``start``, ``extra_travel`` in seconds."""

    engineer_id: EngineerId
    position: int
    start: int
    extra_travel: int

    def candidate(self, stop: Stop) -> Candidate:
        """Return the spot as ``insert`` takes it."""
        return Candidate(
            self.engineer_id,
            True,
            (),
            self.position,
            self.start,
            self.start + stop.service,
            self.extra_travel,
        )


def spots(stop: Stop, plan: DayPlan, engineer_id: EngineerId) -> list[Spot]:
    """Return every place in the engineer's route for the visit, in the order of the route.

    Empty where the engineer is not qualified, not at work, has not the parts or has no gap. A visit that is
    in the plan already is taken out of it first. Raise KeyError for an unknown engineer.
    """
    plan = plan.without(stop.visit_id)
    return _spots(stop, plan, plan.day(engineer_id))


def nearest(found: list[Spot], wanted: int) -> Spot | None:
    """Return the spot whose start is nearest to that second, of equal ones the one with the least driving."""
    return min(found, key=lambda spot: (abs(spot.start - wanted), spot.extra_travel), default=None)


def nearest_of_each(stop: Stop, plan: DayPlan, wanted: int, limit: int) -> list[Spot]:
    """Return at most one spot of each engineer, those nearest to that second first, at most ``limit``."""
    plan = plan.without(stop.visit_id)
    found = [spot for day in plan if (spot := nearest(_spots(stop, plan, day), wanted)) is not None]
    return sorted(found, key=lambda spot: (abs(spot.start - wanted), spot.extra_travel))[:limit]


def _spots(stop: Stop, plan: DayPlan, day: EngineerDay) -> list[Spot]:
    if not is_qualified(stop, day) or presence(stop, day) is not None:
        return []
    timetable = plan.timetable(day.engineer_id)
    if missing_parts(stop, timetable) is not None:
        return []
    found = []
    for position in range(timetable.first_free, len(timetable.route.stops) + 1):
        fit = timetable.fit(stop, position)
        if fit is not None:
            found.append(Spot(day.engineer_id, position, fit[1], fit[0]))
    return found
