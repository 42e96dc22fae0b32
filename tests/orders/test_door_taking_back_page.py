"""The engineer's visit page: a new part that does not stay in, and an end that asks where it is."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.urls import reverse

from engineers.states import VisitStatus
from orders.models import Fitting
from parts.models import Grade, StockUnit, UnitStatus
from tests.factories.door import Door, working
from tests.factories.engineers import clock
from tests.orders.phone import Phone, moved_on, text

BOTH = (("screen", Grade.ORIGINAL), ("battery", Grade.ORIGINAL))
OPEN = re.compile(r'<details class="other-ways take-back"\s+open')
# button, what is said then, where the unit is then
WAYS = [
    ("put_back", "SN-1 is booked back into stock.", UnitStatus.IN_STOCK),
    ("dead_part", "SN-1 is booked into quarantine", UnitStatus.QUARANTINED),
]

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def at_the_door(settings: Any, tmp_path: Path) -> Iterator[None]:
    """Monday, 10:20; photos go to an empty folder."""
    settings.MEDIA_ROOT = tmp_path
    with time_machine.travel(clock("10:20"), tick=False):
        yield


def scanned(**booking: Any) -> tuple[Door, Phone, Fitting]:
    """The first line's new part in, the old one not recorded yet."""
    place = working(**booking)
    return place, Phone(place), place.fit(serial=place.unit("SN-1").serial)


def status_of(serial: str) -> str:
    """Where the unit stands."""
    return StockUnit.objects.get(serial=serial).status


class TestTwoWaysOut:
    def test_they_are_offered_from_the_scan_to_the_end_and_the_main_button_stays_one(self) -> None:
        place, phone, fitting = scanned(repairs=BOTH)

        def offered() -> list[int]:
            page = text(phone.look())
            shown = re.sub(r"<template.*?</template>", "", page, flags=re.DOTALL)  # those wait for their time
            assert shown.count("btn-primary") == 1
            return [page.count(reverse("door_step", args=[place.visit.reference, way[0]])) for way in WAYS]

        assert phone.heading() == "Record the old part"
        assert offered() == [1, 1]
        place.take_out(fitting)
        assert phone.heading() == "Scan the new part"
        assert offered() == [1, 1]
        place.take_out(place.fit(place.lines[1]))
        assert phone.heading() == "Test, photograph, hand back"
        assert offered() == [2, 2]
        place.finish()
        assert offered() == [0, 0]

    def test_nothing_is_offered_before_a_scan(self) -> None:
        assert "take-back" not in text(Phone(working()).look())

    @pytest.mark.parametrize(("way", "said", "status"), WAYS)
    def test_each_leads_to_the_next_scan(self, way: str, said: str, status: str) -> None:
        place, phone, fitting = scanned()
        assert moved_on(phone.press(way, fitting=fitting.pk), place)
        assert said in text(phone.look())
        assert phone.heading() == "Scan the new part"
        assert status_of("SN-1") == status
        assert ('<option value="SN-1">' in text(phone.look())) == (status == UnitStatus.IN_STOCK)
        place.unit("SN-2")
        assert moved_on(phone.press("fit", line=place.lines[0].pk, serial="SN-2"), place)
        assert "New part SN-2 in" in text(phone.look())

    @pytest.mark.parametrize("way", [way[0] for way in WAYS])
    def test_pressed_twice_or_from_a_stale_tab_the_page_is_shown(self, way: str) -> None:
        place, phone, fitting = scanned()
        for _press in range(2):
            assert moved_on(phone.press(way, fitting=fitting.pk), place)
        place.fit()
        assert moved_on(phone.press(way, fitting=fitting.pk), place)
        assert place.order.fittings.standing().count() == 1

    def test_the_other_way_from_a_stale_tab_is_refused_with_a_sentence(self) -> None:
        _place, phone, fitting = scanned()
        phone.press("put_back", fitting=fitting.pk)
        response = phone.press("dead_part", fitting=fitting.pk)
        assert response.status_code == 409
        assert "Part SN-1 is out already: Not fitted after all." in text(response)
        assert 'role="alert"' in text(response)

    def test_an_old_part_from_a_stale_tab_is_refused_with_a_sentence(self) -> None:
        _place, phone, fitting = scanned()
        phone.press("put_back", fitting=fitting.pk)
        response = phone.press("take_out", fitting=fitting.pk, old_serial="x", fate="keep")
        assert response.status_code == 409
        assert "not part of today" in text(response)

    def test_it_says_that_the_old_part_goes_back_in(self) -> None:
        place, phone, fitting = scanned()
        place.take_out(fitting)
        assert "The old part goes back in, unless you scan another new one." in text(phone.look())
        phone.press("put_back", fitting=fitting.pk)
        assert "Screen replacement: the old part goes back into the phone, unless" in text(phone.look())
        phone.press("cannot_complete", reason="liquid_or_bent")
        assert "Screen replacement: the old part goes back into the phone." in text(phone.look())

    @pytest.mark.parametrize("way", [way[0] for way in WAYS])
    def test_without_the_forms_own_token_it_is_refused(self, way: str) -> None:
        place, _phone, fitting = scanned()
        client = Client(enforce_csrf_checks=True)
        client.force_login(place.by)
        path = reverse("door_step", args=[place.visit.reference, way])
        assert client.post(path, {"fitting": fitting.pk}).status_code == 403
        assert status_of("SN-1") == UnitStatus.FITTED

    def test_in_chinese(self) -> None:
        _place, phone, fitting = scanned()
        phone.client.cookies["django_language"] = "zh-hans"
        page = text(phone.look())
        assert "SN-1 不留在手机里" in page
        assert "不装了：放回原处" in page
        assert "开箱不良" in page
        phone.press("put_back", fitting=fitting.pk)
        assert "SN-1 已退回库存。" in text(phone.look())


class TestAnEndThatAsks:
    def test_the_refusal_stands_in_its_drawer_and_the_ways_out_are_open(self) -> None:
        place, phone, fitting = scanned()
        response = phone.press("cannot_complete", reason="liquid_or_bent", note="Water.")
        assert response.status_code == 409
        page = text(response)
        assert "Is SN-1 in the phone? Record the old part, or put the new one back." in page
        assert 'id="cannot_complete_reason_error"' in page
        assert re.search(r'<details class="other-ways sheet" open', page)
        assert OPEN.search(page)
        assert "Water.</textarea>" in page
        assert place.refresh().visit.status == VisitStatus.ON_SITE
        phone.press("put_back", fitting=fitting.pk)
        assert moved_on(phone.press("cannot_complete", reason="liquid_or_bent", note="Water."), place)
        assert phone.heading() == "This visit is over"

    def test_of_two_parts_it_asks_which(self) -> None:
        place, phone, fitting = scanned(repairs=BOTH)
        place.take_out(fitting)
        dead = place.fit(place.lines[1])
        response = phone.press("cannot_complete", reason="part_faulty")
        assert response.status_code == 409
        assert "Which new part is faulty?" in text(response)
        assert "Today’s work" in text(response)
        assert len(OPEN.findall(text(response))) == 2
        phone.press("dead_part", fitting=dead.pk)
        assert moved_on(phone.press("cannot_complete", reason="part_faulty"), place)
        assert status_of("SN-1") == UnitStatus.FITTED

    def test_the_ways_out_are_folded_away_until_they_are_needed(self) -> None:
        _place, phone, _fitting = scanned()
        assert not OPEN.search(text(phone.look()))
        assert not OPEN.search(text(phone.press("cannot_complete", note="No reason chosen.")))
