"""From rows to the engine's plain data: who may do what on that day, when, and what the world has fixed."""

from collections.abc import Callable
from datetime import date, time, timedelta
from typing import Any

import pytest
from pytest_django import DjangoAssertNumQueries

from engineers.dispatch import DayPlan, EngineerDay
from engineers.models import Engineer, Visit
from engineers.planning import load_plans
from engineers.policy import prices, slack_seconds
from engineers.states import VisitStatus
from parts.models import Brand
from repairhub.places.models import City, CityPace
from tests.factories.engineers import (
    DAY,
    MORNING,
    AbsenceFactory,
    AuthorisationFactory,
    CertificateFactory,
    EngineerFactory,
    clock,
    confirmed_visit,
    north,
    planned_visit,
    visit_in,
)
from tests.factories.places import CityFactory

pytestmark = pytest.mark.django_db
HOUR = 3600


def plan_of(city: City, on: date = DAY, at: Any = MORNING) -> DayPlan:
    """The plan of one day."""
    return load_plans(city, on, on, at)[on]


def day_of(engineer: Engineer, on: date = DAY) -> EngineerDay:
    """What the plan says of that engineer's day."""
    return plan_of(engineer.city, on).day(engineer.pk)


class TestCertificates:
    def test_count_on_their_days(self, engineer: Engineer) -> None:
        assert day_of(engineer).skills == {"screen": 2}
        assert day_of(engineer).lapsed == {}

    @pytest.mark.parametrize(
        ("fields", "why"),
        [
            ({"valid_until_on": DAY - timedelta(days=1)}, "expired"),
            ({"valid_from_on": DAY + timedelta(days=1)}, "not_yet_valid"),
            ({"suspended_at": MORNING}, "suspended"),
        ],
    )
    def test_that_do_not_count_say_why(self, fields: dict[str, Any], why: str, engineer: Engineer) -> None:
        engineer.certificates.update(**fields)
        assert day_of(engineer).skills == {}
        assert day_of(engineer).lapsed == {"screen": why}

    def test_are_asked_on_the_day_of_the_visit_and_not_today(self, engineer: Engineer) -> None:
        engineer.certificates.update(valid_until_on=DAY)
        assert day_of(engineer, DAY).skills == {"screen": 2}
        assert day_of(engineer, DAY + timedelta(days=1)).skills == {}

    def test_of_one_skill_count_at_the_highest_level(self, engineer: Engineer) -> None:
        CertificateFactory(engineer=engineer, level=1)
        CertificateFactory(engineer=engineer, level=3)
        assert day_of(engineer).skills == {"screen": 3}

    def test_an_expired_one_beside_a_valid_one_is_not_mentioned(self, engineer: Engineer) -> None:
        CertificateFactory(engineer=engineer, level=3, valid_until_on=DAY - timedelta(days=1))
        assert day_of(engineer).skills == {"screen": 2}
        assert day_of(engineer).lapsed == {}


class TestAuthorisations:
    def test_count_on_their_days_only(self, engineer: Engineer) -> None:
        brand = Brand.objects.create(key="apple", name_en="Apple", name_zh="苹果")
        AuthorisationFactory(engineer=engineer, brand=brand, valid_until_on=DAY)
        assert day_of(engineer).brands == {"apple"}
        assert day_of(engineer, DAY + timedelta(days=1)).brands == set()


class TestShifts:
    def test_give_the_hours_of_the_weekday(self, city: City) -> None:
        engineer = EngineerFactory(city=city, shift=(time(9, 30), time(18, 15)))
        day = day_of(engineer)
        assert (day.shift_start, day.shift_end) == (9.5 * HOUR, 18.25 * HOUR)

    def test_a_weekday_without_a_shift_is_off(self, engineer: Engineer) -> None:
        engineer.shifts.filter(weekday=DAY.weekday()).delete()
        assert not day_of(engineer).on_shift
        assert day_of(engineer).off_because == "no_shift"

    @pytest.mark.parametrize(("offset", "is_off"), [(-1, False), (0, True), (1, True), (2, False)])
    def test_absence_from_first_to_last_day(self, offset: int, is_off: bool, engineer: Engineer) -> None:
        AbsenceFactory(engineer=engineer, from_on=DAY, until_on=DAY + timedelta(days=1))
        day = day_of(engineer, DAY + timedelta(days=offset))
        assert day.on_shift is not is_off
        assert day.off_because == ("absent" if is_off else "")

    def test_whoever_left_us_is_in_no_plan(self, engineer: Engineer) -> None:
        Engineer.objects.update(is_active=False)
        assert len(plan_of(engineer.city)) == 0


