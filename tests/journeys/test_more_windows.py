"""A customer sees the sure times at once, and a worker adds one that opens by moving another visit."""

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from engineers.models import Engineer, Visit
from engineers.planning import CityClock, city_today
from engineers.selectors.windows import VisitNeeds
from engineers.services.planning import plan_visit
from tests.factories.engineers import EngineerFactory
from tests.factories.warranty import Workshop
from tests.journeys import steps
from tests.journeys.conftest import PHONE_SCREEN

Told = Callable[..., str]
SHANGHAI = {"geolocation": {"latitude": 31.2304, "longitude": 121.4737}, "permissions": ["geolocation"]}
LONG = (85, 115)  # minutes: one engineer has both in a window of two hours, and nothing else


@pytest.fixture
def movable(workshop: Workshop) -> list[Visit]:
    """Two batteries tomorrow at ten that the only engineer has; another one for batteries came since."""
    at = timezone.now()
    on = city_today(workshop.city, at) + timedelta(days=1)
    start = CityClock.of(workshop.city, on).moment(10 * 3600)
    visits = [
        plan_visit(
            city=workshop.city,
            latitude=workshop.city.latitude,
            longitude=workshop.city.longitude,
            window_start_at=start,
            window_end_at=start + timedelta(hours=2),
            needs=VisitNeeds(minutes, {"battery": 1}, frozenset()),
            by=None,
            at=at,
        )
        for minutes in LONG
    ]
    EngineerFactory(
        city=workshop.city,
        base_latitude=workshop.city.latitude,
        base_longitude=workshop.city.longitude,
        certified__skill__key="battery",
    )
    return visits


def window_of(visits: list[Visit]) -> str:
    """The label of these visits' window on the page."""
    return f"#window-{int(visits[0].window_start_at.timestamp())}"


def up_to_windows(page: Page, check: Callable[[Page], None]) -> None:
    """Phone, screen and place chosen; the times are shown."""
    steps.choose_phone_and_screen(page, check)
    page.get_by_role("button", name="Use my location").click()
    expect(page.get_by_label("City")).to_have_value("SH")
    page.get_by_label("Street, house, door").fill("Huaihai Road 100, room 502")
    page.get_by_role("button", name="See the free times").click()
    page.get_by_role("radio", disabled=False).first.wait_for(state="attached")


@pytest.mark.django_db(transaction=True)
class TestMoreWindows:
    def test_one_is_added_beside_what_is_chosen_and_can_be_booked(
        self,
        workshop: Workshop,
        movable: list[Visit],
        open_page: Callable[..., Page],
        told: Told,
        accessible: Callable[[Page], None],
    ) -> None:
        page = open_page(PHONE_SCREEN, **SHANGHAI)
        up_to_windows(page, accessible)
        opened = page.locator(f"{window_of(movable)} input")
        first = page.locator("fieldset.windows").last.locator("input:not([disabled])").first
        first.check(force=True)
        expect(page.get_by_text("more time was found")).to_be_visible()
        expect(opened).to_be_enabled()
        expect(first).to_be_checked()
        accessible(page)
        opened.check(force=True)
        page.get_by_role("button", name="Continue").click()
        steps.give_contact(page, told, accessible)
        page.get_by_role("button", name=re.compile("Book for ¥2,149")).click()
        expect(page.get_by_role("heading", name="Write down your PIN")).to_be_visible()
        new = Visit.objects.exclude(pk__in=[visit.pk for visit in movable]).get()
        other = Engineer.objects.exclude(pk=workshop.engineer.pk).get()
        assert new.engineer == workshop.engineer
        assert new.window_start_at == movable[0].window_start_at
        assert other.visits.get() in movable

    def test_without_scripts_the_page_says_that_more_may_come_and_shows_them_when_loaded_again(
        self,
        workshop: Workshop,
        movable: list[Visit],
        open_page: Callable[..., Page],
        told: Told,
        accessible: Callable[[Page], None],
    ) -> None:
        page = open_page(PHONE_SCREEN, **SHANGHAI)
        up_to_windows(page, accessible)
        plain = open_page(PHONE_SCREEN, java_script_enabled=False)
        plain.context.add_cookies(page.context.cookies())
        plain.goto("/book/time/")
        for _look in range(40):
            if plain.locator(f"{window_of(movable)} input").is_enabled():
                break
            plain.get_by_role("link", name="Look again").click()
            plain.wait_for_timeout(250)
        expect(plain.locator(f"{window_of(movable)} input")).to_be_enabled()
        expect(plain.get_by_text("more time was found")).to_be_visible()
