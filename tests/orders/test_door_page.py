"""The engineer's visit page: one step per screen, every refusal with its sentence, nothing typed is lost."""

import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import time_machine
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from engineers.models import Visit
from engineers.states import VisitStatus
from orders.links import order_pin
from orders.states import OrderStatus
from parts.models import Grade, StockUnit, UnitStatus
from repairhub.accounts.models import OneTimeCode
from repairhub.notifications.models import Message
from repairhub.notifications.sealing import unseal
from tests.factories.door import door, photo, screen_part, working
from tests.factories.engineers import clock
from tests.orders.phone import STEPS, Phone, moved_on, text

pytestmark = pytest.mark.django_db
FULL_WIDTH = str.maketrans("0123456789", "０１２３４５６７８９")


@pytest.fixture(autouse=True)
def at_the_door(settings: Any, tmp_path: Path) -> Iterator[None]:
    """Monday, 10:20; photos go to an empty folder."""
    settings.MEDIA_ROOT = tmp_path
    with time_machine.travel(clock("10:20"), tick=False):
        yield


def wrong(pin: str) -> str:
    """Six digits that are not the PIN."""
    return f"{(int(pin) + 1) % 10**6:06d}"


class TestOneStepPerScreen:
    def test_from_setting_out_to_the_end(self) -> None:
        place = door(VisitStatus.CONFIRMED)
        phone = Phone(place)
        assert phone.heading() == "Ready to go?"
        assert moved_on(phone.press("set_out"), place)
        assert phone.heading() == "Drive to the customer"
        assert moved_on(phone.press("arrive"), place)
        assert phone.heading() == "Ask for the PIN"
        assert moved_on(phone.press("start", pin=order_pin(place.order)), place)
        assert phone.heading() == "Scan the new part"
        place.unit("SN-1")
        line = place.lines[0].pk
        assert moved_on(phone.press("fit", line=line, serial="SN-1"), place)
        assert phone.heading() == "Record the old part"
        fitting = place.order.fittings.get().pk
        assert moved_on(phone.press("take_out", fitting=fitting, old_serial="none", fate="keep"), place)
        assert phone.heading() == "Test, photograph, hand back"
        assert moved_on(phone.press("finish", photo=photo(), note="As new."), place)
        assert phone.heading() == "This visit is over"
        place.refresh()
        assert (place.order.status, place.visit.status) == (OrderStatus.COMPLETED, VisitStatus.DONE)

    @pytest.mark.parametrize(
        "status", [VisitStatus.CONFIRMED, VisitStatus.EN_ROUTE, VisitStatus.ON_SITE, VisitStatus.DONE]
    )
    def test_every_screen_has_one_main_button(self, status: str) -> None:
        # what is kept in templates is for a phone that loses its network
        html = re.sub(r"<template.*?</template>", "", text(Phone(door(status)).look()), flags=re.S)
        assert html.count("btn-primary") == 1

    def test_the_address_and_how_to_get_in_stand_where_they_are_needed(self) -> None:
        place = door(VisitStatus.EN_ROUTE, access_note="Code 7 at the gate")
        page = text(Phone(place).look())
        for shown in ("Jianguo Road 1", "Code 7 at the gate", "Li Na", "tel:+86139", "geo:39.9042"):
            assert shown in page

    def test_the_promised_grade_and_the_parts_at_hand_are_shown_before_scanning(self) -> None:
        place = working()
        place.unit("SN-HERE")
        place.unit("SN-OTHER", part=place.lines[0].part)
        page = text(Phone(place).look())
        assert "Original" in page
        assert page.index("SN-HERE") < page.index("SN-OTHER")

    def test_without_a_part_at_hand_it_says_so(self) -> None:
        assert "No fitting part of this grade" in text(Phone(working()).look())

    def test_two_repairs_take_their_steps_one_after_the_other(self) -> None:
        place = working(repairs=[("screen", Grade.ORIGINAL), ("battery", Grade.ORIGINAL)])
        phone = Phone(place)
        place.take_out(place.fit())
        assert phone.heading() == "Scan the new part"
        assert "Battery replacement" in text(phone.look())

    def test_an_end_without_the_repair_shows_its_reason(self) -> None:
        page = text(Phone(door(VisitStatus.CANNOT_COMPLETE)).look())
        assert "This visit is over" in page
        assert "The right part is not at hand" in page


