"""A skill is suspended: somebody else comes in the promised window, and the engineer reads why."""

from collections.abc import Callable

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from engineers.models import SkillSuspension, Visit
from engineers.services.dispatching import dispatch_visit
from tests.celery_processes import wait_until
from tests.factories.accounts import DispatcherFactory, ManagerFactory
from tests.factories.engineers import EngineerFactory
from tests.factories.warranty import Workshop
from tests.journeys import steps
from tests.journeys.conftest import DESK_SCREEN, PHONE_SCREEN

REASON = "Two screens came loose; the adhesive was left out."


@pytest.mark.django_db(transaction=True)
class TestSuspending:
    def test_the_visit_goes_to_somebody_else_and_everybody_reads_why(
        self,
        workshop: Workshop,
        open_page: Callable[..., Page],
        told: Callable[..., str],
        accessible: Callable[[Page], None],
    ) -> None:
        manager = ManagerFactory(name="Mei Zhou", cities=[workshop.city])
        workshop.clock = timezone.now()
        order = workshop.book()
        visit = Visit.objects.get()
        dispatch_visit(visit=visit, engineer=workshop.engineer, by=DispatcherFactory(), at=workshop.clock)
        other = EngineerFactory(
            user__name="Jun Li",
            city=workshop.city,
            base_latitude=workshop.city.latitude,
            base_longitude=workshop.city.longitude,
        )

        page = open_page(DESK_SCREEN)
        steps.sign_in(page, str(manager.phone))
        page.get_by_role("link", name="Qualification").click()
        accessible(page)
        page.locator("a[href$='/screen/']", has_text="Ying Chen").click()
        accessible(page)
        page.get_by_label("Reason").fill("so so")
        page.get_by_role("button", name="Suspend").click()
        expect(page.get_by_text("Give the reason in 10 characters or more.")).to_be_visible()
        expect(page.get_by_label("Reason")).to_have_value("so so")
        accessible(page)
        page.get_by_label("Reason").fill(REASON)
        page.get_by_role("button", name="Suspend").click()
        expect(page.get_by_text(f"waits on the dispatch board: {visit.reference}.")).to_be_visible()
        expect(page.get_by_role("button", name="Lift the suspension")).to_be_visible()
        accessible(page)

        # the worker plans the day by itself: the window is kept by the other engineer
        wait_until(
            lambda: Visit.objects.filter(pk=visit.pk, engineer=other).exists(), "somebody else has the visit"
        )
        assert Visit.objects.get().window_start_at == visit.window_start_at
        assert REASON in told(str(workshop.user.address.value), "suspended")
        contact = order.contacts.first()
        assert contact is not None
        assert "window stays" in told(contact.address, "cannot come")

        phone = open_page(PHONE_SCREEN)
        steps.sign_in(phone, str(workshop.user.phone))
        phone.get_by_role("link", name="My certificates").click()
        expect(phone.get_by_text(REASON)).to_be_visible()
        expect(phone.get_by_text("Talk to your manager about an assessment", exact=False)).to_be_visible()
        accessible(phone)

        page.get_by_label("Reason").fill("Watched for a day, all in order.")
        page.get_by_role("button", name="Lift the suspension").click()
        expect(page.get_by_role("button", name="Suspend")).to_be_visible()
        assert not SkillSuspension.objects.get().is_open
        assert "counts again" in told(str(workshop.user.address.value), "lifted")
