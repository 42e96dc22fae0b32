"""An engineer's visit on a phone: from the list to the warranty."""

import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from engineers.models import Visit
from engineers.services.dispatching import dispatch_visit
from engineers.states import VisitStatus
from orders.links import order_path, order_pin
from orders.states import OrderStatus
from parts.models import Part
from tests.factories.parts import LotFactory, StockLocationFactory, received_unit
from tests.factories.warranty import Workshop
from tests.journeys import steps
from tests.journeys.conftest import PHONE_SCREEN
from tests.triggers import past_the_triggers
from warranty.models import Warranty


@pytest.mark.django_db(transaction=True)
class TestRepairing:
    def test_a_whole_visit(
        self,
        workshop: Workshop,
        open_page: Callable[..., Page],
        told: Callable[..., str],
        accessible: Callable[[Page], None],
        tmp_path: Path,
    ) -> None:
        workshop.clock = timezone.now()
        order = workshop.book()
        visit = Visit.objects.get()
        dispatch_visit(visit=visit, engineer=workshop.engineer, by=workshop.user, at=timezone.now())
        right, wrong = (LotFactory(part=Part.objects.get(sku=f"IPHONE12-SCR-{grade}")) for grade in "OC")
        store = StockLocationFactory(name="Shanghai store", city=workshop.city)
        received_unit("SN-RIGHT-1", lot=right, location=store)
        received_unit("SN-WRONG-1", lot=wrong, location=store)

        page = open_page(PHONE_SCREEN)
        steps.sign_in(page, str(workshop.user.phone))
        page.goto(f"/engineer/?on={visit.on.isoformat()}")
        accessible(page)
        page.get_by_role("link", name=re.compile("iPhone 12")).first.click()
        accessible(page)
        page.get_by_role("button", name="I am on my way").click()
        told(order.contacts.get(position=1).address, "on the way")
        page.get_by_role("button", name="I have arrived").click()
        expect(page.get_by_label("The customer's PIN")).to_be_visible()
        accessible(page)
        pin = order_pin(order)
        page.get_by_label("The customer's PIN").fill("000000" if pin != "000000" else "111111")
        page.get_by_role("button", name="Start the repair").click()
        expect(page.get_by_text("4 tries are left")).to_be_visible()
        accessible(page)
        page.get_by_label("The customer's PIN").fill(pin)
        page.get_by_role("button", name="Start the repair").click()
        accessible(page)
        page.get_by_label("Serial of the new part").fill("sn-wrong-1")
        page.get_by_role("button", name="This part goes in").click()
        expect(page.get_by_text("Do not open the phone")).to_be_visible()
        page.get_by_label("Serial of the new part").fill("sn-right-1")
        page.get_by_role("button", name="This part goes in").click()
        accessible(page)
        page.get_by_label("Serial of the old part").fill("none")
        page.get_by_role("radio", name="We recycle it").check(force=True)
        page.get_by_role("button", name="The old part is out").click()
        accessible(page)
        page.locator("input[type=file]").set_input_files(steps.phone_photo(tmp_path))
        page.get_by_role("button", name="Finish the visit").click()
        expect(page.get_by_role("heading", name="This visit is over")).to_be_visible()

        order.refresh_from_db()
        visit.refresh_from_db()
        assert (order.status, visit.status) == (OrderStatus.COMPLETED, VisitStatus.DONE)
        warranty = Warranty.objects.get()
        customer = open_page(PHONE_SCREEN)
        customer.goto(order_path(order))
        expect(customer.get_by_text(warranty.number).first).to_be_visible()
        accessible(customer)

    def test_nobody_opens(
        self, workshop: Workshop, open_page: Callable[..., Page], told: Callable[..., str]
    ) -> None:
        workshop.clock = timezone.now()
        order = workshop.book()
        visit = Visit.objects.get()
        dispatch_visit(visit=visit, engineer=workshop.engineer, by=workshop.user, at=timezone.now())
        page = open_page(PHONE_SCREEN)
        steps.sign_in(page, str(workshop.user.phone))
        page.goto(f"/engineer/visits/{visit.reference}/")
        page.get_by_role("button", name="I am on my way").click()
        page.get_by_role("button", name="I have arrived").click()
        expect(page.get_by_text("Nobody opens")).to_be_visible()
        # the window has begun by now, and the engineer has waited at the door
        now = timezone.now()
        with past_the_triggers():
            Visit.objects.update(
                window_start_at=now - timedelta(hours=1),
                window_end_at=now + timedelta(hours=1),
                arrived_at=now - timedelta(minutes=11),
            )
        page.get_by_text("Nobody opens").click()
        page.get_by_label("What did you try?").fill("Rang twice, called both numbers.")
        page.get_by_role("button", name="Report no access").click()
        expect(page.get_by_role("heading", name="This visit is over")).to_be_visible()
        assert "new arrival window" in told(order.contacts.get(position=1).address, "nobody opened")
