"""Which arrival windows can be promised at a place."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from engineers import policy
from engineers.dispatch import (
    Stop,
    Window,
    arrival_windows,
    best_insertion,
    earliest_start,
    feasible_windows,
    nearest_windows,
)
from engineers.dispatch.opening import may_open
from engineers.known_days import KNOWN_DAYS
from engineers.models import BrandAuthorisation, Engineer, EngineerCertificate, Visit
from engineers.planning import CityClock, city_today, load_plans
from engineers.roads import learn_roads
from repairhub.core.errors import InvalidInput
from repairhub.places.models import City


@dataclass(frozen=True)
class VisitNeeds:
    """What a visit takes: minutes of work, skills with their lowest level, brand authorisations."""

    service_minutes: int
    skills: Mapping[str, int]
    brands: frozenset[str]


@dataclass(frozen=True)
class OfferedWindow:
    """An arrival window at a place; `is_open` where a real engineer can keep it.

    `may_open`: shut as the routes stand, on a day near enough to look whether moving others opens it.
    `is_pending`: a worker is looking. `by_moving`: open because one has found how.
    """

    on: date
    start_at: datetime
    end_at: datetime
    is_open: bool
    may_open: bool = False
    is_pending: bool = False
    by_moving: bool = False

    @property
    def key(self) -> str:
        """Names the window in forms and addresses: its start, ISO 8601 with the zone."""
        return self.start_at.isoformat()

    @property
    def stamp(self) -> int:
        """Its start in seconds of Unix time: names it where the key's signs would be in the way."""
        return int(self.start_at.timestamp())


def needs_of_visit(visit: Visit) -> VisitNeeds:
    """What the visit takes, as it was planned: another window for the same work."""
    return VisitNeeds(
        service_minutes=visit.service_minutes,
        skills=dict(visit.required_skills),
        brands=frozenset(visit.required_brands),
    )


def check_place(city: City, latitude: float, longitude: float) -> None:
    """Raises InvalidInput where the place lies outside the city's radius."""
    if not (-90 <= latitude <= 90 and -180 <= longitude <= 180) or not city.covers(latitude, longitude):
        raise InvalidInput(
            _("This place is more than %(km)d km from the centre of %(city)s.")
            % {"km": city.radius_km, "city": city.name},
            field="place",
            code="outside_city",
            next_step=_("Choose another city or another place."),
        )


def offered_windows(
    *,
    city: City,
    latitude: float,
    longitude: float,
    needs: VisitNeeds,
    at: datetime,
    first: date | None = None,
    days: int | None = None,
    leaving_out: Visit | None = None,
) -> list[OfferedWindow]:
    """Every window of the days from `first` on (today by default), open or shut, in order.

    `leaving_out`: the visit that is to move, given up for the new window, so in nobody's way.
    Never beyond the booking horizon. Nine queries at most for any number of days. Raises InvalidInput for a
    place outside the city.
    """
    check_place(city, latitude, longitude)
    today = city_today(city, at)
    horizon = today + timedelta(days=policy.booking_days() - 1)
    start = max(first or today, today)
    if start > horizon:
        return []
    last = min(start + timedelta(days=(days or policy.booking_days()) - 1), horizon)
    offered = []
    here = (latitude, longitude)
    learn_roads(city, start, last, places=[here])
    for on, plan in KNOWN_DAYS.plans(city, start, last, at, places=[here]).items():
        if leaving_out is not None:
            plan = plan.without(leaving_out.pk)
        clock = CityClock.of(city, on)
        now = CityClock.of(city, today).seconds(at)
        earliest = earliest_start(on, today, now, lead=int(policy.lead().total_seconds()))
        answers = feasible_windows(
            plan,
            arrival_windows(on, earliest=earliest),
            place=(latitude, longitude),
            service=needs.service_minutes * 60,
            skills=needs.skills,
            brands=needs.brands,
            slack=policy.slack_seconds(city),
            explain=False,
            cheapest=False,
        )
        is_near = leaving_out is None and (on - today).days < policy.opening_days()
        visit = Stop("new", (latitude, longitude), 0, 0, 0, needs.skills, needs.brands)
        offered += [
            OfferedWindow(
                on,
                clock.moment(window.start),
                clock.moment(window.end),
                answer.feasible,
                may_open=is_near
                and not answer.feasible
                and may_open(plan, replace(visit, window_start=window.start, window_end=window.end)),
            )
            for answer in answers
            for window in [answer.window]
        ]
    return offered


