"""A PIN that was said aloud at the door opens no later visit."""

from datetime import timedelta
from typing import Any

import pytest
from django.template.loader import render_to_string

from orders.links import order_path, order_pin
from orders.models import RepairOrder
from orders.services import door as verbs
from orders.services.visits import open_visit
from repairhub.core.errors import InvalidInput
from repairhub.notifications.models import Message
from tests.factories.door import door, gave_up, rang_in_vain
from tests.factories.warranty import Workshop, browser_of
from warranty.services.remedies import choose_rework_window

pytestmark = pytest.mark.django_db


@pytest.fixture
def shop(settings: Any, tmp_path: Any) -> Workshop:
    """A city at work; no photo lands in the checkout."""
    settings.MEDIA_ROOT = tmp_path
    return Workshop.open()


class TestAfterAVisitWithoutTheRepair:
    @pytest.mark.parametrize("end", [gave_up, rang_in_vain])
    def test_the_pin_is_another_one_with_all_its_tries(self, end: Any) -> None:
        place = door()
        before = order_pin(place.order)
        RepairOrder.objects.update(pin_failures=3)
        end(visit=place.visit, by=place.by, at=place.at)
        place.refresh()
        assert order_pin(place.order) != before
        assert place.order.pin_failures == 0

    def test_the_old_one_does_not_open_the_next_visit(self, shop: Workshop) -> None:
        order = shop.book()
        heard = order_pin(order)
        gave_up(visit=shop.go_to_the_door(order), by=shop.user, at=shop.clock)
        order.refresh_from_db()
        visit = shop.book_again(order)
        with shop.now():
            page = browser_of(order, shop.clock).get(order_path(order)).content.decode()
        assert order_pin(order) in page
        assert heard not in page
        shop.arrive(order)
        visit.refresh_from_db()
        with pytest.raises(InvalidInput):
            verbs.start_with_pin(order=order, visit=visit, pin=heard, by=shop.user, at=shop.clock)

    def test_the_message_says_where_the_new_one_stands(self) -> None:
        place = door()
        gave_up(visit=place.visit, by=place.by, at=place.at)
        message = Message.objects.filter(template="visit_failed", language="en").latest("pk")
        text = render_to_string("messages/visit_failed.txt", {**message.context, "secret": ""})
        assert "A new PIN stands on your order" in text


class TestRework:
    def test_has_a_pin_of_its_own_which_a_moved_window_keeps(self, shop: Workshop) -> None:
        order = shop.completed()
        order.refresh_from_db()
        heard = order_pin(order)
        claim = shop.approved(order)
        shop.book_rework(claim)
        order.refresh_from_db()
        renewed = order_pin(order)
        assert renewed != heard
        told = Message.objects.filter(template="window_chosen").latest("pk")
        assert told.context["new_pin"] is True
        link = open_visit(order)
        assert link is not None
        start_at = link.visit.window_start_at + timedelta(days=1)
        choose_rework_window(
            remedy=claim.remedy,
            window_start_at=start_at,
            window_end_at=start_at + timedelta(hours=2),
            by=None,
            at=shop.clock,
        )
        order.refresh_from_db()
        assert order_pin(order) == renewed