class TestSomethingIsInTheWay:
    def test_the_visit_goes_back_to_before_setting_out_and_the_customer_is_told(self) -> None:
        place = door(VisitStatus.EN_ROUTE)
        phone = Phone(place)
        assert "Something is in the way" in text(phone.look())
        assert moved_on(phone.press("turn_back", reason="The car has broken down."), place)
        assert phone.heading() == "Ready to go?"
        assert place.order.events.filter(kind="turned_back").count() == 1
        assert Message.objects.filter(template="engineer_turned_back").exists()
        assert moved_on(phone.press("set_out"), place)
        contacts = place.order.contacts.exclude(proved_at=None).count()
        assert Message.objects.filter(template="engineer_on_the_way").count() == 2 * contacts

    def test_needs_words(self) -> None:
        response = Phone(door(VisitStatus.EN_ROUTE)).press("turn_back", reason=" ")
        assert response.status_code == 400
        assert "Say what is in the way." in text(response)

    def test_setting_out_on_another_day_is_a_likely_wrong_tap_and_says_so(self) -> None:
        place = door(VisitStatus.CONFIRMED)
        phone = Phone(place)
        assert "not today." not in text(phone.look())
        with time_machine.travel(clock("19:00") - timedelta(days=1), tick=False):
            page = text(Phone(place).look())
            assert page.index("This visit is on Mon 23 Nov, not today.") < page.index("I am on my way")


class TestAnotherVisitUnderWay:
    def test_the_refusal_leads_to_it(self) -> None:
        first = door(VisitStatus.EN_ROUTE)
        second = door(VisitStatus.CONFIRMED, city=first.order.city)
        Visit.objects.filter(pk=first.visit.pk).update(
            engineer=second.visit.engineer, planned_start_at=clock("06:00"), planned_end_at=clock("06:30")
        )
        response = Phone(second).press("set_out")
        assert response.status_code == 409
        assert f'href="{reverse("door", args=[first.visit.reference])}"' in text(response)


class TestDoorCode:
    def test_it_goes_to_the_contacts_and_opens(self) -> None:
        place = door()
        phone = Phone(place)
        assert "+86 139" in text(phone.look())
        assert moved_on(phone.press("send_code"), place)
        said = text(phone.look())
        assert "A door code is on its way to +86 139" in said
        code = unseal(Message.objects.filter(template="door_code").latest("pk").secret)
        assert moved_on(phone.press("code", code=code), place)
        assert phone.heading() == "Scan the new part"

    def test_neither_contact_is_shown_in_full(self) -> None:
        place = door()
        page = text(Phone(place).look())
        mail = place.order.contacts.get(channel="email").address
        assert mail not in page

    def test_too_early_again_it_says_when(self) -> None:
        place = door()
        phone = Phone(place)
        phone.press("send_code")
        response = phone.press("send_code")
        assert response.status_code == 429
        assert "Please try again in" in text(response)

    def test_a_wrong_code_is_said_at_its_field_and_the_drawer_stays_open(self) -> None:
        place = door()
        response = Phone(place).press("code", code="000000")
        assert response.status_code == 400
        assert 'id="code_code_error"' in text(response)
        assert re.search(r'<details class="other-ways[^"]*"[^>]* open', text(response))


