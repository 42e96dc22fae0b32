"""Visits moved on the board in Chromium: dragged, by the keyboard alone, seen by a second dispatcher."""

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from django.utils import timezone
from playwright.sync_api import Browser, Locator, Page, expect

from engineers.models import Engineer, Visit
from engineers.planning import city_today
from engineers.services.dispatching import dispatch_visit
from engineers.states import VisitStatus
from repairhub.accounts.models import User
from repairhub.places.models import City
from tests.factories.accounts import DispatcherFactory
from tests.factories.engineers import EngineerFactory, planned_visit
from tests.factories.places import CityFactory

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def city(transactional_db: None) -> City:
    """Beijing, by the real clock of the server under test."""
    return CityFactory()


@pytest.fixture
def engineers(city: City) -> list[Engineer]:
    """Two who can, one who may not."""
    return [
        EngineerFactory(city=city, user__name="Ying Chen"),
        EngineerFactory(city=city, user__name="Wei Li"),
        EngineerFactory(city=city, user__name="Min Zhao", certified=False),
    ]


@pytest.fixture
def visit(city: City, engineers: list[Engineer]) -> Visit:
    """Tomorrow from ten to twelve, tentatively with the first engineer."""
    now = timezone.now()
    return planned_visit(city=city, on=city_today(city, now) + timedelta(days=1), at=now)


def sign_in(page: Page, user: User, url: str) -> None:
    """The person's session in this browser."""
    client = Client()
    client.force_login(user)
    name = settings.SESSION_COOKIE_NAME
    page.context.add_cookies([{"name": name, "value": client.cookies[name].value, "url": url}])


@pytest.fixture
def address(live_server: Any, visit: Visit) -> str:
    """The board of the visit's day."""
    return f"{live_server.url}/dispatch/?on={visit.on.isoformat()}"


@pytest.fixture
def board(page: Page, live_server: Any, address: str) -> Page:
    """The board in a dispatcher's browser, wide enough for every hour."""
    page.set_viewport_size({"width": 1280, "height": 900})
    sign_in(page, DispatcherFactory(name="Fang Wang"), live_server.url)
    page.goto(address)
    return page


def block(page: Page, visit: Visit) -> Locator:
    """The visit on its lane."""
    return page.locator(f"#lane-{visit.reference} .block > rect")


def carry(page: Page, what: Locator, engineer: Engineer, hour: float, *, drop: bool = True) -> None:
    """Drags it so that it begins at that hour on that engineer's lane; the hours shown are 8 to 20."""
    box = what.bounding_box()
    track = page.locator(f"#lane-of-{engineer.pk} .lane-track").bounding_box()
    assert box is not None
    assert track is not None
    page.mouse.move(box["x"] + 2, box["y"] + box["height"] / 2)
    page.mouse.down()
    x = track["x"] + track["width"] * (hour - 8) / 12 + 2
    page.mouse.move(x, track["y"] + 20, steps=6)
    if drop:
        page.mouse.up()


