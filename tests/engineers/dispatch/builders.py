"""Plain problems for the engine's tests: a street on which one unit east is one minute's drive."""

from dataclasses import dataclass

from hypothesis import strategies as st

from engineers.dispatch import DayPlan, EngineerDay, HaversineTravel, Pace, Place, Route, Stop, Travel

MINUTE = 60
HOUR = 3600


def clock(text: str) -> int:
    """Seconds from midnight of "HH:MM"."""
    hours, minutes = text.split(":")
    return int(hours) * HOUR + int(minutes) * MINUTE


@dataclass(frozen=True)
class Street:
    """One unit of longitude takes a minute eastwards and ``back`` minutes westwards."""

    back: int = 1

    def seconds(self, a: Place, b: Place, /) -> int:
        """Return the drive along the street."""
        way = round(b[1] - a[1])
        return way * MINUTE if way >= 0 else -way * MINUTE * self.back


def spot(minutes: float) -> Place:
    """A place so many minutes east of the depot."""
    return (0.0, float(minutes))


def visit(
    visit_id: str,
    at: float = 0,
    window: tuple[str, str] = ("08:00", "20:00"),
    minutes: int = 30,
    **more: object,
) -> Stop:
    """A visit on the street; the window as clock times, the service in minutes."""
    more.setdefault("skills", {"screen": 1})
    return Stop(visit_id, spot(at), clock(window[0]), clock(window[1]), minutes * MINUTE, **more)  # type: ignore[arg-type]


def engineer(
    engineer_id: str = "ann", shift: tuple[str, str] = ("08:00", "17:00"), **more: object
) -> EngineerDay:
    """An engineer who starts at the depot and holds the screen certificate at level 2."""
    more.setdefault("skills", {"screen": 2})
    more.setdefault("base", spot(0))
    return EngineerDay(
        engineer_id,
        shift_start=clock(shift[0]),
        shift_end=clock(shift[1]),
        **more,  # type: ignore[arg-type]
    )


def plan_of(*days: EngineerDay, travel: Travel | None = None, **routes: list[Stop] | Route) -> DayPlan:
    """A plan on the street; routes by engineer as lists of stops, or whole."""
    return DayPlan(
        days,
        [r if isinstance(r, Route) else Route(name, tuple(r)) for name, r in routes.items()],
        travel or Street(),
    )


# --- random problems: a city of 15 km, everything in it is drawn ---------------------------------

LEVELS = st.dictionaries(st.sampled_from(["screen", "board", "battery"]), st.integers(1, 3), max_size=3)
PLACES = st.tuples(
    st.integers(0, 40).map(lambda step: 39.85 + step / 300),
    st.integers(0, 40).map(lambda step: 116.3 + step / 250),
)
BREAKS = st.one_of(
    st.just(()),
    st.just(((clock("12:00"), clock("12:45")),)),
    st.just(((clock("10:30"), clock("10:45")), (clock("15:00"), clock("15:20")))),
)
FACTORS = st.one_of(
    st.just((100,) * 24),
    st.lists(st.integers(50, 500), min_size=24, max_size=24).map(tuple),
    st.just((100,) * 8 + (150, 140) + (100,) * 7 + (165, 180) + (100,) * 5),
)
PACES = st.one_of(st.none(), st.builds(Pace, travel=FACTORS, service=FACTORS))


@dataclass(frozen=True)
class Uphill:
    """Travel that is a fifth slower northwards: an asymmetric provider."""

    flat: HaversineTravel = HaversineTravel(25)  # noqa: RUF009 - only a memory of distances

    def seconds(self, a: Place, b: Place, /) -> int:
        """Return the flat time, and a fifth more on the way north."""
        flat = self.flat.seconds(a, b)
        return flat + flat // 5 if b[0] > a[0] else flat


@st.composite
def stops(draw: st.DrawFn, visit_id: object = "new", *, picky: bool = True) -> Stop:
    """One visit with a window of one to three hours."""
    start = draw(st.integers(16, 38)) * 30 * MINUTE
    return Stop(
        visit_id,
        draw(PLACES),
        start,
        start + draw(st.integers(2, 6)) * 30 * MINUTE,
        draw(st.integers(1, 6)) * 15 * MINUTE,
        draw(LEVELS) if picky else {},
        frozenset(draw(st.sets(st.sampled_from(["apple", "huawei"]), max_size=1))) if picky else frozenset(),
    )


@st.composite
def engineer_days(draw: st.DrawFn, engineer_id: object = 0) -> EngineerDay:
    """One engineer's day, now and then a day off."""
    if draw(st.integers(0, 9)) == 0:
        return EngineerDay.off(engineer_id, draw(PLACES), because="absent")
    starts = draw(st.integers(7, 12))
    return EngineerDay(
        engineer_id,
        draw(PLACES),
        starts * HOUR,
        (starts + draw(st.integers(4, 10))) * HOUR,
        draw(LEVELS),
        frozenset(draw(st.sets(st.sampled_from(["apple", "huawei"]), max_size=2))),
        draw(BREAKS),
        pace=draw(PACES),
    )


TRAVELS = st.sampled_from([HaversineTravel(25), Uphill()])


@st.composite
def timetabled(draw: st.DrawFn) -> tuple[EngineerDay, Route, Travel]:
    """A route in any order, good or bad, in a day that may have begun."""
    day = draw(engineer_days())
    route = Route(
        day.engineer_id,
        tuple(draw(stops(f"v{n}", picky=False)) for n in range(draw(st.integers(0, 5)))),
        not_before=draw(st.sampled_from([0, 0, clock("09:40"), clock("13:05")])),
        start_place=draw(st.none() | PLACES),
    )
    return day, route, draw(TRAVELS)


@st.composite
def cities(draw: st.DrawFn, *, most: int = 4) -> DayPlan:
    """An empty plan of a few engineers."""
    days = [draw(engineer_days(number)) for number in range(draw(st.integers(1, most)))]
    return DayPlan(days, [], draw(TRAVELS))
