"""Times that no calendar of ours has: refused like any window that is not offered, never a broken page."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.urls import reverse

from engineers.models import CityDay
from orders.forms import WindowForm
from orders.links import order_token
from orders.services.visits import choose_window
from orders.states import VisitPurpose
from repairhub.core.errors import InvalidInput
from tests.factories.door import booked
from tests.factories.engineers import MORNING, clock
from tests.orders.browser import Browser

HOSTILE = [
    "9999-12-31T23:00:00+0000",
    "9999-12-31T23:59:59-1200",
    "0001-01-01T00:00:00+1400",
    "3000-01-01T10:00:00+0800",
]


@pytest.mark.parametrize("window", HOSTILE)
def test_the_form_refuses_them(window: str) -> None:
    form = WindowForm({"window": window})
    assert not form.is_valid()
    assert "not one of the windows" in form.errors["window"][0]


@pytest.mark.django_db
class TestPages:
    def test_booking_and_order_page_stay_whole(
        self, customer: Browser, city: Any, subtests: pytest.Subtests
    ) -> None:
        order = booked(city)
        path = reverse("order_window", args=[order.reference, order_token(order)])
        customer.prove_on_order(order)
        for window in HOSTILE:
            with subtests.test(window=window):
                assert customer.client.post(path, {"window": window}).status_code == 400
        customer.up_to_confirm()
        for window in HOSTILE:
            with subtests.test(window=window):
                assert customer.post("book_window", window=window).status_code == 400

    @pytest.mark.parametrize("start_at", [MORNING + timedelta(days=401), MORNING - timedelta(days=401)])
    def test_no_day_is_made_for_a_time_more_than_400_days_away(self, city: Any, start_at: datetime) -> None:
        order = booked(city)
        days = CityDay.objects.count()
        with pytest.raises(InvalidInput) as refusal:
            choose_window(
                order=order,
                window_start_at=start_at,
                window_end_at=start_at + timedelta(hours=2),
                purpose=VisitPurpose.REPAIR,
                line_ids=None,
                by=order.customer,
                at=MORNING,
            )
        assert refusal.value.field == "window"
        assert CityDay.objects.count() == days
        assert order.visits.get().window_start_at == clock("10:00")
