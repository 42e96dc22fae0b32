"""The dispatch board: who is needed comes first, every choice has its reason, nothing is decided twice."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from datetime import time, timedelta
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.template import Template
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils.html import escape
from pytest_django import DjangoAssertNumQueries

from engineers import ports
from engineers.models import Engineer, EngineerCertificate, Visit
from engineers.ports import VisitDetails, VisitTitle
from engineers.selectors.board import TRAY_PAGE, Counts, board_token, counts_of, tray_page
from engineers.selectors.candidates import candidates_for
from engineers.selectors.windows import VisitNeeds
from engineers.services.doorstep import cancel_visit, mark_at_risk, set_out
from engineers.states import VisitStatus
from repairhub.accounts.models import User
from repairhub.accounts.states import Role
from repairhub.places.models import City, District
from tests.factories.accounts import FACTORY_OF_ROLE, DispatcherFactory, ManagerFactory
from tests.factories.engineers import (
    DAY,
    MORNING,
    AbsenceFactory,
    CertificateFactory,
    EngineerFactory,
    SkillFactory,
    clock,
    confirmed_visit,
    north,
    planned_visit,
    stored_visits,
    visit_in,
)
from tests.factories.places import CityFactory
from tests.triggers import past_the_triggers

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}


@pytest.fixture(autouse=True)
def early_in_the_morning() -> Iterator[None]:
    """The pages' clock stands still at six in Beijing."""
    with time_machine.travel(MORNING, tick=False):
        yield


@pytest.fixture
def desk(client: Client, dispatcher: User) -> Client:
    """The dispatcher's browser."""
    client.force_login(dispatcher)
    return client


