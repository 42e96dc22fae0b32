"""The engineer's visit page as a phone shows it: every step, small and large, light and dark."""

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.conf import settings as product
from django.test import Client
from PIL import Image
from playwright.sync_api import Browser, BrowserContext, Page, expect

from engineers.states import VisitStatus
from orders.links import order_pin
from orders.models import HandOverPhoto
from orders.states import OrderStatus
from parts.models import Grade
from tests.factories.door import Door, door, photo, screen_part, working

pytestmark = pytest.mark.django_db(transaction=True)
READERS = [
    {"width": 360, "height": 740, "scheme": "light", "language": "en"},
    {"width": 360, "height": 740, "scheme": "dark", "language": "zh-CN"},
    {"width": 1280, "height": 800, "scheme": "dark", "language": "en"},
]
SMALL_TARGETS = """[...document.querySelectorAll("main a, main button, main summary, main label.choice")]
    .map((target) => [target.outerHTML.slice(0, 80), target.getBoundingClientRect().height])
    .filter(([, height]) => height > 0 && height < 43.5)"""
FAKE_CAMERA = """
window.BarcodeDetector = class {
    static async getSupportedFormats() { return ["code_128"]; }
    async detect(video) { return video.videoWidth ? [{ rawValue: " SN-SCANNED " }] : []; }
};
navigator.mediaDevices.getUserMedia = async () => {
    const canvas = document.createElement("canvas");
    setInterval(() => canvas.getContext("2d").fillRect(0, 0, 9, 9), 50);
    return canvas.captureStream();
};"""


@pytest.fixture(autouse=True)
def stored(settings: Any, tmp_path: Path) -> Path:
    """Where photos go."""
    settings.MEDIA_ROOT = tmp_path
    return tmp_path


@pytest.fixture(params=READERS, ids=lambda likes: "-".join(map(str, likes.values())))
def likes(request: pytest.FixtureRequest) -> dict[str, Any]:
    """A screen and a reader."""
    found: dict[str, Any] = request.param
    return found


