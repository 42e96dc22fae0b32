"""The engineer's steps without a network: kept in the phone, shown as not sent, sent in order, once."""

from collections.abc import Iterator
from typing import Any

import pytest
import time_machine
from axe_playwright_python.sync_playwright import Axe
from django.conf import settings as product
from django.test import Client
from playwright.sync_api import Browser, BrowserContext, Page, expect

from engineers.services.doorstep import turn_back
from engineers.states import EventKind, VisitStatus
from repairhub.accounts.models import User
from tests.factories.door import Door, door
from tests.factories.engineers import clock

pytestmark = pytest.mark.django_db(transaction=True)
FITS = "document.documentElement.scrollWidth <= window.innerWidth"


@pytest.fixture
def half_past_ten() -> Iterator[None]:
    """The server's clock; the browser has its own, which is wrong by months or years."""
    with time_machine.travel(clock("10:30")):
        yield


@pytest.fixture
def contexts(browser: Browser) -> Iterator[Any]:
    """contexts(**likes) -> a phone; all of them are closed at the end."""
    made: list[BrowserContext] = []

    def make(**likes: Any) -> BrowserContext:
        context = browser.new_context(viewport={"width": 360, "height": 740}, **likes)
        context.set_default_timeout(15_000)
        made.append(context)
        return context

    yield make
    for context in made:
        context.close()


def sign_in(context: BrowserContext, user: User, url: str) -> None:
    """The person's session on this phone."""
    session = Client()
    session.force_login(user)
    name = product.SESSION_COOKIE_NAME
    context.add_cookies([{"name": name, "value": session.cookies[name].value, "url": url}])


@pytest.fixture
def phone(contexts: Any, live_server: Any, half_past_ten: None) -> Any:
    """phone(door) -> the visit's page on its engineer's phone, kept for a reload without a network."""

    def open_at(place: Door, path: str = "", **likes: Any) -> Page:
        context = contexts(**likes)
        sign_in(context, place.by, live_server.url)
        page: Page = context.new_page()
        page.goto(live_server.url + (path or f"/engineer/visits/{place.visit.reference}/"))
        page.wait_for_selector("html[data-kept=yes]")
        return page

    return open_at


def unsent(page: Page) -> list[str]:
    """What the list of steps says, from the first to the last."""
    return [
        row.inner_text().split("\n")[0].split(" RH-")[0] for row in page.locator("#unsent .unsent-row").all()
    ]


def kinds(place: Door) -> list[str]:
    """What the visit has on record since its engineer was named."""
    named = place.visit.events.get(kind=EventKind.CONFIRMED)
    return list(place.visit.events.filter(pk__gt=named.pk).order_by("pk").values_list("kind", flat=True))


def give_up(page: Page) -> None:
    """The visit cannot be completed."""
    page.locator("summary", has_text="It cannot be completed").click()
    page.locator("#cannot_complete_reason").select_option("wrong_part")
    page.get_by_role("button", name="End the visit without the repair").click()


class TestWithoutANetwork:
    def test_three_steps_wait_survive_a_reload_and_arrive_in_order_once(self, phone: Any) -> None:
        place = door(VisitStatus.CONFIRMED)
        page = phone(place)
        posts: list[str] = []
        page.context.on("request", lambda one: posts.append(one.url) if one.method == "POST" else None)
        page.context.set_offline(True)
        page.get_by_role("button", name="I am on my way").click()
        page.get_by_role("button", name="I have arrived").click()
        expect(page.get_by_role("heading", name="You are at the door")).to_be_visible()
        give_up(page)
        expect(page.locator("#unsent-count")).to_have_text("3")
        three = ["I am on my way", "I have arrived", "It cannot be completed"]
        assert unsent(page) == three
        expect(page.locator("#unsent-title")).to_contain_text("Not sent yet")
        assert page.evaluate(FITS)
        assert [one["id"] for one in Axe().run(page).response["violations"]] == []

        page.reload()  # still without a network: the page comes out of the phone
        expect(page.locator("#unsent-count")).to_have_text("3")
        assert unsent(page) == three
        expect(page.get_by_text("There is no network. You see this page as of")).to_be_visible()
        assert kinds(place) == []

        posts.clear()
        page.context.set_offline(False)
        page.get_by_role("heading", name="This visit is over").first.wait_for()
        expect(page.locator("#unsent")).to_be_hidden()
        expect(page.locator("dl.facts")).to_contain_text("The right part is not at hand")
        assert kinds(place) == [EventKind.SET_OUT, EventKind.ARRIVED, EventKind.CANNOT_COMPLETE]
        assert [url.rstrip("/").rsplit("/", 1)[1] for url in posts] == [
            "set_out",
            "arrive",
            "cannot_complete",
        ]
        arrived = place.visit.events.get(kind=EventKind.ARRIVED)
        assert arrived.at < place.visit.events.get(kind=EventKind.CANNOT_COMPLETE).at
        assert "received_at" in arrived.data

    def test_an_answer_that_got_lost_is_asked_for_again_and_nothing_is_done_twice(self, phone: Any) -> None:
        place = door(VisitStatus.CONFIRMED)
        page = phone(place)
        sent: list[str] = []

        def lose_the_answer(route: Any) -> None:
            sent.append(route.request.headers["idempotency-key"])
            if len(sent) == 1:
                route.fetch()  # the server does it, and nobody hears
                route.abort()
            else:
                route.continue_()

        page.route("**/set_out/", lose_the_answer)
        page.get_by_role("button", name="I am on my way").click()
        page.locator("form[action$='/arrive/'] button").wait_for()
        expect(page.locator("#unsent")).to_be_hidden()
        assert len(sent) >= 2
        assert len(set(sent)) == 1
        assert kinds(place) == [EventKind.SET_OUT]

    def test_a_refused_step_shows_the_sentence_and_holds_up_those_behind_it(self, phone: Any) -> None:
        place = door(VisitStatus.EN_ROUTE)
        page = phone(place)
        page.context.set_offline(True)
        page.get_by_role("button", name="I have arrived").click()
        give_up(page)
        expect(page.locator("#unsent-count")).to_have_text("2")
        turn_back(visit=place.visit, reason="flat tyre", by=place.by, at=clock("10:30"))
        page.context.set_offline(False)
        refused = page.locator(".unsent-row.is-refused")
        expect(refused).to_contain_text("does not allow that now: Confirmed.")
        expect(page.locator(".unsent-row").nth(1)).to_contain_text("Waits for the one before")
        assert [one["id"] for one in Axe().run(page).response["violations"]] == []
        refused.get_by_role("button", name="Discard this step").click()
        expect(page.locator(".unsent-row")).to_have_count(1)
        expect(refused).to_contain_text("does not allow that now: Confirmed.")
        refused.get_by_role("button", name="Discard this step").click()
        page.get_by_role("button", name="I am on my way").wait_for()
        expect(page.locator("#unsent")).to_be_hidden()

    def test_a_step_that_needs_the_network_says_so_and_keeps_what_was_typed(self, phone: Any) -> None:
        page = phone(door())
        page.context.set_offline(True)
        page.locator("#start_pin").fill("123456")
        page.get_by_role("button", name="Start the repair").click()
        expect(page.locator("#unsent-needs")).to_contain_text("This step needs the network")
        expect(page.locator("#start_pin")).to_have_value("123456")

    def test_running_late_waits_as_well(self, phone: Any) -> None:
        place = door(VisitStatus.CONFIRMED)
        page = phone(place, "/engineer/")
        page.context.set_offline(True)
        page.locator("summary", has_text="I am running late").click()
        page.locator(".late-choices button", has_text="20 min").click()
        expect(page.locator("#unsent-count")).to_have_text("1")
        page.context.set_offline(False)
        expect(page.locator(".stop-later")).to_contain_text("Expected 10:5")
        assert place.visit.events.get(kind=EventKind.RUNNING_LATE).data["minutes"] == 20

    def test_the_visit_next_on_the_day_can_be_opened(self, phone: Any) -> None:
        place = door(VisitStatus.CONFIRMED)
        page = phone(place, "/engineer/")
        page.context.set_offline(True)
        page.get_by_role("link", name="Start with this visit").click()
        page.get_by_role("button", name="I am on my way").click()
        expect(page.locator("#unsent-count")).to_have_text("1")


