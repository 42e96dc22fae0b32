"""What the dispatch engine plans with: visits, engineers' days, routes and travel, as plain data.

Units, everywhere in this package: times are whole seconds from the local midnight of one day,
durations are whole seconds, places are ``(latitude, longitude)`` in degrees. Nothing here knows
Django, the database, the settings or the time of day; callers pass all of it in.

The rules of a route (issue "Dispatch", format of ``plan_file``): an arrival lies not after the
window's end, a service not before its start, waiting is allowed, and the engineer leaves from and
is back at the base inside the shift.
"""

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import asin, ceil, cos, radians, sin, sqrt
from typing import Protocol

from engineers.dispatch.clock import Pace

Place = tuple[float, float]
VisitId = Hashable
EngineerId = Hashable

EARTH_RADIUS_KM = 6371.0088
DETOUR = 1.3
"""Streets are this much longer than the straight line (the issue's formula)."""


class Travel(Protocol):
    """Gives travel times. ``seconds(a, b)`` need not equal ``seconds(b, a)``."""

    def seconds(self, a: Place, b: Place, /) -> int:
        """Return the whole seconds from ``a`` to ``b``; 0 between equal places."""
        ...


class HaversineTravel:
    """Travel by the straight line: ceil(haversine km x detour / speed x 3600), kept once worked out.

    The memory is bounded: past ``keep`` pairs it starts afresh, so one instance may live as long as
    its process.
    """

    __slots__ = ("_angles", "_keep", "_known", "detour", "speed_kmh")

    def __init__(self, speed_kmh: float = 25.0, detour: float = DETOUR, *, keep: int = 100_000) -> None:
        """Raise ValueError when the speed or the detour is not above zero."""
        if not speed_kmh > 0 or not detour > 0:
            raise ValueError("speed_kmh and detour must be above zero")
        self.speed_kmh = speed_kmh
        self.detour = detour
        self._keep = keep
        self._known: dict[tuple[Place, Place], int] = {}
        self._angles: dict[Place, tuple[float, float, float]] = {}

    def seconds(self, a: Place, b: Place, /) -> int:
        """Return the whole seconds between two places, the same both ways; 0 between equal ones."""
        known = self._known.get((a, b))
        if known is not None:
            return known
        if len(self._known) >= self._keep:
            self._known.clear()
            self._angles.clear()
        latitude_a, longitude_a, cosine_a = self._angles.get(a) or self._angles_of(a)
        latitude_b, longitude_b, cosine_b = self._angles.get(b) or self._angles_of(b)
        across = sin((latitude_b - latitude_a) / 2)
        along = sin((longitude_b - longitude_a) / 2)
        half = across * across + cosine_a * cosine_b * (along * along)
        kilometres = 2 * EARTH_RADIUS_KM * asin(sqrt(min(1.0, half)))
        seconds = ceil(kilometres * self.detour / self.speed_kmh * 3600)
        self._known[a, b] = seconds
        return seconds

    def table(self, places: Sequence[Place]) -> list[list[int]]:
        """Return the seconds from each place to each: what ``seconds`` says, worked out in one go."""
        size = len(places)
        angles = [
            (radians(latitude), radians(longitude), cos(radians(latitude))) for latitude, longitude in places
        ]
        factor, detour, speed = 2 * EARTH_RADIUS_KM, self.detour, self.speed_kmh
        rows = [[0] * size for _ in places]
        for i, (latitude_a, longitude_a, cosine_a) in enumerate(angles):
            row = rows[i]
            for j in range(i):
                latitude_b, longitude_b, cosine_b = angles[j]
                across = sin((latitude_b - latitude_a) / 2)
                along = sin((longitude_b - longitude_a) / 2)
                half = across * across + cosine_a * cosine_b * (along * along)
                kilometres = factor * asin(sqrt(min(1.0, half)))
                row[j] = rows[j][i] = ceil(kilometres * detour / speed * 3600)
        return rows

    def _angles_of(self, place: Place) -> tuple[float, float, float]:
        latitude, longitude = radians(place[0]), radians(place[1])
        angles = self._angles[place] = (latitude, longitude, cos(latitude))
        return angles


_NOTHING: Mapping[str, int] = {}
_NO_PROBLEMS: Mapping[str, str] = {}


@dataclass(frozen=True, slots=True)
class Stop:
    """One visit as the engine sees it.

    ``skills`` maps a skill to the lowest level that will do; ``brands`` are those whose
    authorisation the visit needs. ``pinned`` keeps the visit with its engineer. ``fixed_start`` is
    when it started, or for an engineer on the way is expected to start: such a stop, and any before
    it, is passed by nobody. ``late_until`` is the start already expected before planning of a visit
    that is late: a plan may keep that start but not make it later (design, section 5). For a visit in
    no route whose window nobody can keep, it is the earliest start that anybody offers (``least_late``).
    """

    visit_id: VisitId
    place: Place
    window_start: int
    window_end: int
    service: int
    skills: Mapping[str, int] = field(default_factory=dict, hash=False)
    brands: frozenset[str] = frozenset()
    weight: int = 1
    pinned: bool = False
    fixed_start: int | None = None
    late_until: int | None = None
    parts: Mapping[Hashable, int] = field(default_factory=dict, hash=False)
    promised: bool = True
    named: EngineerId | None = None

    @property
    def deadline(self) -> int:
        """The latest second at which the visit may start: the window's end, or the present lateness."""
        if self.late_until is not None and self.late_until > self.window_end:
            return self.late_until
        return self.window_end


