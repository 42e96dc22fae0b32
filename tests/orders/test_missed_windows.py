"""A missed window reaches the order's timeline, and never waits for a customer who is at the same order."""

import threading
from datetime import timedelta

import pytest
from django.db import connection, transaction

from engineers.models import Visit
from orders.models import OrderEvent, RepairOrder
from repairhub.sla.models import SlaClock
from repairhub.sla.services.clocks import sweep
from tests.factories.warranty import Workshop

DUE = {"target__key": "arrive_within_window"}


@pytest.fixture
def workshop(transactional_db: None) -> Workshop:
    """A city at work."""
    return Workshop.open()


class TestMissedWindow:
    def test_is_written_once_on_the_timeline(self, workshop: Workshop) -> None:
        order = workshop.book()
        due = Visit.objects.get().window_end_at
        sweep(at=due)
        sweep(at=due + timedelta(minutes=1))
        assert OrderEvent.objects.filter(order=order, kind="window_missed").count() == 1

    def test_gives_way_to_a_customer_who_is_at_the_order(self, workshop: Workshop) -> None:
        order = workshop.book()
        due = Visit.objects.get().window_end_at
        held, go_on = threading.Event(), threading.Event()
        done: list[str] = []

        def customer() -> None:
            try:
                with transaction.atomic():
                    RepairOrder.objects.select_for_update().get(pk=order.pk)
                    held.set()
                    go_on.wait(timeout=20)
                    # what a cancellation does next: with the sweep holding it, this would be a deadlock
                    SlaClock.objects.select_for_update().filter(**DUE).first()
                done.append("customer")
            finally:
                connection.close()

        thread = threading.Thread(target=customer)
        thread.start()
        assert held.wait(timeout=20)
        threading.Timer(0.3, go_on.set).start()
        sweep(at=due)
        thread.join(timeout=20)
        assert done == ["customer"]
        sweep(at=due + timedelta(minutes=1))
        assert OrderEvent.objects.filter(order=order, kind="window_missed").count() == 1
