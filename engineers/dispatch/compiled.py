"""The rounds of the search, compiled: the same draws, the same moves, the same plan, many times as fast.

``search._State.run`` is the plain form, and a test holds the two against one another. Compiled with Numba,
whose wheels need no compiler, and kept on disk beside this file; ``python -m engineers.dispatch.kept`` does
that once. Imported only where plans are searched (worker, ``plan_file``), for it takes 0.6 s and memory.
What a lane answers is kept here with the lane's number, not with the lane: every change of a lane gives it
another number, and what is taken back takes its old number back as well.
All of it stands in this file, for what is kept is held against the age of this file alone.
"""

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from engineers.dispatch.clock import WHOLE_SECOND
from engineers.dispatch.lanes import NOWHERE

Whole = NDArray[np.int64]
Small = NDArray[np.int32]
Real = NDArray[np.float64]

FAR = NOWHERE[0]
LEAST = 1e-300
"""Stands for a draw of 0, which has no logarithm."""

# MT19937 (Matsumoto and Nishimura, 1998), which the draws of Python's random.Random come from
_SIZE, _AHEAD = 624, 397
_UPPER, _LOWER, _TWIST = 0x80000000, 0x7FFFFFFF, 0x9908B0DF


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


class Tuning(NamedTuple):
    """The numbers of the search: see the constants of ``search``."""

    strings: float
    longest: int
    blind: float
    seek: float
    look: int


@njit(cache=True)
def _word(mt: Whole) -> int:
    if mt[_SIZE] >= _SIZE:
        for i in range(_SIZE):
            bits = (mt[i] & _UPPER) | (mt[(i + 1) % _SIZE] & _LOWER)
            mt[i] = mt[(i + _AHEAD) % _SIZE] ^ (bits >> 1)
            if bits & 1:
                mt[i] ^= _TWIST
        mt[_SIZE] = 0
    word = mt[mt[_SIZE]]
    mt[_SIZE] += 1
    word ^= word >> 11
    word ^= (word << 7) & 0x9D2C5680
    word ^= (word << 15) & 0xEFC60000
    return int(word ^ (word >> 18))


