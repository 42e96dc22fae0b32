"""Which windows a place is offered: those that a real engineer can keep, from lead time to horizon."""

from datetime import date, time, timedelta

import pytest
from django.conf import LazySettings
from pytest_django import DjangoAssertNumQueries

from engineers.models import Engineer
from engineers.planning import city_today
from engineers.selectors.windows import (
    OfferedWindow,
    VisitNeeds,
    missing_authorisations,
    missing_skills,
    nearest_open,
    offered_windows,
)
from parts.models import Brand
from repairhub.core.errors import InvalidInput
from repairhub.places.models import City
from tests.factories.engineers import (
    CENTRE,
    DAY,
    MORNING,
    SCREEN,
    AuthorisationFactory,
    CertificateFactory,
    EngineerFactory,
    SkillFactory,
    clock,
    north,
    planned_visit,
)
from tests.factories.places import CityFactory

pytestmark = pytest.mark.django_db
LONG = VisitNeeds(service_minutes=115, skills={"screen": 2}, brands=frozenset())


def offered(city: City, needs: VisitNeeds = SCREEN, place: tuple[float, float] = CENTRE, **kwargs: object):  # type: ignore[no-untyped-def]
    """The windows of the first day, unless asked otherwise."""
    kwargs = {"at": MORNING, "days": 1, **kwargs}
    return offered_windows(city=city, latitude=place[0], longitude=place[1], needs=needs, **kwargs)  # type: ignore[arg-type]


def open_starts(windows: list[OfferedWindow]) -> list[str]:
    """The clock of each open window's start."""
    return [f"{w.start_at:%H:%M}" for w in windows if w.is_open]


class TestOfferedWindows:
    def test_a_free_engineer_can_keep_every_window_of_the_day(self, city: City, engineer: Engineer) -> None:
        windows = offered(city)
        assert open_starts(windows) == ["08:00", "10:00", "12:00", "14:00", "16:00", "18:00"]
        assert windows[0].key == "2026-11-23T08:00:00+08:00"

    def test_a_window_that_is_taken_is_shown_shut(self, city: City, engineer: Engineer) -> None:
        planned_visit(city=city, needs=LONG)
        windows = offered(city, LONG)
        assert len(windows) == 6
        assert "10:00" not in open_starts(windows)

    def test_the_visit_that_is_to_move_is_not_in_its_own_way(self, city: City, engineer: Engineer) -> None:
        visit = planned_visit(city=city, needs=LONG)
        assert "10:00" in open_starts(offered(city, LONG, leaving_out=visit))
        other = planned_visit(city=city, needs=LONG, window="14:00")
        shown = open_starts(offered(city, LONG, leaving_out=other))
        assert ("10:00" in shown, "14:00" in shown) == (False, True)

    def test_an_offer_is_true(self, city: City, engineer: Engineer) -> None:
        planned_visit(city=city, needs=LONG)
        for window in offered(city, LONG):
            if window.is_open:
                planned = planned_visit(city=city, window=f"{window.start_at:%H:%M}", needs=LONG)
                assert planned.engineer == engineer
                break

    def test_travel_counts(self, city: City) -> None:
        # 25 km at 25 km/h with the detour is 78 minutes: with a shift from 9, 08-10 cannot be kept
        EngineerFactory(city=city, shift=(time(9), time(20)))
        assert "08:00" in open_starts(offered(city))
        assert "08:00" not in open_starts(offered(city, place=north(25)))

    def test_only_qualified_engineers_count(self, city: City) -> None:
        EngineerFactory(city=city, certified=False)
        assert open_starts(offered(city)) == []
        EngineerFactory(city=city, certified__level=1)
        assert open_starts(offered(city)) == []
        EngineerFactory(city=city)
        assert open_starts(offered(city)) != []

    def test_the_lead_time_has_to_pass(self, city: City, engineer: Engineer, settings: LazySettings) -> None:
        settings.BOOKING_LEAD_MINUTES = 90
        assert open_starts(offered(city, at=clock("08:30")))[0] == "10:00"
        assert open_starts(offered(city, at=clock("08:31")))[0] == "12:00"

    def test_late_at_night_the_lead_time_reaches_into_the_next_day(
        self, city: City, engineer: Engineer, settings: LazySettings
    ) -> None:
        settings.BOOKING_LEAD_MINUTES = 600
        windows = offered(city, at=clock("23:00"), days=2)
        assert windows[0].start_at == clock("10:00", DAY + timedelta(days=1))

    def test_the_horizon_is_never_passed(
        self, city: City, engineer: Engineer, settings: LazySettings
    ) -> None:
        settings.BOOKING_DAYS = 3
        assert max(w.on for w in offered(city, days=30)) == DAY + timedelta(days=2)
        assert offered(city, first=DAY + timedelta(days=3)) == []

    def test_days_gone_by_are_not_offered(self, city: City, engineer: Engineer) -> None:
        assert {w.on for w in offered(city, first=DAY - timedelta(days=5))} == {DAY}

    def test_today_is_the_city_s_today(self, city: City, engineer: Engineer) -> None:
        just_past_midnight = clock("00:05")
        assert city_today(city, just_past_midnight) == DAY
        assert offered(city, at=just_past_midnight)[0].on == DAY

    def test_a_place_outside_the_city_is_refused(self, city: City, engineer: Engineer) -> None:
        with pytest.raises(InvalidInput) as refused:
            offered(city, place=north(31))
        assert refused.value.field == "place"

    def test_a_place_that_is_no_place_is_refused(self, city: City, engineer: Engineer) -> None:
        with pytest.raises(InvalidInput):
            offered(city, place=(91.0, 400.0))

    def test_the_queries_do_not_grow_with_the_days(
        self, city: City, engineer: Engineer, django_assert_num_queries: DjangoAssertNumQueries
    ) -> None:
        planned_visit(city=city)
        with django_assert_num_queries(8):
            offered(city, days=14)