class TestDragging:
    def test_a_block_to_another_engineer_names_them(
        self, board: Page, visit: Visit, engineers: list[Engineer]
    ) -> None:
        carry(board, block(board, visit), engineers[1], 10.5, drop=False)
        expect(board.locator(".ghost text")).to_have_text("10:30")
        expect(board.locator(f"#lane-of-{engineers[1].pk}")).to_have_class(re.compile("is-drop-target"))
        board.mouse.up()
        expect(board.get_by_text("is confirmed with Wei Li, planned for 10:00")).to_be_visible()
        expect(board.locator(f"#lane-of-{engineers[1].pk} #lane-{visit.reference}")).to_be_visible()
        expect(board.locator(".ghost")).to_have_count(0)
        visit.refresh_from_db()
        assert (visit.engineer, visit.status) == (engineers[1], VisitStatus.CONFIRMED)

    def test_a_card_of_the_tray_onto_a_lane(
        self, board: Page, visit: Visit, engineers: list[Engineer]
    ) -> None:
        carry(board, board.locator(f"#row-{visit.reference}"), engineers[1], 11)
        expect(board.get_by_text("is confirmed with Wei Li")).to_be_visible()

    def test_outside_the_window_is_refused_with_times_that_would_do(
        self, board: Page, visit: Visit, engineers: list[Engineer]
    ) -> None:
        carry(board, block(board, visit), engineers[1], 14, drop=False)
        expect(board.locator(".ghost.is-outside")).to_have_count(1)
        board.mouse.up()
        expect(board.get_by_role("alert").filter(has_text="10:00–12:00 is promised")).to_be_visible()
        board.get_by_role("button", name="10:00 · Wei Li").click()
        expect(board.get_by_text("is confirmed with Wei Li")).to_be_visible()

    def test_beside_every_lane_or_escaped_leaves_it_where_it_was(
        self, board: Page, visit: Visit, engineers: list[Engineer]
    ) -> None:
        carry(board, block(board, visit), engineers[1], 10.5, drop=False)
        board.keyboard.press("Escape")
        expect(board.locator(".ghost")).to_have_count(0)
        board.mouse.up()
        expect(board.locator("#move-words")).to_have_text("Left where it was.")
        visit.refresh_from_db()
        assert visit.engineer == engineers[0]

    def test_a_click_still_opens_the_panel(self, board: Page, visit: Visit) -> None:
        block(board, visit).click()
        expect(board.locator("#panel-title")).to_be_visible()

    def test_what_happens_meanwhile_takes_nothing_from_under_the_pointer(
        self, board: Page, city: City, visit: Visit, engineers: list[Engineer]
    ) -> None:
        carry(board, block(board, visit), engineers[1], 10.5, drop=False)
        second = planned_visit(city=city, on=visit.on, window="14:00", at=timezone.now())
        board.wait_for_timeout(5_000)  # the board would have refreshed by now
        expect(board.locator(f"#row-{second.reference}")).to_have_count(0)
        expect(board.locator(".ghost text")).to_have_text("10:30")
        board.mouse.up()
        expect(board.get_by_text("is confirmed with Wei Li")).to_be_visible()
        expect(board.locator(f"#row-{second.reference}")).to_be_visible()


class TestTheKeyboard:
    def test_alone_moves_a_visit(self, board: Page, visit: Visit, engineers: list[Engineer]) -> None:
        said = board.locator("#move-words")
        board.locator(f"#lane-{visit.reference}").focus()
        board.keyboard.press("m")
        expect(said).to_contain_text("Up and down change the engineer")
        board.keyboard.press("ArrowDown")
        board.keyboard.press("ArrowRight")
        expect(said).to_have_text(re.compile(r"(Wei Li|Min Zhao), 10:05"))
        while "Wei Li" not in (said.text_content() or ""):
            board.keyboard.press("ArrowDown")
        board.keyboard.press("Enter")
        expect(board.get_by_text("is confirmed with Wei Li")).to_be_visible()
        expect(board.locator("#panel-title")).to_be_focused()
        visit.refresh_from_db()
        assert visit.engineer == engineers[1]

    def test_says_when_it_leaves_the_window_and_escape_gives_it_back(self, board: Page, visit: Visit) -> None:
        row = board.locator(f"#row-{visit.reference}")
        row.focus()
        board.keyboard.press("m")
        board.keyboard.press("ArrowLeft")
        expect(board.locator("#move-words")).to_contain_text("09:55: outside the promised window 10:00–12:00")
        board.keyboard.press("Escape")
        expect(row).to_be_focused()
        expect(board.locator(".ghost")).to_have_count(0)
        visit.refresh_from_db()
        assert visit.status == VisitStatus.PLANNED

    def test_begins_by_a_button_of_the_panel_too(self, board: Page, visit: Visit) -> None:
        board.locator(f"#row-{visit.reference}").click()
        board.get_by_role("button", name="Move on the board").click()
        expect(board.locator(".ghost")).to_have_count(1)
        expect(board.locator(f"#lane-{visit.reference}")).to_be_focused()


