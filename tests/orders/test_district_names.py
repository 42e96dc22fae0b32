"""The district is read in the reader's language, whatever language the booking was made in."""

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import translation

from engineers.models import Visit
from engineers.ports import visit_details
from orders.links import order_path
from orders.models import RepairOrder
from repairhub.places.models import City, District
from tests.factories.accounts import ManagerFactory
from tests.factories.door import booked
from tests.orders.browser import Browser


def place_shown(order: RepairOrder, *, unmasked: bool) -> str:
    """Where the visit is, as board (masked) and engineer read it."""
    visit = Visit.objects.get(orders=order)
    return visit_details([visit], unmasked=unmasked)[visit.pk].address


class TestShowAnOrder:
    def test_a_booking_in_chinese_is_read_in_english_by_who_reads_english(self, customer: Browser) -> None:
        customer.client = Client(headers={"accept-language": "zh-CN"})
        order = customer.book()
        assert "朝阳区" in customer.client.get(order_path(order)).text
        page = customer.client.get(order_path(order), headers={"accept-language": "en"}).text
        assert "Chaoyang" in page
        assert "朝阳区" not in page

    @pytest.mark.parametrize("stored", ["Chaoyang", "朝阳区"])
    def test_the_desk_and_the_engineer_read_their_own_language(self, city: City, stored: str) -> None:
        order = booked(city, district=stored)
        assert place_shown(order, unmasked=False) == "Chaoyang"
        assert place_shown(order, unmasked=True) == "Chaoyang Jianguo Road 1"
        with translation.override("zh-hans"):
            assert place_shown(order, unmasked=False) == "朝阳区"

    def test_what_the_api_was_told_in_free_words_stays(self, city: City) -> None:
        order = booked(city, district="behind the station")
        assert place_shown(order, unmasked=False) == "behind the station"

    def test_a_district_of_another_city_is_no_translation(self, city: City) -> None:
        District.objects.filter(city=city).delete()
        order = booked(city, district="Chaoyang")
        other = City.objects.create(
            code="CC", name_en="Changchun", name_zh="长春", latitude=43.8, longitude=125.3, radius_km=20
        )
        District.objects.create(
            city=other, name_en="Chaoyang", name_zh="长春朝阳区", latitude=43.8, longitude=125.3
        )
        with translation.override("zh-hans"):
            assert place_shown(order, unmasked=False) == "Chaoyang"

    def test_the_admin_reads_its_own_language(self, city: City, client: Client) -> None:
        order = booked(city, district="朝阳区")
        client.force_login(ManagerFactory(is_staff=True))
        page = client.get(reverse("admin:orders_repairorder_change", args=[order.pk])).text
        assert "Chaoyang" in page
        assert "朝阳区" not in page


class TestBook:
    def test_the_language_changed_on_the_way_the_steps_follow(self, customer: Browser) -> None:
        customer.up_to_confirm()
        for step in ("book_window", "book_confirm"):
            answer = customer.client.get(reverse(step), headers={"accept-language": "zh-CN"})
            assert "朝阳区" in answer.text, step
