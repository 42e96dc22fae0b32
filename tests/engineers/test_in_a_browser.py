"""The board and the engineer's day as people use them: by keyboard, while they refresh, wide and narrow."""

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.conf import settings
from django.test import Client
from django.utils import timezone
from playwright.sync_api import Browser, Page, expect

from engineers.models import Engineer, Visit
from engineers.planning import city_today
from engineers.services.doorstep import mark_at_risk
from engineers.services.requests import ask_absence
from engineers.services.weather import set_weather
from engineers.states import VisitStatus
from repairhub.accounts.models import User
from repairhub.places.models import City
from tests.factories.accounts import DispatcherFactory
from tests.factories.engineers import EngineerFactory, confirmed_visit, planned_visit
from tests.factories.places import CityFactory

pytestmark = pytest.mark.django_db(transaction=True)
READERS = [
    {"width": 360, "scheme": "light", "language": "en"},
    {"width": 360, "scheme": "dark", "language": "zh-CN"},
    {"width": 1280, "scheme": "light", "language": "zh-CN"},
    {"width": 1280, "scheme": "dark", "language": "en"},
]
TARGETS = """[...document.querySelectorAll("main a, main button, main summary")]
    .map((target) => [target.outerHTML.slice(0, 80), target.getBoundingClientRect().height])
    .filter(([, height]) => height > 0 && height < 43.5)"""
FITS = "document.documentElement.scrollWidth <= window.innerWidth"


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
def board(page: Page, live_server: Any, city: City, visit: Visit) -> Page:
    """The board of the visit's day in a dispatcher's browser."""
    sign_in(page, DispatcherFactory(name="Fang Wang"), live_server.url)
    page.goto(f"{live_server.url}/dispatch/?on={visit.on.isoformat()}")
    return page


class TestTheBoard:
    def test_is_worked_with_the_keyboard_alone(self, board: Page, visit: Visit) -> None:
        row = board.locator(f"#row-{visit.reference}")
        row.focus()
        board.keyboard.press("Enter")
        title = board.locator("#panel-title")
        expect(title).to_be_focused()
        board.get_by_role("button", name="Confirm Ying Chen").focus()
        board.keyboard.press("Enter")
        expect(board.get_by_text("is confirmed with Ying Chen")).to_be_visible()
        expect(row).to_have_count(0)  # the tray was woken and has nothing more to show
        board.locator(f"#lane-{visit.reference}").focus()
        board.keyboard.press("Enter")
        expect(title).to_be_focused()
        board.keyboard.press("Escape")
        expect(title).to_have_count(0)
        expect(board.locator(f"#lane-{visit.reference}")).to_be_focused()
        visit.refresh_from_db()
        assert visit.status == VisitStatus.CONFIRMED

    def test_refreshes_without_losing_focus_or_the_open_panel(
        self, board: Page, city: City, visit: Visit
    ) -> None:
        board.locator(f"#row-{visit.reference}").click()
        expect(board.locator("#panel-title")).to_be_visible()
        why = board.get_by_text("Why not the others")
        why.click()
        row = board.locator(f"#row-{visit.reference}")
        row.focus()
        row.evaluate("(element) => { element.dataset.before = 'yes'; }")
        second = planned_visit(city=city, on=visit.on, window="14:00", at=timezone.now())
        expect(board.locator(f"#row-{second.reference}")).to_be_visible(timeout=15_000)
        assert row.get_attribute("data-before") is None  # it is a new row in the old one's place
        expect(row).to_be_focused()
        expect(row).to_have_attribute("aria-current", "true")
        expect(board.get_by_text("No certificate for “Screens”", exact=False)).to_be_visible()

    def test_shows_a_refusal_in_the_panel_and_keeps_it_open(
        self, board: Page, visit: Visit, engineers: list[Engineer]
    ) -> None:
        board.locator(f"#row-{visit.reference}").click()
        button = board.get_by_role("button", name="Choose Wei Li")
        expect(button).to_be_visible()
        engineers[1].certificates.all().delete()
        button.click()
        expect(board.get_by_role("alert").get_by_text("No certificate for “Screens”")).to_be_visible()
        expect(board.get_by_role("button", name="Confirm Ying Chen")).to_be_visible()
        visit.refresh_from_db()
        assert visit.status == VisitStatus.PLANNED

    @pytest.mark.parametrize("language", ["en", "zh-CN"])
    def test_at_four_times_the_size_nothing_scrolls_sideways(
        self, browser: Browser, live_server: Any, visit: Visit, language: str
    ) -> None:
        context = browser.new_context(viewport={"width": 320, "height": 256}, locale=language)
        page = context.new_page()
        sign_in(page, DispatcherFactory(), live_server.url)
        page.goto(f"{live_server.url}/dispatch/?on={visit.on.isoformat()}&visit={visit.reference}")
        assert page.evaluate(FITS)
        context.close()

    def test_works_without_scripts(
        self, browser: Browser, live_server: Any, visit: Visit, engineers: list[Engineer]
    ) -> None:
        context = browser.new_context(java_script_enabled=False)
        page = context.new_page()
        sign_in(page, DispatcherFactory(), live_server.url)
        page.goto(f"{live_server.url}/dispatch/?on={visit.on.isoformat()}")
        page.click(f"#row-{visit.reference}")
        page.get_by_role("button", name="Choose Wei Li").click()
        expect(page.get_by_text("is confirmed with Wei Li")).to_be_visible()
        visit.refresh_from_db()
        assert visit.engineer == engineers[1]
        context.close()

    def test_can_be_sent_to_a_colleague_with_the_visit_open(self, board: Page, visit: Visit) -> None:
        board.locator(f"#row-{visit.reference}").click()
        expect(board.locator("#panel-title")).to_be_visible()
        board.goto(board.url)
        expect(board.locator("#panel-title")).to_be_visible()


