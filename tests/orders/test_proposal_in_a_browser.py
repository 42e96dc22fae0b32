"""The engineer falls ill: the customer agrees to another window on a phone, and the board shows it."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.conf import settings as product
from django.test import Client
from django.utils import timezone
from playwright.sync_api import Browser, Page, expect

from engineers.planning import CityClock, city_today
from engineers.states import MOVABLE
from orders.links import order_path, order_pin
from orders.models import Proposal, RepairOrder
from orders.services.proposing import sweep_proposals
from repairhub.accounts.models import User
from repairhub.notifications.models import Message
from repairhub.notifications.sealing import unseal
from repairhub.notifications.services import send_due
from repairhub.ops.audit import audit
from tests.factories.accounts import DispatcherFactory
from tests.factories.places import CityFactory
from tests.factories.proposals import left_alone, served, visit_of

pytestmark = pytest.mark.django_db(transaction=True)
READERS = [
    {"width": 360, "height": 740, "scheme": "light", "language": "en"},
    {"width": 360, "height": 740, "scheme": "dark", "language": "zh-CN"},
    {"width": 1280, "height": 900, "scheme": "light", "language": "zh-CN"},
    {"width": 1280, "height": 900, "scheme": "dark", "language": "en"},
]
SMALL_TARGETS = """[...document.querySelectorAll("main a, main button, main summary, main label.window")]
    .map((target) => [target.outerHTML.slice(0, 80), target.getBoundingClientRect().height])
    .filter(([, height]) => height > 0 && height < 43.5)"""
FITS = "document.documentElement.scrollWidth <= window.innerWidth"


@pytest.fixture
def order() -> RepairOrder:
    """Tomorrow from ten to twelve, by the real clock of the server under test."""
    city, now = CityFactory(), timezone.now()
    start_at = CityClock.of(city, city_today(city, now) + timedelta(days=1)).midnight + timedelta(hours=10)
    return served(city, window_start_at=start_at, window_end_at=start_at + timedelta(hours=2), at=now)


@pytest.fixture
def proposal(order: RepairOrder) -> Proposal:
    """The system's, once the only engineer is ill."""
    now: datetime = timezone.now()
    left_alone(order, at=now)
    sweep_proposals(at=now)
    return Proposal.objects.open().get()


def sign_in(page: Page, user: User, url: str) -> None:
    """The person's session in this browser."""
    client = Client()
    client.force_login(user)
    name = product.SESSION_COOKIE_NAME
    page.context.add_cookies([{"name": name, "value": client.cookies[name].value, "url": url}])


@pytest.fixture
def phone(browser: Browser) -> Iterator[Page]:
    """A small one, that never saw the order before."""
    context = browser.new_context(viewport={"width": 360, "height": 740}, locale="en")
    yield context.new_page()
    context.close()


