"""From rows to the dispatch engine's plain data, a fixed number of queries for any number of days."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache

from engineers.dispatch import DayPlan, EngineerDay, HaversineTravel, Place, Route, Stop
from engineers.models import Engineer, Visit
from engineers.states import ENDED, OPEN, UNDER_WAY, VisitStatus
from repairhub.places.models import City


@lru_cache(maxsize=8)
def travel_at(speed_kmh: int) -> HaversineTravel:
    """The travel provider of cities with this speed; its memory is bounded for the web process's sake."""
    return HaversineTravel(float(speed_kmh), keep=40_000)


@dataclass(frozen=True)
class CityClock:
    """Turns moments into the engine's seconds from the local midnight of one day, and back.

    Both ways by what a clock on the wall says, so that shifts and windows keep their hours on a day on which
    the clocks change.
    """

    midnight: datetime

    @classmethod
    def of(cls, city: City, on: date) -> "CityClock":
        """The clock of that city and day."""
        return cls(datetime(on.year, on.month, on.day, tzinfo=city.zone))

    def seconds(self, moment: datetime) -> int:
        """Whole seconds from midnight, below 0 on earlier days."""
        local = moment.astimezone(self.midnight.tzinfo).replace(tzinfo=None)
        return int((local - self.midnight.replace(tzinfo=None)).total_seconds())

    def moment(self, seconds: int) -> datetime:
        """The moment that many seconds after midnight."""
        return self.midnight + timedelta(seconds=seconds)


def city_today(city: City, at: datetime) -> date:
    """The calendar day of `at` in the city's zone."""
    return at.astimezone(city.zone).date()


def load_plans(city: City, first: date, last: date, at: datetime) -> dict[date, DayPlan]:
    """The routes of every day from `first` to `last`, as they stand at `at`. Six queries."""
    engineers = list(Engineer.objects.working_in(city).with_day(first, last).order_by("id"))
    visits: dict[tuple[date, int | None], list[Visit]] = defaultdict(list)
    rows = Visit.objects.filter(city=city, on__range=(first, last)).exclude(status=VisitStatus.CANCELLED)
    for visit in rows.order_by("planned_start_at", "id"):
        visits[visit.on, visit.engineer_id].append(visit)
    plans = {}
    for offset in range((last - first).days + 1):
        on = first + timedelta(days=offset)
        days = [engineer_day(engineer, on) for engineer in engineers]
        routes = [_route(engineer, visits[on, engineer.pk], city, on, at) for engineer in engineers]
        plans[on] = DayPlan(days, routes, travel_at(city.speed_kmh)).accepting_present_lateness()
    return plans


def engineer_day(engineer: Engineer, on: date) -> EngineerDay:
    """What the engineer may do that day and when (loaded by `with_day`)."""
    base = (engineer.base_latitude, engineer.base_longitude)
    skills: dict[str, int] = {}
    lapsed: dict[str, str] = {}
    for certificate in engineer.certificates.all():
        key = certificate.skill.key
        if certificate.suspended_at is not None:
            lapsed[key] = "suspended"
        elif certificate.valid_until_on < on:
            lapsed.setdefault(key, "expired")
        elif certificate.valid_from_on > on:
            lapsed.setdefault(key, "not_yet_valid")
        else:
            skills[key] = max(certificate.level, skills.get(key, 0))
    lapsed = {key: why for key, why in lapsed.items() if key not in skills}
    brands = frozenset(
        a.brand.key for a in engineer.authorisations.all() if a.valid_from_on <= on <= a.valid_until_on
    )
    hours = hours_of(engineer, on)
    if hours.end <= hours.start:
        return EngineerDay.off(
            engineer.pk, base, because=hours.off_because, skills=skills, brands=brands, lapsed=lapsed
        )
    return EngineerDay(
        engineer_id=engineer.pk,
        base=base,
        shift_start=hours.start,
        shift_end=hours.end,
        skills=skills,
        brands=brands,
        breaks=hours.breaks,
        lapsed=lapsed,
        off_because=hours.off_because,
    )


