"""A city's day by numbers: what the search works on, quick to ask and cheap to take back.

A ``Lane`` is the open part of one engineer's route, driven through; it never changes. A changed route
is another lane, so taking a change back is to keep the old one, with all that was worked out on it.
Lanes and their answers are remembered: the search meets the same few routes again and again.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from engineers.dispatch.clock import Clock, clock_of
from engineers.dispatch.explain import is_qualified
from engineers.dispatch.plan import DayPlan
from engineers.dispatch.problem import EngineerDay, Place, Stop, Travel, has_parts
from engineers.dispatch.schedule import Timetable

NOWHERE = (1 << 60, -1)
"""The answer of a lane that has no place for a visit."""

KEEP_LANES = 30_000
"""Lanes remembered at most; past that all are forgotten. 3.3 KB each, measured with 500 visits."""


@dataclass(frozen=True, slots=True)
class Prices:
    """What the search weighs driving against, in seconds of travel.

    A promised visit without an engineer outweighs everything, one that has an engineer now a little more
    than one that has none; then comes the weight of the others, then travel and the changes of engineer for
    customers who know the name (issue "Dispatch", Objective). ``slack`` seconds are kept free before each
    promise that has them now.
    """

    broken_promise: int = 10_000_000
    kept_promise: int = 100_000
    lost_weight: int = 36_000
    change: int = 900
    slack: int = 0


class Lane:
    """One engineer's open stops by their numbers. Treat as read-only.

    Node 0 is where the engineer comes free, then the stops, then the base; ``froms`` and ``tos`` are
    the two ends of each leg, ``departures[i]`` the earliest departure from the one, ``latest[i]`` the
    latest arrival at the other. ``answers`` holds (extra cost, position) by visit, once asked.
    """

    __slots__ = (
        "answers",
        "cost",
        "departures",
        "engineer",
        "froms",
        "is_late",
        "latest",
        "legs",
        "spare",
        "tos",
        "visits",
    )

    def __init__(self, engineer: int, visits: tuple[int, ...]) -> None:
        """An empty shell; ``Lanes.lane`` drives it through."""
        self.engineer = engineer
        self.visits = visits
        self.answers: dict[int, tuple[int, int]] = {}
        self.froms: list[int] = []
        self.tos: list[int] = []
        self.legs: list[int] = []
        self.departures: list[int] = []
        self.latest: list[int] = []
        self.spare: list[int] = []
        self.cost = 0
        self.is_late = False  # said by a clock alone: without one ``holds`` works it out


class Lanes:
    """The problem by numbers: visits 0..n-1, then two nodes an engineer (comes free, base)."""

    def __init__(self, plan: DayPlan, waiting: Iterable[Stop] = (), prices: Prices | None = None) -> None:
        """Take the open stops of the plan's routes, and those that wait for an engineer."""
        self.plan = plan
        self.prices = prices or Prices()
        self.days: list[EngineerDay] = list(plan)
        tables = [plan.timetable(day.engineer_id) for day in self.days]
        number = {day.engineer_id: n for n, day in enumerate(self.days)}
        self.stops: list[Stop] = []
        self.holder: list[int] = []
        for n, table in enumerate(tables):
            opened = table.route.stops[table.first_free :]
            self.stops += opened
            self.holder += [n] * len(opened)
        self.stops += waiting
        self.holder += [-1] * (len(self.stops) - len(self.holder))
        self.count = len(self.stops)
        self.free_at = [table.departures[table.first_free] for table in tables]
        self.home_by = [table.home_by for table in tables]
        self.clocks = [clock_of(day.breaks, day.pace) for day in self.days]
        self._drive(tables, plan.travel)
        self.opens = [stop.window_start for stop in self.stops]
        self.service = [stop.service for stop in self.stops]
        self.closes = self._deadlines(tables)
        self._parts(tables)
        self.named = [number.get(stop.named, -1) if stop.named is not None else -1 for stop in self.stops]
        self.able = [self._able(v) for v in range(self.count)]
        self.loss = [
            self.prices.broken_promise + (self.prices.kept_promise if holder >= 0 else 0)
            if stop.promised
            else self.prices.lost_weight * stop.weight
            for stop, holder in zip(self.stops, self.holder, strict=True)
        ]
        self._pool: dict[tuple[int, tuple[int, ...]], Lane] = {}

    # --- reading the plan ----------------------------------------------------------------------
    def _drive(self, tables: Sequence[Timetable], travel: Travel) -> None:
        places: list[Place] = [stop.place for stop in self.stops]
        for day, table in zip(self.days, tables, strict=True):
            places += [table.places[table.first_free], day.base]
        seconds = travel.seconds
        table_of = getattr(travel, "table", None)
        self.drive: list[list[int]] = (
            table_of(places) if table_of else [[seconds(a, b) for b in places] for a in places]
        )
        """Seconds from node to node, by rows."""
        self.into: list[list[int]] = [list(column) for column in zip(*self.drive, strict=True)]
        """The same by columns: all drives that end at a node."""

    def _deadlines(self, tables: Sequence[Timetable]) -> list[int]:
        """The latest starts. Slack is kept where it is there now; nobody has to be earlier than they are."""
        slack = self.prices.slack
        found = [stop.deadline - slack if stop.late_until is None else stop.deadline for stop in self.stops]
        visit = 0
        for table in tables:
            for start in table.starts[table.first_free + 1 : -1]:
                found[visit] = min(self.stops[visit].deadline, max(found[visit], start))
                visit += 1
        return found

    def _parts(self, tables: Sequence[Timetable]) -> None:
        """Kinds of part by numbers; what is in each van once the closed stops have taken theirs."""
        kinds = {
            part: n for n, part in enumerate(sorted({p for stop in self.stops for p in stop.parts}, key=str))
        }
        self.needs: list[tuple[tuple[int, int], ...]] = [
            tuple((kinds[part], pieces) for part, pieces in stop.parts.items()) for stop in self.stops
        ]
        self.van: list[list[int] | None] = []
        for day, table in zip(self.days, tables, strict=True):
            if day.van is None or not kinds:
                self.van.append(None)
                continue
            van = [day.van.get(part, 0) for part in kinds]
            for stop in table.route.stops[: table.first_free]:
                for part, pieces in stop.parts.items():
                    if part in kinds:
                        van[kinds[part]] -= pieces
            self.van.append(van)

    def _able(self, visit: int) -> list[int]:
        """The engineers who may have the visit: qualified, at work, with the parts, in time by themselves."""
        stop = self.stops[visit]
        if stop.pinned:
            return [self.holder[visit]] if self.holder[visit] >= 0 else []
        found = []
        for n, day in enumerate(self.days):
            if n == self.holder[visit]:
                found.append(n)  # as it stands it stays possible, whatever has lapsed since
            elif (
                day.on_shift and is_qualified(stop, day) and has_parts(stop, day) and self._reaches(n, visit)
            ):
                found.append(n)
        return found

    def _reaches(self, engineer: int, visit: int) -> bool:
        node = self.count + 2 * engineer
        clock = self.clocks[engineer] or Clock()
        start = max(clock.arrival(self.free_at[engineer], self.drive[node][visit]), self.opens[visit])
        start = clock.service_start(start, self.service[visit])
        if start > self.closes[visit]:
            return False
        home = clock.arrival(clock.service_end(start, self.service[visit]), self.drive[visit][node + 1])
        return home <= self.home_by[engineer]

    # --- lanes ---------------------------------------------------------------------------------
    def present(self) -> tuple[list[Lane], list[int]]:
        """Return the lanes as they stand, one an engineer, and the visits that wait for one.

        What a lane cannot keep waits too: the search starts from lanes that hold.
        """
        of: list[list[int]] = [[] for _ in self.days]
        waiting = []
        for visit, holder in enumerate(self.holder):
            if holder >= 0:
                of[holder].append(visit)
            else:
                waiting.append(visit)
        lanes = [self.lane(n, tuple(visits)) for n, visits in enumerate(of)]
        for n, lane in enumerate(lanes):
            if not self.holds(lane):
                lanes[n], dropped = self._kept(lane)
                waiting += dropped
        return lanes, waiting

    def _kept(self, lane: Lane) -> tuple[Lane, list[int]]:
        """As many of the lane's visits as hold together, in their order, and those dropped."""
        kept, dropped = self.lane(lane.engineer, ()), []
        for visit in lane.visits:
            longer = self.lane(lane.engineer, (*kept.visits, visit))
            if self.holds(longer):
                kept = longer
            else:
                dropped.append(visit)
        return kept, dropped

    def lane(self, engineer: int, visits: tuple[int, ...]) -> Lane:
        """Return the engineer's lane with these visits in this order, driven through."""
        key = (engineer, visits)
        known = self._pool.get(key)
        if known is not None:
            return known
        lane = Lane(engineer, visits)
        node = self.count + 2 * engineer
        lane.froms = [node, *visits]
        lane.tos = [*visits, node + 1]
        drive = self.drive
        lane.legs = [drive[a][b] for a, b in zip(lane.froms, lane.tos, strict=True)]
        clock = self.clocks[engineer]
        if clock is None:
            self._time(lane)
        else:
            self._time_by(clock, lane)
        named = self.named
        changes = sum(1 for visit in visits if named[visit] >= 0 and named[visit] != engineer)
        lane.cost = sum(lane.legs) + self.prices.change * changes
        van = self.van[engineer]
        if van is not None:
            lane.spare = van.copy()
            for visit in visits:
                for part, pieces in self.needs[visit]:
                    lane.spare[part] -= pieces
        if len(self._pool) >= KEEP_LANES:
            self._pool.clear()
        self._pool[key] = lane
        return lane

    def _time(self, lane: Lane) -> None:
        opens, closes, service, legs, visits = (
            self.opens,
            self.closes,
            self.service,
            lane.legs,
            lane.visits,
        )
        now = self.free_at[lane.engineer]
        departures = [now]
        for visit, leg in zip(visits, legs, strict=False):
            now += leg
            if now < opens[visit]:
                now = opens[visit]
            now += service[visit]
            departures.append(now)
        bound = self.home_by[lane.engineer]
        latest = [bound]
        for i in range(len(visits) - 1, -1, -1):
            visit = visits[i]
            bound -= legs[i + 1] + service[visit]
            if bound > closes[visit]:
                bound = closes[visit]
            latest.append(bound)
        latest.reverse()
        lane.departures, lane.latest = departures, latest

    def _time_by(self, clock: Clock, lane: Lane) -> None:
        """The same on a day with breaks or a pace."""
        opens, closes, service = self.opens, self.closes, self.service
        now = self.free_at[lane.engineer]
        departures = [now]
        for visit, leg in zip(lane.visits, lane.legs, strict=False):
            start = clock.service_start(max(clock.arrival(now, leg), opens[visit]), service[visit])
            lane.is_late = lane.is_late or start > closes[visit]
            now = clock.service_end(start, service[visit])
            departures.append(now)
        bound = self.home_by[lane.engineer]
        latest = [bound]
        for visit, leg in zip(reversed(lane.visits), reversed(lane.legs), strict=False):
            bound = min(closes[visit], clock.service_begin(clock.departure(bound, leg), service[visit]))
            bound = clock.latest_service_start(bound, service[visit])
            latest.append(bound)
        latest.reverse()
        lane.departures, lane.latest = departures, latest

    def ask(self, lane: Lane, visit: int) -> tuple[int, int]:
        """Return (extra cost, position) of the cheapest place for the visit in the lane, or NOWHERE.

        Works it out and keeps it in ``lane.answers``; whether the engineer is able is ``able``'s to say.
        """
        spare = lane.spare
        if spare:
            for part, pieces in self.needs[visit]:
                if spare[part] < pieces:
                    lane.answers[visit] = NOWHERE
                    return NOWHERE
        clock = self.clocks[lane.engineer]
        if clock is not None:
            answer = self._ask_by(clock, lane, visit)
        else:
            onward, inward = self.drive[visit], self.into[visit]
            opens, closes, service = self.opens[visit], self.closes[visit], self.service[visit]
            best, where = NOWHERE
            nodes = zip(lane.departures, lane.froms, lane.tos, lane.latest, lane.legs, strict=True)
            for position, (departure, a, b, bound, leg) in enumerate(nodes):
                if departure > closes:
                    break
                out = inward[a]
                start = departure + out
                if start <= closes:
                    if start < opens:
                        start = opens
                    back = onward[b]
                    if start + service + back <= bound and out + back - leg < best:
                        best, where = out + back - leg, position
            answer = (best, where)
        named = self.named[visit]
        if named >= 0 and named != lane.engineer and answer[1] >= 0:
            answer = (answer[0] + self.prices.change, answer[1])
        lane.answers[visit] = answer
        return answer

    def _ask_by(self, clock: Clock, lane: Lane, visit: int) -> tuple[int, int]:
        """The same on a day with breaks or a pace. The clock is asked last: it takes the longest."""
        onward, inward = self.drive[visit], self.into[visit]
        opens, closes, service = self.opens[visit], self.closes[visit], self.service[visit]
        best, where = NOWHERE
        nodes = zip(lane.departures, lane.froms, lane.tos, lane.latest, lane.legs, strict=True)
        for position, (departure, a, b, bound, leg) in enumerate(nodes):
            if departure > closes:
                break
            extra = inward[a] + onward[b] - leg
            if extra >= best:
                continue
            start = max(clock.arrival(departure, inward[a]), opens)
            if clock.breaks:
                start = clock.service_start(start, service)
            if start > closes:
                continue
            if clock.arrival(clock.service_end(start, service), onward[b]) <= bound:
                best, where = extra, position
        return best, where

    def holds(self, lane: Lane) -> bool:
        """Return whether the lane keeps every deadline, the shift and the van's stock."""
        clock = self.clocks[lane.engineer]
        if clock is not None:
            if lane.is_late:
                return False
        else:
            for visit, departure in zip(lane.visits, lane.departures[1:], strict=True):
                if departure - self.service[visit] > self.closes[visit]:
                    return False
        last = lane.departures[-1]
        home = last + lane.legs[-1] if clock is None else clock.arrival(last, lane.legs[-1])
        return (home <= self.home_by[lane.engineer] or not lane.visits) and min(lane.spare, default=0) >= 0

    # --- writing the plan ----------------------------------------------------------------------
    def as_plan(self, lanes: Iterable[Lane]) -> DayPlan:
        """Return the plan in which each engineer's open stops are those of the lane."""
        plan = self.plan
        changed = {}
        for lane in lanes:
            day = self.days[lane.engineer]
            route = plan.routes[day.engineer_id]
            closed = route.stops[: route.first_free]
            stops = (*closed, *(self.stops[visit] for visit in lane.visits))
            if stops != route.stops:
                changed[day.engineer_id] = replace(route, stops=stops)
        if not changed:
            return plan
        routes = [changed.get(key, route) for key, route in plan.routes.items()]
        return DayPlan(self.days, routes, plan.travel)
