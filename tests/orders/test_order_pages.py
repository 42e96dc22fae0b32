"""The order's page: who has the link sees where it stands, who proved a contact sees the rest."""

from datetime import timedelta
from typing import Any

import pytest
from django.urls import reverse

from engineers.services import doorstep
from engineers.states import VisitStatus
from orders import ports, wording
from orders.links import order_path, order_pin, order_token
from orders.models import HandOverPhoto, OrderEvent, RepairOrder
from orders.states import OrderStatus
from orders.wording import Words, words_of
from repairhub.accounts.models import OneTimeCode
from repairhub.core.errors import NotAllowed
from repairhub.notifications.models import Message
from repairhub.notifications.sealing import unseal
from tests.factories.accounts import DispatcherFactory
from tests.factories.door import Door, booked, bring, door, put_order
from tests.factories.engineers import MORNING, clock
from tests.orders.browser import Browser
from tests.orders.test_booking_pages import fill

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("monday_morning")]
# what stands on the page of an order with the link alone: no name, address, phone, PIN
PERSONAL = ["Jianguo Road 1", "Li Wei", "Li Na"]


def page(browser: Browser, order: RepairOrder, name: str = "order", *more: Any, **query: Any) -> Any:
    return browser.client.get(reverse(name, args=[order.reference, order_token(order), *more]), query)


def post(browser: Browser, order: RepairOrder, name: str, **data: Any) -> Any:
    return browser.client.post(reverse(name, args=[order.reference, order_token(order)]), data)


@pytest.fixture
def stranger() -> Browser:
    """Somebody who has nothing but the link."""
    return Browser()


@pytest.fixture
def order(city: Any) -> RepairOrder:
    """Booked, with a phone and a mail address."""
    return booked(city)


class TestLink:
    @pytest.mark.parametrize("token", ["x" * 32, "A" * 31, "A" * 33, "%00" + "A" * 31, "ü" * 32])
    @pytest.mark.parametrize("rest", ["", "code/", "window/", "cancel/", "photos/1/"])
    def test_a_wrong_one_is_not_found(
        self, stranger: Browser, order: RepairOrder, token: str, rest: str
    ) -> None:
        assert stranger.client.get(f"/o/{order.reference}/{token}/{rest}").status_code == 404

    def test_one_of_another_order_is_not_found(self, stranger: Browser, order: RepairOrder) -> None:
        other = booked(order.city, window="14:00")
        address = reverse("order", args=[order.reference, order_token(other)])
        assert stranger.client.get(address).status_code == 404

    def test_a_revoked_one_is_not_found(self, stranger: Browser, order: RepairOrder) -> None:
        path = order_path(order)
        RepairOrder.objects.update(link_version=2)
        assert stranger.client.get(path).status_code == 404

    @pytest.mark.parametrize("name", ["order", "order_code", "order_window", "order_cancel"])
    def test_is_kept_by_no_cache_no_search_engine_and_no_other_site(
        self, stranger: Browser, order: RepairOrder, name: str
    ) -> None:
        headers = page(stranger, order, name).headers
        assert headers["Referrer-Policy"] == "same-origin"
        assert headers["X-Robots-Tag"] == "noindex, nofollow"
        assert set(headers["Cache-Control"].split(", ")) >= {"private", "no-store"}

    def test_so_are_its_refusals(self, customer: Browser, stranger: Browser) -> None:
        place = door(VisitStatus.EN_ROUTE)
        not_found = page(stranger, place.order, "order_photo", 1)
        revoked = stranger.client.get(f"/o/{place.order.reference}/{'A' * 32}/")
        customer.prove_on_order(place.order)
        refused = page(customer, place.order, "order_window")
        assert [answer.status_code for answer in (not_found, revoked, refused)] == [404, 404, 409]
        for answer in (not_found, revoked, refused):
            assert answer.headers["Referrer-Policy"] == "same-origin"
            assert answer.headers["X-Robots-Tag"] == "noindex, nofollow"
            assert "no-store" in answer.headers["Cache-Control"]


