"""Cancelling is free as long as nothing of ours is in the phone."""

from typing import Any

import pytest

from engineers.services import doorstep
from engineers.states import CannotCompleteReason
from orders.links import order_path
from orders.models import RepairOrder
from orders.services.visits import cancel_order
from orders.states import OrderStatus
from repairhub.core.errors import Conflict
from tests.factories.warranty import Workshop, browser_of

pytestmark = pytest.mark.django_db


def put_back(reason: str) -> tuple[Workshop, RepairOrder]:
    """An order whose visit ended for that reason once the new part was in."""
    shop = Workshop.open()
    order = shop.book()
    visit = shop.go_to_the_door(order)
    shop.fit(order, visit)
    doorstep.report_cannot_complete(visit=visit, reason=reason, note="Look.", by=shop.user, at=shop.clock)
    order.refresh_from_db()
    return shop, order


class TestCancelWithAPartIn:
    def test_refused_and_says_whom_to_ask(self) -> None:
        shop, order = put_back(CannotCompleteReason.OTHER)
        with pytest.raises(Conflict, match="new part of ours") as refusal:
            cancel_order(order=order, by=None, at=shop.clock)
        assert refusal.value.code == "part_is_in"
        assert "call us" in str(refusal.value.next_step)
        order.refresh_from_db()
        assert order.status == OrderStatus.BOOKED

    def test_the_page_does_not_offer_it(self) -> None:
        shop, order = put_back(CannotCompleteReason.OTHER)
        with shop.now():
            answer: Any = browser_of(order, shop.clock).get(order_path(order))
        assert not answer.context["page"].can_cancel
        assert "cancel/" not in answer.content.decode()

    def test_a_dead_part_keeps_nobody_from_cancelling(self) -> None:
        shop, order = put_back(CannotCompleteReason.PART_FAULTY)
        assert cancel_order(order=order, by=None, at=shop.clock).status == OrderStatus.CANCELLED
