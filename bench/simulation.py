"""Simulated city-days: windows promised by the engine, then driven in a world that keeps to no plan.

Each day bookings come one by one and get the window they wish for, or a near one, by the same insertion that
booking uses. Then every engineer drives the planned order: drives and repairs take longer or shorter than
planned, the rush hours are stronger than the planner knows and begin sooner, and now and then something
happens. Nobody re-plans meanwhile. The day is fixed by its number alone, so every way of planning meets the
same customers and the same luck. About 4 minutes of CPU, half of it in a second process.
"""

import random
from collections.abc import Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from math import cos, exp, radians

from bench.measuring import quiet, say
from bench.rows import Row
from engineers.dispatch import (
    DEFAULT_SLACK,
    Clock,
    DayPlan,
    EngineerDay,
    HaversineTravel,
    Pace,
    Stop,
    best_insertion,
    insert,
)

DAYS = 10_000
TUNING_DAYS = 1_000
SEED = 20261124
PROCESSES = 2
BAR = 97.0

HOUR, MINUTE = 3600, 60
CENTRE, RADIUS_KM, KM_PER_DEGREE = (31.23, 121.47), 12.0, 111.2
SPEED_KMH = 25.0
WINDOWS = [(hour * HOUR, (hour + 2) * HOUR) for hour in range(8, 20, 2)]
WISHES = [3, 4, 2, 3, 3, 4]
"""How often each window is wished for, the first and the last of the day among the most."""
SHIFTS = [(8, 17), (10, 19), (12, 21)]
SERVICES = [30, 45, 60, 90]
ENGINEERS = [2, 3, 4, 5, 6]
REQUESTS = [3, 4, 5, 6, 7]
"""Requests an engineer: from quiet days to days on which a third finds no window."""
TRIES = 3
"""Windows that a customer asks for before giving up: the wish, then the nearest."""


def hourly(**factors: int) -> tuple[int, ...]:
    """24 factors in per cent, 100 but for those named: h8=160."""
    return tuple(factors.get(f"h{hour}", 100) for hour in range(24))


KNOWN = Pace(
    travel=hourly(h8=155, h9=140, h17=150, h18=165, h19=125),
    service=hourly(h12=105, h18=105),
)
"""What the planner knows of the city."""
TRUE = Pace(
    travel=hourly(h7=130, h8=180, h9=150, h10=110, h12=110, h16=115, h17=165, h18=190, h19=140, h20=110),
    service=hourly(h8=105, h12=110, h13=105, h18=110, h19=105),
)
"""How the city is."""
DAY_SIGMA, DRIVE_SIGMA, SERVICE_SIGMA = 0.08, 0.22, 0.20
"""Log-normal, mean 1: a day's traffic as a whole, each drive, each repair."""
HELD_UP, HELD_UP_MINUTES = 0.02, (5, 25)
"""How often a drive is held up, and for how long."""
DRAGS_ON, DRAGS_ON_MINUTES = 0.03, (10, 40)
"""How often a repair drags on, and for how long."""


@dataclass(frozen=True)
class Way:
    """A way of planning: what is kept free before each promise, and what is known of the hours."""

    name: str
    slack: int
    pace: Pace | None


@dataclass(frozen=True)
class Outcome:
    """What days came to: visits asked for and served, arrivals inside their window, minutes late in all."""

    asked: int = 0
    served: int = 0
    inside: int = 0
    late: int = 0

    def __add__(self, other: "Outcome") -> "Outcome":
        return Outcome(
            self.asked + other.asked,
            self.served + other.served,
            self.inside + other.inside,
            self.late + other.late,
        )

    @property
    def share(self) -> float:
        """Arrivals inside the promised window, in per cent."""
        return 100 * self.inside / self.served


CHOSEN = Way("slack and factors", DEFAULT_SLACK, KNOWN)
WITHOUT_SLACK = Way("factors, no slack", 0, KNOWN)
WITHOUT_FACTORS = Way("slack, no factors", DEFAULT_SLACK, None)
WAYS = (CHOSEN, WITHOUT_SLACK, WITHOUT_FACTORS)


def measure() -> list[Row]:
    """The share of arrivals inside the window for each way, what the slack costs, and other slacks."""
    rows = []
    found = {}
    for way in WAYS:
        found[way] = result = lived(way, DAYS)
        say(f"{way.name}: {result.share:.2f} % inside, {result.served} of {result.asked} served")
        bar = BAR if way is CHOSEN else None
        what = f"{DAYS:,} city-days, {way.name}: "
        rows.append(Row(f"{what}arrivals in the window", result.share, "%", bar, at_least=True))
        rows.append(Row(f"{what}visits served", result.served, ""))
        rows.append(
            Row(f"{what}late by, where late", result.late / max(1, result.served - result.inside), "min")
        )
    chosen, bare = found[CHOSEN], found[WITHOUT_SLACK]
    rows.append(Row("the slack costs, in visits served", 100 * (1 - chosen.served / bare.served), "%"))
    dearer = 100 * (1 - chosen.served / found[WITHOUT_FACTORS].served)
    rows.append(Row("the factors cost, in visits served", dearer, "%"))
    for minutes in (10, 20, 30):
        result = lived(Way("", minutes * MINUTE, KNOWN), TUNING_DAYS)
        what = f"{TUNING_DAYS:,} city-days, {minutes} min of slack: "
        rows.append(Row(f"{what}arrivals in the window", result.share, "%"))
        rows.append(Row(f"{what}visits served", 100 * result.served / result.asked, "% asked"))
    return rows