class TestWithTheLinkAlone:
    def test_shows_where_it_stands_the_window_and_the_price(
        self, stranger: Browser, order: RepairOrder
    ) -> None:
        text = page(stranger, order).text
        for shown in [
            order.reference,
            "iPhone 12",
            "Mon 23 Nov, 10:00–12:00",
            "¥2,149",
            "Quote 1",
            "180 days",
        ]:
            assert shown in text, shown

    @pytest.mark.parametrize("status", VisitStatus)
    def test_shows_nothing_personal_whatever_happened(self, stranger: Browser, status: str) -> None:
        order = door(status).order
        text = page(stranger, order).text
        addresses = order.contacts.values_list("address", flat=True)
        for personal in [*PERSONAL, *addresses, order_pin(order)]:
            assert personal not in text, personal
        assert "+86 139****" in text

    @pytest.mark.parametrize("name", ["order_window", "order_cancel"])
    def test_changes_nothing(self, stranger: Browser, order: RepairOrder, name: str) -> None:
        assert post(stranger, order, name, window=clock("14:00").isoformat()).status_code == 302
        order.refresh_from_db()
        assert order.status == OrderStatus.BOOKED
        assert order.events.count() == 1

    def test_a_proof_of_another_address_opens_nothing(self, customer: Browser, order: RepairOrder) -> None:
        customer.up_to_confirm()
        assert "Jianguo Road 1" not in page(customer, order).text

    def test_an_address_that_nobody_proved_at_booking_opens_nothing(
        self, stranger: Browser, order: RepairOrder
    ) -> None:
        order.contacts.filter(position=2).update(proved_at=None, may_approve=False)
        assert "***@example.com" not in page(stranger, order).text
        assert post(stranger, order, "order_code", contact=2).url == order_path(order)
        assert not OneTimeCode.objects.exists()

    def test_staff_see_no_more_than_anybody(self, stranger: Browser, order: RepairOrder) -> None:
        stranger.client.force_login(DispatcherFactory())
        assert "Jianguo Road 1" not in page(stranger, order).text


class TestCode:
    def test_opens_what_is_personal_for_this_browser_alone(
        self, stranger: Browser, order: RepairOrder
    ) -> None:
        assert stranger.prove_on_order(order).url == order_path(order)
        text = page(stranger, order).text
        for personal in ["Jianguo Road 1", "Li Wei", "Li Na", order_pin(order)]:
            assert personal in text, personal
        assert "Jianguo Road 1" not in page(Browser(), order).text

    def test_goes_where_the_button_says(self, stranger: Browser, order: RepairOrder) -> None:
        assert "contact=2" in post(stranger, order, "order_code", contact=2).url
        assert OneTimeCode.objects.get().address == order.contacts.get(position=2).address

    @pytest.mark.parametrize("contact", ["", "3", "0", "x", "\x00", "1" * 50])
    def test_no_such_contact_leads_back(self, stranger: Browser, order: RepairOrder, contact: str) -> None:
        assert post(stranger, order, "order_code", contact=contact).status_code == 302
        assert not OneTimeCode.objects.exists()

    def test_a_wrong_one_says_so(self, stranger: Browser, order: RepairOrder) -> None:
        post(stranger, order, "order_code", contact=1)
        answer = post(stranger, order, "order_code", contact=1, code="12")
        assert answer.status_code == 400
        assert "The code has six digits." in answer.text

    def test_too_soon_again_says_when(self, stranger: Browser, order: RepairOrder) -> None:
        post(stranger, order, "order_code", contact=1)
        answer = post(stranger, order, "order_code", contact=1)
        assert answer.status_code == 429
        assert "Please try again in" in answer.text

    def test_whoever_proved_it_needs_no_second_one(self, customer: Browser) -> None:
        order = customer.book()
        assert "Jianguo Road 1" in page(customer, order).text
        assert page(customer, order, "order_code", contact=1).status_code == 302


