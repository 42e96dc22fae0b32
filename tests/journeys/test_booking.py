"""A person with a broken iPhone 12 books a new screen at the official price."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from engineers.models import Visit
from engineers.states import VisitStatus
from orders.models import RepairOrder
from tests.factories.warranty import Workshop
from tests.journeys import steps
from tests.journeys.conftest import PHONE_SCREEN

Told = Callable[..., str]
SHANGHAI = {"geolocation": {"latitude": 31.22, "longitude": 121.46}, "permissions": ["geolocation"]}


@pytest.mark.django_db(transaction=True)
class TestBooking:
    def test_from_the_first_page_to_the_pin(
        self,
        workshop: Workshop,
        open_page: Callable[..., Page],
        told: Told,
        accessible: Callable[[Page], None],
    ) -> None:
        page = open_page(PHONE_SCREEN, **SHANGHAI)
        steps.choose_phone_and_screen(page, accessible)
        steps.choose_place_and_window(page, accessible)
        steps.give_contact(page, told, accessible)
        expect(page.get_by_text("¥2,149").first).to_be_visible()
        accessible(page)
        # a nervous finger
        page.get_by_role("button", name=re.compile("Book for ¥2,149")).dblclick()
        expect(page.get_by_role("heading", name="Write down your PIN")).to_be_visible()
        accessible(page)
        pin = page.locator(".pin").inner_text()
        assert re.fullmatch(r"\d{6}", pin)
        order = RepairOrder.objects.get()  # one, not two
        assert order.quotes.get().total == 2149
        visit = Visit.objects.get()
        assert visit.status == VisitStatus.PLANNED
        assert visit.engineer == workshop.engineer
        assert (round(order.latitude, 2), round(order.longitude, 2)) == (31.22, 121.46)
        # back and forward again makes no second order
        page.go_back()
        page.reload()
        page.goto("/book/confirm/")
        assert RepairOrder.objects.count() == 1
        # the order's page, and the message that leads there
        message = told(steps.CUSTOMER, order.reference)
        link = re.search(r"https?://\S+", message)
        assert link
        stranger = open_page(PHONE_SCREEN)
        stranger.goto(re.sub(r"^https?://[^/]+", "", link[0]))
        expect(stranger.get_by_text("¥2,149").first).to_be_visible()
        accessible(stranger)
        assert "Huaihai Road" not in stranger.content()
        assert steps.CUSTOMER not in stranger.content()
        assert pin not in stranger.content()

    def test_in_chinese_by_the_browsers_language(
        self, workshop: Workshop, open_page: Callable[..., Page], accessible: Callable[[Page], None]
    ) -> None:
        page = open_page(PHONE_SCREEN, locale="zh-CN")
        page.goto("/book/")
        assert page.locator("html").get_attribute("lang") == "zh-hans"
        page.get_by_role("button", name="苹果").click()
        page.get_by_role("button", name=re.compile("iPhone 12")).first.click()
        expect(page.locator("main")).to_contain_text("2,149")
        accessible(page)
        page.get_by_role("button", name="English").click()
        assert page.locator("html").get_attribute("lang") == "en"
