"""Days that a process has read before are taken as they are only while nothing about them has changed."""

from collections.abc import Callable
from datetime import date, time, timedelta
from decimal import Decimal

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from engineers.dispatch import DayPlan
from engineers.known_days import KnownDays
from engineers.models import DayWeather, Engineer, HeldUp, Visit
from engineers.planning import load_plans
from engineers.services import doorstep
from engineers.services.dispatching import dispatch_visit
from repairhub.places.models import City, CityPace
from tests.factories.accounts import DispatcherFactory
from tests.factories.engineers import (
    CENTRE,
    DAY,
    MORNING,
    AbsenceFactory,
    AuthorisationFactory,
    EngineerFactory,
    clock,
    planned_visit,
)
from tests.factories.parts import BrandFactory
from tests.factories.places import CityFactory

pytestmark = pytest.mark.django_db(transaction=True)
TOMORROW = DAY + timedelta(days=1)


def same(one: DayPlan, other: DayPlan) -> bool:
    """Whether two plans are of the same engineers, routes and travel."""
    return list(one) == list(other) and one.routes == other.routes and one.travel is other.travel


@pytest.fixture
def city() -> City:
    """Beijing."""
    return CityFactory()


@pytest.fixture
def engineer(city: City) -> Engineer:
    """At work every day."""
    return EngineerFactory(city=city)


@pytest.fixture
def visit(city: City, engineer: Engineer) -> Visit:
    """One promised for tomorrow."""
    return planned_visit(city=city, on=TOMORROW)


@pytest.fixture
def known(visit: Visit) -> KnownDays:
    """A memory of its own that knows tomorrow."""
    days = KnownDays(least_stops=1)
    days.plans(visit.city, TOMORROW, TOMORROW, MORNING)
    return days


def read(known: KnownDays, city: City, on: date = TOMORROW) -> DayPlan:
    """The day through the memory, the city's row read afresh."""
    return known.plans(City.objects.get(pk=city.pk), on, on, MORNING)[on]


class TestWhatHasNotChanged:
    def test_is_the_very_plan_that_was_read(self, city: City, known: KnownDays) -> None:
        assert read(known, city) is read(known, city)

    def test_costs_no_query_for_its_visits(self, city: City, known: KnownDays) -> None:
        with CaptureQueriesContext(
            connection,
        ) as queries:
            known.plans(city, TOMORROW, TOMORROW, MORNING)
        assert len(queries) == 8
        assert not [query for query in queries if "engineers_visit" in query["sql"]]

    def test_equals_what_is_read_afresh(self, city: City, known: KnownDays) -> None:
        assert same(read(known, city), load_plans(city, TOMORROW, TOMORROW, MORNING)[TOMORROW])


Change = Callable[[City, Engineer, Visit], object]
BY_WHAT: dict[str, Change] = {
    "a booking": lambda city, engineer, visit: planned_visit(city=city, on=TOMORROW, window="14:00"),
    "a cancellation": lambda city, engineer, visit: doorstep.cancel_visit(
        visit=visit, reason="", by=None, at=MORNING
    ),
    "a name": lambda city, engineer, visit: dispatch_visit(
        visit=visit, engineer=engineer, by=DispatcherFactory(cities=[city]), at=MORNING
    ),
    "a new engineer": lambda city, engineer, visit: EngineerFactory(city=city),
    "an engineer who left": lambda city, engineer, visit: Engineer.objects.update(is_active=False),
    "a closed account": lambda city, engineer, visit: type(engineer.user).objects.update(is_active=False),
    "a new base": lambda city, engineer, visit: Engineer.objects.update(base_latitude=CENTRE[0] + 0.1),
    "an absence": lambda city, engineer, visit: AbsenceFactory(
        engineer=engineer, from_on=TOMORROW, until_on=TOMORROW
    ),
    "a shift": lambda city, engineer, visit: engineer.shifts.update(ends_at=time(19)),
    "a lost shift": lambda city, engineer, visit: engineer.shifts.all().delete(),
    "a certificate suspended": lambda city, engineer, visit: engineer.certificates.update(
        suspended_at=MORNING
    ),
    "a certificate that ends": lambda city, engineer, visit: engineer.certificates.update(valid_until_on=DAY),
    "a higher level": lambda city, engineer, visit: engineer.certificates.update(level=3),
    "an authorisation": lambda city, engineer, visit: AuthorisationFactory(
        engineer=engineer, brand=BrandFactory()
    ),
    "another speed": lambda city, engineer, visit: City.objects.update(speed_kmh=40),
    "hours of one day": lambda city, engineer, visit: engineer.shifts.create(
        weekday=TOMORROW.weekday(), on=TOMORROW, starts_at=time(9), ends_at=time(19)
    ),
    "an engineer held up until then": lambda city, engineer, visit: HeldUp.objects.create(
        engineer=engineer, until_at=clock("07:00", TOMORROW)
    ),
    "a break": lambda city, engineer, visit: engineer.shifts.update(
        break_starts_at=time(12), break_ends_at=time(13)
    ),
    "rush hours": lambda city, engineer, visit: CityPace.objects.bulk_create(
        CityPace(city=city, days="every", hour=hour, travel_factor=Decimal("1.5"), service_factor=1)
        for hour in range(24)
    ),
    "rain": lambda city, engineer, visit: DayWeather.objects.create(
        city=city, on=TOMORROW, factor=Decimal("1.5"), reason="rain", by=DispatcherFactory(), at=MORNING
    ),
    "another zone": lambda city, engineer, visit: City.objects.update(time_zone="Asia/Urumqi"),
}


