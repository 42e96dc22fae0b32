"""A phone that is handed back keeps nothing of who used it."""

from typing import Any

import pytest
from django.urls import reverse

from orders.links import order_path, order_token
from tests.factories.door import booked
from tests.orders.browser import PHONE, Browser, code_sent_to

pytestmark = pytest.mark.django_db


class TestForgetMe:
    def test_the_order_page_shows_nothing_personal_any_more(self, customer: Browser, city: Any) -> None:
        order = booked(city)
        customer.prove_on_order(order)
        assert reverse("forget_me") in customer.client.get(order_path(order)).text
        answer = customer.client.post(reverse("forget_me"), follow=True)
        assert "Nothing of you is kept on this phone" in answer.text
        assert "Jianguo Road 1" not in customer.client.get(order_path(order)).text

    def test_the_booking_is_forgotten_and_the_order_stays(self, customer: Browser) -> None:
        order = customer.book()
        assert reverse("forget_me") in customer.get("booked").text
        customer.client.post(reverse("forget_me"))
        assert customer.get("booked").url == reverse("book")
        for name in ("draft", "drafts_done", "proofs"):
            assert name not in customer.client.session
        assert customer.client.get(order_path(order)).status_code == 200

    def test_a_link_alone_forgets_nothing(self, customer: Browser) -> None:
        customer.book()
        assert customer.client.get(reverse("forget_me")).status_code == 405
        assert customer.get("booked").status_code == 200


class TestUntilTheBrowserIsClosed:
    @pytest.mark.parametrize("borrowed", [True, False])
    def test_by_choice_on_the_order_page(self, customer: Browser, city: Any, borrowed: bool) -> None:
        order = booked(city)
        path = reverse("order_code", args=[order.reference, order_token(order)])
        customer.client.post(path, {"contact": 1})
        code = code_sent_to(order.contacts.get(position=1).address)
        choice = {"borrowed": "on"} if borrowed else {}
        customer.client.post(path, {"contact": 1, "code": code, **choice})
        assert customer.client.session.get_expire_at_browser_close() is borrowed

    def test_by_choice_when_booking(self, customer: Browser) -> None:
        customer.choose_phone()
        customer.choose_repair()
        customer.choose_place()
        customer.choose_window()
        customer.give_contact()
        customer.post("book_code", 1, code=code_sent_to(PHONE), borrowed="on")
        assert customer.client.session.get_expire_at_browser_close()
