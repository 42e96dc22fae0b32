"""From rows to the dispatch engine's plain data, a fixed number of queries for any number of days."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import lru_cache

from engineers import osrm
from engineers.dispatch import DayPlan, EngineerDay, HaversineTravel, Pace, Place, Route, Stop, Travel
from engineers.models import DayWeather, Engineer, Visit
from engineers.states import ENDED, OPEN, UNDER_WAY, SuspensionKind, VisitStatus
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
    engineers = list(Engineer.objects.working_in(city).with_day(first, last).order_by("id"))
    visits: dict[tuple[date, int | None], list[Visit]] = defaultdict(list)
    rows = Visit.objects.filter(city=city, on__range=(first, last)).exclude(status=VisitStatus.CANCELLED)
    for visit in rows.order_by("planned_start_at", "id"):
        visits[visit.on, visit.engineer_id].append(visit)
    paces = list(city.paces.all())
    weather = {one.on: one for one in DayWeather.objects.filter(city=city, on__range=(first, last))}
    plans = {}
    for offset in range((last - first).days + 1):
        on = first + timedelta(days=offset)
        pace = pace_of(paces, on)
        days = [engineer_day(engineer, on, pace) for engineer in engineers]
        routes = [_route(engineer, visits[on, engineer.pk], city, on, at) for engineer in engineers]
        if osrm.is_used():
            osrm.recall_legs(days, routes, places)
        travel = travel_in(city, weather.get(on))
        plans[on] = DayPlan(days, routes, travel).accepting_present_lateness()
    return plans


def engineer_day(engineer: Engineer, on: date, pace: Pace | None = None) -> EngineerDay:
    """What the engineer may do that day and when (loaded by `with_day`), at the city's pace."""
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
    absent = any(a.from_on <= on <= a.until_on for a in engineer.absences.all())
    shift = next((s for s in engineer.shifts.all() if s.weekday == on.weekday()), None)
    if absent or shift is None:
        because = "absent" if absent else "no_shift"
        return EngineerDay.off(
            engineer.pk, base, because=because, skills=skills, brands=brands, lapsed=lapsed
        )
    return EngineerDay(
        engineer_id=engineer.pk,
        base=base,
        shift_start=shift.starts_at.hour * 3600 + shift.starts_at.minute * 60,
        shift_end=shift.ends_at.hour * 3600 + shift.ends_at.minute * 60,
        skills=skills,
        brands=brands,
        lapsed=lapsed,
        breaks=shift.breaks,
        pace=pace,
    )


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