class TestWithoutScripts:
    def test_the_panel_s_form_moves(
        self, browser: Browser, live_server: Any, visit: Visit, engineers: list[Engineer], address: str
    ) -> None:
        context = browser.new_context(java_script_enabled=False)
        page = context.new_page()
        sign_in(page, DispatcherFactory(), live_server.url)
        page.goto(f"{address}&visit={visit.reference}")
        page.get_by_label("Engineer", exact=True).select_option(label="Wei Li")
        page.locator("#move-start").fill("10:30")
        page.get_by_role("button", name="Move", exact=True).click()
        expect(page.get_by_text("is confirmed with Wei Li")).to_be_visible()
        expect(page.locator("#board-map")).to_be_hidden()
        context.close()


class TestTwoDispatchers:
    @pytest.fixture
    def second(self, browser: Browser, live_server: Any, address: str) -> Iterator[Page]:
        """Another dispatcher's browser, on the same board."""
        context = browser.new_context(viewport={"width": 1280, "height": 900})
        page = context.new_page()
        sign_in(page, DispatcherFactory(name="Na Sun"), live_server.url)
        page.goto(address)
        yield page
        context.close()

    def test_see_each_other_s_moves_within_five_seconds(
        self, board: Page, second: Page, visit: Visit, engineers: list[Engineer]
    ) -> None:
        carry(board, block(board, visit), engineers[1], 10.5)
        expect(board.get_by_text("is confirmed with Wei Li")).to_be_visible()
        there = second.locator(f"#lane-of-{engineers[1].pk} #lane-{visit.reference}")
        expect(there).to_be_visible(timeout=5_000)

    def test_moving_the_same_visit_one_hears_who_was_first(
        self, board: Page, second: Page, visit: Visit, engineers: list[Engineer]
    ) -> None:
        carry(second, block(second, visit), engineers[1], 10.5, drop=False)
        dispatch_visit(
            visit=visit, engineer=engineers[0], by=DispatcherFactory(name="Fang Wang"), at=timezone.now()
        )
        second.mouse.up()
        alert = second.get_by_role("alert").filter(has_text="Fang Wang has confirmed")
        expect(alert).to_contain_text("with Ying Chen meanwhile")
        visit.refresh_from_db()
        assert visit.engineer == engineers[0]


class TestTheMap:
    def test_shows_the_visits_opens_them_and_stays_as_it_was_zoomed(
        self, board: Page, city: City, visit: Visit
    ) -> None:
        requests: list[str] = []
        board.on("request", lambda request: requests.append(request.url))
        mark = board.locator("#map path.map-visit")
        expect(mark).to_have_count(1)
        expect(mark).to_have_class(re.compile("state-planned"))
        mark.click()
        expect(board.locator("#panel-title")).to_be_visible()
        expect(board.locator("#map path.map-route")).to_have_count(1)
        board.get_by_role("button", name="Zoom in").click()
        board.wait_for_timeout(400)
        before = board.locator("#map .leaflet-map-pane").get_attribute("style")
        planned_visit(city=city, on=visit.on, window="14:00", at=timezone.now())
        expect(mark).to_have_count(2, timeout=10_000)
        assert board.locator("#map .leaflet-map-pane").get_attribute("style") == before
        assert [url for url in requests if "127.0.0.1" not in url] == []

    def test_is_hidden_until_it_is_wanted_again(self, board: Page) -> None:
        board.get_by_role("button", name="Map").click()
        expect(board.locator("#board-map")).to_be_hidden()
        board.reload()
        expect(board.locator("#board-map")).to_be_hidden()
        board.get_by_role("button", name="Map").click()
        expect(board.locator("#map path.map-visit")).to_have_count(1)
