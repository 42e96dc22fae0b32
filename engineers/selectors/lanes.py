"""The engineers' day as lanes across the hours: positions in per cent of the hours shown, ready to draw."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time
from itertools import zip_longest

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from engineers.forms import BoardFilters
from engineers.models import Engineer, Visit
from engineers.planning import CityClock, travel_at
from engineers.ports import VisitTitle
from engineers.selectors.board import BoardDay, tone_of
from engineers.states import MOVABLE, VisitStatus
from repairhub.places.models import City

LANES_PAGE = 100
HOUR = 3600
USUAL_HOURS = (8, 20)
WORDS = 105 * 60  # seconds that a visit's words take up on the narrowest lane


@dataclass(frozen=True)
class Span:
    """A piece of a lane, in per cent of the hours shown, as text for SVG attributes."""

    x: str
    end: str
    width: str


@dataclass(frozen=True)
class Block:
    """A visit on a lane. `has_room`: its words may run on to the right, for nothing follows soon.

    For moving it: `seen` (empty where it may not be moved), `promised` in seconds from midnight
    ("start-end"), `minutes` of work.
    """

    reference: str
    address: str
    span: Span
    window: Span
    promised: str
    minutes: int
    seen: str
    tone: str
    label: str
    note: str
    description: str
    has_room: bool
    is_dim: bool


@dataclass(frozen=True)
class Lane:
    """One engineer's day."""

    engineer: Engineer
    shift: str
    load: str
    off_shift: Sequence[Span]
    travel: Sequence[Span]
    blocks: Sequence[Block]


@dataclass(frozen=True)
class Hour:
    """A line of the scale."""

    x: str
    label: str


@dataclass(frozen=True)
class Lanes:
    """The lanes of one page of engineers, from second `first` to `last`. `now` is empty on other days."""

    lanes: Sequence[Lane]
    hours: Sequence[Hour]
    first: int
    last: int
    now: str
    working: int
    away: int
    number: int
    pages: int

    @property
    def before(self) -> int:
        """The number of the page before, 0 on the first."""
        return self.number - 1

    @property
    def after(self) -> int:
        """The number of the page after, 0 on the last."""
        return self.number + 1 if self.number < self.pages else 0


class Scale:
    """Turns seconds from midnight into per cent of the hours shown."""

    def __init__(self, first_hour: int, last_hour: int) -> None:
        self.first, self.last = first_hour * HOUR, last_hour * HOUR

    def at(self, seconds: int) -> float:
        """Per cent from the left edge, cut off at the edges."""
        return min(max((seconds - self.first) / (self.last - self.first), 0.0), 1.0) * 100

    def span(self, start: int, end: int) -> Span:
        """From `start` to `end`."""
        x, until = self.at(start), self.at(end)
        return Span(_percent(x), _percent(until), _percent(until - x))

    def hours(self) -> list[Hour]:
        """The full hours, the last edge left out."""
        return [
            Hour(_percent(self.at(second)), f"{second // HOUR:02d}")
            for second in range(self.first, self.last, HOUR)
        ]


@dataclass(frozen=True)
class LanePage:
    """The engineers of one page of lanes with their visits; how many are shown in all, and how many away."""

    lanes: Sequence[tuple[Engineer, Sequence[Visit]]]
    working: int
    away: int
    number: int
    pages: int

    @property
    def visits(self) -> list[Visit]:
        """Every visit on these lanes."""
        return [visit for _engineer, visits in self.lanes for visit in visits]


