"""The engineer's day on a phone: named visits in order, the next one at hand, what is over folded away."""

import re
from collections.abc import Iterator
from datetime import timedelta

import pytest
import time_machine
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from engineers import ports
from engineers.models import Engineer, Visit
from engineers.ports import VisitDetails
from engineers.states import ANNOUNCED, VisitStatus
from repairhub.accounts.states import Role
from repairhub.places.models import City
from tests.factories.accounts import FACTORY_OF_ROLE, EngineerUserFactory
from tests.factories.engineers import (
    DAY,
    MORNING,
    EngineerFactory,
    confirmed_visit,
    north,
    planned_visit,
    visit_in,
)

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def early_in_the_morning() -> Iterator[None]:
    """The pages' clock stands still at six in Beijing."""
    with time_machine.travel(MORNING, tick=False):
        yield


@pytest.fixture(autouse=True)
def told_by_orders(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every visit is for an order; only unmasked may the engineer call."""

    def details(visits: list[Visit], unmasked: bool) -> dict[int, VisitDetails]:
        phone = "+8613800138000" if unmasked else ""
        return {
            v.pk: VisitDetails(
                f"RH-{v.pk}", f"Phone {v.pk}", "1 Long Street", "Ms Li", phone, f"/door/{v.pk}/"
            )
            for v in visits
        }

    monkeypatch.setattr(ports, "_provider", details)


@pytest.fixture
def phone(client: Client, engineer: Engineer) -> Client:
    """The engineer's browser."""
    client.force_login(engineer.user)
    return client


def page(client: Client, **query: str) -> str:
    """The day as it is shown."""
    response = client.get(reverse("engineer_day"), query)
    assert response.status_code == 200
    return response.content.decode()


def stops(html: str) -> list[str]:
    """References from top to bottom."""
    return re.findall(r'id="stop-([^"]+)"', html)


class TestWhoMayLook:
    @pytest.mark.parametrize("role", Role.values)
    def test_engineers_only(self, role: str, client: Client, city: City) -> None:
        client.force_login(FACTORY_OF_ROLE[Role(role)]())
        status = {Role.ENGINEER: 200, Role.CUSTOMER: 302}.get(Role(role), 403)
        assert client.get(reverse("engineer_day")).status_code == status

    def test_an_engineer_without_a_record_is_told_what_to_do(self, client: Client) -> None:
        client.force_login(EngineerUserFactory())
        assert "record belongs to you yet. Please ask the desk" in page(client)

    def test_nobody_sees_the_visits_of_another(self, phone: Client, city: City) -> None:
        visit = confirmed_visit(city=city)
        other = EngineerFactory(city=city)
        second = Client()
        second.force_login(other.user)
        assert stops(page(phone)) == [visit.reference]
        assert stops(page(second)) == []


class TestTheList:
    @pytest.mark.parametrize("status", VisitStatus.values)
    def test_shows_a_visit_once_the_engineer_was_named(self, status: str, phone: Client, city: City) -> None:
        visit = visit_in(status, city=city)
        shown = stops(page(phone))
        assert shown == ([] if status == VisitStatus.PLANNED else [visit.reference])
        assert set(ANNOUNCED) <= {s for s in VisitStatus.values if s != VisitStatus.PLANNED}

    def test_is_in_the_order_of_the_route(self, phone: Client, city: City) -> None:
        late = confirmed_visit(city=city, window="14:00")
        early = confirmed_visit(city=city, window="08:00")
        assert stops(page(phone)) == [early.reference, late.reference]

    def test_says_when_where_what_for_and_how_to_get_there(self, phone: Client, city: City) -> None:
        visit = confirmed_visit(city=city, place=north(5))
        html = page(phone)
        assert '<span class="stop-time">10:00</span>' in html
        assert "Promised 10:00–12:00" in html
        assert "16 min · 6.5 km" in html  # by the streets, at the city's speed
        assert f"Phone {visit.pk}" in html
        assert "1 Long Street" in html
        assert 'href="tel:+8613800138000"' in html
        assert f'href="geo:{visit.latitude:.6f},{visit.longitude:.6f}"' in html

    def test_of_tomorrow_starts_nothing_yet(self, phone: Client, city: City) -> None:
        visit = confirmed_visit(city=city, on=DAY + timedelta(days=1))
        html = page(phone, on="2026-11-24")
        assert "btn-primary" not in html
        assert f'href="/door/{visit.pk}/"' in html

    def test_leads_from_the_next_one_to_its_steps(self, phone: Client, city: City) -> None:
        first, second = confirmed_visit(city=city, window="08:00"), confirmed_visit(city=city, window="12:00")
        html = page(phone)
        assert html.count("btn-primary btn-lg") == 1
        assert f'href="/door/{first.pk}/">Start with this visit' in html
        assert f'href="/door/{second.pk}/"' in html

    def test_puts_the_one_under_way_next(self, phone: Client, city: City) -> None:
        confirmed_visit(city=city, window="08:00")
        under_way = visit_in(VisitStatus.EN_ROUTE, city=city, window="12:00")
        html = page(phone)
        assert f'href="/door/{under_way.pk}/">Go on with this visit' in html

    def test_puts_one_left_under_way_on_another_day_first_on_every_day(
        self, phone: Client, city: City
    ) -> None:
        left = visit_in(VisitStatus.EN_ROUTE, city=city)
        tomorrow = confirmed_visit(city=city, on=DAY + timedelta(days=1), window="08:00")
        html = page(phone, on="2026-11-24")
        assert stops(html) == [left.reference, tomorrow.reference]
        assert "of Mon 23 Nov, still under way" in html
        assert html.count("btn-primary btn-lg") == 1
        assert f'href="/door/{left.pk}/">Go on with this visit' in html

    def test_folds_away_what_is_over(self, phone: Client, city: City) -> None:
        visit_in(VisitStatus.DONE, city=city)
        html = page(phone)
        assert "All visits of this day are done." in html
        assert '<details class="day-over">' in html
        assert "tel:" not in html

    def test_that_is_empty_says_what_happens_next(self, phone: Client, city: City) -> None:
        planned_visit(city=city)
        assert "As soon as the desk names you, it appears here by itself." in page(phone)


class TestTheDay:
    def test_is_today_in_the_city(self, phone: Client, city: City) -> None:
        assert "<h1>Mon 23 Nov</h1>" in page(phone)

    def test_is_tomorrow_by_its_link(self, phone: Client, city: City) -> None:
        visit = confirmed_visit(city=city, on=DAY + timedelta(days=1))
        html = page(phone)
        assert f'href="{reverse("engineer_day")}?on=2026-11-24"' in html
        assert stops(page(phone, on="2026-11-24")) == [visit.reference]

    @pytest.mark.parametrize("on", ["soon", "0001-01-01", "9999-12-31", "2025-10-18"])
    def test_that_makes_no_sense_is_today(self, on: str, phone: Client, city: City) -> None:
        assert "<h1>Mon 23 Nov</h1>" in page(phone, on=on)

    def test_refreshes_itself_as_a_fragment(self, phone: Client, city: City) -> None:
        visit = confirmed_visit(city=city)
        html = phone.get(reverse("engineer_day"), headers={"HX-Request": "true"}).content.decode()
        assert stops(html) == [visit.reference]
        assert "<html" not in html

    @pytest.mark.parametrize("count", [1, 5])
    def test_takes_the_same_queries_for_one_visit_and_for_five(
        self, count: int, phone: Client, city: City, django_assert_num_queries: DjangoAssertNumQueries
    ) -> None:
        for window in ("08:00", "10:00", "12:00", "14:00", "16:00")[:count]:
            confirmed_visit(city=city, window=window)
        with django_assert_num_queries(4):
            page(phone)