@pytest.fixture
def open_phone(browser: Browser, live_server: Any) -> Iterator[Any]:
    """Opens the visit's page on the phone of its engineer, signed in; nothing may go wrong in its console."""
    contexts: list[BrowserContext] = []
    complaints: list[str] = []

    def phone(place: Door, **likes: Any) -> Page:
        session = Client()
        session.force_login(place.by)
        cookie = session.cookies[product.SESSION_COOKIE_NAME].value
        context = browser.new_context(
            viewport={"width": likes.get("width", 360), "height": likes.get("height", 740)},
            color_scheme=likes.get("scheme", "light"),
            locale=likes.get("language", "en"),
        )
        contexts.append(context)
        context.add_cookies([{"name": product.SESSION_COOKIE_NAME, "value": cookie, "url": live_server.url}])
        page = context.new_page()
        page.on("console", lambda line: complaints.append(line.text) if line.type == "error" else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(f"{live_server.url}/engineer/visits/{place.visit.reference}/")
        return page

    yield phone
    for context in contexts:
        context.close()
    assert [line for line in complaints if "Failed to load resource" not in line] == []


def look_over(page: Page) -> None:
    """What holds of every screen: it fits, its main button is large and in sight, no rule is broken."""
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    button = page.locator("main .btn-primary")
    assert button.count() == 1
    box, screen = button.bounding_box(), page.viewport_size
    assert box is not None
    assert screen is not None
    assert box["height"] >= 52
    assert box["y"] + box["height"] <= screen["height"]
    assert page.evaluate(SMALL_TARGETS) == []
    assert [one["id"] for one in Axe().run(page).response["violations"]] == []


class TestTheWholeVisit:
    def test_step_by_step_to_the_end(self, open_phone: Any, likes: dict[str, Any]) -> None:
        place = door(VisitStatus.CONFIRMED)
        place.unit("SN-1")
        page = open_phone(place, **likes)

        def press(then: str) -> None:
            """The main button; the next screen is there once it shows `then`."""
            page.locator("main .btn-primary").click()
            page.wait_for_selector(then)
            look_over(page)

        look_over(page)
        press(then="form[action$='/arrive/']")
        press(then="#start_pin")
        page.locator("#start_pin").fill(order_pin(place.order))
        press(then="#fit_serial")
        page.locator("#fit_serial").fill("sn-1")
        press(then="#take_out_old_serial")
        page.locator("#take_out_old_serial").fill("none")
        page.locator("label.choice").first.click()
        press(then="label.photo-input")
        page.locator("#finish_photo").set_input_files(
            {"name": "phone.jpg", "mimeType": "image/jpeg", "buffer": photo().read()}
        )
        press(then="main a.btn-primary")
        assert place.refresh().order.status == OrderStatus.COMPLETED


class TestRefusals:
    def test_a_wrong_pin_is_in_sight_with_the_cursor_in_its_empty_field(self, open_phone: Any) -> None:
        place = door()
        page = open_phone(place)
        page.locator("#start_pin").fill("000000" if order_pin(place.order) != "000000" else "111111")
        page.locator("main .btn-primary").click()
        error = page.locator("#start_pin_error")
        error.wait_for()
        box = error.bounding_box()
        assert box is not None
        assert box["y"] + box["height"] < 740 - 88  # above the bar with the button
        assert page.evaluate("document.activeElement.id") == "start_pin"
        assert page.locator("#start_pin").input_value() == ""
        look_over(page)

    def test_the_wrong_grade_keeps_the_serial_and_says_not_to_open_the_phone(self, open_phone: Any) -> None:
        place = working()
        place.unit("SN-C", part=screen_part(Grade.CERTIFIED))
        page = open_phone(place)
        page.locator("#fit_serial").fill("SN-C")
        page.locator("main .btn-primary").click()
        page.wait_for_selector("#fit_serial_error")
        assert "Do not open the phone" in page.locator("#fit_serial_error").inner_text()
        assert page.locator("#fit_serial").input_value() == "SN-C"
        look_over(page)

    def test_the_other_ways_are_folded_away_until_they_are_needed(self, open_phone: Any) -> None:
        page = open_phone(door())
        drawer = page.locator("details", has_text="The customer has no PIN at hand")
        assert not page.locator("#code_code").is_visible()
        drawer.locator("summary").click()
        assert page.locator("#code_code").is_visible()
        look_over(page)


class TestAPartThatDoesNotStayIn:
    def test_an_end_that_asks_shows_both_ways_out_and_one_is_enough(
        self, open_phone: Any, likes: dict[str, Any]
    ) -> None:
        place = working(repairs=[("screen", Grade.ORIGINAL), ("battery", Grade.ORIGINAL)])
        place.take_out(place.fit(place.lines[0]))
        place.fit(place.lines[1])
        page = open_phone(place, **likes)
        ways = page.locator("form[action$='/put_back/'] button, form[action$='/dead_part/'] button")
        assert [way.is_visible() for way in ways.all()] == [False] * 4
        page.locator(".take-back summary").first.click()
        assert [way.is_visible() for way in ways.all()] == [True, True, False, False]
        look_over(page)
        page.locator("details", has=page.locator("#cannot_complete_reason")).locator("summary").click()
        page.locator("#cannot_complete_reason").select_option("liquid_or_bent")
        page.locator("form[action$='/cannot_complete/'] button").click()
        page.wait_for_selector("#cannot_complete_reason_error")
        # of the two parts, the one whose place nobody knows is the one that is asked about
        assert [way.is_visible() for way in ways.all()] == [False, False, True, True]
        look_over(page)
        ways.nth(2).click()
        page.wait_for_selector("#fit_serial")
        look_over(page)
        assert place.order.fittings.void().count() == 1


class TestPhoto:
    def ready(self) -> Door:
        return working().do_all_lines()

    def large(self) -> dict[str, Any]:
        """A noisy photo of 12 million pixels."""
        out = io.BytesIO()
        Image.effect_noise((4000, 3000), 60).convert("RGB").save(out, "JPEG", quality=90)
        return {"name": "phone.jpg", "mimeType": "image/jpeg", "buffer": out.getvalue()}

    def test_it_is_shown_and_made_smaller_before_it_is_sent(self, open_phone: Any, stored: Path) -> None:
        place = self.ready()
        page = open_phone(place)
        large = self.large()
        page.locator("#finish_photo").set_input_files(large)
        page.wait_for_selector(".photo-preview img")
        name = "document.getElementById('finish_photo').files[0].name"
        for _tenth in range(
            100
        ):  # our policy lets no string be evaluated in the page, so it is asked from here
            if page.evaluate(name) == "photo.jpg":
                break
            page.wait_for_timeout(100)
        size = page.evaluate("document.getElementById('finish_photo').files[0].size")
        assert size < len(large["buffer"]) // 2
        look_over(page)
        page.locator("main .btn-primary").click()
        page.wait_for_selector("main a.btn-primary")
        with HandOverPhoto.objects.get().image.open() as kept:
            assert Image.open(kept).size == (2000, 1500)

    def test_the_second_click_of_an_impatient_thumb_sends_nothing(self, open_phone: Any) -> None:
        place = self.ready()
        page = open_phone(place)
        posts: list[str] = []
        page.on("request", lambda request: posts.append(request.url) if request.method == "POST" else None)
        page.locator("#finish_photo").set_input_files(
            {"name": "phone.jpg", "mimeType": "image/jpeg", "buffer": photo().read()}
        )
        page.locator("main .btn-primary").dblclick()
        page.wait_for_selector("main a.btn-primary")
        assert len(posts) == 1


class TestScanning:
    def test_the_camera_reads_the_serial_where_the_browser_can(self, open_phone: Any) -> None:
        place = working()
        page = open_phone(place)
        button = page.locator("[data-scan-into]")
        assert not button.is_visible()  # this browser has no detector
        page.add_init_script(FAKE_CAMERA)
        page.reload()
        button.click()
        expect(page.locator("#fit_serial")).to_have_value("SN-SCANNED")
        assert not page.locator("#scanner").is_visible()
        look_over(page)


class TestWithoutScripts:
    def test_every_step_is_a_plain_form(self, browser: Browser, live_server: Any) -> None:
        place = door()
        session = Client()
        session.force_login(place.by)
        cookie = session.cookies[product.SESSION_COOKIE_NAME].value
        context = browser.new_context(java_script_enabled=False)
        context.add_cookies([{"name": product.SESSION_COOKIE_NAME, "value": cookie, "url": live_server.url}])
        page = context.new_page()
        page.goto(f"{live_server.url}/engineer/visits/{place.visit.reference}/")
        page.locator("#start_pin").fill(order_pin(place.order))
        page.locator("main .btn-primary").click()
        page.wait_for_selector("#fit_serial")
        assert not page.locator("[data-scan-into]").is_visible()
        context.close()