def lived(way: Way, days: int) -> Outcome:
    """The first so many days, planned that way and lived through, in two processes."""
    shares = [range(start, days, PROCESSES) for start in range(PROCESSES)]
    with ProcessPoolExecutor(PROCESSES) as pool:
        return sum(pool.map(partial(lived_here, way), shares), Outcome())


def lived_here(way: Way, numbers: Iterable[int]) -> Outcome:
    """Those days one after the other."""
    with quiet():
        return sum((one_day(way, number) for number in numbers), Outcome())


def one_day(way: Way, number: int) -> Outcome:
    """The day of that number: booked, then driven."""
    drawn = random.Random(f"{SEED}-{number}")  # noqa: S311 - a simulation's own draw
    size = drawn.choice(ENGINEERS)
    days = [
        EngineerDay(n, place(drawn), start * HOUR, end * HOUR, pace=way.pace)
        for n, (start, end) in enumerate(SHIFTS[k % len(SHIFTS)] for k in range(size))
    ]
    requests = [request(drawn, n) for n in range(size * drawn.choice(REQUESTS))]
    plan = DayPlan(days, [], HaversineTravel(SPEED_KMH))
    for stop, wish in requests:
        plan = booked(plan, stop, wish, way.slack)
    return driven(plan, len(requests), number)


def place(drawn: random.Random) -> tuple[float, float]:
    """Somewhere in the city, nearer to its centre more often."""
    while True:
        east, north = drawn.gauss(0, RADIUS_KM / 2), drawn.gauss(0, RADIUS_KM / 2)
        if east * east + north * north <= RADIUS_KM * RADIUS_KM:
            shrink = KM_PER_DEGREE * cos(radians(CENTRE[0]))
            return CENTRE[0] + north / KM_PER_DEGREE, CENTRE[1] + east / shrink


def request(drawn: random.Random, number: int) -> tuple[Stop, int]:
    """A visit asked for, and the number of the window wished for."""
    wish = drawn.choices(range(len(WINDOWS)), WISHES)[0]
    return Stop(number, place(drawn), *WINDOWS[wish], drawn.choice(SERVICES) * MINUTE), wish


def booked(plan: DayPlan, stop: Stop, wish: int, slack: int) -> DayPlan:
    """The plan with the visit in the window wished for or the nearest open one; as it is after TRIES."""
    nearest = sorted(range(len(WINDOWS)), key=lambda window: (abs(window - wish), window))
    for window in nearest[:TRIES]:
        start, end = WINDOWS[window]
        asked = Stop(stop.visit_id, stop.place, start, end, stop.service)
        found = best_insertion(asked, plan, slack=slack)
        if found is not None:
            return insert(asked, plan, found)
    return plan


def driven(plan: DayPlan, asked: int, number: int) -> Outcome:
    """Everybody's planned order, driven in the world as it is. The luck is the visit's, not the plan's."""
    luck = random.Random(f"{SEED}-{number}-traffic")  # noqa: S311
    traffic = around_one(luck, DAY_SIGMA)
    world = Clock(pace=TRUE)
    served = inside = late = 0
    for day in plan:
        now, here = day.shift_start, day.base
        for stop in plan.routes[day.engineer_id].stops:
            happens = random.Random(f"{SEED}-{number}-{stop.visit_id}")  # noqa: S311
            drive = plan.travel.seconds(here, stop.place) * traffic * around_one(happens, DRIVE_SIGMA)
            work = stop.service * around_one(happens, SERVICE_SIGMA)
            arrived = world.arrival(now, round(drive)) + mishap(happens, HELD_UP, HELD_UP_MINUTES)
            work += mishap(happens, DRAGS_ON, DRAGS_ON_MINUTES)
            now, here = world.service_end(max(arrived, stop.window_start), round(work)), stop.place
            served += 1
            inside += arrived <= stop.window_end
            late += max(0, arrived - stop.window_end)
    return Outcome(asked, served, inside, round(late / MINUTE))


def around_one(drawn: random.Random, sigma: float) -> float:
    """A log-normal draw whose mean is 1."""
    return exp(drawn.gauss(-sigma * sigma / 2, sigma))


def mishap(drawn: random.Random, chance: float, minutes: Sequence[int]) -> int:
    """Seconds lost to something that happens seldom; mostly 0. Always two draws, so that the luck stays."""
    happens, length = drawn.random() < chance, drawn.uniform(*minutes)
    return round(length * MINUTE) if happens else 0