class TestRefusals:
    def test_a_wrong_pin_is_said_at_its_field(self) -> None:
        place = door()
        response = Phone(place).press("start", pin=wrong(order_pin(place.order)))
        assert response.status_code == 400
        assert 'id="start_pin_error"' in text(response)
        assert "4 tries are left" in text(response)
        assert 'aria-invalid="true"' in text(response)

    @pytest.mark.parametrize("typed", ["12", "1234567", "abcdef", "12 34 5", "12345a", "²³¹²³¹"])
    @pytest.mark.parametrize(("step", "field"), [("start", "pin"), ("code", "code")])
    def test_what_has_not_six_digits_costs_no_try(self, step: str, field: str, typed: str) -> None:
        place = door()
        phone = Phone(place)
        phone.press("send_code")
        response = phone.press(step, **{field: typed})
        assert response.status_code == 400
        assert "has six digits" in text(response)
        assert f'id="{step}_{field}_error"' in text(response)
        assert place.refresh().order.pin_failures == 0
        assert set(OneTimeCode.objects.values_list("attempts", flat=True)) == {0}

    @pytest.mark.parametrize("typed", ["{0}{1}{2} {3}{4}{5}", " {0}{1}{2}-{3}{4}{5} ", "full-width"])
    def test_six_digits_open_however_they_are_typed(self, typed: str) -> None:
        place = door()
        digits = order_pin(place.order)
        pin = digits.translate(FULL_WIDTH) if typed == "full-width" else typed.format(*digits)
        assert moved_on(Phone(place).press("start", pin=pin), place)

    def test_the_wrong_grade_is_said_at_its_field_and_the_serial_stays(self) -> None:
        place = working()
        place.unit("SN-C", part=screen_part(Grade.CERTIFIED))
        response = Phone(place).press("fit", line=place.lines[0].pk, serial="sn-c")
        assert response.status_code == 400
        assert "Do not open the phone" in text(response)
        assert 'value="sn-c"' in text(response)

    def test_a_unit_that_is_gone_answers_409_at_its_field(self) -> None:
        place = working()
        unit = place.unit("SN-1")
        StockUnit.objects.filter(pk=unit.pk).update(status=UnitStatus.QUARANTINED)
        response = Phone(place).press("fit", line=place.lines[0].pk, serial="SN-1")
        assert response.status_code == 409
        assert 'id="fit_serial_error"' in text(response)

    def test_the_old_parts_serial_stays_where_the_fate_is_missing(self) -> None:
        place = working()
        fitting = place.fit()
        response = Phone(place).press("take_out", fitting=fitting.pk, old_serial="OLD-9")
        assert response.status_code == 400
        assert 'value="OLD-9"' in text(response)
        assert "Ask the customer what becomes of the old part." in text(response)

    def test_the_note_stays_where_the_photo_is_missing(self) -> None:
        place = working().do_all_lines()
        response = Phone(place).press("finish", note="Small scratch, top left.")
        assert response.status_code == 400
        assert "Small scratch, top left.</textarea>" in text(response)
        assert 'id="finish_photo_error"' in text(response)

    def test_a_photo_that_cannot_be_read_is_said_at_its_field(self) -> None:
        place = working().do_all_lines()
        heic = SimpleUploadedFile("phone.heic", b"\x00\x00\x00\x18ftypheic", content_type="image/heic")
        response = Phone(place).press("finish", note="Fine.", photo=heic)
        assert response.status_code == 400
        assert "Send a JPEG, PNG or WebP" in text(response)
        assert place.refresh().visit.status == VisitStatus.ON_SITE

    def test_an_end_needs_its_reason_and_keeps_the_note(self) -> None:
        place = working()
        response = Phone(place).press("cannot_complete", note="Liquid everywhere")
        assert response.status_code == 400
        assert "Liquid everywhere</textarea>" in text(response)
        assert "Say why it cannot be completed." in text(response)

    def test_another_reason_needs_words(self) -> None:
        response = Phone(working()).press("cannot_complete", reason="other")
        assert response.status_code == 400
        assert "Describe the reason in a few words." in text(response)

    def test_nobody_at_home_needs_what_was_tried(self) -> None:
        response = Phone(door()).press("no_access", note="  ")
        assert response.status_code == 400
        assert "Say what you tried" in text(response)

    @pytest.mark.parametrize("step", STEPS)
    def test_a_step_whose_time_is_past_or_to_come_is_refused_with_a_sentence(self, step: str) -> None:
        place = door(VisitStatus.CANNOT_COMPLETE if step == "no_access" else VisitStatus.NO_ACCESS)
        fields = {"pin": "000000", "code": "000000", "serial": "x", "old_serial": "x", "fate": "keep",
                  "photo": photo(), "reason": "wrong_part", "note": "Rang."}  # fmt: skip
        with_ids = step in ("fit", "take_out")
        response = Phone(place).press(step, **fields, **({"line": place.lines[0].pk} if with_ids else {}))
        if step in ("take_out", "put_back", "dead_part"):
            assert response.status_code == 404  # there is no fitting to speak of
        else:
            assert response.status_code == 409
            assert 'role="alert"' in text(response)

    def test_an_empty_form_of_a_step_that_is_over_says_that_the_visit_has_moved_on(self) -> None:
        response = Phone(working()).press("start")
        assert response.status_code == 400
        assert "The visit has moved on" in text(response)


class TestPressedTwice:
    @pytest.mark.parametrize(
        ("step", "fields"),
        [
            ("finish", {}),
            ("cannot_complete", {"reason": "wrong_part"}),
            ("no_access", {"note": "Rang twice."}),
        ],
    )
    def test_a_second_press_that_ends_the_visit_is_answered_with_the_end(
        self, step: str, fields: dict[str, Any]
    ) -> None:
        place = working().do_all_lines() if step == "finish" else door()
        phone = Phone(place)
        assert moved_on(
            phone.press(step, **fields, **({"photo": photo()} if step == "finish" else {})), place
        )
        assert moved_on(phone.press(step, **fields), place)
        assert phone.heading() == "This visit is over"

    def test_every_other_step_is_done_once(self) -> None:
        place = door(VisitStatus.CONFIRMED)
        phone = Phone(place)
        for _press in range(2):
            assert moved_on(phone.press("set_out"), place)
        for _press in range(2):
            assert moved_on(phone.press("arrive"), place)
        for _press in range(2):
            assert moved_on(phone.press("start", pin=order_pin(place.order)), place)
        place.unit("SN-1")
        for _press in range(2):
            assert moved_on(phone.press("fit", line=place.lines[0].pk, serial="SN-1"), place)
        fitting = place.order.fittings.get().pk
        for _press in range(2):
            assert moved_on(phone.press("take_out", fitting=fitting, old_serial="x", fate="keep"), place)
        for _press in range(2):
            assert moved_on(phone.press("finish", photo=photo()), place)
        kinds = list(place.order.events.values_list("kind", flat=True))
        assert len(kinds) == len(set(kinds))
