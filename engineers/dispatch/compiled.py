"""The rounds of the search, compiled: the same draws, the same moves, the same plan, many times as fast.

``search._State.run`` is the plain form, and a test holds the two against one another. Compiled with Numba,
whose wheels need no compiler, and kept on disk beside this file; ``python -m engineers.dispatch.kept`` does
that once. Imported only where plans are searched (worker, ``plan_file``), for it takes 0.6 s and memory.
What a lane answers is kept here with the lane's number, not with the lane: every change of a lane gives it
another number, and what is taken back takes its old number back as well.
But for the draws, which do not change, all of it stands in this file: what is kept is held against its age.
"""

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from engineers.dispatch.clock import WHOLE_SECOND
from engineers.dispatch.draws import draw
from engineers.dispatch.lanes import NOWHERE

Whole = NDArray[np.int64]
Small = NDArray[np.int32]
Real = NDArray[np.float64]

FAR = NOWHERE[0]
LEAST = 1e-300
"""Stands for a draw of 0, which has no logarithm."""

# columns of `visits`, one row a visit
OPENS, CLOSES, SERVICE, LOSS, NAMED, ABLE, ABLE_END, NEEDS, NEEDS_END = range(9)
# columns of `people`, one row an engineer; CLOCK is -1 where time just passes
FREE_AT, HOME_BY, CARRIES, CLOCK = range(4)
# rows of `flows`, three planes each: the travel and the service of a clock
TRAVEL, SERVES = range(2)
EDGES, DONE, RATES = range(3)
# columns of `clock_sizes`: the bends of the two flows, 0 where work just takes its time, and the breaks
BREAKS = 2
# planes of `lanes`, one an engineer: its stops, then what is known of each leg
STOP, LEG, DEPARTS, LATEST = range(4)
# columns of `heads`, one row an engineer; from SPARE on what is left in the van, by kind of part
SIZE, COST, NUMBER, TOUCHED, SPARE = range(5)
# planes of `answers`, one cell for each engineer and visit: the lane's number then, the cost, the place
ASKED, EXTRA, PLACE = range(3)
# `totals`
NOW, BEST, LEFT_OUT, NUMBERS, CHANGED, CHANGE = range(6)


class Facts(NamedTuple):
    """What stays as it is while the search runs."""

    visits: Whole
    able: Whole
    needs: Whole
    people: Whole
    drive: Small
    near: Small
    flows: Whole
    clock_sizes: Whole
    rests: Whole


class Tuning(NamedTuple):
    """The numbers of the search: see the constants of ``search``."""

    strings: float
    longest: int
    blind: float
    seek: float
    look: int


@njit(cache=True)
def _last_not_after(line: Whole, size: int, value: int) -> int:
    """The last of ``size`` ascending numbers that is not above the value; the first where all are."""
    low, high = 0, size
    while high - low > 1:
        middle = (low + high) // 2
        if line[middle] <= value:
            low = middle
        else:
            high = middle
    return low


