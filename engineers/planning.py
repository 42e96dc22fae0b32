"""From rows to the dispatch engine's plain data, a fixed number of queries for any number of days."""

from collections import defaultdict
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import lru_cache

from engineers import osrm
from engineers.dispatch import DayPlan, EngineerDay, HaversineTravel, Pace, Place, Route, Stop, Travel
from engineers.models import DayWeather, Engineer, Visit, WeeklyShift
from engineers.rows import EngineerRow, VisitRow, engineer_rows, visit_rows
from engineers.states import ENDED, MOVABLE, UNDER_WAY, SuspensionKind, VisitStatus
from repairhub.places.models import City, CityPace, hourly_factors


@lru_cache(maxsize=8)
def travel_at(speed_kmh: int, percent: int = 100) -> HaversineTravel:
    """The travel provider of cities with this speed; its memory is bounded for the web process's sake.

    `percent`: what the weather makes of every drive, 150 for half as long again.
    """
    return HaversineTravel(speed_kmh * 100 / percent, keep=40_000)


def travel_in(city: City, weather: DayWeather | None = None) -> Travel:
    """How long drives take in the city in that weather: along streets where a server knows them."""
    percent = as_percent(weather.factor) if weather is not None else 100
    straight = travel_at(city.speed_kmh, percent)
    return osrm.RoadTravel(straight, percent) if osrm.is_used() else straight


def pace_of(rows: Iterable[CityPace], on: date) -> Pace | None:
    """The pace of that day out of a city's rows; None where every hour is as usual."""
    travel, service = (tuple(map(as_percent, factors)) for factors in hourly_factors(rows, on))
    return None if set(travel + service) == {100} else Pace(travel, service)


def as_percent(factor: Decimal) -> int:
    """A factor as the engine counts it: 1.25 is 125."""
    return int(factor * 100)


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


def load_plans(
    city: City, first: date, last: date, at: datetime, *, places: Sequence[Place] = ()
) -> dict[date, DayPlan]:
    """The routes of every day from `first` to `last`, as they stand at `at`. Eight queries.

    `places`: where a visit may be put in; what is known of the streets from and to there is recalled, and no
    server is asked, so that it may be called under the day's lock.
    """
    days = [first + timedelta(days=offset) for offset in range((last - first).days + 1)]
    engineers = engineer_rows(city, first, last)
    visits = visits_of(city, days)
    paces = paces_of(city, days)
    weather = weather_of(city, first, last)
    plans = {}
    for on in days:
        own = [engineer_day(engineer, on, paces[on]) for engineer in engineers]
        held_up = held_up_on(CityClock.of(city, on), engineers)
        plans[on] = day_plan(city, on, own, visits, at, travel_in(city, weather.get(on)), held_up, places)
    return plans


VisitsOfDays = Mapping[tuple[date, int | None], list[VisitRow]]


def visits_of(city: City, days: Sequence[date]) -> VisitsOfDays:
    """The visits of these days by day and engineer, those called off left out. One query."""
    found: dict[tuple[date, int | None], list[VisitRow]] = defaultdict(list)
    rows = Visit.objects.filter(city=city, on__in=days).exclude(status=VisitStatus.CANCELLED)
    for visit in visit_rows(rows.order_by("planned_start_at", "id")):
        found[visit.on, visit.engineer_id].append(visit)
    return found


def paces_of(city: City, days: Sequence[date]) -> dict[date, Pace | None]:
    """The city's pace on each of these days. One query."""
    rows = list(city.paces.all())
    return {on: pace_of(rows, on) for on in days}


def weather_of(city: City, first: date, last: date) -> dict[date, DayWeather]:
    """What was said of the weather of these days. One query."""
    return {one.on: one for one in DayWeather.objects.filter(city=city, on__range=(first, last))}


def held_up_on(clock: CityClock, engineers: Iterable[EngineerRow]) -> dict[object, int]:
    """Until when engineers who run late have said to be held up, in that day's seconds, by their ids."""
    until = {row.pk: row.held_up_until_at for row in engineers if row.held_up_until_at is not None}
    seconds = {pk: clock.seconds(moment) for pk, moment in until.items()}
    return {pk: second for pk, second in seconds.items() if second > 0}


def day_plan(
    city: City,
    on: date,
    days: Sequence[EngineerDay],
    visits: VisitsOfDays,
    at: datetime,
    travel: Travel,
    held_up: Mapping[object, int],
    places: Sequence[Place] = (),
) -> DayPlan:
    """The routes of one day out of its engineers' days and visits, as they stand at `at`."""
    clock = CityClock.of(city, on)
    routes = [
        _route(
            day, visits.get((on, int(str(day.engineer_id))), ()), clock, at, held_up.get(day.engineer_id, 0)
        )
        for day in days
    ]
    if osrm.is_used():
        osrm.recall_legs(days, routes, places)
    return DayPlan(days, routes, travel).accepting_present_lateness()