class TestEngineersCard:
    def test_nobody_is_shown_while_tentative(self, stranger: Browser) -> None:
        place = door(VisitStatus.PLANNED)
        assert place.engineer.user.name not in page(stranger, place.order).text

    @pytest.mark.parametrize("status", [VisitStatus.CONFIRMED, VisitStatus.EN_ROUTE, VisitStatus.ON_SITE])
    def test_name_number_and_certificate_from_then_on(self, stranger: Browser, status: str) -> None:
        place = door(status)
        text = page(stranger, place.order).text
        certificate = place.engineer.certificates.get(skill__key="screen")
        for shown in [place.engineer.user.name, place.engineer.number, certificate.number, "31 Dec 2027"]:
            assert shown in text, shown

    def test_a_certificate_for_something_else_is_not_shown(self, stranger: Browser) -> None:
        place = door(VisitStatus.CONFIRMED)
        other = place.engineer.certificates.get(skill__key="battery")
        assert other.number not in page(stranger, place.order).text


class TestActions:
    @pytest.fixture
    def at_home(self, customer: Browser) -> tuple[Browser, RepairOrder]:
        return customer, customer.book()

    def test_another_window(self, at_home: tuple[Browser, RepairOrder]) -> None:
        browser, order = at_home
        text = page(browser, order, "order_window").text
        assert "Tue 24 Nov, 10:00–12:00" in text
        answer = post(browser, order, "order_window", window=clock("14:00").isoformat())
        assert answer.url == order_path(order)
        shown = page(browser, order).text
        assert "Mon 23 Nov, 14:00–16:00" in shown
        assert "You moved the visit" in shown

    def test_a_window_taken_meanwhile_brings_the_nearest_and_keeps_the_promise(
        self, at_home: tuple[Browser, RepairOrder]
    ) -> None:
        browser, order = at_home
        fill(order.city)
        answer = post(browser, order, "order_window", window=clock("10:00").isoformat())
        assert answer.status_code == 409
        assert len(answer.context["nearest"]) == 3
        assert order.visits.get().status == VisitStatus.PLANNED

    def test_a_window_that_begins_too_soon_by_now_brings_the_nearest_and_keeps_the_promise(
        self, at_home: tuple[Browser, RepairOrder], monday_morning: Any, settings: Any
    ) -> None:
        settings.BOOKING_LEAD_MINUTES = 90
        browser, order = at_home
        monday_morning.move_to(clock("08:25"))
        assert clock("10:00").isoformat() in page(browser, order, "order_window").text
        monday_morning.move_to(clock("08:31"))
        answer = post(browser, order, "order_window", window=clock("10:00").isoformat())
        assert answer.status_code == 409
        assert "This arrival window begins too soon by now" in answer.text
        assert len(answer.context["nearest"]) == 3
        assert order.visits.get().status == VisitStatus.PLANNED

    @pytest.mark.parametrize(
        "window", ["", "x", "\x00", "2026-11-24T11:11:00+08:00", "1999-01-01T10:00:00+08:00"]
    )
    def test_no_window_of_ours(self, at_home: tuple[Browser, RepairOrder], window: str) -> None:
        assert post(*at_home, "order_window", window=window).status_code == 400

    def test_cancelling_asks_once_more(self, at_home: tuple[Browser, RepairOrder]) -> None:
        browser, order = at_home
        assert "It costs you nothing." in page(browser, order, "order_cancel").text
        order.refresh_from_db()
        assert order.status == OrderStatus.BOOKED
        assert post(browser, order, "order_cancel").url == order_path(order)
        order.refresh_from_db()
        assert order.status == OrderStatus.CANCELLED
        assert "Cancelled" in page(browser, order).text

    def test_once_the_engineer_is_on_the_way_neither_is_offered(
        self, at_home: tuple[Browser, RepairOrder]
    ) -> None:
        browser, order = at_home
        bring(order.visits.get(), VisitStatus.EN_ROUTE)
        text = page(browser, order).text
        assert "Choose another window" not in text
        assert "Cancel the order" not in text
        assert page(browser, order, "order_window").status_code == 409
        answer = post(browser, order, "order_cancel")
        assert answer.status_code == 409
        assert "Your engineer is already on the way." in answer.text

    @pytest.mark.parametrize("status", [VisitStatus.NO_ACCESS, VisitStatus.CANNOT_COMPLETE])
    def test_after_a_visit_that_failed_a_window_is_asked_for(
        self, at_home: tuple[Browser, RepairOrder], status: str
    ) -> None:
        browser, order = at_home
        bring(order.visits.get(), status)
        assert "Choose a window" in page(browser, order).text
        start_at = clock("16:00") + timedelta(days=2)
        assert post(browser, order, "order_window", window=start_at.isoformat()).status_code == 302
        assert "Wed 25 Nov, 16:00–18:00" in page(browser, order).text

    def test_who_may_not_approve_changes_nothing(self, at_home: tuple[Browser, RepairOrder]) -> None:
        browser, order = at_home
        order.contacts.update(may_approve=False)
        answer = post(browser, order, "order_cancel")
        assert answer.status_code == NotAllowed.status
        assert "Only a contact who may approve can change this order." in answer.text
        assert order_pin(order) not in page(browser, order).text


