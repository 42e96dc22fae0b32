"""The clock of one day: when a drive or a service ends in rush hours and around breaks, and backwards.

A factor slows what happens in its hour, it does not choose a duration by the hour of departure: a drive of
so many base seconds is over when the pace, added up second by second, has come to it, and a break is a pace
of nothing (Ichoua, Gendreau and Potvin, European Journal of Operational Research 144(2), 2003). So nobody
overtakes by leaving later: every function here never decreases in its first argument. That is why one
earliest departure and one latest start per stop are enough to answer an insertion (see ``schedule``).

In an hour with a factor of p per cent a second of the clock does 10^8 / p millionths of a base second,
rounded up. All arithmetic is in whole numbers, so both directions fit together to the second.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

Breaks = tuple[tuple[int, int], ...]

HOURS = 24
USUAL = 100
"""The factor, in per cent, of an hour like any other; also of all time before and after the day."""

WHOLE_SECOND = 1_000_000
"""What a second of the clock does in a usual hour: a base second, in millionths."""
_HOUR = 3_600
_LONG_AGO, _NEVER = -(10**10), 10**10


@dataclass(frozen=True, slots=True)
class Pace:
    """How much longer than usual drives and services take, hour by hour from midnight, in per cent.

    150 is half as long again, 80 a fifth less. Raise ValueError unless each has 24 whole numbers from 1 on.
    """

    travel: tuple[int, ...] = (USUAL,) * HOURS
    service: tuple[int, ...] = (USUAL,) * HOURS

    def __post_init__(self) -> None:
        """Refuse what is no day of 24 hours."""
        for factors in (self.travel, self.service):
            is_whole = all(isinstance(f, int) and 1 <= f <= WHOLE_SECOND for f in factors)
            if len(factors) != HOURS or not is_whole:
                raise ValueError("a pace needs 24 whole per cents from 1 on, for travel and for service")


class Clock:
    """When drives and services end on a day with breaks, a pace, or both. Treat as read-only."""

    __slots__ = ("arrival", "breaks", "departure", "service", "service_begin", "service_end", "travel")

    def __init__(self, breaks: Breaks = (), pace: Pace | None = None) -> None:
        """``breaks`` are sorted pairs (start, end) that do not overlap."""
        pace = pace or Pace()
        travel, service = Flow(pace.travel, breaks), Flow(pace.service, ())
        self.travel, self.service = travel, service
        self.breaks = breaks
        self.arrival: Callable[[int, int], int] = travel.end
        """(departure, drive): when a drive of so many base seconds ends that starts at ``departure``."""
        self.departure: Callable[[int, int], int] = travel.begin
        """(latest arrival, drive): the latest departure from which ``arrival`` is not after it."""
        self.service_end: Callable[[int, int], int] = service.end
        """(start, service): when a service of so many base seconds ends that starts at ``start``."""
        self.service_begin: Callable[[int, int], int] = service.begin
        """(latest end, service): the latest start whose ``service_end`` is not after it, breaks or not."""

    def service_start(self, earliest: int, service: int) -> int:
        """Return the first start from ``earliest`` on whose service overlaps no break."""
        start = earliest
        for break_start, break_end in self.breaks:
            if start < break_end and self.service_end(start, service) > break_start:
                start = break_end
        return start

    def latest_service_start(self, latest: int, service: int) -> int:
        """Return the last start up to ``latest`` whose service overlaps no break."""
        start = latest
        for break_start, break_end in reversed(self.breaks):
            if start < break_end and self.service_end(start, service) > break_start:
                start = self.service_begin(break_start, service)
        return start


@lru_cache(maxsize=512)
def clock_of(breaks: Breaks, pace: Pace | None) -> Clock | None:
    """Return the clock of such a day; None for one with neither breaks nor a pace: there time just passes."""
    if pace is not None and set(pace.travel) == set(pace.service) == {USUAL}:
        pace = None
    return Clock(breaks, pace) if breaks or pace is not None else None


class Flow:
    """What gets done as time passes, in millionths of a base second: a line with a bend at each edge."""

    __slots__ = ("done", "edges", "rates")

    def __init__(self, factors: tuple[int, ...], breaks: Breaks) -> None:
        spells = [(_LONG_AGO, 0, WHOLE_SECOND)]
        spells += [
            (hour * _HOUR, (hour + 1) * _HOUR, -(-WHOLE_SECOND * USUAL // factor))
            for hour, factor in enumerate(factors)
        ]
        spells.append((HOURS * _HOUR, _NEVER, WHOLE_SECOND))
        rates: list[tuple[int, int]] = []
        for start, end, rate in spells:
            rates.append((start, rate))
            for rest, until in breaks:
                if rest < end and until > start:
                    rates.append((max(rest, start), 0))
                    if until < end:
                        rates.append((until, rate))
        rates.append((_NEVER, 0))
        self.edges: list[int] = []
        self.rates: list[int] = []
        for edge, rate in rates:
            if self.edges and self.edges[-1] == edge:
                self.rates[-1] = rate
            elif not self.rates or self.rates[-1] != rate:
                self.edges.append(edge)
                self.rates.append(rate)
        self.done = [0]
        for n in range(1, len(self.edges)):
            self.done.append(self.done[-1] + (self.edges[n] - self.edges[n - 1]) * self.rates[n - 1])

    def end(self, begin: int, work: int) -> int:
        """Return the first second at which so many base seconds are done from ``begin`` on."""
        if work <= 0:
            return begin
        edges, rates = self.edges, self.rates
        n = bisect_right(edges, begin)
        rate = rates[n - 1]
        if rate == WHOLE_SECOND and begin + work <= edges[n]:
            return begin + work  # all of it in hours like any other: by far the most
        done = self.done
        target = done[n - 1] + (begin - edges[n - 1]) * rate + work * WHOLE_SECOND
        if done[n] < target:
            n = bisect_left(done, target, n)
        return edges[n - 1] - (done[n - 1] - target) // rates[n - 1]

    def begin(self, end: int, work: int) -> int:
        """Return the last second from which so many base seconds are done by ``end``."""
        if work <= 0:
            return end
        edges, rates = self.edges, self.rates
        n = bisect_left(edges, end)
        rate = rates[n - 1]
        if rate == WHOLE_SECOND and end - work >= edges[n - 1]:
            return end - work
        done = self.done
        target = done[n - 1] + (end - edges[n - 1]) * rate - work * WHOLE_SECOND
        if target < done[n - 1]:
            n = bisect_right(done, target, 0, n)
        return edges[n - 1] + (target - done[n - 1]) // rates[n - 1]