def engineer_day(engineer: Engineer | EngineerRow, on: date, pace: Pace | None = None) -> EngineerDay:
    """What the engineer may do that day and when, at the city's pace.

    The engineer comes loaded by `with_day`, or is a row of `engineer_rows`.
    """
    base = (engineer.base_latitude, engineer.base_longitude)
    skills: dict[str, int] = {}
    lapsed: dict[str, str] = {}
    for certificate in engineer.certificates.all():
        key = certificate.skill.key
        if certificate.valid_until_on < on:
            lapsed.setdefault(key, "expired")
        elif certificate.suspended_at is not None:
            for_reworks = certificate.suspension and certificate.suspension.kind == SuspensionKind.REWORK_RATE
            lapsed[key] = "suspended_for_reworks" if for_reworks else "suspended"
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
        pace=pace,
    )


@dataclass(frozen=True)
class Hours:
    """When an engineer works on a day, in seconds from midnight; `end` not after `start`: not at all.

    `breaks`: the shift's own break and what absences take out of its midst; `away`: the absences' part of it.
    `off_because`: "no_shift", or "absent" where an absence takes the day or cuts its beginning or end off.
    """

    start: int = 0
    end: int = 0
    breaks: tuple[tuple[int, int], ...] = ()
    off_because: str = ""
    away: tuple[tuple[int, int], ...] = ()


def hours_of(engineer: Engineer | EngineerRow, on: date) -> Hours:
    """The shift of that day without its break and the absences (loaded as for `engineer_day`)."""
    absences = sorted(part for absence in engineer.absences.all() if (part := absence.seconds_of(on)))
    shift = WeeklyShift.on_day(engineer.shifts.all(), on)
    if shift is None:
        return Hours(off_because="absent" if absences else "no_shift")
    start = shift.starts_at.hour * 3600 + shift.starts_at.minute * 60
    end = shift.ends_at.hour * 3600 + shift.ends_at.minute * 60
    away: list[tuple[int, int]] = []
    because = ""
    for since, until in absences:
        if since >= end or until <= start:
            continue
        if since > start and until < end:
            away.append((since, until))
            continue
        because = "absent"
        if since <= start:
            start = until
        else:
            end = since
    if end <= start:
        return Hours(off_because=because)
    # what was cut off is no break any more
    away, pauses = (
        [(max(since, start), min(until, end)) for since, until in spans if since < end and until > start]
        for spans in (away, shift.breaks)
    )
    return Hours(start, end, _merged([*pauses, *away]), because, _merged(away))


def _merged(spans: list[tuple[int, int]]) -> tuple[tuple[int, int], ...]:
    merged: list[tuple[int, int]] = []
    for since, until in sorted(spans):
        if merged and since <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], until))
        else:
            merged.append((since, until))
    return tuple(merged)


def stop_for(visit: Visit | VisitRow, clock: CityClock, at: datetime) -> Stop:
    """The visit as the engine sees it. One under way keeps its planned start unless that is past.

    What an engineer who runs late has said counts: the start of a visit on the way to, the end of one begun.
    """
    fixed_start = None
    service = visit.service_minutes * 60
    now = clock.seconds(at)
    if visit.status in UNDER_WAY and visit.planned_start_at is not None:
        planned = clock.seconds(visit.planned_start_at)
        if visit.status == VisitStatus.ON_SITE and visit.arrived_at is not None:
            fixed_start = max(planned, clock.seconds(visit.started_at or visit.arrived_at))
            service = max(service, now - fixed_start)  # an overrun lasts until now at least
            if visit.expected_end_at is not None:
                service = max(service, clock.seconds(visit.expected_end_at) - fixed_start)
        else:
            fixed_start = max(planned, now)
            if visit.expected_start_at is not None:
                fixed_start = max(fixed_start, clock.seconds(visit.expected_start_at))
    return Stop(
        visit_id=visit.pk,
        place=(visit.latitude, visit.longitude),
        window_start=clock.seconds(visit.window_start_at),
        window_end=clock.seconds(visit.window_end_at),
        service=service,
        skills=_shared(tuple(visit.required_skills.items())),
        brands=frozenset(visit.required_brands),
        pinned=visit.is_pinned,
        fixed_start=fixed_start,
        parts=_NO_PARTS,
        named=visit.engineer_id if visit.status == VisitStatus.CONFIRMED else None,
    )


_NO_PARTS: Mapping[Hashable, int] = {}


@lru_cache(maxsize=512)
def _shared(skills: tuple[tuple[str, int], ...]) -> Mapping[str, int]:
    """One mapping for all visits that ask the same: thousands of them are kept at once. Read-only."""
    return dict(skills)


def _route(
    day: EngineerDay, visits: Sequence[VisitRow], clock: CityClock, at: datetime, held_up: int
) -> Route:
    under_way = [v for v in visits if v.status in UNDER_WAY]
    waiting = [v for v in visits if v.status in MOVABLE]
    ended = [v for v in visits if v.status in ENDED and v.ended_at is not None]
    start_place: Place | None = None
    if ended:
        last = max(ended, key=lambda v: v.ended_at or at)
        start_place = (last.latitude, last.longitude)
    # 0 on later days; after midnight, and so never, on past ones
    not_before = max(0, clock.seconds(at), held_up)
    return Route(
        engineer_id=day.engineer_id,
        stops=tuple(stop_for(visit, clock, at) for visit in [*under_way, *waiting]),
        not_before=not_before,
        start_place=start_place,
    )