class TestMissedWindow:
    def test_is_said_and_another_one_offered(self, customer: Browser, monday_morning: Any) -> None:
        order = customer.book()
        monday_morning.move_to(clock("12:05") + timedelta(days=1))
        customer.prove_on_order(order)
        text = page(customer, order).text
        assert "We have missed this window. It stays on record as broken." in text
        assert "Choose another window" in text


class TestPolling:
    def ask(self, browser: Browser, order: RepairOrder, seen: str) -> Any:
        path = reverse("order", args=[order.reference, order_token(order)])
        return browser.client.get(path, {"seen": seen}, headers={"hx-request": "true"})

    def test_nothing_new_answers_with_nothing(self, stranger: Browser, order: RepairOrder) -> None:
        seen = page(stranger, order).context["page"].state
        assert self.ask(stranger, order, seen).status_code == 204

    def test_news_load_the_page_again(self, stranger: Browser, order: RepairOrder) -> None:
        seen = page(stranger, order).context["page"].state
        bring(order.visits.get(), VisitStatus.EN_ROUTE)
        answer = self.ask(stranger, order, seen)
        assert (answer.status_code, answer.headers["HX-Refresh"], answer.text) == (200, "true", "")
        fresh = page(stranger, order)
        assert "Engineer on the way" in fresh.text
        assert self.ask(stranger, order, fresh.context["page"].state).status_code == 204

    def test_a_closed_order_asks_no_more(self, customer: Browser) -> None:
        order = customer.book()
        assert 'hx-trigger="every 15s"' in page(customer, order).text
        post(customer, order, "order_cancel")
        assert 'hx-trigger="every 15s"' not in page(customer, order).text


class TestPhotos:
    @pytest.fixture
    def done(self, settings: Any, tmp_path: Any) -> Door:
        settings.MEDIA_ROOT = tmp_path
        return door(started=True).do_all_lines().finish()

    def test_are_for_a_proved_contact_of_this_order_alone(self, stranger: Browser, done: Door) -> None:
        photo = HandOverPhoto.objects.get()
        assert page(stranger, done.order, "order_photo", photo.pk).status_code == 404
        stranger.prove_on_order(done.order)
        assert f"photos/{photo.pk}/" in page(stranger, done.order).text
        answer = page(stranger, done.order, "order_photo", photo.pk)
        assert answer.headers["Content-Type"] == "image/jpeg"
        assert answer.content.startswith(b"\xff\xd8")
        assert answer.headers["Content-Security-Policy"] == "default-src 'none'; sandbox"
        assert "no-store" in answer.headers["Cache-Control"]

    def test_one_whose_file_is_gone_is_not_found(self, stranger: Browser, done: Door) -> None:
        photo = HandOverPhoto.objects.get()
        photo.image.storage.delete(str(photo.image.name))
        stranger.prove_on_order(done.order)
        assert page(stranger, done.order, "order_photo", photo.pk).status_code == 404

    def test_of_another_order_are_not_found(self, stranger: Browser, done: Door) -> None:
        other = booked(done.order.city, window="16:00")
        stranger.prove_on_order(other)
        photo = HandOverPhoto.objects.get()
        assert page(stranger, other, "order_photo", photo.pk).status_code == 404
        assert page(stranger, other, "order_photo", 10**30).status_code == 404