@dataclass(frozen=True)
class Hours:
    """When an engineer works on a day, in seconds from midnight; `end` not after `start`: not at all.

    `off_because`: "no_shift", or "absent" where an absence takes the day or cuts its beginning or end off.
    """

    start: int = 0
    end: int = 0
    breaks: tuple[tuple[int, int], ...] = ()
    off_because: str = ""


def hours_of(engineer: Engineer, on: date) -> Hours:
    """The shift of that weekday without the absences (both loaded by `with_day` or `with_shift`)."""
    absences = sorted(part for absence in engineer.absences.all() if (part := absence.seconds_of(on)))
    shift = next((s for s in engineer.shifts.all() if s.weekday == on.weekday()), None)
    if shift is None:
        return Hours(off_because="absent" if absences else "no_shift")
    start = shift.starts_at.hour * 3600 + shift.starts_at.minute * 60
    end = shift.ends_at.hour * 3600 + shift.ends_at.minute * 60
    breaks: list[tuple[int, int]] = []
    because = ""
    for since, until in absences:
        if since >= end or until <= start:
            continue
        if since > start and until < end:
            breaks.append((since, until))
            continue
        because = "absent"
        if since <= start:
            start = until
        else:
            end = since
    if end <= start:
        return Hours(off_because=because)
    # what was cut off is no break any more
    kept = [(max(since, start), min(until, end)) for since, until in breaks if since < end and until > start]
    return Hours(start, end, _merged(kept), because)


def _merged(spans: list[tuple[int, int]]) -> tuple[tuple[int, int], ...]:
    merged: list[tuple[int, int]] = []
    for since, until in sorted(spans):
        if merged and since <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], until))
        else:
            merged.append((since, until))
    return tuple(merged)


def stop_for(visit: Visit, clock: CityClock, at: datetime) -> Stop:
    """The visit as the engine sees it. One under way keeps its planned start unless that is past."""
    fixed_start = None
    service = visit.service_minutes * 60
    now = clock.seconds(at)
    if visit.status in UNDER_WAY and visit.planned_start_at is not None:
        planned = clock.seconds(visit.planned_start_at)
        if visit.status == VisitStatus.ON_SITE and visit.arrived_at is not None:
            fixed_start = max(planned, clock.seconds(visit.started_at or visit.arrived_at))
            service = max(service, now - fixed_start)  # an overrun lasts until now at least
        else:
            fixed_start = max(planned, now)
    return Stop(
        visit_id=visit.pk,
        place=(visit.latitude, visit.longitude),
        window_start=clock.seconds(visit.window_start_at),
        window_end=clock.seconds(visit.window_end_at),
        service=service,
        skills=dict(visit.required_skills),
        brands=frozenset(visit.required_brands),
        pinned=visit.is_pinned,
        fixed_start=fixed_start,
        named=visit.engineer_id if visit.status == VisitStatus.CONFIRMED else None,
    )


def _route(engineer: Engineer, visits: Iterable[Visit], city: City, on: date, at: datetime) -> Route:
    clock = CityClock.of(city, on)
    visits = list(visits)
    under_way = [v for v in visits if v.status in UNDER_WAY]
    waiting = [v for v in visits if v.status in OPEN and v.status not in UNDER_WAY]
    ended = [v for v in visits if v.status in ENDED and v.ended_at is not None]
    start_place: Place | None = None
    if ended:
        last = max(ended, key=lambda v: v.ended_at or at)
        start_place = (last.latitude, last.longitude)
    not_before = max(0, clock.seconds(at))  # 0 on later days; after midnight, and so never, on past ones
    return Route(
        engineer_id=engineer.pk,
        stops=tuple(stop_for(visit, clock, at) for visit in [*under_way, *waiting]),
        not_before=not_before,
        start_place=start_place,
    )
