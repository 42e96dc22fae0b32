"""One city, one engineer at work in it, and a dispatcher who looks after it."""

import pytest

from engineers.models import Engineer
from repairhub.accounts.models import User
from repairhub.places.models import City
from tests.factories.accounts import DispatcherFactory
from tests.factories.engineers import EngineerFactory
from tests.factories.places import CityFactory


@pytest.fixture
def city(db: None) -> City:
    """Beijing."""
    return CityFactory()


@pytest.fixture
def engineer(city: City) -> Engineer:
    """At work every day, certified for screens."""
    return EngineerFactory(city=city, user__name="Ying Chen")


@pytest.fixture
def dispatcher(city: City) -> User:
    """Looks after Beijing."""
    return DispatcherFactory(name="Fang Wang", cities=[city])