class TestWords:
    @pytest.mark.parametrize("language", ["en", "zh-hans"])
    def test_a_whole_repair_is_told_in_the_customers_words(
        self, stranger: Browser, settings: Any, tmp_path: Any, language: str
    ) -> None:
        settings.MEDIA_ROOT = tmp_path
        place = door(started=True).do_all_lines().finish()
        stranger.client.cookies["django_language"] = language
        answer = page(stranger, place.order)
        kinds = set(place.order.events.values_list("kind", flat=True))
        assert kinds >= {
            "booked",
            "engineer_named",
            "on_the_way",
            "arrived",
            "started",
            "part_in",
            "completed",
        }
        assert "Something was recorded on your order." not in answer.text
        assert len(answer.context["page"].timeline) == place.order.events.count()

    @pytest.mark.parametrize("kind", sorted(wording._SAYINGS))
    def test_every_kind_keeps_its_name_once_its_data_is_erased(self, kind: str) -> None:
        words = words_of(OrderEvent(kind=kind, payload=None, salt=None))
        assert words.what

    def test_a_kind_that_nobody_worded_is_not_hidden(self) -> None:
        assert (
            words_of(OrderEvent(kind="nobody_knows", payload={})).what
            == "Something was recorded on your order."
        )

    def test_why_a_visit_failed(self) -> None:
        event = OrderEvent(kind="cannot_complete", payload={"reason": "wrong_part", "note": "ordered"})
        assert words_of(event) == Words(
            "The visit could not be completed",
            "The right part is not at hand",
            is_bad=True,
            written="ordered",
        )