class TestWhatHasChanged:
    @pytest.mark.parametrize("what", BY_WHAT)
    def test_is_read_again(
        self, what: str, city: City, engineer: Engineer, visit: Visit, known: KnownDays
    ) -> None:
        before = read(known, city)
        BY_WHAT[what](city, engineer, visit)
        fresh = load_plans(City.objects.get(pk=city.pk), TOMORROW, TOMORROW, MORNING)[TOMORROW]
        assert not same(before, fresh)  # or the change would prove nothing
        assert same(read(known, city), fresh)


class TestWhatIsNeverKept:
    def test_today_which_goes_on_with_the_clock(self, city: City, engineer: Engineer) -> None:
        known = KnownDays(least_stops=0)
        early = known.plans(city, DAY, DAY, MORNING)[DAY]
        late = known.plans(city, DAY, DAY, clock("12:00"))[DAY]
        assert known.size == 0
        assert early.routes[engineer.pk].not_before < late.routes[engineer.pk].not_before

    def test_tomorrow_once_it_has_become_today(self, city: City, known: KnownDays) -> None:
        noon = clock("12:00", TOMORROW)
        plan = known.plans(city, TOMORROW, TOMORROW, noon)[TOMORROW]
        assert same(plan, load_plans(city, TOMORROW, TOMORROW, noon)[TOMORROW])

    def test_what_a_transaction_sees_that_may_be_rolled_back(
        self, city: City, visit: Visit, known: KnownDays
    ) -> None:
        with transaction.atomic():
            planned_visit(city=city, on=TOMORROW, window="14:00")
            inside = read(known, city)
            transaction.set_rollback(True)
        assert len(next(iter(inside.routes.values())).stops) == 2
        planned_visit(city=city, on=TOMORROW, window="16:00")  # the same version as the one rolled back
        fresh = load_plans(city, TOMORROW, TOMORROW, MORNING)[TOMORROW]
        assert same(read(known, city), fresh)


class TestTheMemoryIsBounded:
    def test_a_day_with_few_visits_is_read_each_time(self, city: City, visit: Visit) -> None:
        known = KnownDays(least_stops=2)
        known.plans(city, TOMORROW, TOMORROW, MORNING)
        assert known.size == 0
        planned_visit(city=city, on=TOMORROW, window="14:00")
        known.plans(city, TOMORROW, TOMORROW, MORNING)
        assert known.size == 3

    def test_by_stops_the_day_used_longest_ago_goes_first(self, city: City, engineer: Engineer) -> None:
        days = [DAY + timedelta(days=n) for n in range(1, 4)]
        for on in days:
            planned_visit(city=city, on=on)
        known = KnownDays(most_stops=4, least_stops=1)
        first = known.plans(city, days[0], days[0], MORNING)[days[0]]
        known.plans(city, days[1], days[2], MORNING)
        assert known.size == 4  # two stops in two routes
        assert known.plans(city, days[0], days[0], MORNING)[days[0]] is not first

    def test_a_day_larger_than_the_memory_is_not_kept(self, city: City, visit: Visit) -> None:
        known = KnownDays(most_stops=0, least_stops=0)
        assert known.plans(city, TOMORROW, TOMORROW, MORNING)[TOMORROW].engineer_of(visit.pk) is not None
        assert known.size == 0
