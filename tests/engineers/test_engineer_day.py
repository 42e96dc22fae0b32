"""The engineer's day on a phone: named visits in order, the next one at hand, what is over folded away."""

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from engineers import ports
from engineers.models import Engineer, Visit
from engineers.ports import VisitDetails
from engineers.services.lateness import report_running_late
from engineers.states import ANNOUNCED, VisitStatus
from repairhub.accounts.states import Role
from repairhub.places.models import City
from tests.factories.accounts import FACTORY_OF_ROLE, EngineerUserFactory
from tests.factories.engineers import (
    DAY,
    MORNING,
    EngineerFactory,
    clock,
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


class TestTheRoute:
    def test_is_drawn_with_its_drives(self, phone: Client, city: City) -> None:
        confirmed_visit(city=city, window="08:00", place=north(5))
        confirmed_visit(city=city, window="12:00", place=north(-5))
        html = page(phone)
        assert html.count('class="pin pin-next"') == 1
        assert html.count('class="pin pin-later"') == 1
        assert "2 visits, 26 km and 64 min of driving, home included" in html
        assert " style=" not in html

    def test_says_the_planned_times_and_the_window(self, phone: Client, city: City) -> None:
        confirmed_visit(city=city)
        assert re.search(r'stop-time">10:00</span> <small class="num">–11:00', page(phone))

    def test_says_what_is_expected_of_everything_behind_a_late_visit(
        self, phone: Client, city: City, engineer: Engineer
    ) -> None:
        first = confirmed_visit(city=city, window="08:00")
        confirmed_visit(city=city, window="10:00")
        assert "Expected" not in page(phone)
        report_running_late(visit=first, minutes=100, by=engineer.user, at=MORNING)
        html = page(phone)
        assert "Expected 09:40" in html
        assert "Expected 10:40" in html
        assert "after the promised window" not in html
        report_running_late(visit=first, minutes=200, by=engineer.user, at=MORNING)
        html = page(phone)
        assert "Expected 11:20 · after the promised window" in html
        assert "Expected 12:20 · after the promised window" in html


class TestRunningLate:
    def say(self, client: Client, visit: Visit, **form: str) -> Any:
        """The form as it is sent without scripts."""
        return client.post(reverse("report_late", args=[visit.reference]), form)

    def test_by_a_button_leads_back_to_where_it_stood(self, phone: Client, city: City) -> None:
        visit = confirmed_visit(city=city)
        html = page(phone)
        assert 'value="20"' in html
        assert '<strong class="num">10:20</strong>' in html
        assert self.say(phone, visit, minutes="20", back="day")["Location"] == "/engineer/"
        assert self.say(phone, visit, minutes="30", back="visit")["Location"] == f"/door/{visit.pk}/"
        visit.refresh_from_db()
        assert visit.expected_start_at == clock("10:30")

    def test_in_other_minutes(self, phone: Client, city: City) -> None:
        visit = confirmed_visit(city=city)
        self.say(phone, visit, minutes="other", other="45")
        visit.refresh_from_db()
        assert visit.expected_start_at == clock("10:45")

    def test_with_the_same_key_is_said_once(self, phone: Client, city: City) -> None:
        visit = confirmed_visit(city=city)
        for _time in range(2):
            assert self.say(phone, visit, minutes="20", command_key="k" * 20).status_code == 302
        again = self.say(phone, visit, minutes="30", command_key="k" * 20)
        assert again.status_code == 422
        assert visit.events.filter(kind="running_late").count() == 1

    def test_that_gave_the_visit_to_a_colleague_is_answered_the_same_again(
        self, phone: Client, city: City
    ) -> None:
        visit = confirmed_visit(city=city)
        address, asks = reverse("report_late", args=[visit.reference]), {"Accept": "application/json"}
        said = {"minutes": "20", "command_key": "k" * 20}
        answer = phone.post(address, said, headers=asks).json()
        Visit.objects.update(engineer=EngineerFactory(city=city))  # as a new plan does
        again = phone.post(address, said, headers=asks)
        assert (again.status_code, again.json()) == (200, answer)
        assert phone.post(address, said | {"command_key": "x" * 20}, headers=asks).status_code == 404

    @pytest.mark.parametrize(
        "form",
        [
            {},
            {"minutes": "other"},
            {"minutes": "soon"},
            {"minutes": "other", "other": "-3"},
            {"minutes": "²"},
        ],
    )
    def test_that_makes_no_sense_is_refused_and_kept(
        self, form: dict[str, str], phone: Client, city: City
    ) -> None:
        response = self.say(phone, confirmed_visit(city=city), **form)
        assert response.status_code == 400
        assert 'class="error"' in response.content.decode()

    def test_of_the_wrong_visit_says_of_which(self, phone: Client, city: City) -> None:
        first, second = confirmed_visit(city=city, window="08:00"), confirmed_visit(city=city, window="12:00")
        response = self.say(phone, second, minutes="10")
        assert response.status_code == 409
        assert f"Visit {first.reference} comes before this one." in response.content.decode()

    def test_of_another_s_visit_is_not_found(self, phone: Client, city: City) -> None:
        visit = confirmed_visit(city=city)
        other = Client()
        other.force_login(EngineerFactory(city=city).user)
        assert self.say(other, visit, minutes="10").status_code == 404
        answer = other.post(
            reverse("report_late", args=[visit.reference]), headers={"Accept": "application/json"}
        )
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")

    def test_answers_a_script_with_data(self, phone: Client, city: City) -> None:
        visit = confirmed_visit(city=city)
        address, asks = reverse("report_late", args=[visit.reference]), {"Accept": "application/json"}
        assert phone.post(address, {"minutes": "20"}, headers=asks).json() == {"next": "/engineer/"}
        refused = phone.post(address, {"minutes": "other"}, headers=asks)
        assert (refused.status_code, refused.json()["field"]) == (400, "other")
        future = {"minutes": "40", "pressed_at": "2030-01-01T00:00:00Z"}
        assert phone.post(address, future, headers=asks).json()["code"] == "in_the_future"

    def test_has_a_page_of_its_own(self, phone: Client, city: City) -> None:
        visit = confirmed_visit(city=city)
        assert "10:30" in phone.get(reverse("report_late", args=[visit.reference])).content.decode()


class TestTheWorker:
    def test_lies_where_it_may_look_after_the_engineers_pages(self, client: Client) -> None:
        response = client.get(reverse("engineer_worker"))
        assert response.headers["Content-Type"].startswith("text/javascript")
        assert reverse("engineer_worker").startswith("/engineer/")
        assert "worker-src 'self'" in response.headers["Content-Security-Policy"]