class TestTheEngineerIsIll:
    def test_the_customer_agrees_on_a_phone_and_the_board_shows_the_new_visit(
        self, phone: Page, browser: Browser, live_server: Any, order: RepairOrder, proposal: Proposal
    ) -> None:
        phone.goto(live_server.url + order_path(order))
        phone.get_by_role("radio").nth(1).check()
        phone.get_by_label("PIN of your order").fill(order_pin(order))
        phone.get_by_role("button", name="Agree to this window").click()
        expect(phone.get_by_text("Your new window is promised")).to_be_visible()
        expect(phone.get_by_text("May we come at another time?")).to_have_count(0)
        expect(phone.get_by_text("You pay")).to_be_visible()
        visit = visit_of(order)
        assert visit.window_start_at == proposal.options[1][0]
        desk = browser.new_context(viewport={"width": 1280, "height": 900}, locale="en")
        board = desk.new_page()
        sign_in(board, DispatcherFactory(), live_server.url)
        board.goto(f"{live_server.url}/dispatch/?on={visit.on.isoformat()}")
        expect(board.locator(f"#row-{visit.reference}")).to_be_visible()
        expect(board.locator(f"#lane-{visit.reference}")).to_be_visible()
        desk.close()
        now = timezone.now()
        send_due(at=now)
        assert audit(now + timedelta(minutes=10)) == []

    def test_the_desk_asks_on_the_phone_and_the_code_agrees(
        self, page: Page, live_server: Any, order: RepairOrder
    ) -> None:
        visit = visit_of(order)
        sign_in(page, DispatcherFactory(), live_server.url)
        page.goto(f"{live_server.url}/dispatch/?on={visit.on.isoformat()}&visit={visit.reference}")
        page.get_by_role("link", name="Propose another window").click()
        page.get_by_label("Why?").select_option("roads")
        page.get_by_role("button", name="Propose to the customer").click()
        expect(page.get_by_text("Am I speaking with the person who booked the repair?")).to_be_visible()
        page.get_by_role("radio").first.check()
        page.get_by_role("button", name="Send the customer a code").click()
        expect(page.get_by_text("It agrees to that window alone.")).to_be_visible()
        expect(page.get_by_role("radio").first).to_be_checked()
        message = Message.objects.filter(template="proposal_code").earliest("pk")
        assert message.secret is not None
        page.get_by_label("Code that the customer reads out").fill(unseal(message.secret))
        page.get_by_role("button", name="The customer accepted on the phone").click()
        expect(page.get_by_text("The customer agreed.")).to_be_visible()
        assert visit_of(order).pk != visit.pk

    def test_works_without_scripts(self, browser: Browser, live_server: Any, order: RepairOrder) -> None:
        context = browser.new_context(java_script_enabled=False, locale="en")
        page = context.new_page()
        visit = visit_of(order)
        sign_in(page, DispatcherFactory(), live_server.url)
        page.goto(f"{live_server.url}/dispatch/visits/{visit.reference}/")
        page.get_by_role("link", name="Propose another window").click()
        page.get_by_label("Why?").select_option("roads")
        page.get_by_role("button", name="Propose to the customer").click()
        page.get_by_role("radio").first.check()
        page.get_by_role("button", name="Send the customer a code").click()
        expect(page.get_by_text("It agrees to that window alone.")).to_be_visible()
        page.get_by_text("Withdraw the proposal").click()
        page.get_by_label("Why is it withdrawn?").fill("Min can come after all")
        page.get_by_role("button", name="Withdraw", exact=True).click()
        expect(page.get_by_text("The proposal is withdrawn.")).to_be_visible()
        assert visit_of(order).status in MOVABLE
        context.close()


class TestLooks:
    @pytest.fixture(params=READERS, ids=lambda likes: "-".join(map(str, likes.values())))
    def reader(self, browser: Browser, request: pytest.FixtureRequest) -> Iterator[Page]:
        """A browser of that width, colour and language."""
        likes: dict[str, Any] = request.param
        context = browser.new_context(
            viewport={"width": likes["width"], "height": likes["height"]},
            color_scheme=likes["scheme"],
            locale=likes["language"],
        )
        yield context.new_page()
        context.close()

    def look(self, page: Page, name: str) -> None:
        """Nothing on the page may stick out, be too small for a thumb or break a rule of accessibility."""
        assert page.evaluate(FITS), name
        assert page.evaluate(SMALL_TARGETS) == [], name
        violations = Axe().run(page).response["violations"]
        assert [(one["id"], one["nodes"][0]["html"][:200]) for one in violations] == [], name

    def test_of_the_proposal_for_customer_and_desk(
        self, reader: Page, live_server: Any, order: RepairOrder, proposal: Proposal
    ) -> None:
        reader.goto(live_server.url + order_path(order))
        self.look(reader, "order")
        reader.locator("button[value=accept]").click()
        expect(reader.locator("#proposal_pin_error")).to_be_visible()
        self.look(reader, "refused")
        assert proposal.visit is not None
        sign_in(reader, DispatcherFactory(), live_server.url)
        reader.goto(f"{live_server.url}/dispatch/visits/{proposal.visit.reference}/")
        reader.locator("#proposal-title").scroll_into_view_if_needed()
        self.look(reader, "panel")
        reader.goto(f"{live_server.url}/dispatch/visits/{proposal.visit.reference}/proposal/")
        self.look(reader, "propose")