@pytest.fixture
def told_by_orders(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every visit is for an order RH-<its id>."""

    def details(visits: list[Visit], unmasked: bool) -> dict[int, VisitDetails]:
        return {
            v.pk: VisitDetails(
                f"RH-{v.pk}", "iPhone 12 · screen", "Xuhui", "L**", "+86 138****8000", "/door/"
            )
            for v in visits
        }

    def titles(visits: list[Visit]) -> dict[int, VisitTitle]:
        return {v.pk: VisitTitle(f"RH-{v.pk}", "iPhone 12 · screen") for v in visits}

    monkeypatch.setattr(ports, "_provider", details)
    monkeypatch.setattr(ports, "_titles", titles)
    monkeypatch.setattr(ports, "_references", lambda ids: {pk: f"RH-{pk}" for pk in ids})
    monkeypatch.setattr(
        ports,
        "_search",
        lambda text: [int(text[3:])] if text.startswith("RH-") and text[3:].isdigit() else [],
    )


def page(client: Client, **query: object) -> str:
    """The board as it is shown."""
    response = client.get(reverse("board"), query)
    assert response.status_code == 200
    return response.content.decode()


def tray_order(html: str) -> list[str]:
    """References of the tray's rows from top to bottom."""
    return re.findall(r'id="row-([^"]+)"', html)


class TestWhoMayLook:
    @pytest.mark.parametrize("role", Role.values)
    def test_dispatchers_and_managers(self, role: str, client: Client, city: City) -> None:
        client.force_login(FACTORY_OF_ROLE[Role(role)]())
        status = {Role.DISPATCHER: 200, Role.MANAGER: 200, Role.CUSTOMER: 302}.get(Role(role), 403)
        assert client.get(reverse("board")).status_code == status

    def test_nobody_else(self, client: Client, city: City) -> None:
        assert client.get(reverse("board")).status_code == 302

    def test_a_dispatcher_sees_the_cities_named_for_them(self, desk: Client, city: City) -> None:
        CityFactory(shanghai=True)
        html = page(desk)
        assert "Beijing" in html
        assert "Shanghai" not in html

    def test_another_city_in_the_address_shows_their_own(self, desk: Client, city: City) -> None:
        CityFactory(shanghai=True)
        assert "Dispatch: Beijing" in page(desk, city="SH")

    def test_a_dispatcher_without_cities_sees_all(self, client: Client, city: City) -> None:
        CityFactory(shanghai=True)
        client.force_login(DispatcherFactory())
        assert "Dispatch: Shanghai" in page(client, city="SH")

    def test_a_visit_of_another_city_is_not_theirs(self, desk: Client, city: City) -> None:
        other = CityFactory(shanghai=True, latitude=city.latitude, longitude=city.longitude)
        elsewhere = EngineerFactory(city=other)
        visit = planned_visit(city=other)
        assert desk.get(reverse("board_visit", args=[visit.reference])).status_code == 404
        answer = desk.post(
            reverse("dispatch_visit", args=[visit.reference]),
            {"engineer": elsewhere.pk, "seen": visit.standing},
        )
        assert answer.status_code == 404
        assert tray_order(page(desk, q=visit.reference)) == []

    def test_before_there_is_a_city_the_board_says_what_to_do(self, client: Client) -> None:
        client.force_login(ManagerFactory())
        assert "Add one in the admin" in page(client)


class TestTheTray:
    def test_shows_without_engineer_then_at_risk_then_unconfirmed(
        self, desk: Client, city: City, engineer: Engineer
    ) -> None:
        unconfirmed = planned_visit(city=city, window="08:00")
        at_risk = confirmed_visit(city=city, window="12:00")
        unassigned = planned_visit(city=city, window="16:00")
        in_hand = confirmed_visit(city=city, window="18:00")
        mark_at_risk(visit_ids=[at_risk.pk], at=MORNING)
        Visit.objects.filter(pk=unassigned.pk).update(
            engineer=None, planned_start_at=None, planned_end_at=None
        )
        html = page(desk)
        assert tray_order(html) == [unassigned.reference, at_risk.reference, unconfirmed.reference]
        assert f'id="lane-{in_hand.reference}"' in html

    def test_within_a_group_the_earliest_window_comes_first(
        self, desk: Client, city: City, engineer: Engineer
    ) -> None:
        visits = [planned_visit(city=city, window=w) for w in ("16:00", "08:00", "12:00")]
        assert tray_order(page(desk)) == [visits[i].reference for i in (1, 2, 0)]

    def test_a_row_says_when_what_for_how_old_and_how_long_still(
        self, desk: Client, city: City, engineer: Engineer, told_by_orders: None
    ) -> None:
        visit = planned_visit(city=city, at=MORNING - timedelta(minutes=25))
        html = page(desk).split('id="tray"')[1].split('id="panel"')[0]
        assert f"RH-{visit.pk}" in html
        assert "iPhone 12 · screen" in html
        assert "10:00–12:00" in html
        assert "tentative: Ying Chen" in html
        assert "booked 25 min ago" in html
        assert "Assign: 5 min left" in html
        assert "state-warning" in html
        assert "Arrive: 6 h left" in html

    def test_an_overdue_deadline_says_by_how_much(self, desk: Client, city: City, engineer: Engineer) -> None:
        planned_visit(city=city, at=MORNING - timedelta(minutes=45))
        assert "Assign: 15 min over" in page(desk)

    def test_a_day_without_visits_says_what_to_do(self, desk: Client, city: City) -> None:
        assert "No visit is promised for this day" in page(desk)

    def test_a_day_in_hand_says_so(self, desk: Client, city: City, engineer: Engineer) -> None:
        confirmed_visit(city=city)
        assert "Nothing to do here" in page(desk)

    def test_pages_hold_fifty_and_lose_none(self, desk: Client, city: City) -> None:
        stored_visits(TRAY_PAGE + 7, city=city)
        first, second = page(desk), page(desk, page=2)
        assert len(tray_order(first)) == TRAY_PAGE
        assert len(set(tray_order(first) + tray_order(second))) == TRAY_PAGE + 7
        assert "1–50 of 57" in first
        assert "51–57 of 57" in second

    @pytest.mark.parametrize("number", [0, 99])
    def test_a_page_that_does_not_exist_is_the_nearest(self, number: int, city: City) -> None:
        stored_visits(3, city=city)
        assert tray_page(Visit.objects.of_day(city, DAY).by_urgency(), number).number == 1


class TestWhatIsLeftOverFromEarlierDays:
    @pytest.fixture
    def missed(self, city: City, engineer: Engineer) -> Visit:
        """Promised on Monday, and nobody came; now it is Tuesday morning."""
        return confirmed_visit(city=city)

    @pytest.fixture(autouse=True)
    def the_next_morning(self, missed: Visit, early_in_the_morning: None) -> Iterator[None]:
        with time_machine.travel(MORNING + timedelta(days=1), tick=False):
            yield

    def test_stands_in_todays_tray_as_at_risk_with_a_mark(self, desk: Client, missed: Visit) -> None:
        html = page(desk)
        assert tray_order(html) == [missed.reference]
        tray = html.split('id="tray"')[1].split('id="panel"')[0]
        assert '<span class="tag">earlier</span> Mon 23 Nov' in tray
        assert "At risk" in tray
        assert "Of earlier days" in html

    def test_counts_for_today_on_the_boards_of_other_days_too(self, desk: Client, missed: Visit) -> None:
        html = page(desk, on="2026-11-26")
        today = html.split('id="day-20261124"')[1].split("</a>")[0]
        assert ">1</span>" in today
        assert tray_order(html) == []
        assert "Of earlier days" not in html

    def test_leaves_the_tray_once_it_is_over(self, desk: Client, missed: Visit) -> None:
        before = board_token(missed.city, DAY + timedelta(days=1), MORNING + timedelta(days=1))
        cancel_visit(visit=missed, reason="", by=None, at=MORNING + timedelta(days=1))
        assert tray_order(page(desk)) == []
        assert board_token(missed.city, DAY + timedelta(days=1), MORNING + timedelta(days=1)) != before

    def test_of_another_city_stays_there(self, desk: Client, missed: Visit) -> None:
        shanghai = CityFactory(shanghai=True)
        with past_the_triggers():
            Visit.objects.update(city=shanghai)
        assert tray_order(page(desk)) == []

    def test_its_panel_says_what_can_still_be_done(self, desk: Client, missed: Visit) -> None:
        html = desk.get(reverse("board_visit", args=[missed.reference])).content.decode()
        assert "The day of this visit is over" in html
        assert "another window can be chosen" in html

    @pytest.mark.parametrize("is_confirmed", [True, False])
    def test_its_panel_offers_nobody(self, desk: Client, city: City, is_confirmed: bool) -> None:
        book = confirmed_visit if is_confirmed else planned_visit
        visit = book(city=city, window="14:00")
        answer = desk.get(reverse("board_visit", args=[visit.reference]))
        assert answer.context["candidates"] is None
        html = answer.content.decode()
        assert reverse("dispatch_visit", args=[visit.reference]) not in html
        assert "is on the way" not in html
        assert "Ying Chen" in html  # who was to come is still said


class TestTheCounts:
    def test_stand_on_top(self, desk: Client, city: City, engineer: Engineer) -> None:
        planned_visit(city=city, window="08:00")
        confirmed_visit(city=city, window="12:00")
        at_risk = planned_visit(city=city, window="14:00")
        mark_at_risk(visit_ids=[at_risk.pk], at=MORNING)
        stored_visits(1, city=city)
        counts = counts_of(Visit.objects.of_day(city, DAY).by_urgency(), clock("11:00"))
        # the one stored until 12:00 is without an engineer, the one until 10:00 is late; at risk counts once
        assert counts == Counts(total=4, earlier=0, unassigned=1, at_risk=1, unconfirmed=1, late=1)

    @pytest.mark.parametrize("status", VisitStatus.values)
    def test_each_visit_counts_in_one_group_at_most(
        self, status: str, city: City, engineer: Engineer
    ) -> None:
        visit = visit_in(status, city=city)
        Visit.objects.filter(pk=visit.pk).update(at_risk_at=MORNING)
        counts = counts_of(Visit.objects.by_urgency(), MORNING)
        assert counts.unassigned + counts.at_risk + counts.unconfirmed == (
            Visit.objects.all().in_need().count()
        )

    def test_beside_each_day_stands_how_many_need_somebody(
        self, desk: Client, city: City, engineer: Engineer
    ) -> None:
        planned_visit(city=city, on=DAY + timedelta(days=1))
        html = page(desk)
        tomorrow = html.split('id="day-20261124"')[1].split("</a>")[0]
        assert ">1</span>" in tomorrow


class TestTheLanes:
    def test_show_shift_visits_and_the_way_between(
        self, desk: Client, city: City, engineer: Engineer
    ) -> None:
        confirmed_visit(city=city, place=north(8))
        html = page(desk)
        lane = html.split('class="lane"')[1]
        assert "Ying Chen" in lane
        assert "08:00–20:00 · 1 visit" in lane
        assert lane.count('class="travel"') == 2  # there and home
        assert 'class="block state-confirmed" x="16.67%"' in lane
        assert "planned 10:00–11:00, promised 10:00–12:00, Confirmed" in lane

    def test_show_whoever_has_visits_first(self, desk: Client, city: City) -> None:
        EngineerFactory(city=city, number="E1", user__name="First Free", certified=False)
        EngineerFactory(city=city, number="E2", user__name="Second Busy")
        planned_visit(city=city)
        html = page(desk)
        assert html.index("Second Busy<small>") < html.index("First Free<small>")

    def test_show_who_is_away(self, desk: Client, city: City, engineer: Engineer) -> None:
        AbsenceFactory(engineer=EngineerFactory(city=city, user__name="Away Today"))
        html = page(desk)
        assert "1 engineer" in html
        assert "1 not at work" in html
        assert "Away Today" not in html

    def test_still_show_the_visits_of_somebody_who_has_become_absent(
        self, desk: Client, city: City, engineer: Engineer
    ) -> None:
        planned_visit(city=city)
        AbsenceFactory(engineer=engineer)
        assert "absent · 1 visit" in page(desk)

    def test_widen_to_early_and_late_hours(self, desk: Client, city: City) -> None:
        EngineerFactory(city=city, shift=(time(6), time(22, 30)))
        html = page(desk)
        assert ">06</text>" in html
        assert ">22</text>" in html

    def test_an_empty_city_says_what_to_do(self, desk: Client, city: City) -> None:
        assert "Enter shifts for its engineers" in page(desk)

    def test_have_no_inline_style_or_script(self, desk: Client, city: City, engineer: Engineer) -> None:
        visit = planned_visit(city=city)
        html = page(desk, visit=visit.reference)
        assert not re.search(r"<[^>]+\sstyle=", html)
        assert not re.search(r"<[^>]+\son[a-z]+=", html)
        assert not re.search(r"<script(?![^>]*\s(src=|type=\"application/json\"))", html)


class TestFilters:
    @pytest.fixture
    def battery(self, city: City, engineer: Engineer) -> Visit:
        """A visit that needs another skill, with its own engineer."""
        other = EngineerFactory(city=city, number="E777", user__name="Bo Battery", certified=False)
        CertificateFactory(engineer=other, skill=SkillFactory(key="battery", name_en="Batteries"))
        needs = VisitNeeds(service_minutes=60, skills={"battery": 1}, brands=frozenset())
        return planned_visit(city=city, needs=needs)

    def lanes(self, html: str) -> list[str]:
        """Whose lanes are shown."""
        return re.findall(r'class="lane" id="[^"]+" data-engineer="\d+" data-name="([^"]+)"', html)

    def test_by_skill_show_who_is_certified_and_what_needs_it(
        self, desk: Client, battery: Visit, city: City
    ) -> None:
        screen = planned_visit(city=city)
        html = page(desk, skill="battery")
        assert tray_order(html) == [battery.reference]
        assert self.lanes(html) == ["Bo Battery"]
        assert "<dd>1</dd>" in html.split("All visits")[1]
        assert tray_order(page(desk, skill="screen")) == [screen.reference]
        assert set(tray_order(page(desk))) == {battery.reference, screen.reference}

    def test_by_skill_leave_out_whose_certificate_does_not_count_that_day(
        self, desk: Client, battery: Visit
    ) -> None:
        EngineerCertificate.objects.filter(skill__key="battery").update(suspended_at=MORNING)
        html = page(desk, skill="battery")
        assert self.lanes(html) == []
        assert "No engineer of this day is as asked for above." in html
        assert tray_order(html) == [battery.reference]

    def test_by_name_or_staff_number(self, desk: Client, battery: Visit) -> None:
        assert self.lanes(page(desk, name="batt")) == ["Bo Battery"]
        assert self.lanes(page(desk, name="e777")) == ["Bo Battery"]
        assert self.lanes(page(desk, name="nobody at all")) == []

    def test_show_who_is_free_or_has_visits(self, desk: Client, battery: Visit) -> None:
        assert self.lanes(page(desk, who="free")) == ["Ying Chen"]
        assert self.lanes(page(desk, who="busy")) == ["Bo Battery"]

    def test_by_state_show_those_visits_and_who_has_some(
        self, desk: Client, battery: Visit, city: City
    ) -> None:
        confirmed = confirmed_visit(city=city)
        html = page(desk, state="confirmed")
        assert tray_order(html) == [confirmed.reference]
        assert self.lanes(html) == ["Ying Chen"]
        assert tray_order(page(desk, state="done")) == []

    def test_stay_in_the_address_of_days_and_refreshes(self, desk: Client, battery: Visit) -> None:
        html = page(desk, skill="battery", who="busy", name="Bo")
        live = html.split('id="board-poll" hx-get="')[1].split('"')[0]
        tomorrow = html.split('id="day-20261124" href="')[1].split('"')[0]
        for address in (live, tomorrow):
            assert "skill=battery&amp;who=busy&amp;name=Bo" in address
        assert "Show everything" in html

    @pytest.mark.parametrize(
        "query", [{"skill": "x y"}, {"state": "lost"}, {"who": "all"}, {"name": "x" * 99}]
    )
    def test_that_make_no_sense_show_everything(
        self, query: dict[str, str], desk: Client, battery: Visit
    ) -> None:
        assert self.lanes(page(desk, **query)) == ["Bo Battery", "Ying Chen"]

    def test_cost_no_query_more(self, desk: Client, battery: Visit) -> None:
        with CaptureQueriesContext(connection) as captured:
            page(desk, skill="battery", state="planned", who="busy", name="Bo")
        assert len(captured) == TestQueryBudget.BOARD


class TestTheMap:
    def marks(self, html: str) -> dict[str, list[dict[str, object]]]:
        """What the map is given."""
        found: dict[str, list[dict[str, object]]] = json.loads(
            html.split('<script id="board-marks" type="application/json">')[1].split("</script>")[0]
        )
        return found

    def test_gets_the_board_s_visits_no_nearer_than_a_hundred_metres(
        self, desk: Client, city: City, engineer: Engineer, told_by_orders: None
    ) -> None:
        visit = planned_visit(city=city, place=(39.912345, 116.412345))
        lost = planned_visit(city=city, window="14:00")
        Visit.objects.filter(pk=lost.pk).update(engineer=None, planned_start_at=None, planned_end_at=None)
        marks = self.marks(page(desk))
        assert marks["visits"] == [
            {
                "r": visit.reference,
                "l": f"RH-{visit.pk}",
                "t": "planned",
                "p": [39.912, 116.412],
                "e": engineer.pk,
            },
            {"r": lost.reference, "l": f"RH-{lost.pk}", "t": "unassigned", "p": [39.904, 116.407], "e": 0},
        ]
        assert [base["n"] for base in marks["bases"]] == ["Ying Chen"]

    def test_of_a_city_has_its_districts_and_no_tiles_unless_set(
        self, desk: Client, city: City, settings: Any
    ) -> None:
        District.objects.create(
            city=city, name_en="Haidian", name_zh="海淀区", latitude=39.96, longitude=116.3
        )
        address = reverse("board_map")
        answer = desk.get(address, {"city": city.code}).json()
        assert answer["districts"] == [{"name": "Haidian", "at": [39.96, 116.3]}]
        assert answer["tiles"] == {"url": "", "credit": ""}
        settings.MAP_TILE_URL = "https://tiles.example.com/{z}/{x}/{y}.png"
        assert desk.get(address).json()["tiles"]["url"].startswith("https://tiles.example.com/")

    @pytest.mark.parametrize(
        ("tiles", "allowed"),
        [
            ("", ["'self'", "data:", "blob:"]),
            (
                "https://tiles.example.com:8443/a/{z}/{x}/{y}.png",
                ["'self'", "data:", "blob:", "https://tiles.example.com:8443"],
            ),
        ],
    )
    def test_lets_in_the_one_origin_of_the_tiles_that_are_set(self, tiles: str, allowed: list[str]) -> None:
        read = "from repairhub.settings.base import CONTENT_SECURITY_POLICY as policy\n"
        read += "print(*policy['DIRECTIVES']['img-src'])"
        command = [sys.executable, "-c", read]
        environment = {**os.environ, "MAP_TILE_URL": tiles}
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
        assert done.stdout.split() == allowed


class TestSectionsOfUpperApps:
    def test_stand_in_the_panel_with_their_own_context(
        self, desk: Client, city: City, engineer: Engineer, monkeypatch: pytest.MonkeyPatch, dispatcher: User
    ) -> None:
        visit = planned_visit(city=city)
        monkeypatch.setattr(ports, "_sections", [])

        def sections(visit: Visit, user: User) -> list[ports.Section]:
            template: Any = Template("<p>{{ section.why }}</p>")  # what `include` takes like a name
            return [(template, {"why": f"{visit.reference} for {user.name}"})]

        ports.register_panel_sections(sections)
        ports.register_panel_sections(sections)  # as `ready()` may be called twice
        html = desk.get(reverse("board_visit", args=[visit.reference])).content.decode()
        assert html.count(f"{visit.reference} for {dispatcher.name}") == 1


class TestSearch:
    def test_finds_a_visit_of_another_day_by_the_beginning(
        self, desk: Client, city: City, engineer: Engineer
    ) -> None:
        visit = planned_visit(city=city, on=DAY + timedelta(days=3))
        html = page(desk, q=visit.reference[:6].lower())
        assert tray_order(html) == [visit.reference]
        assert "Thu 26 Nov" in html

    def test_finds_it_by_its_order(
        self, desk: Client, city: City, engineer: Engineer, told_by_orders: None
    ) -> None:
        visit = planned_visit(city=city)
        assert tray_order(page(desk, q=f"RH-{visit.pk}")) == [visit.reference]

    def test_that_finds_nothing_says_what_to_try(self, desk: Client, city: City) -> None:
        assert "No visit in your cities has a reference that begins with “V-NONE”" in page(desk, q="V-NONE")


class TestTheAddress:
    @pytest.mark.parametrize(
        "query",
        [
            {"on": "yesterday"},
            {"on": "0001-01-01"},
            {"on": "9999-12-31"},
            {"on": "2025-10-18"},
            {"city": "nowhere-at-all"},
            {"page": "-1"},
            {"page": "x", "lanes": "0"},
        ],
    )
    def test_that_makes_no_sense_shows_today(self, query: dict[str, str], desk: Client, city: City) -> None:
        assert "Mon 23 Nov" in page(desk, **query)

    def test_names_any_day(self, desk: Client, city: City, engineer: Engineer) -> None:
        visit = planned_visit(city=city, on=DAY + timedelta(days=2))
        assert tray_order(page(desk, on="2026-11-25")) == [visit.reference]
        assert tray_order(page(desk)) == []

    def test_opens_a_visit_beside_the_lanes(self, desk: Client, city: City, engineer: Engineer) -> None:
        visit = planned_visit(city=city)
        assert "Confirm Ying Chen" in page(desk, visit=visit.reference)


class TestGoingBack:
    def test_shows_the_whole_board_with_the_visit_that_was_open(
        self, desk: Client, city: City, engineer: Engineer
    ) -> None:
        visit = planned_visit(city=city)
        query = {"visit": visit.reference, "seen": board_token(city, DAY, MORNING)}
        headers = HTMX | {"HX-History-Restore-Request": "true"}
        response = desk.get(reverse("board"), query, headers=headers)
        assert response.status_code == 200
        assert "<!doctype html>" in response.content.decode()
        assert "Confirm Ying Chen" in response.content.decode()


class TestRefreshing:
    def live(self, client: Client, seen: str) -> tuple[int, str]:
        """What the board's own request gets."""
        response = client.get(reverse("board"), {"seen": seen}, headers=HTMX)
        return response.status_code, response.content.decode()

    def test_costs_nothing_while_nothing_happens(
        self,
        desk: Client,
        city: City,
        engineer: Engineer,
        django_assert_max_num_queries: DjangoAssertNumQueries,
    ) -> None:
        planned_visit(city=city)
        token = board_token(city, DAY, MORNING)
        with django_assert_max_num_queries(5):
            assert self.live(desk, token) == (204, "")

    def test_brings_counts_tray_and_lanes_and_leaves_the_open_panel_alone(
        self, desk: Client, city: City, engineer: Engineer
    ) -> None:
        visit = planned_visit(city=city)
        status, html = self.live(desk, "before")
        assert status == 200
        assert html.count("hx-swap-oob") == 3
        assert visit.reference in html
        assert 'id="panel"' not in html
        assert "<html" not in html

    def test_notices_every_change(self, desk: Client, city: City, engineer: Engineer) -> None:
        seen = {board_token(city, DAY, MORNING)}
        visit = planned_visit(city=city)
        seen.add(board_token(city, DAY, MORNING))
        visit = confirmed_visit(city=city, window="14:00")
        seen.add(board_token(city, DAY, MORNING))
        set_out(visit=visit, by=engineer.user, at=MORNING)
        seen.add(board_token(city, DAY, MORNING))
        mark_at_risk(visit_ids=[visit.pk], at=MORNING)
        seen.add(board_token(city, DAY, MORNING))
        seen.add(board_token(city, DAY, MORNING + timedelta(minutes=1)))
        assert len(seen) == 6

    def test_of_another_day_is_not_woken_by_this_one(self, city: City, engineer: Engineer) -> None:
        other = DAY + timedelta(days=1)
        before = board_token(city, other, MORNING)
        planned_visit(city=city)
        assert board_token(city, other, MORNING) == before


class TestCandidates:
    def test_are_the_qualified_and_free_by_extra_travel_then_the_others_with_why(
        self, city: City, engineer: Engineer
    ) -> None:
        visit = planned_visit(city=city, place=north(3))
        far = EngineerFactory(city=city, base_latitude=north(12)[0])
        near = EngineerFactory(city=city, base_latitude=north(4)[0])
        unqualified = EngineerFactory(city=city, certified=False)
        found = candidates_for(visit, MORNING)
        assert found.present is not None
        assert found.present.engineer == engineer
        assert [row.engineer for row in found.fit] == [near, far]
        assert found.fit[0].start_at == clock("10:00")
        assert found.fit[0].extra_minutes == 7  # a kilometre there and back, 1.3 times, at 25 km/h
        (refused,) = found.unfit
        assert refused.engineer == unqualified
        assert "No certificate for “Screens”" in refused.why
        assert "would make it possible" in refused.why

    def test_name_visits_as_the_board_does(
        self, city: City, engineer: Engineer, told_by_orders: None
    ) -> None:
        first = planned_visit(city=city, window="08:00")
        second = planned_visit(city=city, window="12:00")
        found = candidates_for(second, MORNING)
        assert found.present is not None
        assert f"RH-{first.pk}" in found.present.why

    def test_cost_the_same_queries_for_one_and_for_many(
        self, city: City, engineer: Engineer, django_assert_num_queries: DjangoAssertNumQueries
    ) -> None:
        visit = planned_visit(city=city)
        with django_assert_num_queries(10):
            candidates_for(visit, MORNING)
        EngineerFactory.create_batch(4, city=city)
        EngineerFactory(city=city, certified=False)
        with django_assert_num_queries(10):
            candidates_for(visit, MORNING)


class TestNamingTheEngineer:
    def name(
        self, client: Client, visit: Visit, engineer: Engineer, seen: str = "", **headers: str
    ) -> tuple[int, str]:
        """Status and page of the dispatcher's choice."""
        response = client.post(
            reverse("dispatch_visit", args=[visit.reference]),
            {"engineer": engineer.pk, "seen": seen or visit.standing},
            headers=headers,
        )
        return response.status_code, response.content.decode()

    def test_as_a_plain_form_leads_back_to_the_board_with_the_visit_open(
        self, desk: Client, city: City, engineer: Engineer
    ) -> None:
        visit = planned_visit(city=city)
        response = desk.post(
            reverse("dispatch_visit", args=[visit.reference]),
            {"engineer": engineer.pk, "seen": visit.standing},
            follow=True,
        )
        assert response.redirect_chain == [(f"/dispatch/?city=BJ&on=2026-11-23&visit={visit.reference}", 302)]
        assert "is confirmed with Ying Chen" in response.content.decode()
        visit.refresh_from_db()
        assert visit.status == VisitStatus.CONFIRMED

    def test_as_a_fragment_says_so_and_wakes_the_board(
        self, desk: Client, city: City, engineer: Engineer
    ) -> None:
        visit = planned_visit(city=city)
        response = desk.post(
            reverse("dispatch_visit", args=[visit.reference]),
            {"engineer": engineer.pk, "seen": visit.standing},
            headers=HTMX,
        )
        assert response.headers["HX-Trigger"] == "board-changed"
        html = response.content.decode()
        assert "is confirmed with Ying Chen" in html
        assert "<html" not in html

    def test_an_unqualified_engineer_is_refused_with_the_reason_and_the_choice_stays_open(
        self, desk: Client, city: City, engineer: Engineer
    ) -> None:
        visit = planned_visit(city=city)
        status, html = self.name(desk, visit, EngineerFactory(city=city, certified=False))
        assert status == 409
        assert escape("No certificate for “Screens”, level 2.") in html
        assert "Confirm Ying Chen" in html

    def test_a_busy_engineer_is_refused_with_the_visit_in_the_way(
        self, desk: Client, city: City, engineer: Engineer
    ) -> None:
        long = VisitNeeds(service_minutes=170, skills={"screen": 2}, brands=frozenset())
        first = planned_visit(city=city, needs=long)
        other = EngineerFactory(city=city)
        second = planned_visit(city=city, needs=long)
        assert second.engineer == other
        status, html = self.name(desk, second, engineer, **HTMX)
        assert status == 409
        assert first.reference in html
        assert "too late" in html

    def test_the_second_of_two_dispatchers_gets_one_clear_message(
        self, desk: Client, client: Client, city: City, engineer: Engineer
    ) -> None:
        visit = planned_visit(city=city)
        other = EngineerFactory(city=city, user__name="Wei Li")
        both_saw = visit.standing
        assert self.name(desk, visit, other, both_saw)[0] == 302
        second = Client()
        second.force_login(DispatcherFactory(cities=[city]))
        status, html = self.name(second, visit, engineer, both_saw)
        assert status == 409
        assert f"Fang Wang has confirmed visit {visit.reference} with Wei Li meanwhile." in html
        visit.refresh_from_db()
        assert visit.engineer == other

    @pytest.mark.parametrize("data", [{}, {"engineer": "x"}, {"engineer": "999999999", "seen": "planned:1"}])
    def test_a_form_that_names_nobody_is_sent_back(
        self, data: dict[str, str], desk: Client, city: City, engineer: Engineer
    ) -> None:
        visit = planned_visit(city=city)
        response = desk.post(reverse("dispatch_visit", args=[visit.reference]), data)
        assert response.status_code == 400
        assert "Choose an engineer from the list." in response.content.decode()

    @pytest.mark.parametrize("name", ["dispatch_visit", "turn_back_visit"])
    def test_read_after_a_sign_in_leads_to_the_board_with_the_visit(
        self, name: str, desk: Client, city: City, engineer: Engineer
    ) -> None:
        visit = planned_visit(city=city)
        path = reverse(name, args=[visit.reference])
        answer = desk.get(path)
        assert answer.url == f"/dispatch/?city=BJ&on=2026-11-23&visit={visit.reference}"  # type: ignore[attr-defined]
        assert visit.reference in desk.get(path, follow=True).content.decode()
        assert desk.put(path).status_code == 405

    @pytest.mark.parametrize(
        "status", [s for s in VisitStatus.values if s not in (VisitStatus.PLANNED, VisitStatus.CONFIRMED)]
    )
    def test_is_not_offered_where_nothing_can_be_changed(
        self, status: str, desk: Client, city: City, engineer: Engineer
    ) -> None:
        visit = visit_in(status, city=city)
        html = desk.get(reverse("board_visit", args=[visit.reference])).content.decode()
        assert reverse("dispatch_visit", args=[visit.reference]) not in html


class TestThePageOfOneVisit:
    def test_stands_alone_and_shows_what_happened(
        self, desk: Client, city: City, engineer: Engineer, told_by_orders: None
    ) -> None:
        visit = confirmed_visit(city=city)
        html = desk.get(reverse("board_visit", args=[visit.reference])).content.decode()
        assert "<html" in html
        assert f"RH-{visit.pk}" in html
        assert "Screens, level 2 or higher" in html
        assert "Engineer named" in html
        assert "Window promised" in html

    def test_is_found_in_small_letters_too(self, desk: Client, city: City, engineer: Engineer) -> None:
        visit = planned_visit(city=city)
        assert desk.get(reverse("board_visit", args=[visit.reference.lower()])).status_code == 200


class TestExport:
    def rows(self, client: Client, **query: str) -> list[str]:
        """The lines of the file."""
        response = client.get(reverse("board_export"), query)
        assert response.headers["Content-Disposition"].startswith("attachment")
        return response.content.decode("utf-8-sig").splitlines()

    def test_holds_the_visits_of_the_day(
        self, desk: Client, city: City, engineer: Engineer, told_by_orders: None
    ) -> None:
        visit = confirmed_visit(city=city)
        planned_visit(city=city, on=DAY + timedelta(days=1))
        head, row = self.rows(desk)
        assert head.startswith("Visit,Order,What for,Place,State")
        assert row == (
            f"{visit.reference},RH-{visit.pk},iPhone 12 · screen,Xuhui,Confirmed,,10:00,12:00,10:00,11:00,"
            f"Ying Chen,{engineer.number}"
        )

    def test_is_no_way_to_put_formulas_into_a_spreadsheet(
        self, desk: Client, city: City, engineer: Engineer
    ) -> None:
        User.objects.filter(pk=engineer.user_id).update(name="=1+1")
        confirmed_visit(city=city)
        assert "'=1+1" in self.rows(desk)[1]

    def test_of_a_day_beyond_reach_is_of_today(self, desk: Client, city: City) -> None:
        response = desk.get(reverse("board_export"), {"on": "9999-12-31"})
        assert "visits-BJ-2026-11-23.csv" in response.headers["Content-Disposition"]

    def test_of_a_day_without_visits_has_its_head(self, desk: Client, city: City) -> None:
        assert len(self.rows(desk, on="2026-12-01")) == 1


class TestQueryBudget:
    BOARD, PANEL, EXPORT = 11, 21, 5

    def queries(self, client: Client, url: str) -> int:
        """How many the page takes."""
        with CaptureQueriesContext(connection) as captured:
            assert client.get(url).status_code == 200
        return len(captured)

    @pytest.mark.parametrize("many", [20, 2000])
    def test_is_the_same_for_twenty_and_for_two_thousand_visits(
        self, many: int, desk: Client, city: City
    ) -> None:
        engineers = EngineerFactory.create_batch(4, city=city)
        for engineer in engineers:
            stored_visits(many // 5, city=city, engineer=engineer)
        stored_visits(many // 5, city=city)
        EngineerFactory(city=city)
        visit = planned_visit(city=city, window="14:00")
        pages = [reverse("board"), reverse("board_visit", args=[visit.reference]), reverse("board_export")]
        assert [self.queries(desk, url) for url in pages] == [self.BOARD, self.PANEL, self.EXPORT]
