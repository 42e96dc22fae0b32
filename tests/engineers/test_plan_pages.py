"""Plan runs in the browser: asked for on the board, looked at, applied; every refusal with its next step."""

from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from engineers.models import Absence, Engineer, PlanRun, Visit
from engineers.services.doorstep import set_out
from engineers.services.plan_computing import compute_run
from engineers.services.plan_runs import ask_for_plan
from engineers.states import PlanCause, PlanRunStatus, VisitStatus
from repairhub.accounts.models import User
from repairhub.places.models import City
from tests.factories.accounts import DispatcherFactory
from tests.factories.engineers import (
    DAY,
    EngineerFactory,
    clock,
    confirmed_visit,
    fall_ill,
    planned_visit,
    visit_in,
)
from tests.factories.places import CityFactory

pytestmark = pytest.mark.django_db
EIGHT = clock("08:00")
HTMX = {"HX-Request": "true"}


@pytest.fixture(autouse=True)
def eight(time_machine: Any) -> None:
    """It is eight in the morning."""
    time_machine.move_to(EIGHT, tick=False)


@pytest.fixture
def desk(client: Client, dispatcher: User) -> Client:
    """The dispatcher's browser."""
    client.force_login(dispatcher)
    return client


@pytest.fixture
def ill(city: City, engineer: Engineer, dispatcher: User) -> PlanRun:
    """A preview: Ying Chen cannot come, one of the two visits finds Wei Li, the other nobody."""
    confirmed_visit(city=city)
    EngineerFactory(city=city, user__name="Wei Li", shift=None)
    confirmed_visit(city=city, window="14:00", needs=senior(engineer))
    run = ask_for_plan(
        city=city, on=DAY, cause=PlanCause.ENGINEER_ILL, engineer=engineer, by=dispatcher, at=EIGHT
    )
    return compute_run(run=run, at=EIGHT)


def senior(engineer: Engineer) -> Any:
    """Work that this engineer alone may do."""
    from engineers.selectors.windows import VisitNeeds
    from tests.factories.engineers import CertificateFactory, SkillFactory

    CertificateFactory(engineer=engineer, skill=SkillFactory(key="board", name_en="Boards", name_zh="主板"))
    return VisitNeeds(service_minutes=60, skills={"board": 1}, brands=frozenset())


def ask(desk: Client, **data: Any) -> Any:
    """The question, posted."""
    return desk.post(reverse("ask_plan"), data)


class TestAsking:
    def test_the_board_has_the_buttons(self, desk: Client, city: City, engineer: Engineer) -> None:
        page = desk.get(reverse("board")).content.decode()
        assert "Plan this day" in page
        assert "Who cannot come?" in page

    def test_leads_to_the_run(self, desk: Client, city: City, engineer: Engineer) -> None:
        response = ask(desk, city=city.code, on=DAY.isoformat(), cause="optimise")
        run = PlanRun.objects.get()
        assert response["Location"] == reverse("plan_run", args=[run.reference])
        page = desk.get(response["Location"]).content.decode()
        assert "<progress" in page
        assert "every 1s" in page

    def test_twice_leads_to_the_same_run(self, desk: Client, city: City) -> None:
        first = ask(desk, city=city.code, on=DAY.isoformat(), cause="optimise")
        second = ask(desk, city=city.code, on=DAY.isoformat(), cause="optimise")
        assert first["Location"] == second["Location"]

    def test_by_get_one_is_led_to_the_board(self, desk: Client, city: City) -> None:
        assert desk.get(reverse("ask_plan"))["Location"] == reverse("board")

    @pytest.mark.parametrize(
        ("data", "field"),
        [
            ({"cause": "dance"}, "cause"),
            ({"on": "tomorrow"}, "on"),
            ({"on": "2999-01-01"}, "on"),
            ({"city": "ZZ"}, "city"),
            ({"cause": "engineer_ill", "engineer": "x"}, "engineer"),
            ({"cause": "engineer_ill", "engineer": "999999"}, "engineer"),
            ({"cause": "engineer_ill", "engineer": "99999999999999999999"}, "engineer"),
            ({"cause": "urgent"}, "visit"),
        ],
    )
    def test_what_cannot_be_read_is_refused_with_its_field(
        self, desk: Client, city: City, data: dict[str, str], field: str
    ) -> None:
        response = ask(desk, **{"city": city.code, "on": DAY.isoformat(), "cause": "optimise", **data})
        assert response.status_code == 400
        assert response.context["error"].field == field
        assert "No plan was asked for" in response.content.decode()

    def test_the_minutes_that_were_wrong_stay_in_the_form(
        self, desk: Client, city: City, engineer: Engineer
    ) -> None:
        visit = visit_in(VisitStatus.EN_ROUTE, city=city)
        response = ask(desk, visit=visit.reference, cause="running_late", minutes="9999")
        assert response.status_code == 400
        assert 'value="9999"' in response.content.decode()

    def test_a_visit_of_another_city_is_not_found(self, desk: Client, city: City) -> None:
        other = CityFactory(code="SH")
        EngineerFactory(city=other)
        visit = planned_visit(city=other)
        assert ask(desk, visit=visit.reference, cause="urgent").status_code == 404

    def test_an_engineer_of_another_city_is_not_in_the_list(self, desk: Client, city: City) -> None:
        other = EngineerFactory(city=CityFactory(code="SH"))
        response = ask(desk, city=city.code, on=DAY.isoformat(), cause="engineer_ill", engineer=other.pk)
        assert response.status_code == 400


