"""An engineer is ill in a full day: one click shows who takes what over, one more makes it so."""

from collections.abc import Callable
from datetime import date, timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from engineers.models import Absence, Engineer, PlanRun, Visit
from engineers.planning import city_today
from engineers.services.dispatching import dispatch_visit
from engineers.services.planning import WindowShut
from engineers.states import OPEN, PlanRunStatus
from repairhub.ops.audit import audit
from repairhub.places.models import City
from tests.factories.accounts import DispatcherFactory
from tests.factories.engineers import EngineerFactory, north, planned_visit
from tests.factories.places import CityFactory
from tests.journeys import steps
from tests.journeys.conftest import DESK_SCREEN, PHONE_SCREEN

WINDOWS = ("08:00", "10:00", "12:00", "14:00", "16:00", "18:00")
PLACES = (0, 3, -3, 6, -6)


@pytest.fixture
def city(transactional_db: None) -> City:
    """Beijing, tomorrow sold out: three engineers, every second visit confirmed by name."""
    city = CityFactory()
    for name in ("Ying Chen", "Wei Li", "Min Zhao"):
        EngineerFactory(city=city, user__name=name)
    now, sold = timezone.now(), []
    for window in WINDOWS:
        for place in PLACES * 2:
            try:
                sold.append(
                    planned_visit(city=city, window=window, place=north(place), on=tomorrow(city), at=now)
                )
            except WindowShut:
                break
    for visit in sold[::2]:
        assert visit.engineer is not None
        visit.refresh_from_db()
        dispatch_visit(visit=visit, engineer=visit.engineer, by=None, at=now)
    return city


def tomorrow(city: City) -> date:
    """The city's next day."""
    return city_today(city, timezone.now()) + timedelta(days=1)


def of(name: str) -> list[Visit]:
    """The open visits of that engineer."""
    return list(Visit.objects.filter(engineer__user__name=name, status__in=OPEN))


@pytest.mark.django_db(transaction=True)
class TestEngineerIll:
    def test_from_the_board_to_the_tray(
        self,
        city: City,
        worker: object,
        open_page: Callable[..., Page],
        accessible: Callable[[Page], None],
    ) -> None:
        dispatcher = DispatcherFactory(cities=[city])
        held = {visit.pk for visit in of("Ying Chen")}
        assert len(held) >= 5
        page = open_page(DESK_SCREEN)
        steps.sign_in(page, str(dispatcher.phone))
        page.goto(f"/dispatch/?on={tomorrow(city).isoformat()}")
        accessible(page)
        page.get_by_text("Engineer ill").click()
        page.get_by_label("Who cannot come?").select_option(label="Ying Chen")
        accessible(page)
        page.get_by_role("button", name="Show the difference").click()
        apply = page.get_by_role("button", name="Apply")
        expect(apply).to_be_visible(timeout=30_000)  # the page asks by itself until there is an answer
        accessible(page)
        assert {visit.pk for visit in of("Ying Chen")} == held, "a preview changes nothing"
        run = PlanRun.objects.get()
        assert run.result is not None
        lost = {fact["visit"] for fact in run.result["unserved"]}
        assert 0 < len(lost) < len(held)
        expect(
            page.locator(".plan-part", has=page.get_by_text("Nobody can keep these")).locator("tbody tr")
        ).to_have_count(len(lost))
        apply.focus()
        page.keyboard.press("Enter")
        expect(page.get_by_text("This plan stands in the routes.")).to_be_visible()
        accessible(page)
        assert of("Ying Chen") == []
        assert Absence.objects.get().engineer == Engineer.objects.get(user__name="Ying Chen")
        waiting = Visit.objects.filter(engineer=None, at_risk_at__isnull=False)
        assert {visit.pk for visit in waiting} == lost
        page.get_by_role("link", name="Dispatch board").click()
        tray = page.locator("#tray")
        expect(tray.locator("h2").first).to_contain_text("Without an engineer")
        for visit in waiting:
            expect(tray.locator(f"#row-{visit.reference}")).to_be_visible()
        assert audit(timezone.now()) == []

    def test_a_long_search_is_watched_and_cancelled_on_a_phone(
        self,
        city: City,
        worker: object,
        open_page: Callable[..., Page],
        accessible: Callable[[Page], None],
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setattr("engineers.policy.plan_seconds", lambda *_: 60.0)
        dispatcher = DispatcherFactory(cities=[city])
        page = open_page(PHONE_SCREEN)
        steps.sign_in(page, str(dispatcher.phone))
        page.goto(f"/dispatch/?on={tomorrow(city).isoformat()}")
        page.get_by_role("button", name="Plan this day").click()
        searching = page.get_by_text("Better plans are being looked for. The day goes on as it is planned.")
        expect(searching).to_be_visible(timeout=30_000)
        expect(page.get_by_role("progressbar")).to_be_visible()
        accessible(page)
        page.get_by_role("button", name="Cancel").click()
        expect(page.get_by_text("The plan was discarded. Nothing was changed.")).to_be_visible()
        assert PlanRun.objects.get().status == PlanRunStatus.CANCELLED
