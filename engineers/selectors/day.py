"""An engineer's own day: the route in order with its times and drives, what is next, what is over."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.db.models import Q

from engineers.dispatch import Place
from engineers.models import Engineer, Visit
from engineers.planning import city_today, travel_at
from engineers.ports import VisitDetails, visit_details
from engineers.selectors.route_map import RouteMap, draw_route
from engineers.services.lateness import expected_choices
from engineers.states import ENDED, UNDER_WAY, VisitStatus

SHOWN_LATE = timedelta(minutes=2)
MOST_PINS = 40


@dataclass(frozen=True)
class StopOfDay:
    """One visit of the route; drive and way are those from the place before.

    `expected_at`: when its work begins as things stand, where that is later than planned.
    """

    visit: Visit
    details: VisitDetails | None
    number: int
    drive_minutes: int
    drive_km: float
    expected_at: datetime | None
    is_next: bool

    @property
    def is_under_way(self) -> bool:
        """Whether the engineer has set out for it: it can be gone on with on any day."""
        return self.visit.status in UNDER_WAY

    @property
    def is_too_late(self) -> bool:
        """Whether it is expected after its promised window."""
        return self.expected_at is not None and self.expected_at > self.visit.window_end_at

    @property
    def place_uri(self) -> str:
        """Opens the phone's own map."""
        return f"geo:{self.visit.latitude:.6f},{self.visit.longitude:.6f}"


@dataclass(frozen=True)
class LateChoice:
    """A button of "I am running late": how late, and what that means on the clock."""

    minutes: int
    expected_at: datetime


@dataclass(frozen=True)
class EngineerRoute:
    """The visits of a day: still to do, what is under way first, and over. Drives include the way home."""

    to_do: Sequence[StopOfDay]
    over: Sequence[StopOfDay]
    drive_minutes: int
    drive_km: float
    drawing: RouteMap | None
    late_choices: Sequence[LateChoice]

    @property
    def count(self) -> int:
        """How many visits the day has."""
        return len(self.to_do) + len(self.over)


def engineer_of(user: Any) -> Engineer | None:
    """The engineer's record of this person, if there is one."""
    return Engineer.objects.select_related("user", "city").filter(user=user).first()


def late_choices(visit: Visit, at: datetime) -> list[LateChoice]:
    """The buttons for this visit; none where nothing can be late today."""
    if visit.status not in (VisitStatus.CONFIRMED, *UNDER_WAY) or visit.on != city_today(visit.city, at):
        return []
    return [LateChoice(minutes, moment) for minutes, moment in expected_choices(visit, at).items()]


def route_of_day(engineer: Engineer, on: date, at: datetime) -> EngineerRoute:
    """The engineer's named visits of that day, after whatever is under way, of whichever day that is.

    A visit left under way stands in the way of every other one: it is next, else the first to do.
    """
    shown = Visit.objects.for_engineer(engineer.user).filter(Q(on=on) | Q(status__in=UNDER_WAY))
    visits = list(shown.select_related("city").order_by("planned_start_at", "id"))
    details = visit_details(visits, unmasked=True)
    over = [visit for visit in visits if visit.status in ENDED]
    waiting = sorted(
        (visit for visit in visits if visit.status not in ENDED), key=lambda v: v.status not in UNDER_WAY
    )
    drive = _Drive(engineer, at, is_today=on == city_today(engineer.city, at))
    rows = [drive.to(visit) for visit in [*over, *waiting]]
    stops = [
        StopOfDay(visit, details.get(visit.pk), number, *row, is_next=visit is next(iter(waiting), None))
        for number, (visit, row) in enumerate(zip([*over, *waiting], rows, strict=True), start=1)
    ]
    home_minutes, home_km = drive.home() if stops else (0, 0.0)
    return EngineerRoute(
        to_do=stops[len(over) :],
        over=stops[: len(over)],
        drive_minutes=sum(stop.drive_minutes for stop in stops) + home_minutes,
        drive_km=sum(stop.drive_km for stop in stops) + home_km,
        drawing=draw_route(drive.base, [_pin(stop) for stop in stops[:MOST_PINS]]),
        late_choices=late_choices(waiting[0], at) if waiting else [],
    )


def _pin(stop: StopOfDay) -> tuple[int, Place, str]:
    tone = "over" if stop.visit.is_ended else "next" if stop.is_next else "later"
    return stop.number, (stop.visit.latitude, stop.visit.longitude), tone


class _Drive:
    """Drives the route through, as the dispatch engine reckons: each visit no earlier than planned."""

    def __init__(self, engineer: Engineer, at: datetime, *, is_today: bool) -> None:
        self.base = (engineer.base_latitude, engineer.base_longitude)
        self._travel = travel_at(engineer.city.speed_kmh)
        self._place: Place = self.base
        self._at, self._is_today = at, is_today
        self._free_at = at

    def to(self, visit: Visit) -> tuple[int, float, datetime | None]:
        """Minutes and kilometres to it, and its expected start where that is later than planned."""
        minutes, km = self._leg((visit.latitude, visit.longitude))
        if visit.is_ended or not self._is_today or visit.planned_start_at is None:
            return minutes, km, None
        start = self._start(visit, minutes)
        end = start + timedelta(minutes=visit.service_minutes)
        if visit.status == VisitStatus.ON_SITE:
            end = max(end, self._at, visit.expected_end_at or end)
        self._free_at = end
        is_later = visit.status != VisitStatus.ON_SITE and start - visit.planned_start_at >= SHOWN_LATE
        return minutes, km, start if is_later else None

    def home(self) -> tuple[int, float]:
        """Minutes and kilometres back to the base."""
        return self._leg(self.base)

    def _start(self, visit: Visit, minutes: int) -> datetime:
        planned = visit.planned_start_at or self._at
        if visit.status == VisitStatus.ON_SITE:
            return max(planned, visit.started_at or visit.arrived_at or planned)
        said = max(planned, visit.expected_start_at or planned)
        if visit.status == VisitStatus.EN_ROUTE:
            return max(said, self._at)
        return max(said, visit.window_start_at, self._free_at + timedelta(minutes=minutes))

    def _leg(self, place: Place) -> tuple[int, float]:
        seconds = self._travel.seconds(self._place, place)
        self._place = place
        return -(-seconds // 60), seconds / 3600 * self._travel.speed_kmh
