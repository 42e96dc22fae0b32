"""Beijing on Monday morning: one engineer who can do the whole catalogue, and a customer's browser."""

from collections.abc import Iterator

import pytest
import time_machine
from django.utils import translation

from engineers.models import Engineer
from repairhub.places.models import City
from tests.factories.engineers import MORNING
from tests.orders.browser import Browser, open_city


@pytest.fixture(autouse=True)
def english() -> Iterator[None]:
    """Whatever language the last page of another test spoke."""
    with translation.override("en"):
        yield


@pytest.fixture
def monday_morning() -> Iterator[time_machine.Traveller]:
    """The clock stands at six; `move_to` sets it."""
    with time_machine.travel(MORNING, tick=False) as clock:
        yield clock


@pytest.fixture
def city(db: None) -> City:
    """Beijing, with an engineer and a catalogue."""
    return open_city()[0]


@pytest.fixture
def engineer(city: City) -> Engineer:
    """The only one in Beijing."""
    return Engineer.objects.get(city=city)


@pytest.fixture
def customer(city: City, monday_morning: time_machine.Traveller) -> Browser:
    """A customer's browser, nothing chosen yet."""
    return Browser()