def is_open_for(visit: Visit, start_at: datetime, end_at: datetime, at: datetime) -> bool:
    """Whether the visit could move to that window: asked of its day alone, as `offered_windows` asks of all.

    Six queries, no server asked: for those who hold locks.
    """
    if arrival_window_from(visit.city, start_at, at) != (start_at, end_at):
        return False
    on, today = city_today(visit.city, start_at), city_today(visit.city, at)
    clock = CityClock.of(visit.city, on)
    now = CityClock.of(visit.city, today).seconds(at)
    if clock.seconds(start_at) < earliest_start(on, today, now, lead=int(policy.lead().total_seconds())):
        return False
    place = (visit.latitude, visit.longitude)
    plan = load_plans(visit.city, on, on, at, places=[place])[on].without(visit.pk)
    stop = Stop(
        "new",
        place,
        clock.seconds(start_at),
        clock.seconds(end_at),
        visit.service_minutes * 60,
        visit.required_skills,
        frozenset(visit.required_brands),
    )
    return best_insertion(stop, plan, slack=policy.slack_seconds(visit.city)) is not None


def arrival_window_from(city: City, start_at: datetime, at: datetime) -> tuple[datetime, datetime] | None:
    """Start and end of the arrival window that begins then, whether or not it can still be promised.

    None where none of ours begins then, on the days from today to the booking horizon.
    """
    on = city_today(city, start_at)
    if not 0 <= (on - city_today(city, at)).days < policy.booking_days():
        return None
    clock = CityClock.of(city, on)
    found = next((w for w in arrival_windows(on) if w.start == clock.seconds(start_at)), None)
    return None if found is None else (clock.moment(found.start), clock.moment(found.end))


def nearest_open(
    wanted_start_at: datetime, wanted_end_at: datetime, offered: Sequence[OfferedWindow], city: City
) -> list[OfferedWindow]:
    """The three open windows nearest to the wanted one."""

    def window(on: date, start_at: datetime, end_at: datetime) -> Window:
        clock = CityClock.of(city, on)
        return Window(on, clock.seconds(start_at), clock.seconds(end_at))

    by_window = {window(o.on, o.start_at, o.end_at): o for o in offered if o.is_open}
    wanted = window(city_today(city, wanted_start_at), wanted_start_at, wanted_end_at)
    return [by_window[found] for found in nearest_windows(wanted, by_window, 3)]


def missing_authorisations(city: City, brands: frozenset[str], on: date) -> frozenset[str]:
    """The brands among `brands` whose authorisation nobody who works in the city has on that day or later."""
    if not brands:
        return frozenset()
    held = BrandAuthorisation.objects.filter(
        engineer__in=_working_in(city), valid_until_on__gte=on, brand__key__in=brands
    )
    return brands - set(held.values_list("brand__key", flat=True))


def missing_skills(city: City, skills: Mapping[str, int], on: date) -> frozenset[str]:
    """The skills that nobody in the city has at the level needed, on that day or later."""
    best: dict[str, int] = {}
    held = EngineerCertificate.objects.filter(
        engineer__in=_working_in(city), valid_until_on__gte=on, suspended_at=None
    )
    for key, level in held.filter(skill__key__in=skills).values_list("skill__key", "level"):
        best[key] = max(level, best.get(key, 0))
    return frozenset(key for key, level in skills.items() if best.get(key, 0) < level)


def _working_in(city: City) -> QuerySet[Engineer, int]:
    """Ids of who works in the city, for a subquery."""
    return Engineer.objects.working_in(city).values_list("pk", flat=True)
