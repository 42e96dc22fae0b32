"""When an engineer is where on a route, and how much later each stop could still begin.

A forward pass gives the earliest arrival, start and departure of every stop; a backward pass gives
the latest arrival at every stop that still keeps it and all after it, and the end of the shift. With
both at hand, whether a stop fits between two others is answered in constant time.
"""

from itertools import pairwise

from engineers.dispatch.clock import Clock, clock_of
from engineers.dispatch.problem import EngineerDay, Place, PlannedVisit, Route, Stop, Travel, VisitId

NEVER = -(10**9)
"""A latest arrival that no arrival is before: the stop, or one after it, is late as things stand."""

ALWAYS = 10**9
"""The latest arrival at a started stop: nothing can be put in before it, so nothing can delay it."""


class Timetable:
    """One route, driven through. Node 0 is the start, 1..n are the stops, n + 1 is the base at the end.

    Position p lies between node p and node p + 1, for p from ``first_free`` to n. Treat as read-only.
    """

    __slots__ = (
        "arrivals",
        "clock",
        "day",
        "departures",
        "ends",
        "first_free",
        "latest",
        "legs",
        "places",
        "route",
        "starts",
        "travel",
    )

    def __init__(self, day: EngineerDay, route: Route, travel: Travel) -> None:
        """Drive the route through; a route that breaks its windows is driven all the same."""
        self.day = day
        self.route = route
        self.travel = travel
        self.clock: Clock | None = clock_of(day.breaks, day.pace)
        """The day's breaks and pace; None where time just passes."""
        self.first_free = route.first_free
        start_place = route.start_place if route.start_place is not None else day.base
        self.places: list[Place] = [start_place, *(stop.place for stop in route.stops), day.base]
        seconds = travel.seconds
        self.legs: list[int] = [seconds(a, b) for a, b in pairwise(self.places)]
        self._forward()
        self._backward()

    def _forward(self) -> None:
        clock = self.clock
        now = max(self.day.shift_start, self.route.not_before)
        arrivals, starts, ends, departures = [now], [now], [now], [now]
        for stop, leg in zip(self.route.stops, self.legs, strict=False):
            if stop.fixed_start is not None:
                arrived = start = stop.fixed_start
                end = start + stop.service if clock is None else clock.service_end(start, stop.service)
                now = max(end, self.route.not_before)
            else:
                arrived = now + leg if clock is None else clock.arrival(now, leg)
                start = arrived if arrived > stop.window_start else stop.window_start
                if clock is None:
                    now = start + stop.service
                else:
                    if clock.breaks:
                        start = clock.service_start(start, stop.service)
                    now = clock.service_end(start, stop.service)
                end = now
            arrivals.append(arrived)
            starts.append(start)
            ends.append(end)
            departures.append(now)
        home = now + self.legs[-1] if clock is None else clock.arrival(now, self.legs[-1])
        arrivals.append(home)
        starts.append(home)
        ends.append(home)
        self.arrivals: list[int] = arrivals
        """Earliest arrival at each node; for node 0 when the engineer can leave it."""
        self.starts: list[int] = starts
        """Earliest start at each node: the planned starts."""
        self.ends: list[int] = ends
        """When the service at each node ends that starts then: the planned ends."""
        self.departures: list[int] = departures
        """Earliest departure from nodes 0..n."""

    def _backward(self) -> None:
        clock = self.clock
        last = len(self.route.stops) + 1
        latest = [ALWAYS] * (last + 1)
        bound = self.home_by
        latest[last] = bound
        for node in range(last - 1, self.first_free, -1):
            stop = self.route.stops[node - 1]
            if clock is None:
                bound = min(stop.deadline, bound - self.legs[node] - stop.service)
            else:
                leave = clock.departure(bound, self.legs[node])
                bound = min(stop.deadline, clock.service_begin(leave, stop.service))
                if clock.breaks:
                    bound = clock.latest_service_start(bound, stop.service)
            if bound < stop.window_start:
                bound = NEVER
            latest[node] = bound
        self.latest: list[int] = latest
        """Latest arrival at each node that breaks nothing from there on."""

    @property
    def home_by(self) -> int:
        """When the engineer has to be back: the end of the shift, or the overrun already expected."""
        until = self.route.return_until
        return self.day.shift_end if until is None else max(self.day.shift_end, until)

    @property
    def travel_seconds(self) -> int:
        """The driving of the whole route, the way home included; 0 for a day without visits."""
        return sum(self.legs) if self.route.stops else 0

    def planned(self) -> tuple[PlannedVisit, ...]:
        """Return every visit of the route with its planned span."""
        return tuple(
            PlannedVisit(stop.visit_id, start, end)
            for stop, start, end in zip(self.route.stops, self.starts[1:], self.ends[1:], strict=False)
        )

    def late(self) -> dict[VisitId, int]:
        """Return the visits that start after their deadline, with the seconds they are late.

        Started visits are not among them: what has happened is not planned.
        """
        return {
            stop.visit_id: start - stop.deadline
            for stop, start in zip(self.route.stops, self.starts[1:], strict=False)
            if stop.fixed_start is None and start > stop.deadline
        }

    def overrun(self) -> int:
        """Return by how many seconds the engineer is back too late; 0 when in time or without visits."""
        return max(0, self.arrivals[-1] - self.home_by) if self.route.stops else 0

    @property
    def feasible(self) -> bool:
        """Whether the route keeps every window and the shift."""
        return not self.late() and not self.overrun()

    def fit(self, stop: Stop, position: int, *, slack: int = 0, earliest: int = 0) -> tuple[int, int] | None:
        """Return (extra travel seconds, planned start) with the stop put in at the position, or None.

        ``slack`` seconds are to remain before the stop's own deadline and before that of every stop
        it delays; ``earliest`` is the first second at which the stop may start. Constant time; does
        not ask for skills. Raise ValueError for a position that is not open.
        """
        if not self.first_free <= position <= len(self.route.stops):
            raise ValueError(f"position {position} is not open")
        clock = self.clock
        before, after = self.places[position], self.places[position + 1]
        out = self.travel.seconds(before, stop.place)
        leaving = self.departures[position]
        arrived = leaving + out if clock is None else clock.arrival(leaving, out)
        start = max(arrived, stop.window_start, earliest)
        if clock is not None and clock.breaks:
            start = clock.service_start(start, stop.service)
        if start > stop.deadline - slack:
            return None
        onward = self.travel.seconds(stop.place, after)
        if clock is None:
            reached = start + stop.service + onward
        else:
            reached = clock.arrival(clock.service_end(start, stop.service), onward)
        if reached > self.latest[position + 1] - slack and reached > self.arrivals[position + 1]:
            return None
        return out + onward - self.legs[position], start

    def end_of(self, start: int, stop: Stop) -> int:
        """Return when the stop's service ends that starts at ``start``."""
        return start + stop.service if self.clock is None else self.clock.service_end(start, stop.service)
