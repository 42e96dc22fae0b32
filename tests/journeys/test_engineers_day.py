"""An engineer asks to be away; the desk sees what a yes costs, says yes, and everybody is told."""

from collections.abc import Callable

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from engineers.models import Absence, Visit
from engineers.services.dispatching import dispatch_visit
from tests.factories.accounts import DispatcherFactory
from tests.factories.warranty import Workshop
from tests.journeys import steps
from tests.journeys.conftest import DESK_SCREEN, PHONE_SCREEN

Told = Callable[..., str]


@pytest.mark.django_db(transaction=True)
class TestAskingToBeAway:
    def test_from_the_question_to_the_visit_that_waits_for_somebody_else(
        self,
        workshop: Workshop,
        open_page: Callable[..., Page],
        told: Told,
        accessible: Callable[[Page], None],
    ) -> None:
        workshop.user.language = "en"
        workshop.user.save()
        dispatcher = DispatcherFactory(cities=[workshop.city])
        workshop.clock = timezone.now()
        order = workshop.book()
        visit = Visit.objects.get()
        dispatch_visit(visit=visit, engineer=workshop.engineer, by=dispatcher, at=workshop.clock)

        phone = open_page(PHONE_SCREEN)
        steps.sign_in(phone, str(workshop.user.phone))
        phone.get_by_role("link", name="Requests").click()
        phone.get_by_text("Ask to be away").click()
        phone.get_by_label("First day").fill(visit.on.isoformat())
        phone.get_by_label("Last day").fill(visit.on.isoformat())
        phone.get_by_label("Why").first.fill("My sister marries")
        accessible(phone)
        phone.get_by_role("button", name="Ask the desk").first.click()
        expect(phone.get_by_text("Waiting for an answer")).to_be_visible()

        desk = open_page(DESK_SCREEN)
        steps.sign_in(desk, str(dispatcher.phone))
        desk.get_by_role("link", name="Requests").click()
        accessible(desk)
        desk.get_by_role("link", name="Away on").click()
        expect(desk.get_by_text("1 promised visit loses its engineer")).to_be_visible()
        expect(desk.get_by_text("the customer knows the engineer’s name")).to_be_visible()
        accessible(desk)
        desk.get_by_role("button", name="Approve").click()
        expect(desk.get_by_text("Approved. The engineer is told.")).to_be_visible()
        expect(desk.get_by_text("1 visit has lost its engineer")).to_be_visible()

        visit.refresh_from_db()
        assert visit.engineer is None
        assert Absence.objects.get().from_on == visit.on
        assert "is approved" in told(workshop.user.address.value, "approved")
        assert "window stays" in told(order.contacts.get(position=1).address, "window stays")
        phone.reload()
        expect(phone.get_by_text("Approved")).to_be_visible()
