"""A phone that nothing we may do brings back: the order ends at no cost, and not in a circle of visits."""

from typing import Any

import pytest

from engineers.services import doorstep
from engineers.states import CannotCompleteReason
from orders.links import order_path
from orders.models import RepairOrder
from orders.services.timeline import chain_faults
from orders.states import OrderStatus
from repairhub.notifications.models import Message
from tests.factories.warranty import Workshop, browser_of

pytestmark = pytest.mark.django_db


def ended(reason: str, *, started: bool = True) -> tuple[Workshop, RepairOrder]:
    """An order whose first visit ended for that reason."""
    shop = Workshop.open()
    order = shop.book()
    visit = shop.go_to_the_door(order) if started else shop.arrive(order)
    doorstep.report_cannot_complete(visit=visit, reason=reason, note="Wet.", by=shop.user, at=shop.clock)
    order.refresh_from_db()
    return shop, order


def page_of(shop: Workshop, order: RepairOrder) -> Any:
    """The order's page, for a proved contact."""
    with shop.now():
        return browser_of(order, shop.clock).get(order_path(order))


class TestLiquidOrBent:
    @pytest.mark.parametrize("started", [True, False])
    def test_the_order_ends_and_its_customer_is_told_once_why(self, started: bool) -> None:
        shop, order = ended(CannotCompleteReason.LIQUID_OR_BENT, started=started)
        assert (order.status, order.ended_at) == (OrderStatus.UNREPAIRABLE, shop.clock)
        assert [event.kind for event in order.events.order_by("sequence")][-2:] == [
            "cannot_complete",
            "unrepairable",
        ]
        assert chain_faults(order) == []
        assert Message.objects.filter(template="order_unrepairable").count() == 2
        assert not Message.objects.filter(template="visit_failed").exists()

    def test_the_page_says_so_kindly_and_offers_no_window(self) -> None:
        answer = page_of(*ended(CannotCompleteReason.LIQUID_OR_BENT))
        page = answer.context["page"]
        assert "Cannot be repaired" in answer.text
        assert "You pay nothing" in answer.text
        assert not page.can_choose_window
        assert not page.can_cancel


class TestOtherFault:
    def test_the_page_names_the_ways_that_there_are(self) -> None:
        shop, order = ended(CannotCompleteReason.OTHER_FAULT)
        assert order.status == OrderStatus.BOOKED
        answer = page_of(shop, order)
        assert "Another fault than booked" in answer.text
        assert "cancel at no cost" in answer.text
        assert "book the other repair" in answer.text
        assert answer.context["page"].can_cancel
