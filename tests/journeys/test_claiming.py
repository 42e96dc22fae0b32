"""A repair fails again: a claim, its answer by a case officer, a rework in a window that suits."""

import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from orders.links import order_path
from orders.models import OrderVisit, RepairOrder
from orders.states import OrderStatus, VisitPurpose
from tests.factories.accounts import CaseOfficerFactory
from tests.factories.warranty import Workshop
from tests.journeys import steps
from tests.journeys.conftest import DESK_SCREEN, PHONE_SCREEN
from warranty.models import Claim, Warranty
from warranty.states import ClaimStatus, RemedyStatus

Told = Callable[..., str]
Check = Callable[[Page], None]


def prove(page: Page, told: Told, address: str) -> None:
    """The customer proves a contact of the order with a code."""
    page.get_by_role("button", name=re.compile("Send a code to .*138")).first.click()
    page.get_by_label("Code", exact=True).fill(steps.digits_in(told(address, "RepairHub code")))
    page.get_by_role("button", name=re.compile("Show|Open|Continue")).first.click()


def file_claim(page: Page, photo: Path, check: Check) -> None:
    """The claim form, from the order's page."""
    page.get_by_role("link", name="File a claim").click()
    page.get_by_role("radio", name=re.compile("Screen replacement")).check(force=True)
    page.get_by_role("radio", name="The same fault again").check(force=True)
    page.get_by_label(re.compile("What is wrong", re.I)).fill("The left edge no longer feels my finger.")
    page.locator("input[type=file]").set_input_files(photo)
    check(page)
    page.get_by_role("button", name="Send the claim").click()
    expect(page.get_by_text("Waiting for our answer").first).to_be_visible()


@pytest.mark.django_db(transaction=True)
class TestClaiming:
    def test_claim_approval_rework(
        self,
        workshop: Workshop,
        open_page: Callable[..., Page],
        told: Told,
        accessible: Check,
        tmp_path: Path,
    ) -> None:
        officer = CaseOfficerFactory(cities=[workshop.city])
        order = self._completed(workshop)
        customer = order.contacts.get(position=1).address
        page = open_page(PHONE_SCREEN)
        page.goto(order_path(order))
        prove(page, told, customer)
        accessible(page)
        file_claim(page, steps.phone_photo(tmp_path), accessible)
        claim = Claim.objects.get()
        assert claim.owner == officer

        desk = open_page(DESK_SCREEN)
        steps.sign_in(desk, str(officer.phone))
        desk.goto("/claims/")
        accessible(desk)
        desk.get_by_role("link", name=claim.reference).click()
        accessible(desk)
        desk.get_by_role("button", name="Approve: rework at no cost").click()
        expect(desk.get_by_text("Approved").first).to_be_visible()
        told(customer, "approved")

        page.goto(order_path(order))
        page.get_by_role("link", name="Choose a window for the rework").click()
        accessible(page)
        page.locator("fieldset.windows").last.locator("input:not([disabled])").first.check(force=True)
        page.get_by_role("button", name=re.compile("window|Book|Continue", re.I)).last.click()
        claim.refresh_from_db()
        assert (claim.status, claim.remedy.status) == (ClaimStatus.APPROVED, RemedyStatus.BOOKED)
        link = OrderVisit.objects.get(order=order, purpose=VisitPurpose.REWORK)

        # the rework itself, and the promise that it does not shorten
        before = Warranty.objects.get()
        workshop.clock = link.visit.window_start_at
        workshop.do_the_work(order)
        after = Warranty.objects.get(replaces=before)
        assert after.ends_on >= before.ends_on
        link.visit.refresh_from_db()
        order.refresh_from_db()
        assert order.status == OrderStatus.COMPLETED  # never reopened
        assert order.quotes.count() == 1  # and never paid twice

    def test_a_refusal_gives_its_reason(
        self,
        workshop: Workshop,
        open_page: Callable[..., Page],
        told: Told,
        accessible: Check,
    ) -> None:
        officer = CaseOfficerFactory(cities=[workshop.city])
        order = self._completed(workshop)
        claim = workshop.claim(order, at=timezone.now())
        desk = open_page(DESK_SCREEN)
        steps.sign_in(desk, str(officer.phone))
        desk.goto(f"/claims/{claim.reference}/")
        desk.get_by_role("button", name="Refuse with this reason").click()
        claim.refresh_from_db()
        assert claim.status == ClaimStatus.FILED  # no reason, no refusal
        reason = "The glass shows a point of impact at the corner; the photo of our hand-over shows none."
        desk.get_by_label(re.compile("reason", re.I)).first.fill(reason)
        desk.get_by_role("button", name="Refuse with this reason").click()
        expect(desk.get_by_text("Refused").first).to_be_visible()
        accessible(desk)
        assert "point of impact" in told(order.contacts.get(position=1).address, "impact")

    @staticmethod
    def _completed(workshop: Workshop) -> RepairOrder:
        workshop.clock = timezone.now() - timedelta(days=9)
        return workshop.completed()
