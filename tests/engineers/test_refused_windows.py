"""A window that insertion refuses wakes the planner of its day: once a minute, never in anybody's way."""

from typing import Any

import pytest
from django.core.cache import cache

from engineers.models import Engineer, Visit
from engineers.selectors.windows import VisitNeeds
from engineers.services import refusals
from engineers.services.planning import WindowShut
from engineers.services.replanning import replan_day
from engineers.tasks import plan_city_day
from repairhub.places.models import City
from tests.factories.engineers import DAY, MORNING, planned_visit

pytestmark = pytest.mark.django_db
LONG = VisitNeeds(service_minutes=660, skills={"screen": 2}, brands=frozenset())


@pytest.fixture
def rung(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, ...]]:
    """The days that were rung for; the broker is not what is asked here."""
    calls: list[tuple[Any, ...]] = []

    def ring(task: Any, args: tuple[Any, ...]) -> bool:
        assert task is plan_city_day
        calls.append(args)
        return True

    monkeypatch.setattr(refusals.BELL, "ring", ring)
    return calls


@pytest.fixture
def full(city: City, engineer: Engineer) -> Visit:
    """The one engineer's day is taken from end to end."""
    return planned_visit(city=city, window="08:00", needs=LONG)


def refused(city: City) -> None:
    """A window of that day, asked for in vain."""
    with pytest.raises(WindowShut):
        planned_visit(city=city, window="10:00")


class TestARefusal:
    def test_rings_for_the_day(self, city: City, full: Visit, rung: Any) -> None:
        refused(city)
        assert rung == [(city.pk, DAY.isoformat())]

    def test_rings_once_a_minute(self, city: City, full: Visit, rung: Any) -> None:
        refused(city)
        refused(city)
        assert len(rung) == 1
        cache.clear()  # the minute is over
        refused(city)
        assert len(rung) == 2

    def test_of_a_day_that_was_planned_as_it_stands_rings_for_nothing(
        self, city: City, full: Visit, rung: Any
    ) -> None:
        replan_day(city=city, on=DAY, by=None, at=MORNING, rounds=20)
        refused(city)
        assert rung == []

    def test_a_window_that_is_sold_rings_for_nothing(self, city: City, full: Visit, rung: Any) -> None:
        assert rung == []

    def test_says_the_same_to_the_customer_where_nobody_answers_the_bell(
        self, city: City, full: Visit, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(refusals.BELL, "ring", lambda *_args: False)
        refused(city)