def lane_page(day: BoardDay, filters: BoardFilters) -> LanePage:
    """Who is at work that day or has visits on it, as far as the filters let them: with visits first."""
    held: dict[int, list[Visit]] = {}
    for visit in sorted(day.visits, key=_by_start):
        if visit.engineer_id is not None and visit.on == day.on and visit.status != VisitStatus.CANCELLED:
            held.setdefault(visit.engineer_id, []).append(visit)
    shown: list[tuple[Engineer, Sequence[Visit]]] = []
    away = 0
    for engineer in day.engineers:
        visits = held.get(engineer.pk, [])
        is_here = engineer.is_working and engineer.city_id == day.city.pk
        if visits or (is_here and hours_of(engineer) is not None):
            if _is_wanted(engineer, visits, filters):
                shown.append((engineer, visits))
        elif is_here:
            away += 1
    shown.sort(key=lambda lane: not lane[1])
    pages = max(1, -(-len(shown) // LANES_PAGE))
    number = min(max(1, filters.lanes), pages)
    start = (number - 1) * LANES_PAGE
    return LanePage(shown[start : start + LANES_PAGE], len(shown), away, number, pages)


def day_lanes(
    day: BoardDay, page: LanePage, filters: BoardFilters, titles: Mapping[int, VisitTitle], at: datetime
) -> Lanes:
    """The lanes of that page, ready to draw. No query."""
    clock = CityClock.of(day.city, day.on)
    scale = _scale(page, clock)
    draw = _Drawing(day.city, clock, scale, titles, filters)
    now = clock.seconds(at)
    return Lanes(
        lanes=[draw.lane(engineer, visits) for engineer, visits in page.lanes],
        hours=scale.hours(),
        first=scale.first,
        last=scale.last,
        now=_percent(scale.at(now)) if scale.first <= now <= scale.last else "",
        working=page.working,
        away=page.away,
        number=page.number,
        pages=page.pages,
    )


def hours_of(engineer: Engineer) -> tuple[time, time] | None:
    """The hours of an engineer loaded `with_shift`, or None where there are none.

    An absence that begins or ends within them cuts them off; one in their middle is left to the plan.
    """
    starts_at, ends_at, is_absent = engineer.shift_starts_at, engineer.shift_ends_at, engineer.is_absent  # type: ignore[attr-defined]
    since, until = engineer.away_from_at, engineer.away_until_at  # type: ignore[attr-defined]
    if is_absent or starts_at is None:
        return None
    if since is not None and (until is None or until >= ends_at):
        ends_at = min(ends_at, since)
    elif until is not None and (since is None or since <= starts_at):
        starts_at = max(starts_at, until)
    return (starts_at, ends_at) if starts_at < ends_at else None


def _is_wanted(engineer: Engineer, visits: Sequence[Visit], filters: BoardFilters) -> bool:
    if filters.skill and not engineer.has_skill:  # type: ignore[attr-defined]  # annotated by with_skill
        return False
    if filters.who and (filters.who == "busy") != bool(visits):
        return False
    name = filters.name.casefold()
    if name and name not in engineer.user.name.casefold() and name not in engineer.number.casefold():
        return False
    return not filters.state or any(tone_of(visit) == filters.state for visit in visits)


def _by_start(visit: Visit) -> tuple[float, int]:
    return (visit.planned_start_at.timestamp() if visit.planned_start_at else 0.0, visit.pk)


def _scale(page: LanePage, clock: CityClock) -> Scale:
    first, last = USUAL_HOURS
    for engineer, visits in page.lanes:
        if (hours := hours_of(engineer)) is not None:
            first = min(first, hours[0].hour)
            last = max(last, hours[1].hour + (1 if hours[1].minute else 0))
        for visit in visits:
            if visit.planned_start_at is not None and visit.planned_end_at is not None:
                first = min(first, clock.seconds(visit.planned_start_at) // HOUR)
                last = max(last, -(-clock.seconds(visit.planned_end_at) // HOUR))
    return Scale(max(0, first), min(24, last))


class _Drawing:
    def __init__(
        self,
        city: City,
        clock: CityClock,
        scale: Scale,
        titles: Mapping[int, VisitTitle],
        filters: BoardFilters,
    ) -> None:
        self._city, self._clock, self._scale, self._titles = city, clock, scale, titles
        self._filters = filters
        self._drive = travel_at(city.speed_kmh).seconds
        self._address = reverse("board_visit", args=["V"]).removesuffix("V/")
        self._words = {"planned": _("planned %(times)s"), "promised": _("promised %(times)s")}
        self._comma = _(", ")
        self._states = {status.value: str(status.label) for status in VisitStatus}

    def lane(self, engineer: Engineer, visits: Sequence[Visit]) -> Lane:
        """One engineer's hours, drives and visits."""
        hours = hours_of(engineer)
        if hours is not None:
            words = f"{hours[0]:%H:%M}–{hours[1]:%H:%M}"
            opens, closes = (at.hour * HOUR + at.minute * 60 for at in hours)
            edges = [(self._scale.first, opens), (closes, self._scale.last)]
        else:
            words = _("absent") if engineer.is_absent else _("no shift")  # type: ignore[attr-defined]
            edges = [(self._scale.first, self._scale.last)]
        count = len(visits)
        return Lane(
            engineer=engineer,
            shift=words,
            load=ngettext("%(count)d visit", "%(count)d visits", count) % {"count": count},
            off_shift=[self._scale.span(start, end) for start, end in edges if start < end],
            travel=list(self._travel(engineer, visits)),
            blocks=[self._block(*pair) for pair in zip_longest(visits, visits[1:])],
        )

    def _travel(self, engineer: Engineer, visits: Sequence[Visit]) -> Iterable[Span]:
        """Each drive just before the visit it leads to, and the way home after the last."""
        base = (engineer.base_latitude, engineer.base_longitude)
        place, ended = base, 0
        for visit in visits:
            there = (visit.latitude, visit.longitude)
            drive = self._drive(place, there)
            start, end = self._planned(visit)
            if drive:
                yield self._scale.span(max(start - drive, ended), start)
            place, ended = there, end
        if visits and (home := self._drive(place, base)):
            yield self._scale.span(ended, ended + home)

    def _block(self, visit: Visit, following: Visit | None) -> Block:
        known = self._titles.get(visit.pk)
        label = known.reference if known else visit.reference
        tone = tone_of(visit)
        state = _("at risk") if tone == "at_risk" else self._states[visit.status]
        start, end = self._planned(visit)
        seconds = self._clock.seconds
        promised = (seconds(visit.window_start_at), seconds(visit.window_end_at))
        words = [label, known.title if known else ""]
        words.append(self._words["planned"] % {"times": _times(start, end)})
        words += [self._words["promised"] % {"times": _times(*promised)}, state]
        return Block(
            reference=visit.reference,
            address=f"{self._address}{visit.reference}/",
            span=self._scale.span(start, end),
            window=self._scale.span(*promised),
            promised=f"{promised[0]}-{promised[1]}",
            minutes=visit.service_minutes,
            seen=visit.place_in_route if visit.status in MOVABLE else "",
            tone=tone,
            label=label,
            note=_("pinned") if visit.is_pinned and visit.is_open else state,
            has_room=following is None or self._planned(following)[0] - start >= WORDS,
            is_dim=self._filters.leaves_out(visit, tone),
            description=self._comma.join(word for word in words if word),
        )

    def _planned(self, visit: Visit) -> tuple[int, int]:
        start, end = visit.planned_start_at, visit.planned_end_at
        if start is None or end is None:  # a visit with an engineer has both, by constraint
            return (0, 0)
        return (self._clock.seconds(start), self._clock.seconds(end))


def _times(start: int, end: int) -> str:
    """Seconds from midnight by the clock on the wall: "10:00–11:30"."""
    return f"{_hour(start)}–{_hour(end)}"


def _hour(seconds: int) -> str:
    return f"{seconds // HOUR % 24:02d}:{seconds % HOUR // 60:02d}"


def _clock(seconds: int) -> str:
    return f"{seconds // HOUR:02d}:{seconds % HOUR // 60:02d}"


def _percent(value: float) -> str:
    return f"{value:.2f}%"
