"""The engineers' day as lanes across the hours: positions in per cent of the hours shown, ready to draw."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import zip_longest

from django.db.models import Exists, F, OuterRef, Q
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from engineers.models import Absence, Engineer, Visit, WeeklyShift
from engineers.planning import CityClock, hours_of, travel_at
from engineers.ports import VisitDetails, visit_details
from engineers.querysets import WORKING
from engineers.states import AWAITED, VisitStatus
from repairhub.core.moments import format_time
from repairhub.core.names import listed
from repairhub.places.models import City

LANES_PAGE = 40
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
    """A visit on a lane. `has_room`: its words may run on to the right, for nothing follows soon."""

    visit: Visit
    span: Span
    window: Span
    tone: str
    label: str
    note: str
    description: str
    has_room: bool


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
    """The lanes of one page of a city's engineers. `now` is empty on other days."""

    lanes: Sequence[Lane]
    hours: Sequence[Hour]
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


def day_lanes(city: City, on: date, *, number: int, at: datetime) -> Lanes:
    """One page of the city's engineers at work that day, with their visits; those who have some come first.

    A fixed number of queries however many visits there are.
    """
    here = Engineer.objects.filter(city=city)
    on_shift = Exists(WeeklyShift.objects.filter(engineer=OuterRef("pk"), weekday=on.weekday()))
    absent = Exists(Absence.objects.of_whole_day(on).filter(engineer=OuterRef("pk")))
    planned = Visit.objects.of_day(city, on).exclude(status=VisitStatus.CANCELLED)
    has_visits = Exists(planned.filter(engineer=OuterRef("pk")))
    shown = here.annotate(has_visits=has_visits).filter((WORKING & on_shift & ~absent) | Q(has_visits=True))
    working = shown.count()
    pages = max(1, -(-working // LANES_PAGE))
    number = min(max(1, number), pages)
    start = (number - 1) * LANES_PAGE
    engineers = list(
        shown.select_related("user")
        .with_shift(on)
        .order_by(F("has_visits").desc(), "number")[start : start + LANES_PAGE]
    )
    visits = list(planned.filter(engineer__in=engineers).order_by("planned_start_at", "id"))
    by_engineer: dict[int, list[Visit]] = {}
    for visit in visits:
        by_engineer.setdefault(visit.engineer_id or 0, []).append(visit)
    clock = CityClock.of(city, on)
    scale = _scale(engineers, visits, clock)
    draw = _Drawing(city, on, clock, scale, visit_details(visits))
    now = clock.seconds(at)
    return Lanes(
        lanes=[draw.lane(engineer, by_engineer.get(engineer.pk, [])) for engineer in engineers],
        hours=scale.hours(),
        now=_percent(scale.at(now)) if scale.first <= now <= scale.last else "",
        working=working,
        away=here.working().count() - shown.working().count(),
        number=number,
        pages=pages,
    )


def _scale(engineers: Iterable[Engineer], visits: Iterable[Visit], clock: CityClock) -> Scale:
    first, last = USUAL_HOURS
    for engineer in engineers:
        for shift in engineer.shifts.all():
            first = min(first, shift.starts_at.hour)
            last = max(last, shift.ends_at.hour + (1 if shift.ends_at.minute else 0))
    for visit in visits:
        if visit.planned_start_at is not None and visit.planned_end_at is not None:
            first = min(first, clock.seconds(visit.planned_start_at) // HOUR)
            last = max(last, -(-clock.seconds(visit.planned_end_at) // HOUR))
    return Scale(max(0, first), min(24, last))


class _Drawing:
    def __init__(
        self, city: City, on: date, clock: CityClock, scale: Scale, details: dict[int, VisitDetails]
    ) -> None:
        self._city, self._on, self._clock, self._scale, self._details = city, on, clock, scale, details
        self._drive = travel_at(city.speed_kmh).seconds

    def lane(self, engineer: Engineer, visits: Sequence[Visit]) -> Lane:
        hours = hours_of(engineer, self._on)
        if hours.end > hours.start:
            words = f"{_clock(hours.start)}–{_clock(hours.end)}"
            edges = [(self._scale.first, hours.start), *hours.breaks, (hours.end, self._scale.last)]
        else:
            words = _("absent") if hours.off_because == "absent" else _("no shift")
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
        details = self._details.get(visit.pk)
        label = details.reference if details else visit.reference
        at_risk = visit.at_risk_at is not None and visit.status in AWAITED
        state = _("at risk") if at_risk else visit.get_status_display()
        times = self._times(visit.planned_start_at, visit.planned_end_at)
        window = self._times(visit.window_start_at, visit.window_end_at)
        words = [label, details.title if details else "", _("planned %(times)s") % {"times": times}]
        words += [_("promised %(times)s") % {"times": window}, str(state)]
        return Block(
            visit=visit,
            span=self._scale.span(*self._planned(visit)),
            window=self._scale.span(
                self._clock.seconds(visit.window_start_at), self._clock.seconds(visit.window_end_at)
            ),
            tone="at_risk" if at_risk else str(visit.status),
            label=label,
            note=str(state),
            has_room=following is None or self._planned(following)[0] - self._planned(visit)[0] >= WORDS,
            description=listed(word for word in words if word),
        )

    def _planned(self, visit: Visit) -> tuple[int, int]:
        start, end = visit.planned_start_at, visit.planned_end_at
        if start is None or end is None:  # a visit with an engineer has both, by constraint
            return (0, 0)
        return (self._clock.seconds(start), self._clock.seconds(end))

    def _times(self, start: datetime | None, end: datetime | None) -> str:
        if start is None or end is None:
            return ""
        return f"{format_time(start, self._city)}–{format_time(end, self._city)}"


def _clock(seconds: int) -> str:
    return f"{seconds // HOUR:02d}:{seconds % HOUR // 60:02d}"


def _percent(value: float) -> str:
    return f"{value:.2f}%"
