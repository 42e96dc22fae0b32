"""The second contact, not proved when booking, proves the address later: they are told and may approve."""

from typing import Any

import pytest
from django.urls import reverse

from orders.links import order_path, order_token
from orders.models import RepairOrder
from orders.services.timeline import chain_faults
from repairhub.accounts.models import OneTimeCode
from repairhub.notifications.models import Message
from tests.factories.door import booked
from tests.orders.browser import Browser, code_sent_to

pytestmark = pytest.mark.django_db
BUTTON = "Prove this address with a code"


@pytest.fixture
def order(customer: Browser, city: Any) -> RepairOrder:
    """Its second contact is not proved; the customer's browser has proved the first."""
    order = booked(city)
    order.contacts.filter(position=2).update(proved_at=None, may_approve=False)
    Message.objects.filter(template="visit_reminder", channel="email").delete()
    customer.prove_on_order(order)
    return order


def code_page(order: RepairOrder) -> str:
    return reverse("order_code", args=[order.reference, order_token(order)])


def prove_second(customer: Browser, order: RepairOrder) -> Any:
    """The code goes to the second contact and is typed in on the first one's page."""
    customer.client.post(code_page(order), {"contact": 2})
    code = code_sent_to(order.contacts.get(position=2).address)
    return customer.client.post(code_page(order), {"contact": 2, "code": code}, follow=True)


class TestProveLater:
    def test_from_then_on_they_are_told_and_may_approve(self, customer: Browser, order: RepairOrder) -> None:
        assert BUTTON in customer.client.get(order_path(order)).text
        answer = prove_second(customer, order)
        assert "They are told from now on" in answer.text
        assert BUTTON not in answer.text
        contact = order.contacts.get(position=2)
        assert contact.proved_at is not None
        assert contact.may_approve
        assert order.events.filter(kind="contact_proved").count() == 1
        assert chain_faults(order) == []
        assert Message.objects.filter(template="visit_reminder", address=contact.address).count() == 1

    def test_a_wrong_code_changes_nothing(self, customer: Browser, order: RepairOrder) -> None:
        customer.client.post(code_page(order), {"contact": 2})
        right = code_sent_to(order.contacts.get(position=2).address)
        wrong = str((int(right) + 1) % 10**6).zfill(6)
        answer = customer.client.post(code_page(order), {"contact": 2, "code": wrong})
        assert answer.status_code == 400
        assert order.contacts.get(position=2).proved_at is None

    def test_the_mere_link_sends_no_code_to_whoever_was_named(self, order: RepairOrder) -> None:
        before = OneTimeCode.objects.count()
        stranger = Browser()
        assert stranger.client.post(code_page(order), {"contact": 2}).url == order_path(order)
        assert OneTimeCode.objects.count() == before

    def test_who_is_proved_already_needs_no_second_code(self, customer: Browser, order: RepairOrder) -> None:
        before = OneTimeCode.objects.count()
        assert customer.client.post(code_page(order), {"contact": 1}).url == order_path(order)
        assert OneTimeCode.objects.count() == before