class TestSectionsOfUpperApps:
    def test_are_shown_where_they_have_something_to_show(
        self, stranger: Browser, order: RepairOrder, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def section(of: RepairOrder, proven: bool, at: Any) -> ports.OrderSection:
            return ports.OrderSection("pieces/empty.html", {"proven": proven})

        monkeypatch.setattr(ports, "_sections", [section, lambda of, proven, at: None])
        found = page(stranger, order).context["page"].sections
        assert [(one.template, one.context) for one in found] == [("pieces/empty.html", {"proven": False})]


class TestFindOrder:
    def ask(self, browser: Browser, reference: str, address: str) -> Any:
        return browser.post("find_order", reference=reference, address=address)

    def test_sends_the_link_to_the_contact(self, stranger: Browser, order: RepairOrder) -> None:
        contact = order.contacts.get(position=1)
        answer = self.ask(stranger, order.reference, contact.address)
        assert answer.url == "/find/?sent=1"
        message = Message.objects.get(template="order_link")
        assert message.address == contact.address
        assert message.secret is not None
        assert order_path(order) in unseal(message.secret)

    @pytest.mark.parametrize("typed", [" {} ", "{}".lower()])
    def test_reads_a_reference_as_people_type_it(
        self, stranger: Browser, order: RepairOrder, typed: str
    ) -> None:
        bare = order.reference.removeprefix("RH-").lower()
        self.ask(stranger, typed.format(bare), order.contacts.get(position=2).address)
        assert Message.objects.filter(template="order_link").count() == 1

    def test_answers_the_same_for_an_address_that_is_not_the_orders(
        self, stranger: Browser, order: RepairOrder
    ) -> None:
        for reference, address in [
            (order.reference, "+8613912345678"),
            ("RH-22222222", order.contacts.get(position=1).address),
        ]:
            assert self.ask(stranger, reference, address).url == "/find/?sent=1"
        assert not Message.objects.filter(template="order_link").exists()

    def test_a_contact_that_proved_nothing_gets_nothing(self, stranger: Browser, order: RepairOrder) -> None:
        order.contacts.filter(position=2).update(proved_at=None)
        self.ask(stranger, order.reference, order.contacts.get(position=2).address)
        assert not Message.objects.filter(template="order_link").exists()

    def test_asking_again_within_minutes_sends_once(self, stranger: Browser, order: RepairOrder) -> None:
        for _time in range(3):
            self.ask(stranger, order.reference, order.contacts.get(position=1).address)
        assert Message.objects.filter(template="order_link").count() == 1

    def test_too_often_is_refused(self, stranger: Browser, order: RepairOrder) -> None:
        answers = [self.ask(stranger, "RH-22222222", "li@example.com").status_code for _time in range(21)]
        assert answers == [302] * 20 + [429]

    @pytest.mark.parametrize(
        ("reference", "address"), [("", ""), ("x", "y"), ("\x00", "\x00"), ("R" * 500, "a@b"), ("RH-1", "12")]
    )
    def test_says_what_cannot_be_read(self, stranger: Browser, reference: str, address: str) -> None:
        assert self.ask(stranger, reference, address).status_code == 400


class TestQueries:
    """A fixed number of questions, however long the order's life was and however much is offered."""

    def test_of_the_orders_page(
        self, stranger: Browser, settings: Any, tmp_path: Any, django_assert_max_num_queries: Any
    ) -> None:
        settings.MEDIA_ROOT = tmp_path
        old = door(started=True, repairs=[("screen", "original"), ("battery", "original")])
        old = old.do_all_lines().finish()
        young = booked(old.order.city, window="16:00")
        for order in (young, old.order):
            with django_assert_max_num_queries(12):
                assert page(stranger, order).status_code == 200
        stranger.prove_on_order(old.order)
        with django_assert_max_num_queries(16):
            assert page(stranger, old.order).status_code == 200

    def test_of_a_page_that_asks_again(
        self, stranger: Browser, order: RepairOrder, django_assert_max_num_queries: Any
    ) -> None:
        seen = page(stranger, order).context["page"].state
        path = reverse("order", args=[order.reference, order_token(order)])
        with django_assert_max_num_queries(8):
            answer = stranger.client.get(path, {"seen": seen}, headers={"hx-request": "true"})
        assert answer.status_code == 204

    @pytest.mark.parametrize(
        ("name", "budget"),
        [
            ("book", 14),
            ("book_device", 14),
            ("book_repairs", 17),
            ("book_place", 15),
            ("book_window", 21),
            ("book_contact", 13),
            ("book_confirm", 13),
        ],
    )
    def test_of_the_steps_of_a_booking(
        self, customer: Browser, name: str, budget: int, django_assert_max_num_queries: Any
    ) -> None:
        customer.up_to_confirm()
        with django_assert_max_num_queries(budget):
            assert customer.get(name).status_code == 200


class TestWithoutAVisit:
    def test_a_cancelled_order_shows_its_end(self, stranger: Browser) -> None:
        place = door(VisitStatus.CANCELLED)
        put_order(place.order, OrderStatus.CANCELLED)
        assert "Cancelled" in page(stranger, place.order).text

    def test_a_repair_given_up_halfway_is_told(self, stranger: Browser) -> None:
        place = door(started=True)
        doorstep.report_cannot_complete(
            visit=place.visit, reason="other", note="Needs a board.", by=place.by, at=MORNING
        )
        text = page(stranger, place.order).text
        assert "Choose a new window" in text
        assert "Another reason" in text
        assert "Needs a board." not in text

    @pytest.mark.parametrize(
        ("status", "said"),
        [
            (VisitStatus.CANNOT_COMPLETE, "Mr Li of room 5"),
            (VisitStatus.NO_ACCESS, "Rang twice, called twice."),
        ],
    )
    def test_what_the_engineer_wrote_is_for_proved_contacts(
        self, stranger: Browser, customer: Browser, status: str, said: str
    ) -> None:
        place = door(VisitStatus.ON_SITE if status == VisitStatus.CANNOT_COMPLETE else status)
        if status == VisitStatus.CANNOT_COMPLETE:
            doorstep.report_cannot_complete(
                visit=place.visit, reason="other", note=said, by=place.by, at=place.at
            )
        customer.prove_on_order(place.order)
        assert said in page(customer, place.order).text
        assert said not in page(stranger, place.order).text
