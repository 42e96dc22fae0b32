"""The lanes of a search as arrays, for the compiled rounds."""

from collections.abc import Sequence
from itertools import accumulate
from typing import Any

import numpy as np

from engineers.dispatch.clock import Clock
from engineers.dispatch.compiled import (
    BEST,
    BREAKS,
    OPENS,
    SIZE,
    SPARE,
    STOP,
    Facts,
    Tuning,
    Whole,
    drive_through,
    keep_best,
    make_rounds,
    stock,
)
from engineers.dispatch.lanes import Lanes
from engineers.dispatch.plan import DayPlan
from engineers.dispatch.problem import EngineerDay, HaversineTravel, Route, Stop


class Rounds:
    """The search's lanes as arrays: make rounds with ``run``, then read what they came to."""

    def __init__(
        self,
        given: Lanes,
        routes: Sequence[Sequence[int]],
        cost: int,
        tuning: Tuning,
        mt: Sequence[int],
        *,
        apart: float,
        nearest: int,
    ) -> None:
        """Take the lanes' facts, each engineer's visits, their cost with what is left out, the generator.

        ``apart`` and ``nearest`` say who is a neighbour, as the constants of ``search`` do.
        """
        count, engineers = given.count, len(given.days)
        vans = [van or () for van in given.van]
        kinds = max((len(van) for van in vans), default=0)
        self._tuning = tuning
        self._facts = _facts(given, apart, nearest)
        self._lanes = np.zeros((engineers, 4, count + 1), np.int64)
        self._heads = np.zeros((engineers, SPARE + kinds), np.int64)
        self._old, self._old_heads = self._lanes.copy(), self._heads.copy()
        self._answers = np.zeros((engineers, count, 3), np.int64)
        self._where = np.full(count, -1, np.int64)
        self._touched = np.zeros(engineers, np.int64)
        self._taken, self._out = np.zeros(count, np.int64), np.zeros(count, np.int64)
        self._rank = np.zeros(count, np.float64)
        self._best = np.zeros((engineers, count), np.int64)
        self._best_size = np.zeros(engineers, np.int64)
        self._totals = np.array([cost, cost, 0, 0, 0, given.prices.change], np.int64)
        self._mt = np.array(mt, np.int64)
        for engineer, (visits, van) in enumerate(zip(routes, vans, strict=True)):
            self._heads[engineer, SIZE] = len(visits)
            self._heads[engineer, SPARE : SPARE + len(van)] = van
            self._lanes[engineer, STOP, : len(visits)] = visits
            for visit in visits:
                self._where[visit] = engineer
                stock(engineer, visit, -1, self._facts, self._heads)
            drive_through(engineer, self._facts, self._lanes, self._heads, self._totals)
        keep_best(self._lanes, self._heads, self._where, self._best, self._best_size, self._totals)

    def run(self, count: int, heats: Sequence[float], *, stop_when_served: bool = False) -> int:
        """Make so many rounds, one heat for each ``look`` of them, the last for the rest; return how many."""
        return int(
            make_rounds(
                count,
                np.array(heats, np.float64),
                stop_when_served,
                self._tuning,
                self._facts,
                self._lanes,
                self._heads,
                self._old,
                self._old_heads,
                self._answers,
                self._where,
                self._touched,
                self._taken,
                self._rank,
                self._out,
                self._best,
                self._best_size,
                self._totals,
                self._mt,
            )
        )

    @property
    def cost(self) -> int:
        """The cost of the best."""
        return int(self._totals[BEST])

    @property
    def routes(self) -> list[tuple[int, ...]]:
        """Each engineer's visits in the best."""
        sizes = self._best_size.tolist()
        return [tuple(row[:size]) for row, size in zip(self._best.tolist(), sizes, strict=True)]

    @property
    def mt(self) -> tuple[int, ...]:
        """Where the generator stands."""
        return tuple(self._mt.tolist())


def _facts(given: Lanes, apart: float, nearest: int) -> Facts:
    visits, drive = _visits(given), np.array(given.drive, np.int32)
    needs = [need for visit in given.needs for need in visit]
    clocks = [clock for clock in dict.fromkeys(given.clocks) if clock is not None]
    flows, clock_sizes, rests = _clocks(clocks)
    whose = [-1 if clock is None else clocks.index(clock) for clock in given.clocks]
    carries = [van is not None for van in given.van]
    begins = visits[:, OPENS]
    away = drive[: given.count, : given.count] + apart * np.abs(begins[:, None] - begins[None, :])
    return Facts(
        visits=visits,
        able=np.array([n for able in given.able for n in able], np.int64),
        needs=np.array(needs, np.int64).reshape(len(needs), 2),
        people=np.array([given.free_at, given.home_by, carries, whose], np.int64).T.copy(),
        drive=drive,
        near=np.argsort(away, axis=1, kind="stable")[:, :nearest].astype(np.int32),
        flows=flows,
        clock_sizes=clock_sizes,
        rests=rests,
    )


def _visits(given: Lanes) -> Whole:
    able, needs = _starts(given.able), _starts(given.needs)
    columns = [
        given.opens,
        given.closes,
        given.service,
        given.loss,
        given.named,
        able[:-1],
        able[1:],
        needs[:-1],
        needs[1:],
    ]
    return np.array(columns, np.int64).reshape(len(columns), given.count).T.copy()


def _clocks(clocks: Sequence[Clock]) -> tuple[Whole, Whole, Whole]:
    """The bends of the clocks' flows, how many there are of each, and the breaks."""
    flows = [(clock.travel, clock.service) for clock in clocks]
    bends = max((len(flow.edges) for both in flows for flow in both if flow), default=0)
    breaks = max((len(clock.breaks) for clock in clocks), default=0)
    lines = np.zeros((2 * len(clocks), 3, bends), np.int64)
    rests = np.zeros((len(clocks), breaks, 2), np.int64)
    sizes = np.zeros((len(clocks), 3), np.int64)
    for n, (clock, both) in enumerate(zip(clocks, flows, strict=True)):
        for kind, flow in enumerate(both):
            if flow is not None:
                sizes[n, kind] = len(flow.edges)
                lines[2 * n + kind, :, : len(flow.edges)] = flow.edges, flow.done, flow.rates
        sizes[n, BREAKS] = len(clock.breaks)
        for i, rest in enumerate(clock.breaks):
            rests[n, i] = rest
    return lines, sizes, rests


def _starts(lists: Sequence[Sequence[Any]]) -> list[int]:
    return [0, *accumulate(len(each) for each in lists)]


def build() -> None:
    """Have the rounds compiled, or loaded where that was done before: a day of two visits is enough."""
    place = (39.9, 116.4)
    day = EngineerDay(1, place, 0, 40_000)
    stops = [Stop(visit, (39.9 + visit / 100, 116.4), 0, 30_000, 600) for visit in (1, 2)]
    lanes = Lanes(DayPlan([day], [Route(1, tuple(stops))], HaversineTravel()))
    rounds = Rounds(lanes, [(0, 1)], 0, Tuning(4.5, 6, 0.05, 0.3, 16), range(625), apart=0.2, nearest=2)
    rounds.run(1, [1.0])