@njit(cache=True)
def _end(clock: int, kind: int, begin: int, work: int, facts: Facts) -> int:
    """As ``clock._Flow.end``."""
    size = facts.clock_sizes[clock, kind]
    if work <= 0 or size == 0:
        return begin + max(0, work)
    flow = facts.flows[2 * clock + kind]
    n = _last_not_after(flow[EDGES], size, begin)
    target = flow[DONE, n] + (begin - flow[EDGES, n]) * flow[RATES, n] + work * WHOLE_SECOND
    if n + 1 < size and flow[DONE, n + 1] < target:
        n = _last_not_after(flow[DONE], size, target - 1)
    return int(flow[EDGES, n] - (flow[DONE, n] - target) // flow[RATES, n])


@njit(cache=True)
def _begin(clock: int, kind: int, end: int, work: int, facts: Facts) -> int:
    """As ``clock._Flow.begin``."""
    size = facts.clock_sizes[clock, kind]
    if work <= 0 or size == 0:
        return end - max(0, work)
    flow = facts.flows[2 * clock + kind]
    n = _last_not_after(flow[EDGES], size, end)
    target = flow[DONE, n] + (end - flow[EDGES, n]) * flow[RATES, n] - work * WHOLE_SECOND
    if target < flow[DONE, n]:
        n = _last_not_after(flow[DONE], size, target)
    return int(flow[EDGES, n] + (target - flow[DONE, n]) // flow[RATES, n])


@njit(cache=True)
def _service_start(clock: int, earliest: int, service: int, facts: Facts) -> int:
    """As ``Clock.service_start``."""
    start = earliest
    for i in range(facts.clock_sizes[clock, BREAKS]):
        ends = _end(clock, SERVES, start, service, facts)
        if start < facts.rests[clock, i, 1] and ends > facts.rests[clock, i, 0]:
            start = facts.rests[clock, i, 1]
    return int(start)


@njit(cache=True)
def _latest_service_start(clock: int, latest: int, service: int, facts: Facts) -> int:
    """As ``Clock.latest_service_start``."""
    start = latest
    for i in range(facts.clock_sizes[clock, BREAKS] - 1, -1, -1):
        ends = _end(clock, SERVES, start, service, facts)
        if start < facts.rests[clock, i, 1] and ends > facts.rests[clock, i, 0]:
            start = _begin(clock, SERVES, facts.rests[clock, i, 0], service, facts)
    return int(start)


@njit(cache=True)
def drive_through(
    engineer: int,
    facts: Facts,
    lanes: Whole,
    heads: Whole,
    totals: Whole,
) -> None:
    """As ``Lanes._time`` and ``_time_by``; the lane gets a number of its own."""
    clock = facts.people[engineer, CLOCK]
    size, home = heads[engineer, SIZE], len(facts.visits) + 2 * engineer + 1
    node, at, cost = home - 1, facts.people[engineer, FREE_AT], 0
    lanes[engineer, DEPARTS, 0] = at
    for i in range(size):
        visit = lanes[engineer, STOP, i]
        leg = facts.drive[node, visit]
        lanes[engineer, LEG, i] = leg
        cost += leg
        if clock < 0:
            at = max(at + leg, facts.visits[visit, OPENS]) + facts.visits[visit, SERVICE]
        else:
            at = max(_end(clock, TRAVEL, at, leg, facts), facts.visits[visit, OPENS])
            at = _service_start(clock, at, facts.visits[visit, SERVICE], facts)
            at = _end(clock, SERVES, at, facts.visits[visit, SERVICE], facts)
        lanes[engineer, DEPARTS, i + 1] = at
        node = visit
        if facts.visits[visit, NAMED] >= 0 and facts.visits[visit, NAMED] != engineer:
            cost += totals[CHANGE]
    leg = facts.drive[node, home]
    lanes[engineer, LEG, size] = leg
    heads[engineer, COST] = cost + leg
    bound = facts.people[engineer, HOME_BY]
    lanes[engineer, LATEST, size] = bound
    for i in range(size - 1, -1, -1):
        visit = lanes[engineer, STOP, i]
        leg, service = lanes[engineer, LEG, i + 1], facts.visits[visit, SERVICE]
        if clock < 0:
            bound = min(bound - leg - service, facts.visits[visit, CLOSES])
        else:
            bound = _begin(clock, TRAVEL, bound, leg, facts)
            bound = min(_begin(clock, SERVES, bound, service, facts), facts.visits[visit, CLOSES])
            bound = _latest_service_start(clock, bound, service, facts)
        lanes[engineer, LATEST, i] = bound
    totals[NUMBERS] += 1
    heads[engineer, NUMBER] = totals[NUMBERS]


@njit(cache=True)
def _ask(
    engineer: int,
    visit: int,
    facts: Facts,
    lanes: Whole,
    heads: Whole,
    answers: Whole,
    totals: Whole,
) -> None:
    """As ``Lanes.ask``, into ``answers``."""
    best, place, clock = FAR, -1, facts.people[engineer, CLOCK]
    has_parts = True
    if facts.people[engineer, CARRIES]:
        for i in range(facts.visits[visit, NEEDS], facts.visits[visit, NEEDS_END]):
            if heads[engineer, SPARE + facts.needs[i, 0]] < facts.needs[i, 1]:
                has_parts = False
    if has_parts:
        size, home = heads[engineer, SIZE], len(facts.visits) + 2 * engineer + 1
        opens, closes, service = (
            facts.visits[visit, OPENS],
            facts.visits[visit, CLOSES],
            facts.visits[visit, SERVICE],
        )
        before = home - 1
        for i in range(size + 1):
            departs = lanes[engineer, DEPARTS, i]
            if departs > closes:
                break
            after = lanes[engineer, STOP, i] if i < size else home
            out, back = facts.drive[before, visit], facts.drive[visit, after]
            extra = out + back - lanes[engineer, LEG, i]
            start = departs + out
            if extra < best and start <= closes:
                if clock < 0:
                    home_by = max(start, opens) + service + back
                else:
                    # asked last, for it takes the longest
                    start = max(_end(clock, TRAVEL, departs, out, facts), opens)
                    start = _service_start(clock, start, service, facts)
                    home_by = _end(clock, SERVES, start, service, facts)
                    home_by = _end(clock, TRAVEL, home_by, back, facts)
                if start <= closes and home_by <= lanes[engineer, LATEST, i]:
                    best, place = extra, i
            before = after
        if place >= 0 and facts.visits[visit, NAMED] >= 0 and facts.visits[visit, NAMED] != engineer:
            best += totals[CHANGE]
    answers[engineer, visit, ASKED] = heads[engineer, NUMBER]
    answers[engineer, visit, EXTRA] = best
    answers[engineer, visit, PLACE] = place


@njit(cache=True)
def _copy(engineer: int, lanes: Whole, heads: Whole, to_lanes: Whole, to_heads: Whole) -> None:
    for i in range(heads[engineer, SIZE] + 1):
        for plane in range(4):
            to_lanes[engineer, plane, i] = lanes[engineer, plane, i]
    for column in range(heads.shape[1]):
        to_heads[engineer, column] = heads[engineer, column]


@njit(cache=True)
def _touch(
    engineer: int, lanes: Whole, heads: Whole, old: Whole, old_heads: Whole, touched: Whole, totals: Whole
) -> None:
    """Keep the lane as it stands, to take the round back."""
    _copy(engineer, lanes, heads, old, old_heads)
    heads[engineer, TOUCHED] = 1
    touched[totals[CHANGED]] = engineer
    totals[CHANGED] += 1


@njit(cache=True)
def stock(engineer: int, visit: int, sign: int, facts: Facts, heads: Whole) -> None:
    if facts.people[engineer, CARRIES]:
        for i in range(facts.visits[visit, NEEDS], facts.visits[visit, NEEDS_END]):
            heads[engineer, SPARE + facts.needs[i, 0]] += sign * facts.needs[i, 1]


@njit(cache=True)
def _in_some_order(count: int, facts: Facts, taken: Whole, rank: Real, mt: Whole) -> None:
    """As ``search._State._in_some_order``, of the first ``count`` of ``taken``, in place."""
    pick = draw(mt) * 12
    for i in range(count):
        visit = taken[i]
        by = draw(mt)
        if 4 <= pick < 6:
            by -= facts.visits[visit, LOSS]
        elif 6 <= pick < 10:
            by += facts.visits[visit, ABLE_END] - facts.visits[visit, ABLE]
        elif 10 <= pick < 11:
            by += facts.visits[visit, OPENS]
        elif pick >= 11:
            by -= facts.visits[visit, SERVICE]
        at = i
        while at > 0 and rank[at - 1] > by:
            rank[at], taken[at] = rank[at - 1], taken[at - 1]
            at -= 1
        rank[at], taken[at] = by, visit


@njit(cache=True)
def keep_best(lanes: Whole, heads: Whole, where: Whole, best: Whole, best_size: Whole, totals: Whole) -> None:
    totals[BEST], totals[LEFT_OUT] = totals[NOW], 0
    for engineer in range(len(heads)):
        best_size[engineer] = heads[engineer, SIZE]
        for i in range(heads[engineer, SIZE]):
            best[engineer, i] = lanes[engineer, STOP, i]
    for visit in range(len(where)):
        if where[visit] < 0:
            totals[LEFT_OUT] += 1


@njit(cache=True)
def make_rounds(
    count: int,
    heats: Real,
    stop_when_served: bool,
    tuning: Tuning,
    facts: Facts,
    lanes: Whole,
    heads: Whole,
    old: Whole,
    old_heads: Whole,
    answers: Whole,
    where: Whole,
    touched: Whole,
    taken: Whole,
    rank: Real,
    out: Whole,
    best: Whole,
    best_size: Whole,
    totals: Whole,
    mt: Whole,
) -> int:
    """As the loop of ``search._State.run``, so many rounds; returns how many were made."""
    for done in range(count):
        if stop_when_served and totals[LEFT_OUT] == 0:
            return done
        totals[CHANGED] = 0
        left_out, lost_before = 0, 0
        for visit in range(len(where)):
            if where[visit] < 0:
                out[left_out] = visit
                left_out += 1
                lost_before += facts.visits[visit, LOSS]

        # as _take_out: strings of stops leave lanes that pass near a visit drawn at random
        gone = 0
        strings = 1 + int(draw(mt) * tuning.strings)
        middle = int(draw(mt) * len(facts.visits))
        if left_out > 0 and draw(mt) < tuning.seek:
            middle = out[int(draw(mt) * left_out)]
        for nth in range(facts.near.shape[1]):
            visit = facts.near[middle, nth]
            engineer = where[visit]
            if engineer < 0 or heads[engineer, TOUCHED]:
                continue
            size = heads[engineer, SIZE]
            length = 1 + int(draw(mt) * min(tuning.longest, size))
            at = 0
            while lanes[engineer, STOP, at] != visit:
                at += 1
            first = max(0, at - length + 1)
            first += int(draw(mt) * (min(at, size - length) - first + 1))
            _touch(engineer, lanes, heads, old, old_heads, touched, totals)
            for i in range(first, first + length):
                other = lanes[engineer, STOP, i]
                taken[gone] = other
                gone += 1
                where[other] = -1
                stock(engineer, other, 1, facts, heads)
            for i in range(first + length, size):
                lanes[engineer, STOP, i - length] = lanes[engineer, STOP, i]
            heads[engineer, SIZE] = size - length
            drive_through(engineer, facts, lanes, heads, totals)
            if totals[CHANGED] >= strings:
                break

        for i in range(left_out):
            taken[gone + i] = out[i]
        both = gone + left_out
        if both == 0:
            continue
        _in_some_order(both, facts, taken, rank, mt)

        # as put_in: each where it costs least, with a little blindness
        lost = 0
        for turn in range(both):
            visit = taken[turn]
            least, chosen, place = facts.visits[visit, LOSS], -1, 0
            for i in range(facts.visits[visit, ABLE], facts.visits[visit, ABLE_END]):
                engineer = facts.able[i]
                if answers[engineer, visit, ASKED] != heads[engineer, NUMBER]:
                    _ask(engineer, visit, facts, lanes, heads, answers, totals)
                extra = answers[engineer, visit, EXTRA]
                if extra < least and draw(mt) > tuning.blind:
                    least, chosen, place = extra, engineer, answers[engineer, visit, PLACE]
            if chosen < 0:
                lost += facts.visits[visit, LOSS]
                continue
            if not heads[chosen, TOUCHED]:
                _touch(chosen, lanes, heads, old, old_heads, touched, totals)
            for i in range(heads[chosen, SIZE], place, -1):
                lanes[chosen, STOP, i] = lanes[chosen, STOP, i - 1]
            lanes[chosen, STOP, place] = visit
            heads[chosen, SIZE] += 1
            where[visit] = chosen
            stock(chosen, visit, -1, facts, heads)
            drive_through(chosen, facts, lanes, heads, totals)

        change = lost - lost_before
        for i in range(totals[CHANGED]):
            change += heads[touched[i], COST] - old_heads[touched[i], COST]
            heads[touched[i], TOUCHED] = 0
        drawn = draw(mt)
        heat = heats[min(done // tuning.look, len(heats) - 1)]
        if change < -heat * np.log(drawn if drawn > 0 else LEAST):
            totals[NOW] += change
            if totals[NOW] < totals[BEST]:
                keep_best(lanes, heads, where, best, best_size, totals)
            continue
        for i in range(both):
            where[taken[i]] = -1
        for i in range(totals[CHANGED]):
            engineer = touched[i]
            _copy(engineer, old, old_heads, lanes, heads)
            for j in range(heads[engineer, SIZE]):
                where[lanes[engineer, STOP, j]] = engineer
    return count