class TestRoutes:
    def test_hold_the_open_visits_in_their_planned_order(self, city: City, engineer: Engineer) -> None:
        late = planned_visit(city=city, window="16:00")
        early = planned_visit(city=city, window="08:00")
        route = plan_of(city).routes[engineer.pk]
        assert [stop.visit_id for stop in route.stops] == [early.pk, late.pk]

    def test_leave_out_what_ended_and_begin_where_it_was(self, city: City, engineer: Engineer) -> None:
        visit_in(VisitStatus.DONE, city=city, place=north(7))
        route = plan_of(city, at=clock("12:00")).routes[engineer.pk]
        assert route.stops == ()
        assert route.start_place == north(7)
        assert route.not_before == 12 * HOUR

    def test_a_cancelled_visit_leaves_no_trace(self, city: City, engineer: Engineer) -> None:
        visit_in(VisitStatus.CANCELLED, city=city, place=north(7))
        route = plan_of(city).routes[engineer.pk]
        assert (route.stops, route.start_place) == ((), None)

    @pytest.mark.parametrize("status", [VisitStatus.EN_ROUTE, VisitStatus.ON_SITE])
    def test_fix_what_is_under_way(self, status: str, city: City, engineer: Engineer) -> None:
        visit_in(status, city=city)
        (stop,) = plan_of(city, at=clock("10:01")).routes[engineer.pk].stops
        assert stop.fixed_start is not None
        assert stop.fixed_start >= 10 * HOUR

    def test_work_that_overruns_lasts_until_now_at_least(self, city: City, engineer: Engineer) -> None:
        visit_in(VisitStatus.ON_SITE, city=city)
        (stop,) = plan_of(city, at=clock("11:40")).routes[engineer.pk].stops
        assert stop.fixed_start is not None
        assert stop.fixed_start + stop.service == 11 * HOUR + 40 * 60

    def test_what_the_world_has_made_late_may_stay_as_late(self, city: City, engineer: Engineer) -> None:
        visit = confirmed_visit(city=city)
        plan = plan_of(city, at=clock("12:30"))
        (stop,) = plan.routes[engineer.pk].stops
        assert stop.visit_id == visit.pk
        assert stop.late_until is not None
        assert stop.late_until > stop.window_end
        assert plan.late() == {}

    def test_on_a_day_that_is_over_nothing_can_begin(self, city: City, engineer: Engineer) -> None:
        route = plan_of(city, at=MORNING + timedelta(days=1)).routes[engineer.pk]
        assert route.not_before > 24 * HOUR

    def test_on_later_days_nothing_has_begun(self, city: City, engineer: Engineer) -> None:
        on = DAY + timedelta(days=1)
        assert plan_of(city, on, at=clock("23:50")).routes[engineer.pk].not_before == 0


class TestQueries:
    @pytest.mark.parametrize("days", [1, 14])
    @pytest.mark.parametrize("engineers", [1, 5])
    def test_are_eight_for_any_number_of_days_and_engineers(
        self, days: int, engineers: int, city: City, django_assert_num_queries: DjangoAssertNumQueries
    ) -> None:
        EngineerFactory.create_batch(engineers, city=city)
        for window in ("08:00", "12:00", "16:00"):
            planned_visit(city=city, window=window)
        with django_assert_num_queries(8):
            plans = load_plans(city, DAY, DAY + timedelta(days=days - 1), MORNING)
        assert len(plans) == days

    def test_see_one_city_only(self, city: City, engineer: Engineer) -> None:
        other = CityFactory(shanghai=True)
        EngineerFactory(city=other)
        assert [day.engineer_id for day in plan_of(city)] == [engineer.pk]


def test_the_hours_are_those_of_the_city_s_zone(make_plan: Callable[[str], DayPlan]) -> None:
    plan = make_plan("Asia/Urumqi")  # two hours behind Beijing
    (stop,) = next(iter(plan.routes.values())).stops
    assert stop.window_start == 8 * HOUR


@pytest.fixture
def make_plan(city: City) -> Callable[[str], DayPlan]:
    """The plan of a visit at 10:00 in Beijing, read in another zone."""

    def make(zone: str) -> DayPlan:
        EngineerFactory(city=city)
        visit: Visit = planned_visit(city=city)
        City.objects.update(time_zone=zone)
        return plan_of(City.objects.get(pk=visit.city_id))

    return make


class TestPaceAndBreaks:
    def test_the_city_s_hours_are_the_pace_of_their_days(self, city: City, engineer: Engineer) -> None:
        CityPace.objects.create(
            city=city, days="workdays", hour=8, travel_factor="1.55", service_factor="0.9"
        )
        pace = plan_of(city).day(engineer.pk).pace
        assert pace is not None
        assert (pace.travel[8], pace.service[8], set(pace.travel[9:])) == (155, 90, {100})
        assert plan_of(city, DAY + timedelta(days=5)).day(engineer.pk).pace is None

    def test_hours_like_any_other_are_no_pace(self, city: City, engineer: Engineer) -> None:
        CityPace.objects.create(city=city, days="every", hour=8)
        assert plan_of(city).day(engineer.pk).pace is None

    def test_nobody_is_promised_in_a_break(self, city: City, engineer: Engineer) -> None:
        engineer.shifts.update(break_starts_at="12:00", break_ends_at="12:45")
        assert plan_of(city).day(engineer.pk).breaks == ((12 * HOUR, 12 * HOUR + 2700),)
        assert planned_visit(city=city, window="12:00").planned_start_at == clock("12:45")

    def test_the_city_s_own_slack_goes_before_the_settings(self, city: City, engineer: Engineer) -> None:
        assert slack_seconds() == slack_seconds(city) == 25 * 60
        city.slack_minutes = 0
        assert slack_seconds(city) == 0
        city.slack_minutes = 40
        assert slack_seconds(city) == prices(city).slack == 40 * 60
