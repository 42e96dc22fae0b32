"""The weather changes while a window is sold: never is one sold that nobody in that weather can keep."""

from datetime import time as shift_time
from decimal import Decimal
from typing import Any

import pytest

from engineers.models import CityDay, DayWeather, Visit
from engineers.planning import CityClock, load_plans
from engineers.services import planning, timing, weather
from engineers.services.planning import WindowShut
from engineers.services.weather import WeatherSet, set_weather
from repairhub.accounts.models import User
from repairhub.places.models import City
from tests.connections import both_at_once
from tests.engineers.test_races import Meeting
from tests.factories.accounts import DispatcherFactory
from tests.factories.engineers import DAY, MORNING, EngineerFactory, north, planned_visit
from tests.factories.places import CityFactory

pytestmark = pytest.mark.django_db(transaction=True)

# From the middle at ten, 22 km: at 11:09 as usual, in snow that doubles every drive at 12:18.
FAR = north(-22)


@pytest.fixture
def day() -> City:
    """A city with one engineer at work from ten, its day opened."""
    city = CityFactory()
    EngineerFactory(city=city, shift=(shift_time(10), shift_time(20)))
    CityDay.objects.create(city=city, on=DAY)
    return city


@pytest.fixture
def meeting(monkeypatch: pytest.MonkeyPatch) -> Meeting:
    """Both connections meet between reading the plan and writing it."""
    met = Meeting()
    for module in (planning, timing):
        monkeypatch.setattr(module, "load_plans", met.after(load_plans))
    return met


@pytest.fixture
def by(day: City) -> User:
    """Who looks out of the window."""
    return DispatcherFactory()


def snow(city: City, by: User) -> WeatherSet:
    return set_weather(city=city, on=DAY, factor=Decimal(2), reason="snow", by=by, at=MORNING)


def stored_is_true(city: City) -> bool:
    """Whether every stored time is the one at which the engineer can be there in the weather as it is."""
    plan = load_plans(city, DAY, DAY, MORNING)[DAY]
    seconds = CityClock.of(city, DAY)
    true = {
        span.visit_id: seconds.moment(span.start) for day in plan for span in plan.planned(day.engineer_id)
    }
    return dict(Visit.objects.values_list("pk", "planned_start_at")) == true


class TestSellingWhileItBeginsToSnow:
    def test_whoever_comes_second_knows_of_the_first(self, day: City, by: User, meeting: Meeting) -> None:
        results = both_at_once(lambda: planned_visit(city=day, place=FAR), lambda: snow(day, by))
        assert not meeting.read_the_same_plan
        sold = [r for r in results if isinstance(r, Visit)]
        (said,) = [r for r in results if isinstance(r, WeatherSet)]
        # sold first: its time follows and the desk is told; snow first: nobody is promised
        assert said.did.late == len(sold)
        assert sold or any(isinstance(r, WindowShut) for r in results)
        assert stored_is_true(day)

    def test_control_without_the_lock_a_window_is_sold_that_nobody_can_keep(
        self, day: City, by: User, meeting: Meeting, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def unlocked(city: City, on: Any, **_kwargs: Any) -> CityDay:
            return CityDay.objects.get(city=city, on=on)

        for module in (planning, timing, weather):
            monkeypatch.setattr(module, "lock_city_day", unlocked)
        both_at_once(lambda: planned_visit(city=day, place=FAR), lambda: snow(day, by))
        assert meeting.read_the_same_plan
        assert DayWeather.objects.exists()
        assert not stored_is_true(day)