class TestWithOne:
    def test_a_double_click_is_one_step(self, phone: Any) -> None:
        place = door(VisitStatus.CONFIRMED)
        page = phone(place)
        posts: list[str] = []
        page.context.on("request", lambda one: posts.append(one.url) if one.method == "POST" else None)
        page.get_by_role("button", name="I am on my way").dblclick()
        page.get_by_role("heading", name="Drive to the customer").wait_for()
        assert len(posts) == 1
        assert kinds(place) == [EventKind.SET_OUT]


class TestAnotherPerson:
    def test_sends_and_sees_nothing_of_somebody_else(self, phone: Any, live_server: Any) -> None:
        place = door(VisitStatus.CONFIRMED)
        page = phone(place)
        page.context.set_offline(True)
        page.get_by_role("button", name="I am on my way").click()
        expect(page.locator("#unsent-count")).to_have_text("1")
        other = door(VisitStatus.CONFIRMED, city=place.visit.city, window="14:00")
        page.context.clear_cookies()
        sign_in(page.context, stranger := _another_engineer(other, place), live_server.url)
        page.context.set_offline(False)
        page.goto(f"{live_server.url}/engineer/")
        page.wait_for_selector("html[data-kept=yes]")
        expect(page.locator("#unsent")).to_be_hidden()
        assert kinds(place) == []
        addresses = page.evaluate(
            "caches.open('engineer-pages').then((pages) => pages.keys())"
            ".then((all) => all.map((one) => one.url))"
        )
        assert [url for url in addresses if place.visit.reference in url] == []
        # who comes back finds it and sends it
        page.context.clear_cookies()
        sign_in(page.context, place.by, live_server.url)
        page.goto(f"{live_server.url}/engineer/")
        expect(page.locator(".badge-state", has_text="On the way")).to_be_visible()
        assert kinds(place) == [EventKind.SET_OUT]
        assert stranger != place.by

    def test_a_page_left_open_never_sends_under_another_s_session(self, phone: Any, live_server: Any) -> None:
        place = door(VisitStatus.CONFIRMED)
        page = phone(place)
        page.context.clear_cookies()
        other = door(VisitStatus.CONFIRMED, city=place.visit.city, window="14:00")
        sign_in(page.context, _another_engineer(other, place), live_server.url)
        page.get_by_role("button", name="I am on my way").click()
        expect(page.locator("#unsent-count")).to_have_text("1")
        expect(page.locator("#unsent")).not_to_contain_text("Sending")
        assert kinds(place) == []

    def test_signing_out_takes_the_kept_pages_away(self, phone: Any, live_server: Any) -> None:
        page = phone(door(VisitStatus.CONFIRMED))
        page.get_by_role("button", name="Sign out").click()
        page.wait_for_url(lambda url: "/engineer/" not in url)
        assert page.evaluate("caches.keys()") == ["engineer-assets"]


def _another_engineer(there: Door, place: Door) -> User:
    """Somebody else than the engineer of the first door."""
    if there.by != place.by:
        return there.by
    from tests.factories.door import qualified_engineer

    return qualified_engineer(place.visit.city).user