class TestTheVisitsPanel:
    def panel(self, desk: Client, visit: Visit) -> str:
        """The panel's text."""
        return desk.get(reverse("board_visit", args=[visit.reference])).content.decode()

    def test_offers_a_place_to_whoever_waits(self, desk: Client, city: City, engineer: Engineer) -> None:
        visit = planned_visit(city=city)
        assert "Find a place by moving others" not in self.panel(desk, visit)
        fall_ill(engineer, at=EIGHT)
        assert "Find a place by moving others" in self.panel(desk, visit)

    def test_offers_the_time_of_a_visit_that_ended_early(
        self, desk: Client, city: City, engineer: Engineer
    ) -> None:
        assert "Use the time that is free now" in self.panel(desk, visit_in("no_access", city=city))

    def test_offers_what_can_happen_to_its_engineer(
        self, desk: Client, city: City, engineer: Engineer
    ) -> None:
        page = self.panel(desk, confirmed_visit(city=city))
        assert "Ying Chen cannot come" in page
        assert "Late by how many minutes?" in page


class TestTheDifference:
    def test_says_who_moves_who_is_told_and_whom_nobody_can_keep(self, desk: Client, ill: PlanRun) -> None:
        page = desk.get(reverse("plan_run", args=[ill.reference])).content.decode()
        assert "Ying Chen cannot come any more on this day." in page
        assert "Ying Chen → <strong>Wei Li</strong>" in page
        assert "<strong>told</strong>" in page
        assert "Nobody can keep these" in page
        assert "The one qualified engineer does not work in this arrival window." in page
        assert "Nothing has been changed yet" in page

    def test_costs_the_same_for_few_and_for_many(
        self, desk: Client, city: City, dispatcher: User, engineer: Engineer
    ) -> None:
        EngineerFactory(city=city)

        def cost() -> int:
            run = ask_for_plan(
                city=city, on=DAY, cause=PlanCause.ENGINEER_ILL, engineer=engineer, by=dispatcher, at=EIGHT
            )
            run = compute_run(run=run, at=EIGHT)
            desk.get(reverse("plan_run", args=[run.reference]))
            with CaptureQueriesContext(connection) as queries:
                desk.get(reverse("plan_run", args=[run.reference]))
            return len(queries)

        planned_visit(city=city)
        planned_visit(city=city)
        few = cost()
        for hour in ("12:00", "12:00", "14:00", "14:00", "16:00", "16:00"):
            planned_visit(city=city, window=hour)
        assert cost() == few
        assert few <= 12

    def test_a_fragment_stops_asking_once_there_is_an_answer(self, desk: Client, ill: PlanRun) -> None:
        fragment = desk.get(reverse("plan_run", args=[ill.reference]), headers=HTMX).content.decode()
        assert "<html" not in fragment
        assert "every 1s" not in fragment
        assert "Apply" in fragment

    def test_a_run_of_another_city_is_not_found(self, client: Client, ill: PlanRun) -> None:
        client.force_login(DispatcherFactory(cities=[CityFactory(code="SH")]))
        for name in ("plan_run", "apply_plan", "cancel_plan"):
            assert client.get(reverse(name, args=[ill.reference])).status_code == 404
        assert client.post(reverse("apply_plan", args=[ill.reference])).status_code == 404
        ill.refresh_from_db()
        assert ill.status == PlanRunStatus.READY

    def test_names_what_is_under_way_and_so_stays_with_whoever_cannot_come(
        self, desk: Client, ill: PlanRun, engineer: Engineer
    ) -> None:
        address = reverse("plan_run", args=[ill.reference])
        assert "Already under way" not in desk.get(address).content.decode()
        first = Visit.objects.filter(engineer=engineer).order_by("planned_start_at").first()
        assert first is not None
        set_out(visit=first, by=engineer.user, at=EIGHT)
        page = desk.get(address).content.decode()
        assert "Already under way: please call" in page
        assert first.reference in page