class TestNearestOpen:
    def test_are_the_three_open_ones_nearest_to_the_wanted(self, city: City, engineer: Engineer) -> None:
        planned_visit(city=city, needs=LONG)
        nearest = nearest_open(clock("10:00"), clock("12:00"), offered(city, LONG, days=2), city)
        assert [f"{w.start_at:%d %H:%M}" for w in nearest] == ["23 08:00", "23 12:00", "23 14:00"]

    def test_cross_midnight_where_the_day_is_full(self, city: City, engineer: Engineer) -> None:
        engineer.shifts.filter(weekday=DAY.weekday()).delete()
        nearest = nearest_open(clock("18:00"), clock("20:00"), offered(city, days=2), city)
        assert [f"{w.start_at:%d %H:%M}" for w in nearest] == ["24 08:00", "24 10:00", "24 12:00"]


class TestWhatNobodyInTheCityMayDo:
    @pytest.fixture
    def apple(self) -> Brand:
        """A maker."""
        return Brand.objects.create(key="apple", name_en="Apple", name_zh="苹果")

    def test_an_authorisation_that_nobody_holds(self, city: City, engineer: Engineer, apple: Brand) -> None:
        assert missing_authorisations(city, frozenset(["apple"]), DAY) == {"apple"}
        assert missing_authorisations(city, frozenset(), DAY) == frozenset()

    def test_an_authorisation_that_somebody_holds(self, city: City, engineer: Engineer, apple: Brand) -> None:
        AuthorisationFactory(engineer=engineer, brand=apple)
        assert missing_authorisations(city, frozenset(["apple"]), DAY) == frozenset()

    def test_one_that_has_run_out_or_lies_elsewhere_is_nobody_s(
        self, city: City, engineer: Engineer, apple: Brand
    ) -> None:
        AuthorisationFactory(engineer=engineer, brand=apple, valid_until_on=date(2026, 11, 22))
        AuthorisationFactory(engineer=EngineerFactory(city=CityFactory(shanghai=True)), brand=apple)
        assert missing_authorisations(city, frozenset(["apple"]), DAY) == {"apple"}

    def test_a_skill_at_a_level_that_nobody_holds(self, city: City, engineer: Engineer) -> None:
        CertificateFactory(engineer=engineer, skill=SkillFactory(key="board"), level=1)
        assert missing_skills(city, {"screen": 2, "board": 2}, DAY) == {"board"}
        assert missing_skills(city, {"screen": 2, "board": 1}, DAY) == frozenset()
