"""Beijing on Monday morning, the catalogue open."""

from collections.abc import Iterator

import pytest
import time_machine

from repairhub.places.models import City
from tests.factories.door import catalogue, qualified_engineer
from tests.factories.engineers import MORNING
from tests.factories.places import CityFactory
from tests.orders.api.caller import proof_of


@pytest.fixture(autouse=True)
def monday_morning() -> Iterator[None]:
    """The clock stands at six."""
    with time_machine.travel(MORNING, tick=False):
        yield


@pytest.fixture
def city(db: None) -> City:
    """Beijing, with one engineer who can do the whole catalogue."""
    city = CityFactory()
    catalogue()
    qualified_engineer(city)
    return city


@pytest.fixture
def proof(city: City) -> str:
    """A customer's phone, proved."""
    return proof_of()
