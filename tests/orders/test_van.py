"""What lies in the van, for which of today's visits, and what is missing."""

from typing import Any

import pytest
import time_machine
from django.test import Client
from django.urls import reverse

from engineers.states import VisitStatus
from parts.models import Grade
from tests.factories.accounts import EngineerUserFactory
from tests.factories.door import Door, battery_part, door, screen_part, unit_in_van
from tests.factories.engineers import MORNING

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def early() -> Any:
    """Six in the morning in Beijing."""
    with time_machine.travel(MORNING, tick=False):
        yield


@pytest.fixture
def place() -> Door:
    """A confirmed visit of today for an original screen."""
    return door(VisitStatus.CONFIRMED)


def van(place: Door, **query: str) -> str:
    """The engineer's page."""
    client = Client()
    client.force_login(place.by)
    response = client.get(reverse("van_stock"), query)
    assert response.status_code == 200
    return response.content.decode()


class TestVan:
    def test_shows_each_unit_with_grade_lot_and_the_visit_it_is_for(self, place: Door) -> None:
        unit = unit_in_van(place.engineer, screen_part(), "SN-SCREEN")
        battery = unit_in_van(place.engineer, battery_part(), "SN-BATTERY")
        html = van(place)
        assert "SN-SCREEN" in html
        assert f"lot {unit.lot.number}" in html
        assert "Original" in html
        assert html.count("for 10:00") == 1
        assert battery.serial in html
        assert "Missing for today" not in html

    def test_says_what_is_missing_for_which_order(self, place: Door) -> None:
        unit_in_van(place.engineer, screen_part(Grade.CERTIFIED), "SN-C")  # not the grade that was promised
        html = van(place)
        assert "Missing for today" in html
        assert place.order.reference in html
        assert "needed at 10:00" in html
        assert "for 10:00" not in html

    def test_a_unit_is_for_one_visit_only(self, place: Door) -> None:
        unit_in_van(place.engineer, screen_part(), "SN-1")
        door(VisitStatus.CONFIRMED, city=place.visit.city, window="14:00")
        second = place.engineer.visits.exclude(pk=place.visit.pk).first()
        html = van(place)
        assert html.count("for 10:00") == 1
        assert ("Missing for today" in html) == (second is not None)

    def test_what_is_fitted_is_needed_no_more(self) -> None:
        place = door(started=True)
        place.take_out(place.fit())
        html = van(place)
        assert "Missing for today" not in html

    def test_finds_by_part_serial_and_lot(self, place: Door) -> None:
        unit = unit_in_van(place.engineer, screen_part(), "SN-SCREEN")
        unit_in_van(place.engineer, battery_part(), "SN-BATTERY")
        for words in ("screen", "sn-scr", unit.lot.number, "iphone 12 screen"):
            html = van(place, q=words)
            assert "SN-SCREEN" in html, words
        assert "SN-BATTERY" not in van(place, q="SN-SCR")
        assert "Nothing in your van has this name" in van(place, q="zzz")

    def test_comes_in_pages(self, place: Door) -> None:
        for number in range(51):
            unit_in_van(place.engineer, screen_part(), f"SN-{number:03d}")
        assert "SN-050" not in van(place)
        assert "SN-050" in van(place, page="2")
        assert "SN-000" in van(place, page="nonsense")

    def test_without_one_says_whom_to_ask(self, place: Door) -> None:
        assert "No van is in the books under your name" in van(place)

    def test_shows_nothing_of_another_van(self, place: Door) -> None:
        unit_in_van(place.engineer, screen_part(), "SN-MINE")
        other = door(VisitStatus.CONFIRMED, window="14:00", city=None)
        assert "SN-MINE" not in van(other) or other.by == place.by

    def test_an_engineer_without_a_record_is_told_what_to_do(self, client: Client) -> None:
        client.force_login(EngineerUserFactory())
        assert "record belongs to you yet" in client.get(reverse("van_stock")).content.decode()
