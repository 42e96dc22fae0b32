"""A reminder before the window; a window that passes: warned, recorded, and said before the customer asks."""

import re
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from engineers.models import Visit
from engineers.services.dispatching import dispatch_visit
from orders.links import order_path
from repairhub.notifications.services import send_due
from repairhub.sla.models import Escalation
from repairhub.sla.services.clocks import sweep
from tests.factories.accounts import DispatcherFactory
from tests.factories.warranty import Workshop
from tests.journeys import steps
from tests.journeys.conftest import DESK_SCREEN, PHONE_SCREEN


@pytest.mark.django_db(transaction=True)
class TestBreachAndReminder:
    def test_reminder_warning_breach(
        self,
        workshop: Workshop,
        open_page: Callable[..., Page],
        told: Callable[..., str],
        accessible: Callable[[Page], None],
    ) -> None:
        dispatcher = DispatcherFactory(cities=[workshop.city])
        workshop.clock = timezone.now()
        order = workshop.book()
        visit = Visit.objects.get()
        dispatch_visit(visit=visit, engineer=workshop.engineer, by=dispatcher, at=timezone.now())
        customer = order.contacts.get(position=1).address
        desk = dispatcher.email

        # the minute before the reminder, then its minute
        send_due(at=visit.window_start_at - timedelta(minutes=61))
        with pytest.raises(AssertionError):
            self._now(told, customer, "Reminder")
        send_due(at=visit.window_start_at - timedelta(minutes=60))
        told(customer, "Reminder")

        # nobody sets out: the desk is warned, then the window passes
        self._minute(visit.window_end_at - timedelta(minutes=15))
        assert order.reference in told(desk, "has not arrived") or visit.reference in told(
            desk, "has not arrived"
        )
        visit.refresh_from_db()
        assert visit.at_risk_at is not None
        self._minute(visit.window_end_at)
        self._minute(visit.window_end_at + timedelta(minutes=1))
        assert Escalation.objects.filter(level="breach").count() == 1
        told(desk, "promised window has passed")
        told(customer, "we are not")

        board = open_page(DESK_SCREEN)
        steps.sign_in(board, str(dispatcher.phone))
        board.goto(f"/dispatch/?city=SH&on={visit.on.isoformat()}")
        card = board.get_by_role("link", name=re.compile(order.reference)).first
        expect(card).to_be_visible()
        expect(board.get_by_role("heading", name=re.compile("At risk"))).to_be_visible()
        accessible(board)
        page = open_page(PHONE_SCREEN)
        page.goto(order_path(order))
        expect(page.get_by_text(re.compile("late|missed|passed", re.I)).first).to_be_visible()
        accessible(page)

    @staticmethod
    def _minute(at: datetime) -> None:
        """What the beat rings for each minute."""
        sweep(at=at)
        send_due(at=at)

    @staticmethod
    def _now(told: Callable[..., str], address: str, word: str) -> None:
        """`told`, without its patience."""
        from repairhub.notifications.models import DemoDelivery

        found = DemoDelivery.objects.filter(address=address, body__contains=word).exists()
        assert found, word
