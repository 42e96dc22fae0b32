"""What people do, step by step, in words that stories are told with."""

import re
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page, expect

from tests.factories.accounts import PASSWORD

CUSTOMER = "+8613800138001"
Check = Callable[[Page], None]


def digits_in(text: str) -> str:
    """The six digits of a message."""
    found = re.search(r"\b(\d{6})\b", text)
    assert found, text
    return found[1]


def sign_in(page: Page, phone: str, password: str = PASSWORD) -> None:
    """Staff: phone and password."""
    page.goto("/accounts/login/")
    page.get_by_role("textbox", name=re.compile("phone", re.I)).fill(phone)
    page.get_by_label("Password", exact=True).fill(password)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(re.compile(r"/(engineer|dispatch|claims|staff|admin)/"))


def choose_phone_and_screen(page: Page, check: Check) -> None:
    """From the first page to the place: an iPhone 12, its screen, the original part."""
    page.goto("/")
    check(page)
    page.get_by_role("link", name="Book a repair").first.click()
    check(page)
    page.get_by_role("button", name="Apple").click()
    check(page)
    page.get_by_role("button", name=re.compile(r"^iPhone 12")).first.click()
    check(page)
    page.get_by_role("checkbox", name=re.compile("Screen replacement")).check()
    page.get_by_role("radio", name=re.compile("Original.*2,149")).check()
    check(page)
    page.get_by_role("button", name="Continue").click()


def choose_place_and_window(page: Page, check: Check, *, day: int = -1) -> None:
    """Shanghai by the browser's location, then the first window of the day (the last one by default)."""
    page.get_by_role("button", name="Use my location").click()
    expect(page.get_by_label("City")).to_have_value("SH")
    page.get_by_label("Street, house, door").fill("Huaihai Road 100, room 502")
    check(page)
    page.get_by_role("button", name="See the free times").click()
    page.get_by_role("radio", disabled=False).first.wait_for(state="attached")
    check(page)
    page.locator("fieldset.windows").nth(day).locator("input:not([disabled])").first.check(force=True)
    page.get_by_role("button", name="Continue").click()


def give_contact(page: Page, told: Callable[..., str], check: Check) -> None:
    """A name and another phone than the broken one, proved by its code."""
    page.get_by_label("Your name").fill("Li Wei")
    page.get_by_label("Phone or mail address", exact=True).fill(CUSTOMER)
    check(page)
    page.get_by_role("button", name="Send me the code").click()
    check(page)
    page.get_by_label("Code", exact=True).fill(digits_in(told(CUSTOMER, "RepairHub code")))
    page.get_by_role("button", name="Continue").click()


def phone_photo(folder: Path) -> Path:
    """A photo as a camera stores it."""
    out = BytesIO()
    Image.new("RGB", (320, 240), "slategray").save(out, "JPEG")
    path = folder / "phone.jpg"
    path.write_bytes(out.getvalue())
    return path