@dataclass(frozen=True, slots=True)
class EngineerDay:
    """One engineer on one day: where the day starts and ends, when, and what may be done on it.

    ``skills`` maps each skill certified on that day to its level; ``brands`` are the authorisations
    valid on it. ``lapsed`` says of a skill that is missing why ("expired", "suspended",
    "suspended_for_reworks", "not_yet_valid"), for explanations. An engineer with no shift that day has
    ``shift_end`` not after ``shift_start`` (see ``off``). In ``breaks``, sorted pairs (start, end), the
    engineer neither drives nor works; a drive is continued after the break, a service is not split by it.
    ``pace`` says how much longer drives and services take in each hour; None for a day without factors.
    ``van`` counts the pieces in the van by kind of part; None where parts are no question.
    """

    engineer_id: EngineerId
    base: Place
    shift_start: int
    shift_end: int
    skills: Mapping[str, int] = field(default_factory=dict, hash=False)
    brands: frozenset[str] = frozenset()
    breaks: tuple[tuple[int, int], ...] = ()
    lapsed: Mapping[str, str] = field(default_factory=dict, hash=False)
    off_because: str = ""
    van: Mapping[Hashable, int] | None = field(default=None, hash=False)
    pace: Pace | None = None

    @classmethod
    def off(
        cls,
        engineer_id: EngineerId,
        base: Place,
        *,
        because: str = "no_shift",
        skills: Mapping[str, int] = _NOTHING,
        brands: frozenset[str] = frozenset(),
        lapsed: Mapping[str, str] = _NO_PROBLEMS,
    ) -> "EngineerDay":
        """Return the day of an engineer who does not work it: "no_shift" or "absent"."""
        return cls(engineer_id, base, 0, 0, skills, brands, (), lapsed, because)

    @property
    def on_shift(self) -> bool:
        """Whether the engineer works at all on this day."""
        return self.shift_end > self.shift_start


@dataclass(frozen=True, slots=True)
class Route:
    """The stops of one engineer in their order.

    For a day that has begun, ``start_place`` is where the engineer is (base if None) and
    ``not_before`` when the next leg can start at the earliest: finished visits are left out, a
    started or driven-to one comes first with its ``fixed_start``. ``locked`` leading stops are
    passed by nobody, besides those up to the last ``fixed_start``. ``return_until`` is the return
    already expected where it lies after the shift.
    """

    engineer_id: EngineerId
    stops: tuple[Stop, ...] = ()
    not_before: int = 0
    start_place: Place | None = None
    locked: int = 0
    return_until: int | None = None

    @property
    def first_free(self) -> int:
        """The first position at which a stop may be put in."""
        last = max((i + 1 for i, stop in enumerate(self.stops) if stop.fixed_start is not None), default=0)
        return min(max(self.locked, last), len(self.stops))

    def with_stop(self, stop: Stop, position: int) -> "Route":
        """Return this route with the stop put in before the one now at ``position``.

        Raise ValueError for a position outside the route or before a started stop.
        """
        if not self.first_free <= position <= len(self.stops):
            raise ValueError(f"position {position} is not open in a route of {len(self.stops)} stops")
        return replace(self, stops=(*self.stops[:position], stop, *self.stops[position:]))

    def without(self, visit_id: VisitId) -> "Route":
        """Return this route without the visit; raise KeyError when it is not in it."""
        for position, stop in enumerate(self.stops):
            if stop.visit_id == visit_id:
                locked = self.locked - 1 if position < self.locked else self.locked
                return replace(self, stops=self.stops[:position] + self.stops[position + 1 :], locked=locked)
        raise KeyError(visit_id)


@dataclass(frozen=True, slots=True)
class PlannedVisit:
    """A visit with its planned span, seconds from midnight: what is written to the database."""

    visit_id: VisitId
    start: int
    end: int


def has_parts(stop: Stop, day: EngineerDay, others: Iterable[Stop] = ()) -> bool:
    """Return whether the van holds the visit's parts besides those that the other stops take from it."""
    if day.van is None or not stop.parts:
        return True
    taken = list(others)
    return all(
        pieces + sum(other.parts.get(part, 0) for other in taken) <= day.van.get(part, 0)
        for part, pieces in stop.parts.items()
    )


def by_engineer(days: Iterable[EngineerDay]) -> dict[EngineerId, EngineerDay]:
    """Return the days by engineer; raise ValueError when one engineer comes twice."""
    found: dict[EngineerId, EngineerDay] = {}
    for day in days:
        if day.engineer_id in found:
            raise ValueError(f"engineer {day.engineer_id!r} comes twice")
        found[day.engineer_id] = day
    return found
