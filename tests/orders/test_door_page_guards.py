"""The engineer's visit page against whoever should not be there, and against whatever can be typed."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.urls import reverse

from engineers.models import Visit
from engineers.states import VisitStatus
from orders.links import order_pin, order_token
from orders.models import RepairOrder
from repairhub.accounts.states import STAFF_ROLES, Role
from tests.factories.accounts import FACTORY_OF_ROLE, EngineerUserFactory, SuperuserFactory
from tests.factories.door import door, photo, qualified_engineer, standing, working
from tests.factories.engineers import clock
from tests.factories.places import CityFactory
from tests.orders.phone import STEPS, Phone, moved_on, text

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def at_the_door(settings: Any, tmp_path: Path) -> Iterator[None]:
    """Monday, 10:20; photos go to an empty folder."""
    settings.MEDIA_ROOT = tmp_path
    with time_machine.travel(clock("10:20"), tick=False):
        yield


class TestAStepDoneBefore:
    def test_is_answered_the_same_though_the_visit_is_a_colleague_s_by_now(self) -> None:
        place = door(VisitStatus.CONFIRMED)
        phone = Phone(place)
        assert moved_on(phone.press("set_out", command_key="k" * 20), place)
        Visit.objects.update(engineer=qualified_engineer(place.order.city))  # turned back, and given away
        assert moved_on(phone.press("set_out", command_key="k" * 20), place)
        assert phone.press("set_out", command_key="x" * 20).status_code == 404


class TestHostileInput:
    def test_an_id_that_is_none_of_ours_is_404(self, subtests: pytest.Subtests) -> None:
        phone = Phone(working())
        for ident in ("", "abc", "-1", "0", "1.5", "9" * 30, "٣", "1 OR 1=1", "\x00"):
            with subtests.test(ident=ident):
                assert phone.press("fit", line=ident, serial="SN-1").status_code == 404
                assert phone.press("take_out", fitting=ident, old_serial="x", fate="keep").status_code == 404
                assert phone.press("put_back", fitting=ident).status_code == 404
                assert phone.press("dead_part", fitting=ident).status_code == 404

    def test_ids_of_another_order_are_404(self) -> None:
        place, other = working(), working(city=CityFactory(shanghai=True))
        phone = Phone(place)
        fitting = other.fit()
        assert phone.press("fit", line=other.lines[0].pk, serial="SN-1").status_code == 404
        assert phone.press("take_out", fitting=fitting.pk, old_serial="x", fate="keep").status_code == 404
        assert phone.press("put_back", fitting=fitting.pk).status_code == 404
        assert phone.press("dead_part", fitting=fitting.pk).status_code == 404

    def test_any_text_is_refused_or_taken_and_never_run(self, subtests: pytest.Subtests) -> None:
        place = working()
        phone = Phone(place)
        line = place.lines[0].pk
        for typed in ("x" * 10_000, "a\x00b", "<script>alert(1)</script>", "'; DROP TABLE"):
            for step, fields in {
                "fit": {"line": line, "serial": typed},
                "start": {"pin": typed},
                "code": {"code": typed},
                "cannot_complete": {"reason": typed, "note": typed},
                "no_access": {"note": typed},
            }.items():
                with subtests.test(step=step, typed=typed[:30]):
                    response = phone.press(step, **fields)
                    assert response.status_code in (400, 409)
                    assert "<script>alert" not in text(response)

    @pytest.mark.parametrize("upload", ["", "a text instead of a file"])
    def test_a_text_instead_of_a_photo_is_a_missing_photo(self, upload: str) -> None:
        response = Phone(working().do_all_lines()).press("finish", photo=upload, note="")
        assert response.status_code == 400
        assert "Take a photo" in text(response)

    def test_more_photos_than_anybody_needs_are_refused(self) -> None:
        response = Phone(working().do_all_lines()).press("finish", photo=[photo() for _one in range(7)])
        assert response.status_code == 400
        assert "at most 6 photos" in text(response)

    def test_a_broken_upload_is_no_crash(self) -> None:
        place = working().do_all_lines()
        phone = Phone(place)
        response = phone.client.post(
            reverse("door_step", args=[place.visit.reference, "finish"]),
            data=b"--x\r\nbroken",
            content_type="multipart/form-data; boundary=x",
        )
        assert response.status_code == 400

    def test_a_reference_that_is_none_of_ours_is_404(self, subtests: pytest.Subtests) -> None:
        phone = Phone(door())
        for reference in ("V-00000000", "%00", "..%2F..%2Fetc", "V-屏幕"):
            with subtests.test(reference=reference):
                assert phone.client.get(f"/engineer/visits/{reference}/").status_code == 404
                assert phone.client.post(f"/engineer/visits/{reference}/fit/").status_code == 404

    def test_a_visit_that_is_not_on_the_engineer_s_list_is_said_with_the_way_on(self) -> None:
        place, other = door(), door(city=CityFactory(code="SH"))
        phone = Phone(place)
        for reference in ("V-2222222222", other.visit.reference):
            page = text(phone.client.get(f"/engineer/visits/{reference}/"))
            assert f"There is no visit {reference} on your list." in page
            assert "Reload your day: it may have been given to somebody else." in page
            assert 'class="staff-head"' in page
            assert "Links to orders" not in page

    def test_an_unknown_step_is_404(self) -> None:
        place = door()
        phone = Phone(place)
        assert phone.press("approve_quote").status_code == 404
        assert phone.press("_start").status_code == 404

    def test_a_step_is_posted_and_a_page_is_read(self) -> None:
        place = door()
        phone = Phone(place)
        page, step = (
            reverse("door", args=[place.visit.reference]),
            reverse("door_step", args=[place.visit.reference, "arrive"]),
        )
        # a sign-in and the language switch lead to the address of a step by GET
        assert phone.client.get(step).url == page
        assert phone.client.put(step).status_code == 405
        assert phone.client.post(page).status_code == 405

    def test_a_step_without_the_forms_own_token_is_refused(self) -> None:
        place = door()
        client = Client(enforce_csrf_checks=True)
        client.force_login(place.by)
        path = reverse("door_step", args=[place.visit.reference, "start"])
        assert client.post(path, {"pin": order_pin(place.order)}).status_code == 403
        assert place.refresh().visit.started_at is None


class TestWhoMayComeIn:
    def test_another_engineers_visit_is_404(self) -> None:
        place = door()
        stranger = Phone(place, EngineerUserFactory())
        assert stranger.look().status_code == 404
        for step in STEPS:
            assert stranger.press(step, pin=order_pin(place.order)).status_code == 404

    def test_a_tentative_visit_is_404_for_its_engineer_too(self) -> None:
        assert Phone(door(VisitStatus.PLANNED)).look().status_code == 404

    def test_any_other_role_is_refused(self, subtests: pytest.Subtests) -> None:
        place = door()
        for role in [role for role in STAFF_ROLES if role != Role.ENGINEER]:
            with subtests.test(role=role):
                visitor = Phone(place, FACTORY_OF_ROLE[role]())
                assert visitor.look().status_code == 403
                assert visitor.press("start", pin=order_pin(place.order)).status_code == 403
        assert place.refresh().visit.started_at is None

    def test_a_superuser_has_no_visits(self) -> None:
        assert Phone(door(), SuperuserFactory()).look().status_code == 404

    @pytest.mark.parametrize("session", ["none", "a customer's"])
    def test_whoever_is_not_of_the_staff_is_sent_to_the_sign_in(self, session: str) -> None:
        place = door()
        path = reverse("door", args=[place.visit.reference])
        client = Client()
        if session != "none":
            client.force_login(place.order.customer)
        response = client.get(path)
        assert response.status_code == 302
        assert response["Location"] == f"{reverse('account_login')}?next={path}"


class TestThePinStaysTheCustomers:
    def test_no_page_of_the_engineer_shows_pin_or_link(self, subtests: pytest.Subtests) -> None:
        place = door()
        phone = Phone(place)
        for status in [status for status in VisitStatus if status != VisitStatus.PLANNED]:
            standing(place, visit=status)
            for path in (reverse("door", args=[place.visit.reference]), reverse("engineer_day")):
                with subtests.test(status=status, path=path):
                    response = phone.client.get(path)
                    assert response.status_code == 200
                    assert not re.search(rf"\b{order_pin(place.order)}\b", text(response))
                    assert order_token(place.order) not in text(response)

    @pytest.mark.parametrize("role", [Role.DISPATCHER, Role.MANAGER])
    def test_no_page_of_the_desk_shows_pin_or_link(self, role: str) -> None:
        place = door()
        client = Client()
        client.force_login(FACTORY_OF_ROLE[role]())
        on = place.visit.on.isoformat()
        for path in (
            f"{reverse('board')}?city={place.visit.city.code}&on={on}&visit={place.visit.reference}",
            reverse("board_visit", args=[place.visit.reference]),
        ):
            response = client.get(path)
            assert response.status_code == 200
            assert not re.search(rf"\b{order_pin(place.order)}\b", text(response))
            assert order_token(place.order) not in text(response)

    def test_what_was_typed_as_pin_or_code_never_comes_back_with_the_page(self) -> None:
        place = door()
        phone = Phone(place)
        RepairOrder.objects.update(pin_failures=5)  # closed: the right one is refused too
        for response in (
            phone.press("start", pin=order_pin(place.order)),
            phone.press("code", code="314159"),
        ):
            assert response.status_code in (400, 429)
            assert order_pin(place.order) not in text(response)
            assert "314159" not in text(response)
