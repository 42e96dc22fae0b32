"""The pages around the product as people meet them: narrow and wide, light and dark, English and Chinese."""

from collections.abc import Iterator
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.utils import timezone
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.factories.ops import DemoDeliveryFactory

pytestmark = pytest.mark.django_db(transaction=True)
PATHS = ["/", "/demo/", "/demo/messages/", "/no-such-page/"]
READERS = [
    {"width": 360, "scheme": "light", "language": "en"},
    {"width": 360, "scheme": "dark", "language": "zh-CN"},
    {"width": 1280, "scheme": "dark", "language": "en"},
]
GROUND = "getComputedStyle(document.body).backgroundColor"
TARGETS = """[...document.querySelectorAll("main a, main button, header a, header button, main select")]
    .map((target) => [target.outerHTML.slice(0, 80), target.getBoundingClientRect().height])
    .filter(([, height]) => height > 0 && height < 43.5)"""


@pytest.fixture(params=READERS, ids=lambda likes: "-".join(map(str, likes.values())))
def reader(browser: Browser, request: pytest.FixtureRequest) -> Iterator[BrowserContext]:
    likes: dict[str, Any] = request.param
    context = browser.new_context(
        viewport={"width": likes["width"], "height": 800},
        color_scheme=likes["scheme"],
        locale=likes["language"],
    )
    yield context
    context.close()


class TestPagesAroundTheProduct:
    def test_fit_the_screen_and_break_no_rule(self, reader: BrowserContext, live_server: Any) -> None:
        DemoDeliveryFactory(body="Your code is 482913.")
        for path in PATHS:
            page = reader.new_page()
            complaints: list[str] = []
            page.on(
                "console", lambda line, to=complaints: to.append(line.text) if line.type == "error" else None
            )
            page.on("pageerror", lambda error, to=complaints: to.append(str(error)))
            page.goto(live_server.url + path)
            assert [line for line in complaints if "404 (Not Found)" not in line] == [], path
            assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), path
            assert [one["id"] for one in Axe().run(page).response["violations"]] == [], path
            if page.viewport_size == {"width": 360, "height": 800}:
                assert page.evaluate(TARGETS) == [], path
            page.close()


class TestTheFrame:
    def test_follows_the_system_from_light_to_dark(self, page: Page, live_server: Any) -> None:
        page.emulate_media(color_scheme="light")
        page.goto(live_server.url)
        light = page.evaluate(GROUND)
        page.emulate_media(color_scheme="dark")
        expect(page.locator("body")).not_to_have_css("background-color", light)

    def test_changes_the_language_and_stays_where_one_is(self, page: Page, live_server: Any) -> None:
        page.goto(f"{live_server.url}/demo/messages/?channel=sms")
        page.get_by_role("button", name="中文").click()
        page.wait_for_selector('html[lang="zh-hans"]')
        assert page.url == f"{live_server.url}/demo/messages/?channel=sms"

    def test_can_be_skipped_with_the_keyboard(self, page: Page, live_server: Any) -> None:
        page.goto(live_server.url)
        page.keyboard.press("Tab")
        page.keyboard.press("Enter")
        assert page.evaluate("document.activeElement.id") == "main"


class TestMessagesPage:
    def test_shows_a_new_code_without_being_loaded_again(self, page: Page, live_server: Any) -> None:
        page.goto(f"{live_server.url}/demo/messages/")
        DemoDeliveryFactory(body="Your code is 482913.", created_at=timezone.now())
        page.get_by_role("button", name="Copy the code").wait_for(timeout=9000)
        assert page.locator(".pin").inner_text() == "482913"