@njit(cache=True)
def _draw(mt: Whole) -> float:
    return ((_word(mt) >> 5) * 67108864.0 + (_word(mt) >> 6)) * (1.0 / 9007199254740992.0)


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
def _end(clock: int, kind: int, begin: int, work: int, flows: Whole, clock_sizes: Whole) -> int:
    """As ``clock._Flow.end``."""
    size = clock_sizes[clock, kind]
    if work <= 0 or size == 0:
        return begin + max(0, work)
    flow = flows[2 * clock + kind]
    n = _last_not_after(flow[EDGES], size, begin)
    target = flow[DONE, n] + (begin - flow[EDGES, n]) * flow[RATES, n] + work * WHOLE_SECOND
    if n + 1 < size and flow[DONE, n + 1] < target:
        n = _last_not_after(flow[DONE], size, target - 1)
    return int(flow[EDGES, n] - (flow[DONE, n] - target) // flow[RATES, n])


@njit(cache=True)
def _begin(clock: int, kind: int, end: int, work: int, flows: Whole, clock_sizes: Whole) -> int:
    """As ``clock._Flow.begin``."""
    size = clock_sizes[clock, kind]
    if work <= 0 or size == 0:
        return end - max(0, work)
    flow = flows[2 * clock + kind]
    n = _last_not_after(flow[EDGES], size, end)
    target = flow[DONE, n] + (end - flow[EDGES, n]) * flow[RATES, n] - work * WHOLE_SECOND
    if target < flow[DONE, n]:
        n = _last_not_after(flow[DONE], size, target)
    return int(flow[EDGES, n] + (target - flow[DONE, n]) // flow[RATES, n])


@njit(cache=True)
def _service_start(
    clock: int, earliest: int, service: int, flows: Whole, clock_sizes: Whole, rests: Whole
) -> int:
    """As ``Clock.service_start``."""
    start = earliest
    for i in range(clock_sizes[clock, BREAKS]):
        ends = _end(clock, SERVES, start, service, flows, clock_sizes)
        if start < rests[clock, i, 1] and ends > rests[clock, i, 0]:
            start = rests[clock, i, 1]
    return int(start)


@njit(cache=True)
def _latest_service_start(
    clock: int, latest: int, service: int, flows: Whole, clock_sizes: Whole, rests: Whole
) -> int:
    """As ``Clock.latest_service_start``."""
    start = latest
    for i in range(clock_sizes[clock, BREAKS] - 1, -1, -1):
        ends = _end(clock, SERVES, start, service, flows, clock_sizes)
        if start < rests[clock, i, 1] and ends > rests[clock, i, 0]:
            start = _begin(clock, SERVES, rests[clock, i, 0], service, flows, clock_sizes)
    return int(start)


@njit(cache=True)
def drive_through(
    engineer: int,
    visits: Whole,
    people: Whole,
    drive: Small,
    flows: Whole,
    clock_sizes: Whole,
    rests: Whole,
    lanes: Whole,
    heads: Whole,
    totals: Whole,
) -> None:
    """As ``Lanes._time`` and ``_time_by``; the lane gets a number of its own."""
    clock = people[engineer, CLOCK]
    size, home = heads[engineer, SIZE], len(visits) + 2 * engineer + 1
    node, at, cost = home - 1, people[engineer, FREE_AT], 0
    lanes[engineer, DEPARTS, 0] = at
    for i in range(size):
        visit = lanes[engineer, STOP, i]
        leg = drive[node, visit]
        lanes[engineer, LEG, i] = leg
        cost += leg
        if clock < 0:
            at = max(at + leg, visits[visit, OPENS]) + visits[visit, SERVICE]
        else:
            at = max(_end(clock, TRAVEL, at, leg, flows, clock_sizes), visits[visit, OPENS])
            at = _service_start(clock, at, visits[visit, SERVICE], flows, clock_sizes, rests)
            at = _end(clock, SERVES, at, visits[visit, SERVICE], flows, clock_sizes)
        lanes[engineer, DEPARTS, i + 1] = at
        node = visit
        if visits[visit, NAMED] >= 0 and visits[visit, NAMED] != engineer:
            cost += totals[CHANGE]
    leg = drive[node, home]
    lanes[engineer, LEG, size] = leg
    heads[engineer, COST] = cost + leg
    bound = people[engineer, HOME_BY]
    lanes[engineer, LATEST, size] = bound
    for i in range(size - 1, -1, -1):
        visit = lanes[engineer, STOP, i]
        leg, service = lanes[engineer, LEG, i + 1], visits[visit, SERVICE]
        if clock < 0:
            bound = min(bound - leg - service, visits[visit, CLOSES])
        else:
            bound = _begin(clock, TRAVEL, bound, leg, flows, clock_sizes)
            bound = min(_begin(clock, SERVES, bound, service, flows, clock_sizes), visits[visit, CLOSES])
            bound = _latest_service_start(clock, bound, service, flows, clock_sizes, rests)
        lanes[engineer, LATEST, i] = bound
    totals[NUMBERS] += 1
    heads[engineer, NUMBER] = totals[NUMBERS]


@njit(cache=True)
def _ask(
    engineer: int,
    visit: int,
    visits: Whole,
    needs: Whole,
    people: Whole,
    drive: Small,
    flows: Whole,
    clock_sizes: Whole,
    rests: Whole,
    lanes: Whole,
    heads: Whole,
    answers: Whole,
    totals: Whole,
) -> None:
    """As ``Lanes.ask``, into ``answers``."""
    best, place, clock = FAR, -1, people[engineer, CLOCK]
    has_parts = True
    if people[engineer, CARRIES]:
        for i in range(visits[visit, NEEDS], visits[visit, NEEDS_END]):
            if heads[engineer, SPARE + needs[i, 0]] < needs[i, 1]:
                has_parts = False
    if has_parts:
        size, home = heads[engineer, SIZE], len(visits) + 2 * engineer + 1
        opens, closes, service = visits[visit, OPENS], visits[visit, CLOSES], visits[visit, SERVICE]
        before = home - 1
        for i in range(size + 1):
            departs = lanes[engineer, DEPARTS, i]
            if departs > closes:
                break
            after = lanes[engineer, STOP, i] if i < size else home
            out, back = drive[before, visit], drive[visit, after]
            extra = out + back - lanes[engineer, LEG, i]
            start = departs + out
            if extra < best and start <= closes:
                if clock < 0:
                    home_by = max(start, opens) + service + back
                else:
                    # asked last, for it takes the longest
                    start = max(_end(clock, TRAVEL, departs, out, flows, clock_sizes), opens)
                    start = _service_start(clock, start, service, flows, clock_sizes, rests)
                    home_by = _end(clock, SERVES, start, service, flows, clock_sizes)
                    home_by = _end(clock, TRAVEL, home_by, back, flows, clock_sizes)
                if start <= closes and home_by <= lanes[engineer, LATEST, i]:
                    best, place = extra, i
            before = after
        if place >= 0 and visits[visit, NAMED] >= 0 and visits[visit, NAMED] != engineer:
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
def stock(
    engineer: int, visit: int, sign: int, visits: Whole, needs: Whole, people: Whole, heads: Whole
) -> None:
    if people[engineer, CARRIES]:
        for i in range(visits[visit, NEEDS], visits[visit, NEEDS_END]):
            heads[engineer, SPARE + needs[i, 0]] += sign * needs[i, 1]


@njit(cache=True)
def _in_some_order(count: int, visits: Whole, taken: Whole, rank: Real, mt: Whole) -> None:
    """As ``search._State._in_some_order``, of the first ``count`` of ``taken``, in place."""
    pick = _draw(mt) * 12
    for i in range(count):
        visit = taken[i]
        by = _draw(mt)
        if 4 <= pick < 6:
            by -= visits[visit, LOSS]
        elif 6 <= pick < 10:
            by += visits[visit, ABLE_END] - visits[visit, ABLE]
        elif 10 <= pick < 11:
            by += visits[visit, OPENS]
        elif pick >= 11:
            by -= visits[visit, SERVICE]
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
    visits: Whole,
    able: Whole,
    needs: Whole,
    people: Whole,
    drive: Small,
    flows: Whole,
    clock_sizes: Whole,
    rests: Whole,
    near: Small,
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
                lost_before += visits[visit, LOSS]

        # as _take_out: strings of stops leave lanes that pass near a visit drawn at random
        gone = 0
        strings = 1 + int(_draw(mt) * tuning.strings)
        middle = int(_draw(mt) * len(visits))
        if left_out > 0 and _draw(mt) < tuning.seek:
            middle = out[int(_draw(mt) * left_out)]
        for nth in range(near.shape[1]):
            visit = near[middle, nth]
            engineer = where[visit]
            if engineer < 0 or heads[engineer, TOUCHED]:
                continue
            size = heads[engineer, SIZE]
            length = 1 + int(_draw(mt) * min(tuning.longest, size))
            at = 0
            while lanes[engineer, STOP, at] != visit:
                at += 1
            first = max(0, at - length + 1)
            first += int(_draw(mt) * (min(at, size - length) - first + 1))
            _touch(engineer, lanes, heads, old, old_heads, touched, totals)
            for i in range(first, first + length):
                other = lanes[engineer, STOP, i]
                taken[gone] = other
                gone += 1
                where[other] = -1
                stock(engineer, other, 1, visits, needs, people, heads)
            for i in range(first + length, size):
                lanes[engineer, STOP, i - length] = lanes[engineer, STOP, i]
            heads[engineer, SIZE] = size - length
            drive_through(engineer, visits, people, drive, flows, clock_sizes, rests, lanes, heads, totals)
            if totals[CHANGED] >= strings:
                break

        for i in range(left_out):
            taken[gone + i] = out[i]
        both = gone + left_out
        if both == 0:
            continue
        _in_some_order(both, visits, taken, rank, mt)

        # as put_in: each where it costs least, with a little blindness
        lost = 0
        for turn in range(both):
            visit = taken[turn]
            least, chosen, place = visits[visit, LOSS], -1, 0
            for i in range(visits[visit, ABLE], visits[visit, ABLE_END]):
                engineer = able[i]
                if answers[engineer, visit, ASKED] != heads[engineer, NUMBER]:
                    _ask(
                        engineer,
                        visit,
                        visits,
                        needs,
                        people,
                        drive,
                        flows,
                        clock_sizes,
                        rests,
                        lanes,
                        heads,
                        answers,
                        totals,
                    )
                extra = answers[engineer, visit, EXTRA]
                if extra < least and _draw(mt) > tuning.blind:
                    least, chosen, place = extra, engineer, answers[engineer, visit, PLACE]
            if chosen < 0:
                lost += visits[visit, LOSS]
                continue
            if not heads[chosen, TOUCHED]:
                _touch(chosen, lanes, heads, old, old_heads, touched, totals)
            for i in range(heads[chosen, SIZE], place, -1):
                lanes[chosen, STOP, i] = lanes[chosen, STOP, i - 1]
            lanes[chosen, STOP, place] = visit
            heads[chosen, SIZE] += 1
            where[visit] = chosen
            stock(chosen, visit, -1, visits, needs, people, heads)
            drive_through(chosen, visits, people, drive, flows, clock_sizes, rests, lanes, heads, totals)

        change = lost - lost_before
        for i in range(totals[CHANGED]):
            change += heads[touched[i], COST] - old_heads[touched[i], COST]
            heads[touched[i], TOUCHED] = 0
        draw = _draw(mt)
        heat = heats[min(done // tuning.look, len(heats) - 1)]
        if change < -heat * np.log(draw if draw > 0 else LEAST):
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
