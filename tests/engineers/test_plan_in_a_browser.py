"""A plan run's page as people see it: wide and narrow, light and dark, in both languages, without scripts."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.conf import settings
from django.test import Client
from django.utils import timezone
from playwright.sync_api import Browser, Page, expect

from engineers.models import Engineer, PlanRun, Visit
from engineers.planning import city_today
from engineers.services.plan_computing import compute_run
from engineers.services.plan_runs import ask_for_plan
from engineers.states import PlanCause, PlanRunStatus
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
def ill(city: City) -> Engineer:
    """Has a visit in every window tomorrow; a colleague can take over one of two at a time."""
    engineer = EngineerFactory(city=city, user__name="Ying Chen")
    now = timezone.now()
    on = city_today(city, now) + timedelta(days=1)
    for hour in ("08:00", "12:00", "16:00"):
        confirmed_visit(city=city, window=hour, on=on, at=now)
        planned_visit(city=city, window=hour, on=on, at=now)
    EngineerFactory(city=city, user__name="Wei Li")
    return engineer


def asked(engineer: Engineer, **question: Any) -> PlanRun:
    """A run of tomorrow."""
    now = timezone.now()
    return ask_for_plan(
        city=engineer.city,
        on=city_today(engineer.city, now) + timedelta(days=1),
        by=None,
        at=now,
        seconds=0.3,
        **(question or {"cause": PlanCause.ENGINEER_ILL, "engineer": engineer}),
    )


def sign_in(page: Page, user: User, url: str) -> None:
    """The person's session in this browser."""
    client = Client()
    client.force_login(user)
    name = settings.SESSION_COOKIE_NAME
    page.context.add_cookies([{"name": name, "value": client.cookies[name].value, "url": url}])


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
        """Opens the page; nothing may complain, stick out, be too small or break a rule of accessibility."""
        complaints: list[str] = []
        page.on("console", lambda line: complaints.append(line.text) if line.type == "error" else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(url)
        assert complaints == []
        assert page.evaluate(FITS)
        if page.evaluate("window.innerWidth") < 400:
            assert page.evaluate(TARGETS) == []
        assert [
            (one["id"], one["nodes"][0]["html"][:200]) for one in Axe().run(page).response["violations"]
        ] == []

    def test_of_a_run_from_the_question_to_the_answer(
        self, reader: Page, live_server: Any, ill: Engineer
    ) -> None:
        sign_in(reader, DispatcherFactory(), live_server.url)
        run = asked(ill)
        address = f"{live_server.url}/dispatch/plans/{run.reference}/"
        self.look(reader, address)  # waiting
        run = compute_run(run=run, at=timezone.now())
        assert run.status == PlanRunStatus.READY
        assert run.result is not None
        assert run.result["moves"]
        self.look(reader, address)  # the difference
        reader.locator("#plan-apply").click()
        expect(reader.locator(".notice-good")).to_be_visible()
        assert reader.evaluate(FITS)
        over = compute_run(run=asked(ill, cause=PlanCause.OPTIMISE), at=timezone.now())
        self.look(reader, f"{live_server.url}/dispatch/plans/{over.reference}/")

    def test_of_the_board_s_buttons(self, reader: Page, live_server: Any, ill: Engineer) -> None:
        sign_in(reader, DispatcherFactory(), live_server.url)
        visit = Visit.objects.filter(status="confirmed").latest("pk")
        url = f"{live_server.url}/dispatch/?on={visit.on.isoformat()}&visit={visit.reference}"
        reader.goto(url)
        reader.locator(".plan-ask > summary").click()
        assert reader.evaluate(FITS)
        assert Axe().run(reader).response["violations"] == []


class TestWithoutScripts:
    def test_it_is_asked_reloaded_and_applied(
        self, browser: Browser, live_server: Any, ill: Engineer
    ) -> None:
        context = browser.new_context(java_script_enabled=False)
        page = context.new_page()
        sign_in(page, DispatcherFactory(), live_server.url)
        on = city_today(ill.city, timezone.now()) + timedelta(days=1)
        page.goto(f"{live_server.url}/dispatch/?on={on.isoformat()}")
        page.get_by_text("Engineer ill").click()
        page.get_by_label("Who cannot come?").select_option(label="Ying Chen")
        page.get_by_role("button", name="Show the difference").click()
        expect(page.get_by_text("Waiting for a worker")).to_be_visible()
        compute_run(run=PlanRun.objects.get(), at=timezone.now())
        page.get_by_role("link", name="Reload to see how far it is").click()
        page.get_by_role("button", name="Apply").click()
        expect(page.get_by_text("This plan stands in the routes.")).to_be_visible()
        assert not Visit.objects.filter(engineer=ill).exists()
        context.close()
