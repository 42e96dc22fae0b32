"""Times that open by moving another visit: on the booking page, through the API, and booked by both."""

import re
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.urls import reverse

from engineers.models import Engineer, Visit
from engineers.selectors.windows import VisitNeeds
from engineers.services.looking import Question, look
from orders.models import RepairOrder
from repairhub.places.models import City, District
from tests.factories.engineers import DAY, MORNING, EngineerFactory, planned_visit
from tests.orders.api.caller import book as book_by_api
from tests.orders.api.caller import get, order_body, proof_of
from tests.orders.browser import WINDOW, Browser

pytestmark = pytest.mark.django_db
TUESDAY = DAY + timedelta(days=1)
SCREEN = VisitNeeds(service_minutes=40, skills={"screen": 2}, brands=frozenset())


@pytest.fixture
def batteries(city: City, engineer: Engineer) -> list[Visit]:
    """Two on Tuesday at ten, which leave the only engineer no time; one more for batteries came since."""
    found = [
        planned_visit(city=city, on=TUESDAY, needs=VisitNeeds(minutes, {"battery": 2}, frozenset()))
        for minutes in (85, 115)
    ]
    EngineerFactory(city=city, certified__skill__key="battery")
    return found


def worker_looks(city: City, latitude: float, longitude: float, needs: VisitNeeds = SCREEN) -> None:
    """What a worker does once it is rung for Tuesday."""
    question = Question.of(city, latitude, longitude, needs)
    assert look(question=question, on=TUESDAY, at=MORNING) == "opened 1"


def worker_looks_in_chaoyang(city: City) -> None:
    """The same for the district of the customer's browser."""
    district = District.objects.get(name_en="Chaoyang")
    worker_looks(city, district.latitude, district.longitude)


@pytest.fixture
def at_times(customer: Browser, batteries: list[Visit]) -> Browser:
    """A customer's browser with phone, repair and place chosen."""
    customer.choose_phone()
    customer.choose_repair()
    customer.choose_place()
    return customer


def more(browser: Browser, address: str | None = None) -> Any:
    """What the page gets when it asks for more."""
    return browser.client.get(address or reverse("book_more_windows"), headers={"HX-Request": "true"})


def input_of(html: str) -> str:
    """The radio button of Tuesday at ten."""
    found = re.search(rf'<label class="window" id="window-{int(WINDOW.timestamp())}".*?</label>', html, re.S)
    assert found, html
    return found[0]


class TestThePage:
    def test_shows_the_sure_times_and_says_that_more_may_come(self, at_times: Browser) -> None:
        page = at_times.get("book_window")
        html = page.content.decode()
        assert "disabled" in input_of(html)
        assert "More times are being looked for" in html
        assert page.context["has_open"]

    def test_adds_what_was_found_once_and_leaves_the_rest_alone(self, at_times: Browser, city: City) -> None:
        asking = at_times.get("book_window").context["ask_again"]
        waiting = more(at_times, asking)
        assert "hx-swap-oob" not in waiting.content.decode()
        worker_looks_in_chaoyang(city)
        found = more(at_times, waiting.context["ask_again"])
        html = found.content.decode()
        assert html.count('class="window"') == 1
        assert "disabled" not in input_of(html)
        assert "1 more time was found" in html
        again = more(at_times, found.context["ask_again"])
        assert 'class="window"' not in again.content.decode()

    def test_loaded_again_it_has_the_time_open(self, at_times: Browser, city: City) -> None:
        worker_looks_in_chaoyang(city)
        html = at_times.get("book_window").content.decode()
        assert "disabled" not in input_of(html)

    def test_stops_asking_after_a_while(self, at_times: Browser) -> None:
        html = more(at_times, f"{reverse('book_more_windows')}?tries=20&shown=").content.decode()
        assert "hx-get" not in html
        assert "No more times were found" in html

    @pytest.mark.parametrize("query", ["tries=x&shown=a,,9", "tries=-1&shown=99999999999999999", "tries=²"])
    def test_takes_a_hostile_question_calmly(self, at_times: Browser, query: str) -> None:
        assert more(at_times, f"{reverse('book_more_windows')}?{query}").status_code == 200

    def test_a_page_that_is_out_of_date_is_left_as_it_is(self, customer: Browser) -> None:
        assert more(customer).status_code == 204

    def test_a_person_who_opens_the_address_gets_the_page(self, at_times: Browser) -> None:
        assert at_times.get("book_more_windows").url == reverse("book_window")


class TestChoosingIt:
    def test_is_taken_and_booked_with_the_others_moved(
        self, at_times: Browser, city: City, engineer: Engineer, batteries: list[Visit]
    ) -> None:
        worker_looks_in_chaoyang(city)
        assert at_times.choose_window().url == reverse("book_contact")
        at_times.give_contact()
        at_times.prove()
        assert at_times.confirm().url == reverse("booked")
        visit = RepairOrder.objects.get().visits.get()
        assert (visit.engineer, visit.window_start_at) == (engineer, WINDOW)
        for battery in batteries:
            battery.refresh_from_db()
        assert {battery.engineer for battery in batteries} - {engineer}
        assert all(battery.window_start_at == WINDOW for battery in batteries)

    def test_before_anybody_has_looked_it_is_shut(self, at_times: Browser) -> None:
        assert at_times.choose_window().status_code == 409

    def test_which_has_shut_for_good_answers_409_with_the_form_kept(
        self, at_times: Browser, city: City, batteries: list[Visit]
    ) -> None:
        worker_looks_in_chaoyang(city)
        at_times.choose_window()
        at_times.give_contact()
        at_times.prove()
        Engineer.objects.exclude(pk=batteries[0].engineer_id).update(is_active=False)
        answer = at_times.confirm()
        assert answer.status_code == 409
        assert len(answer.context["nearest"]) == 3
        assert RepairOrder.objects.count() == 0
        assert answer.context["progress"].people[0].name == "Li Wei"


class TestTheAPI:
    def windows(self, city: City) -> dict[str, dict[str, Any]]:
        asked = {"city": city.code, "latitude": city.latitude, "longitude": city.longitude, "days": 3}
        found = get("windows/", repair="iphone-12.screen", grade="original", **asked).json()
        return {window["start_at"]: window for window in found}

    def test_says_what_is_pending_and_then_what_has_opened(
        self, city: City, batteries: list[Visit], monday_morning: time_machine.Traveller
    ) -> None:
        before = self.windows(city)[WINDOW.isoformat()]
        assert (before["is_open"], before["opening"]) == (False, "pending")
        worker_looks(city, city.latitude, city.longitude)
        after = self.windows(city)
        assert (after[WINDOW.isoformat()]["is_open"], after[WINDOW.isoformat()]["opening"]) == (True, "done")

    def test_books_it_even_without_having_asked(
        self, city: City, batteries: list[Visit], monday_morning: time_machine.Traveller
    ) -> None:
        window = {"start_at": WINDOW.isoformat(), "end_at": (WINDOW + timedelta(hours=2)).isoformat()}
        answer = book_by_api(order_body(city, proof_of(), window=window))
        assert answer.status_code == 201, answer.content
        assert Visit.objects.filter(on=TUESDAY).count() == 3
