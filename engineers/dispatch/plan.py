"""One city's day: its engineers, their routes, and the timetables, worked out when first asked for."""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from engineers.dispatch.problem import (
    EngineerDay,
    EngineerId,
    PlannedVisit,
    Route,
    Stop,
    Travel,
    VisitId,
    by_engineer,
)
from engineers.dispatch.schedule import Timetable


class DayPlan:
    """The routes of all engineers of one city on one day. Changes return a new plan.

    A changed plan shares the timetables of the routes that stayed as they were.
    """

    __slots__ = ("_days", "_timetables", "_where", "routes", "travel")

    def __init__(self, days: Iterable[EngineerDay], routes: Iterable[Route], travel: Travel) -> None:
        """Raise ValueError when an engineer or a visit comes twice, or a route has no engineer's day."""
        self._days = by_engineer(days)
        self.travel = travel
        self.routes: dict[EngineerId, Route] = {}
        self._timetables: dict[EngineerId, Timetable] = {}
        self._where: dict[VisitId, EngineerId] = {}
        for route in routes:
            if route.engineer_id not in self._days:
                raise ValueError(f"the route of {route.engineer_id!r} has no engineer's day")
            if route.engineer_id in self.routes:
                raise ValueError(f"engineer {route.engineer_id!r} has two routes")
            for stop in route.stops:
                if stop.visit_id in self._where:
                    raise ValueError(f"visit {stop.visit_id!r} is planned twice")
                self._where[stop.visit_id] = route.engineer_id
            self.routes[route.engineer_id] = route
        for engineer_id in self._days:
            self.routes.setdefault(engineer_id, Route(engineer_id))

    def __iter__(self) -> Iterator[EngineerDay]:
        """Iterate over the engineers' days in the order given."""
        return iter(self._days.values())

    def __len__(self) -> int:
        """Return the number of engineers."""
        return len(self._days)

    def day(self, engineer_id: EngineerId) -> EngineerDay:
        """Return the engineer's day; raise KeyError for an engineer who is not of this plan."""
        return self._days[engineer_id]

    def timetable(self, engineer_id: EngineerId) -> Timetable:
        """Return the engineer's route driven through; raise KeyError for an unknown engineer."""
        timetable = self._timetables.get(engineer_id)
        if timetable is None:
            timetable = Timetable(self._days[engineer_id], self.routes[engineer_id], self.travel)
            self._timetables[engineer_id] = timetable
        return timetable

    def planned(self, engineer_id: EngineerId) -> tuple[PlannedVisit, ...]:
        """Return the visits of the engineer's route with their planned spans."""
        return self.timetable(engineer_id).planned()

    def engineer_of(self, visit_id: VisitId) -> EngineerId | None:
        """Return who has the visit in the route, or None."""
        return self._where.get(visit_id)

    def with_stop(self, stop: Stop, engineer_id: EngineerId, position: int) -> "DayPlan":
        """Return the plan with the stop in that route; raise ValueError where it cannot stand.

        Whether the windows hold is what ``candidates`` answers; this only writes it down.
        """
        if self.engineer_of(stop.visit_id) is not None:
            raise ValueError(f"visit {stop.visit_id!r} is planned already")
        return self.with_route(self.routes[engineer_id].with_stop(stop, position))

    def without(self, visit_id: VisitId) -> "DayPlan":
        """Return the plan without the visit; the same plan where it is not in it."""
        engineer_id = self.engineer_of(visit_id)
        if engineer_id is None:
            return self
        return self.with_route(self.routes[engineer_id].without(visit_id))

    def with_route(self, route: Route) -> "DayPlan":
        """Return the plan with this route in place of the engineer's present one."""
        changed = DayPlan.__new__(DayPlan)
        changed._days = self._days
        changed.travel = self.travel
        changed.routes = {**self.routes, route.engineer_id: route}
        changed._where = {k: v for k, v in self._where.items() if v != route.engineer_id}
        changed._where.update((stop.visit_id, route.engineer_id) for stop in route.stops)
        changed._timetables = {k: v for k, v in self._timetables.items() if k != route.engineer_id}
        return changed

    def late(self) -> dict[VisitId, int]:
        """Return every visit that starts after its deadline, with the seconds it is late."""
        late: dict[VisitId, int] = {}
        for engineer_id, route in self.routes.items():
            if route.stops:
                late.update(self.timetable(engineer_id).late())
        return late

    def accepting_present_lateness(self) -> "DayPlan":
        """Return the plan in which what is late now may stay as late as it is, and get no later.

        Call it once on the plan as loaded, before changing it (design, section 5: the checker accepts
        a late stop only if it was already late before planning and gets no later).
        """
        plan = self
        for engineer_id, route in self.routes.items():
            timetable = self.timetable(engineer_id) if route.stops else None
            if timetable is None or timetable.feasible:
                continue
            late = timetable.late()
            stops = tuple(
                replace(stop, late_until=stop.deadline + late[stop.visit_id])
                if stop.visit_id in late
                else stop
                for stop in route.stops
            )
            until = timetable.arrivals[-1] if timetable.overrun() else route.return_until
            plan = plan.with_route(replace(route, stops=stops, return_until=until))
        return plan

    @property
    def travel_seconds(self) -> int:
        """The driving of all routes together."""
        return sum(self.timetable(key).travel_seconds for key, route in self.routes.items() if route.stops)
