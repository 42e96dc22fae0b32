"""A dispatcher sees who is in need first, and names a qualified engineer; nobody else is let in."""

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from engineers.models import EngineerCertificate, Visit
from engineers.states import VisitStatus
from tests.factories.accounts import DispatcherFactory
from tests.factories.warranty import Workshop
from tests.journeys import steps
from tests.journeys.conftest import DESK_SCREEN

Told = Callable[..., str]


@pytest.mark.django_db(transaction=True)
class TestDispatching:
    def test_confirms_the_tentative_engineer_and_the_customer_is_told(
        self,
        workshop: Workshop,
        open_page: Callable[..., Page],
        told: Told,
        accessible: Callable[[Page], None],
    ) -> None:
        dispatcher = DispatcherFactory(cities=[workshop.city])
        workshop.clock = timezone.now()
        order = workshop.book()
        visit = Visit.objects.get()
        page = open_page(DESK_SCREEN)
        steps.sign_in(page, str(dispatcher.phone))
        page.goto(f"/dispatch/?city=SH&on={visit.on.isoformat()}")
        accessible(page)
        page.get_by_role("link", name=re.compile(order.reference)).first.click()
        page.get_by_role("button", name="Confirm Ying Chen").click()
        expect(page.locator("#panel").get_by_text("Confirmed").first).to_be_visible()
        accessible(page)
        visit.refresh_from_db()
        assert visit.status == VisitStatus.CONFIRMED
        address = order.contacts.get(position=1).address
        assert "Ying Chen" in told(address, "Ying Chen")

    def test_a_lapsed_certificate_is_refused_with_its_reason(
        self, workshop: Workshop, open_page: Callable[..., Page]
    ) -> None:
        dispatcher = DispatcherFactory(cities=[workshop.city])
        workshop.clock = timezone.now()
        order = workshop.book()
        visit = Visit.objects.get()
        page = open_page(DESK_SCREEN)
        steps.sign_in(page, str(dispatcher.phone))
        page.goto(f"/dispatch/?city=SH&on={visit.on.isoformat()}")
        page.get_by_role("link", name=re.compile(order.reference)).first.click()
        confirm = page.get_by_role("button", name="Confirm Ying Chen")
        expect(confirm).to_be_visible()
        # while the dispatcher looks at it, the certificate is suspended
        EngineerCertificate.objects.update(suspended_at=timezone.now() - timedelta(minutes=1))
        confirm.click()
        expect(page.get_by_role("alert")).to_contain_text(re.compile("suspended", re.I))
        visit.refresh_from_db()
        assert visit.status == VisitStatus.PLANNED