class TestLooks:
    @pytest.fixture(params=READERS, ids=lambda likes: "-".join(map(str, likes.values())))
    def reader(self, browser: Browser, request: pytest.FixtureRequest) -> Iterator[Page]:
        """A browser of that width, colour and language."""
        likes: dict[str, Any] = request.param
        context = browser.new_context(
            viewport={"width": likes["width"], "height": 800},
            color_scheme=likes["scheme"],
            locale=likes["language"],
        )
        yield context.new_page()
        context.close()

    def look(self, page: Page, url: str) -> None:
        """Opens the page; nothing may complain, stick out or break a rule of accessibility."""
        complaints: list[str] = []
        page.on("console", lambda line: complaints.append(line.text) if line.type == "error" else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(url)
        assert complaints == []
        assert page.evaluate(FITS)
        assert [
            (one["id"], one["nodes"][0]["html"][:200]) for one in Axe().run(page).response["violations"]
        ] == []

    def test_of_the_board_in_every_group(
        self, reader: Page, live_server: Any, city: City, visit: Visit
    ) -> None:
        now = timezone.now()
        at_risk = planned_visit(city=city, on=visit.on, window="14:00", at=now)
        mark_at_risk(visit_ids=[at_risk.pk], at=now)
        confirmed_visit(city=city, on=visit.on, window="16:00", at=now)
        lost = planned_visit(city=city, on=visit.on, window="18:00", at=now)
        Visit.objects.filter(pk=lost.pk).update(engineer=None, planned_start_at=None, planned_end_at=None)
        sign_in(reader, DispatcherFactory(), live_server.url)
        self.look(reader, f"{live_server.url}/dispatch/?on={visit.on.isoformat()}&visit={visit.reference}")
        self.look(reader, f"{live_server.url}/dispatch/visits/{visit.reference}/")
        self.look(reader, f"{live_server.url}/dispatch/?on=2026-01-01")

    def test_of_the_engineer_s_day(
        self, reader: Page, live_server: Any, city: City, engineers: list[Engineer]
    ) -> None:
        now = timezone.now()
        tomorrow = city_today(city, now) + timedelta(days=1)
        confirmed_visit(city=city, on=tomorrow, at=now)
        sign_in(reader, engineers[0].user, live_server.url)
        for url in ("/engineer/", f"/engineer/?on={tomorrow.isoformat()}"):
            self.look(reader, live_server.url + url)
            assert reader.evaluate(TARGETS) == []

    def test_of_the_weather_and_of_the_board_in_it(
        self, reader: Page, live_server: Any, city: City, visit: Visit
    ) -> None:
        desk = DispatcherFactory(name="Fang Wang")
        address = f"{live_server.url}/dispatch/weather/{city.code}/{visit.on.isoformat()}/"
        now = timezone.now()
        set_weather(
            city=city, on=visit.on, factor=Decimal("1.3"), reason="暴雨 / heavy rain", by=desk, at=now
        )
        sign_in(reader, desk, live_server.url)
        self.look(reader, address)
        assert reader.evaluate(TARGETS) == []
        self.look(reader, f"{live_server.url}/dispatch/?on={visit.on.isoformat()}")

    def test_of_the_engineer_s_other_pages(
        self, reader: Page, live_server: Any, city: City, engineers: list[Engineer]
    ) -> None:
        ask_absence(
            engineer=engineers[0],
            from_on=(tomorrow := city_today(city, timezone.now()) + timedelta(days=1)),
            until_on=tomorrow,
            reason="my sister marries",
            by=engineers[0].user,
            at=timezone.now(),
        )
        sign_in(reader, engineers[0].user, live_server.url)
        for url in ("/engineer/van/", "/engineer/requests/"):
            self.look(reader, live_server.url + url)
            assert reader.evaluate(TARGETS) == []

    def test_of_the_desk_s_answers(
        self, reader: Page, live_server: Any, city: City, visit: Visit, engineers: list[Engineer]
    ) -> None:
        request = ask_absence(
            engineer=engineers[0],
            from_on=visit.on,
            until_on=visit.on,
            reason="my sister marries",
            by=engineers[0].user,
            at=timezone.now(),
        )
        sign_in(reader, DispatcherFactory(), live_server.url)
        for url in ("/requests/", f"/requests/{request.pk}/"):
            self.look(reader, live_server.url + url)
