"""Ruin and recreate: a plan is made better by taking a neighbourhood out and putting it back in.

Each round takes strings of stops out of a few routes that pass near one another, puts them back one by
one where they cost least, with a little blindness, and keeps the outcome as annealing would. The shape
is that of slack induction by string removals (Christiaens and Vanden Berghe, Transportation Science
54(2), 2020), with windows, skills, vans and pins. Seeded: the same seed and rounds give the same plan.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from math import log
from typing import Protocol

from engineers.dispatch.kept import load
from engineers.dispatch.lanes import Lane, Lanes, Prices
from engineers.dispatch.plan import DayPlan
from engineers.dispatch.problem import Stop

HOT, COLD = 1000.0, 5.0
"""How much worse a round may be at the start and at the end, in seconds of travel (times -ln of a draw)."""
TAKEN = 8
"""Stops taken out a round on average, in strings of at most LONGEST a route."""
LONGEST = 6
BLIND = 0.05
"""How often a lane that has a place is overlooked."""
APART = 0.2
"""Seconds of distance that a second between two windows counts for when neighbours are sought."""
SEEK = 0.3
"""How often a round begins around a visit that is left out, while there is one."""
LOOK_AT_THE_CLOCK = 16
"""Rounds between two looks at the budget."""
FIRST_SLICE, SLICE, STEP = 64, 4096, 0.01
"""Compiled rounds between two looks: at first, at most, and else for so much of the budget."""
NEAREST = 500
"""Neighbours of a visit that are sought among."""


class Draw(Protocol):
    """What the search draws with: ``random.Random`` or anything that gives the same."""

    def random(self) -> float:
        """Return a number from 0 up to 1."""
        ...


@dataclass(frozen=True, slots=True)
class Found:
    """The best plan found, the stops in no route, rounds made, and the cost before and after (seconds)."""

    plan: DayPlan
    unserved: tuple[Stop, ...]
    rounds: int
    cost_before: int
    cost: int


def search(
    plan: DayPlan,
    waiting: Iterable[Stop] = (),
    *,
    draw: Draw,
    rounds: int | None = None,
    seconds: float | None = None,
    spent: Callable[[], float] | None = None,
    prices: Prices | None = None,
    stop_when_served: bool = False,
    compiled: bool = False,
) -> Found:
    """Return a plan at least as good as the present one with the waiting visits put in.

    The budget is a number of rounds, or CPU seconds as ``spent`` counts them; what both leave out is
    refused with ValueError. Started stops and pins stay. ``stop_when_served`` ends it as soon as nobody
    waits. Whether the result may be stored is for ``check_change`` to say. ``compiled`` makes the rounds many
    times as fast, once it is loaded; the same seed and rounds give the same plan either way.
    """
    if rounds is None and (seconds is None or spent is None):
        raise ValueError("a search needs rounds, or seconds and a clock that counts them")
    if compiled:
        load()  # once a process, and not out of this budget
    begun = spent() if spent else 0.0

    def share(done: int) -> float:
        """How much of the budget is used up, 0 to 1 and beyond."""
        by_rounds = done / rounds if rounds else float(rounds is not None)
        if seconds is None or spent is None:
            return by_rounds
        by_time = (spent() - begun) / seconds if seconds > 0 else 1.0
        return max(by_time, by_rounds if rounds is not None else 0.0)

    lanes = Lanes(plan, waiting, prices)
    state = _State(lanes, draw)
    before = state.cost
    state.put_in(sorted(state.out, key=lambda v: (-lanes.loss[v], len(lanes.able[v]))), blind=0.0)
    state.settle()
    if compiled:
        done = _run_compiled(state, draw, share, rounds if seconds is None else None, stop_when_served)
    else:
        done = state.run(share, stop_when_served)
    state.take_best()
    state.put_in(
        sorted(state.out, key=lambda v: -lanes.loss[v]), blind=0.0
    )  # nobody is left out by blindness
    state.settle()
    return Found(
        lanes.as_plan(state.best_lanes),
        tuple(lanes.stops[visit] for visit in sorted(state.best_out)),
        done,
        before,
        state.best_cost,
    )


def _heat(used: float) -> float:
    """How much worse a round may be when that share of the budget is used up."""
    return float(HOT * (COLD / HOT) ** used)


def _run_compiled(
    state: "_State",
    draw: Draw,
    share: Callable[[int], float],
    rounds: int | None,
    stop_when_served: bool,
) -> int:
    """As ``_State.run``; with a number of rounds the very same ones, since it goes on with the same draws."""
    from engineers.dispatch.compiled import Tuning
    from engineers.dispatch.rounds import Rounds

    lanes = state.lanes
    if not any(lane.visits for lane in state.standing):
        return 0
    version, mt, gauss = draw.getstate()  # type: ignore[attr-defined]  # of a random.Random
    made = Rounds(
        lanes,
        [lane.visits for lane in state.standing],
        state.cost,
        Tuning(4 * TAKEN / (1 + LONGEST), LONGEST, BLIND, SEEK, LOOK_AT_THE_CLOCK),
        mt,
        apart=APART,
        nearest=NEAREST,
    )
    done, count = 0, FIRST_SLICE
    while (used := share(done)) < 1:
        if rounds is not None:
            count = min(SLICE, -(-(rounds - done) // LOOK_AT_THE_CLOCK) * LOOK_AT_THE_CLOCK)
            heats = [_heat(share(done + n)) for n in range(0, count, LOOK_AT_THE_CLOCK)]
        else:
            heats = [_heat(used)]
        ran = made.run(count, heats, stop_when_served=stop_when_served)
        done += ran
        if ran < count:
            break
        step = share(done) - used
        count = min(SLICE, 2 * count, max(FIRST_SLICE, int(count * STEP / step) if step > 0 else SLICE))
    draw.setstate((version, made.mt, gauss))  # type: ignore[attr-defined]
    state.best_lanes = [lanes.lane(n, visits) for n, visits in enumerate(made.routes)]
    served = {visit for lane in state.best_lanes for visit in lane.visits}
    state.best_out = set(range(lanes.count)) - served
    state.best_cost = made.cost
    return done


class _State:
    """The lanes as they are in this round, who has which visit, and the best seen."""

    def __init__(self, lanes: Lanes, draw: Draw) -> None:
        self.lanes = lanes
        self.random = draw.random
        self.standing, waiting = lanes.present()
        self.out: set[int] = set(waiting)
        self.where = [-1] * lanes.count
        for lane in self.standing:
            for visit in lane.visits:
                self.where[visit] = lane.engineer
        self.cost = self._cost()
        self.settle()
        self._near: list[list[int] | None] = [None] * lanes.count

    def _cost(self) -> int:
        return sum(lane.cost for lane in self.standing) + sum(self.lanes.loss[visit] for visit in self.out)

    def settle(self) -> None:
        """What stands now is the best so far."""
        self.cost = self.best_cost = self._cost()
        self.best_lanes, self.best_out = list(self.standing), set(self.out)

    def take_best(self) -> None:
        """The best so far is what stands."""
        self.standing, self.out = list(self.best_lanes), set(self.best_out)

    def near(self, visit: int) -> list[int]:
        """The visits by their distance from this one, in place and time."""
        known = self._near[visit]
        if known is None:
            lanes = self.lanes
            row, begins = lanes.drive[visit], [stop.window_start for stop in lanes.stops]
            begin = begins[visit]
            away = [row[v] + APART * abs(begins[v] - begin) for v in range(lanes.count)]
            known = self._near[visit] = sorted(range(lanes.count), key=away.__getitem__)[:NEAREST]
        return known

    def run(self, share: Callable[[int], float], stop_when_served: bool) -> int:
        """Make rounds until the budget is used up; return how many."""
        random, lanes = self.random, self.lanes
        done, heat = 0, HOT
        if not any(self.where[visit] >= 0 for visit in range(lanes.count)):
            return done  # nobody has anything: there is nothing to take out
        while not (stop_when_served and not self.best_out):
            if done % LOOK_AT_THE_CLOCK == 0:
                used = share(done)
                if used >= 1:
                    break
                heat = _heat(used)
            done += 1
            touched: dict[int, Lane] = {}
            before = set(self.out)
            taken = self._take_out(touched)
            if not taken and not before:
                continue
            self.put_in(self._in_some_order([*taken, *sorted(before)]), BLIND, touched)
            cost = self.cost + sum(self.standing[n].cost - lane.cost for n, lane in touched.items())
            if self.out != before:
                loss = lanes.loss
                cost += sum(loss[v] for v in self.out - before) - sum(loss[v] for v in before - self.out)
            if cost < self.cost - heat * log(random() or 1e-300):
                self.cost = cost
                if cost < self.best_cost:
                    self.best_cost, self.best_lanes, self.best_out = cost, list(self.standing), set(self.out)
                continue
            for visit in (*taken, *before):
                self.where[visit] = -1
            for n, lane in touched.items():
                self.standing[n] = lane
                for visit in lane.visits:
                    self.where[visit] = n
            self.out = before
        return done

    def _take_out(self, touched: dict[int, Lane]) -> list[int]:
        """Take strings of stops out of lanes that pass near a visit drawn at random."""
        random, where, standing, lane_of = self.random, self.where, self.standing, self.lanes.lane
        taken: list[int] = []
        strings = 1 + int(random() * (4 * TAKEN / (1 + LONGEST)))
        middle = int(random() * self.lanes.count)
        if self.out and random() < SEEK:
            middle = sorted(self.out)[int(random() * len(self.out))]
        for visit in self.near(middle):
            n = where[visit]
            if n < 0 or n in touched:
                continue
            lane = standing[n]
            visits = lane.visits
            size = len(visits)
            length = 1 + int(random() * min(LONGEST, size))
            at = visits.index(visit)
            first = max(0, at - length + 1)
            first += int(random() * (min(at, size - length) - first + 1))
            gone = visits[first : first + length]
            taken += gone
            touched[n] = lane
            standing[n] = lane_of(n, visits[:first] + visits[first + length :])
            for other in gone:
                where[other] = -1
            if len(touched) >= strings:
                break
        return taken

    def _in_some_order(self, visits: list[int]) -> list[int]:
        """The order in which they are put back: at random, heaviest, choosiest, soonest or longest first."""
        random, lanes = self.random, self.lanes
        pick = random() * 12
        if pick < 4:
            ranks = {visit: random() for visit in visits}
        elif pick < 6:
            ranks = {visit: -lanes.loss[visit] + random() for visit in visits}
        elif pick < 10:
            ranks = {visit: len(lanes.able[visit]) + random() for visit in visits}
        elif pick < 11:
            ranks = {visit: lanes.stops[visit].window_start + random() for visit in visits}
        else:
            ranks = {visit: -lanes.stops[visit].service + random() for visit in visits}
        return sorted(visits, key=ranks.__getitem__)

    def put_in(self, visits: Iterable[int], blind: float, touched: dict[int, Lane] | None = None) -> None:
        """Put each visit where it costs least, or out where nothing costs less than leaving it out."""
        random, lanes, standing, where, out = self.random, self.lanes, self.standing, self.where, self.out
        able, loss, ask = lanes.able, lanes.loss, lanes.ask
        for visit in visits:
            least, chosen, position = loss[visit], None, 0
            for n in able[visit]:
                lane = standing[n]
                answer = lane.answers.get(visit)
                if answer is None:
                    answer = ask(lane, visit)
                if answer[0] < least and (blind == 0 or random() > blind):
                    least, position = answer
                    chosen = lane
            if chosen is None:
                out.add(visit)
                continue
            n, stops = chosen.engineer, chosen.visits
            if touched is not None and n not in touched:
                touched[n] = chosen
            standing[n] = lanes.lane(n, (*stops[:position], visit, *stops[position:]))
            where[visit] = n
            out.discard(visit)
