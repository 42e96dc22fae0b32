"""Where the engineer comes to, chosen in a browser that knows where it is."""

from typing import Any

import pytest
from django.conf import settings as product
from playwright.sync_api import Browser, Page, expect

from orders.models import BookingDraft
from repairhub.places.districts import load_districts
from repairhub.places.models import City, District
from tests.orders.browser import Browser as Customer

pytestmark = pytest.mark.django_db(transaction=True)
OFFICE = {"latitude": 39.9288, "longitude": 116.4160}  # the middle of Dongcheng


@pytest.fixture
def at_the_office(city: City, browser: Browser, live_server: Any) -> Any:
    """The place step in the browser of somebody at work, the location asked for."""
    load_districts()
    customer = Customer()
    customer.choose_phone()
    customer.choose_repair()
    context = browser.new_context(geolocation=OFFICE, permissions=["geolocation"], locale="en-US")
    cookie = customer.client.cookies[product.SESSION_COOKIE_NAME].value
    context.add_cookies([{"name": product.SESSION_COOKIE_NAME, "value": cookie, "url": live_server.url}])
    page = context.new_page()
    page.goto(f"{live_server.url}/book/place/")
    page.get_by_role("button", name="Use my location").click()
    expect(page.get_by_label("District")).to_have_value(str(District.objects.get(name_en="Dongcheng").pk))
    yield page
    context.close()


class TestUseMyLocation:
    def test_plans_the_way_to_it(self, at_the_office: Page) -> None:
        page = at_the_office
        page.get_by_label("Street, house, door").fill("Chaoyangmen 1, room 5")
        page.get_by_role("button", name="See the free times").click()
        page.wait_for_url("**/book/time/")
        place = BookingDraft.objects.get().data["place"]
        assert (place["source"], place["latitude"], place["longitude"]) == ("browser", *OFFICE.values())

    def test_another_district_by_hand_takes_its_place(self, at_the_office: Page) -> None:
        page = at_the_office
        page.get_by_label("District").select_option("Haidian")
        expect(page.get_by_role("status")).to_contain_text("We plan the way to the middle of the district.")
        page.get_by_label("Street, house, door").fill("Zhongguancun 1, room 5")
        page.get_by_role("button", name="See the free times").click()
        page.wait_for_url("**/book/time/")
        place, haidian = BookingDraft.objects.get().data["place"], District.objects.get(name_en="Haidian")
        assert place["source"] == "district"
        assert (place["latitude"], place["longitude"]) == (haidian.latitude, haidian.longitude)
