"""An engineer at the door before the promised window: possible with the customer's PIN, and never unsaid."""

import pytest
import time_machine
from django.utils import translation

from engineers.states import VisitStatus
from orders.links import order_pin
from orders.models import OrderEvent
from orders.states import OrderStatus
from orders.wording import words_of
from tests.factories.door import Door, door
from tests.factories.engineers import clock
from tests.orders.phone import Phone, moved_on, text

pytestmark = pytest.mark.django_db

PROMISE = "Your customer was promised Mon 23 Nov, 10:00–12:00: nobody has to be at home before 10:00."
PIN_IS_CONSENT = "With the PIN your customer may let you begin early."


def arrived_at(moment: str) -> Door:
    """The engineer at the door at that time of the day, the window begins at ten."""
    place = door(VisitStatus.EN_ROUTE)
    with time_machine.travel(clock(moment), tick=False):
        assert moved_on(Phone(place).press("arrive"), place)
    return place.refresh()


class TestArrive:
    @pytest.mark.parametrize(
        ("status", "button"),
        [(VisitStatus.EN_ROUTE, "I have arrived"), (VisitStatus.ON_SITE, "Start the repair")],
    )
    def test_the_page_says_before_the_button_what_the_customer_was_promised(
        self, status: str, button: str
    ) -> None:
        phone = Phone(door(status))
        with time_machine.travel(clock("09:15"), tick=False):
            page = text(phone.look())
        assert "notice-warn" in page
        assert page.index(PROMISE) < page.index(PIN_IS_CONSENT) < page.index(button)

    @pytest.mark.parametrize("status", [VisitStatus.EN_ROUTE, VisitStatus.ON_SITE, VisitStatus.DONE])
    def test_from_the_window_on_nothing_is_said(self, status: str) -> None:
        phone = Phone(door(status))
        with time_machine.travel(clock("10:00"), tick=False):
            assert PROMISE not in text(phone.look())

    def test_how_early_it_was_is_on_the_visit_s_record(self) -> None:
        event = arrived_at("09:15").visit.events.get(kind="arrived")
        assert event.data == {"minutes_early": 45}

    def test_the_customer_s_timeline_says_how_early_it_was(self) -> None:
        event = arrived_at("09:15").order.events.get(kind="arrived")
        assert words_of(event).more == (
            "45 minutes before the promised window. Nothing begins before you give your PIN."
        )
        with translation.override("zh-hans"):
            assert words_of(event).more == "比约定的上门时段早 45 分钟。您给出 PIN 码之前，维修不会开始。"

    def test_one_minute_is_one(self) -> None:
        words = words_of(OrderEvent(kind="arrived", payload={"minutes_early": 1}))
        assert words.more.startswith("1 minute before")

    def test_within_the_window_nothing_is_said_of_it(self) -> None:
        place = arrived_at("10:00")
        assert place.visit.events.get(kind="arrived").data == {}
        event = place.order.events.get(kind="arrived")
        assert event.payload == {}
        assert words_of(event).more == ""


class TestStartWithPin:
    def test_the_customer_s_pin_begins_before_the_window(self) -> None:
        place = arrived_at("09:15")
        with time_machine.travel(clock("09:20"), tick=False):
            assert moved_on(Phone(place).press("start", pin=order_pin(place.order)), place)
        assert place.refresh().order.status == OrderStatus.IN_REPAIR