class TestDeciding:
    def test_applying_says_what_was_done_and_who_is_told(self, desk: Client, ill: PlanRun) -> None:
        address = reverse("apply_plan", args=[ill.reference])
        page = desk.post(address, follow=True).content.decode()
        assert "This plan stands in the routes. 2 customers are told." in page
        assert "Applied by Fang Wang" in page
        assert "At risk: nobody can keep these" in page
        assert Absence.objects.count() == 1
        tray = desk.get(reverse("board")).content.decode()
        assert "Without an engineer" in tray
        assert desk.post(address).status_code == 302, "pressed twice"
        assert Absence.objects.count() == 1

    def test_on_a_changed_day_leads_to_the_new_difference(
        self, desk: Client, city: City, ill: PlanRun
    ) -> None:
        planned_visit(city=city, window="16:00", at=EIGHT)
        page = desk.post(reverse("apply_plan", args=[ill.reference]), follow=True)
        anew = PlanRun.objects.get(follows=ill)
        assert page.redirect_chain[0][0] == reverse("plan_run", args=[anew.reference])
        assert "The day has changed since; here is the new difference." in page.content.decode()
        old = desk.get(reverse("plan_run", args=[ill.reference])).content.decode()
        assert "Look at the new difference" in old
        assert reverse("plan_run", args=[anew.reference]) in old

    def test_where_the_question_is_answered_meanwhile_it_says_so(
        self, desk: Client, engineer: Engineer, ill: PlanRun
    ) -> None:
        fall_ill(engineer, at=EIGHT)
        response = desk.post(reverse("apply_plan", args=[ill.reference]))
        assert response.status_code == 409
        assert "entered as absent on this day already" in response.content.decode()

    def test_discarding_leads_back_to_the_board(self, desk: Client, ill: PlanRun) -> None:
        page = desk.post(reverse("cancel_plan", args=[ill.reference]), follow=True)
        assert page.redirect_chain[0][0].startswith(reverse("board"))
        assert "The plan was discarded" in page.content.decode()
        assert Absence.objects.count() == 0

    def test_what_is_applied_cannot_be_discarded(self, desk: Client, ill: PlanRun) -> None:
        desk.post(reverse("apply_plan", args=[ill.reference]))
        response = desk.post(reverse("cancel_plan", args=[ill.reference]))
        assert response.status_code == 409
        assert "is over" in response.content.decode()

    @pytest.mark.parametrize("name", ["apply_plan", "cancel_plan"])
    def test_by_get_nothing_happens(self, desk: Client, ill: PlanRun, name: str) -> None:
        response = desk.get(reverse(name, args=[ill.reference]))
        assert response["Location"] == reverse("plan_run", args=[ill.reference])
        ill.refresh_from_db()
        assert ill.status == PlanRunStatus.READY

    @pytest.mark.parametrize(
        ("state", "words"),
        [
            ("failed", "No plan could be computed"),
            ("cancelled", "This plan was discarded"),
            ("nothing_to_do", "No better plan was found"),
        ],
    )
    def test_each_end_has_its_words(
        self, desk: Client, city: City, dispatcher: User, state: str, words: str
    ) -> None:
        run = ask_for_plan(city=city, on=DAY, cause=PlanCause.OPTIMISE, by=dispatcher, at=EIGHT)
        if state == "cancelled":
            desk.post(reverse("cancel_plan", args=[run.reference]))
        elif state == "failed":

            def broken(**_given: Any) -> Any:
                raise ZeroDivisionError

            with pytest.raises(ZeroDivisionError):
                compute_run(run=run, at=EIGHT, compute=broken)
        else:
            compute_run(run=run, at=EIGHT)
        assert words in desk.get(reverse("plan_run", args=[run.reference])).content.decode()


def test_a_question_needs_a_desk(client: Client, engineer: Engineer) -> None:
    client.force_login(engineer.user)
    assert client.post(reverse("ask_plan"), {"cause": "optimise"}).status_code == 403
