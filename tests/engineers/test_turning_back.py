"""Something is in the way after "I am on my way": the visit goes back to the desk, and nobody is stuck."""

from collections.abc import Iterator

import pytest
import time_machine
from django.test import Client
from django.urls import reverse

from engineers.models import Engineer, Visit
from engineers.services import doorstep
from engineers.services.dispatching import dispatch_visit
from engineers.services.planning import ARRIVE_WITHIN_WINDOW
from engineers.signals import visit_turned_back
from engineers.states import VisitStatus
from repairhub.accounts.models import User
from repairhub.core.errors import Conflict, InvalidInput, NotAllowed
from repairhub.places.models import City
from repairhub.sla.models import SlaClock
from tests.engineers.moves import refusing
from tests.factories.accounts import DispatcherFactory, EngineerUserFactory, ManagerFactory
from tests.factories.engineers import DAY, EngineerFactory, clock, confirmed_visit, visit_in
from tests.factories.places import CityFactory

pytestmark = pytest.mark.django_db
AT = clock("09:40")
WHY = "The car has broken down."


def turn_back(visit: Visit, by: User, reason: str = WHY) -> Visit:
    """The verb."""
    return doorstep.turn_back(visit=visit, reason=reason, by=by, at=AT)


class TestTurnBack:
    def test_makes_the_visit_confirmed_again_and_says_why(self, city: City, engineer: Engineer) -> None:
        visit = turn_back(visit_in(VisitStatus.EN_ROUTE, city=city), engineer.user)
        fresh = Visit.objects.get(pk=visit.pk)
        assert (fresh.status, fresh.en_route_at, fresh.engineer) == (VisitStatus.CONFIRMED, None, engineer)
        event = fresh.events.filter(kind="turned_back").get()
        assert (event.from_status, event.to_status) == ("en_route", "confirmed")
        assert (event.by, event.at, event.reason) == (engineer.user, AT, WHY)

    def test_is_announced_once_and_the_second_press_changes_nothing(
        self, city: City, engineer: Engineer
    ) -> None:
        heard = []

        def listen(visit: Visit, **_kwargs: object) -> None:
            heard.append(visit.pk)

        visit = visit_in(VisitStatus.EN_ROUTE, city=city)
        visit_turned_back.connect(listen)
        try:
            turn_back(visit, engineer.user)
            assert turn_back(visit, engineer.user).status == VisitStatus.CONFIRMED
        finally:
            visit_turned_back.disconnect(listen)
        assert heard == [visit.pk]

    def test_on_the_visits_own_day_it_heads_the_tray(self, city: City, engineer: Engineer) -> None:
        assert turn_back(visit_in(VisitStatus.EN_ROUTE, city=city), engineer.user).at_risk_at == AT

    def test_of_another_day_was_a_wrong_tap_and_risks_nothing(self, city: City, engineer: Engineer) -> None:
        visit = confirmed_visit(city=city, on=DAY.replace(day=25))
        visit = doorstep.set_out(visit=visit, by=engineer.user, at=clock("09:30"))
        assert turn_back(visit, engineer.user, "Wrong visit.").at_risk_at is None

    def test_the_promise_runs_on(self, city: City, engineer: Engineer) -> None:
        visit = turn_back(visit_in(VisitStatus.EN_ROUTE, city=city), engineer.user)
        clocks = SlaClock.objects.open().for_subjects([visit]).about(ARRIVE_WITHIN_WINDOW)
        assert [c.due_at for c in clocks] == [visit.window_end_at]

    def test_afterwards_somebody_else_can_be_named_or_the_same_sets_out_again(
        self, city: City, engineer: Engineer, dispatcher: User
    ) -> None:
        visit = turn_back(visit_in(VisitStatus.EN_ROUTE, city=city), engineer.user)
        again = doorstep.set_out(visit=visit, by=engineer.user, at=AT)
        visit = turn_back(again, engineer.user)
        other = EngineerFactory(city=city)
        named = dispatch_visit(visit=visit, engineer=other, by=dispatcher, at=AT)
        assert (named.engineer, named.at_risk_at) == (other, None)

    @pytest.mark.parametrize("status", refusing("turn_back", quiet=VisitStatus.CONFIRMED))
    def test_is_refused_from(self, status: str, city: City, engineer: Engineer) -> None:
        with pytest.raises(Conflict):
            turn_back(visit_in(status, city=city), engineer.user)

    @pytest.mark.parametrize("reason", ["", "   "])
    def test_needs_a_reason(self, reason: str, city: City, engineer: Engineer) -> None:
        with pytest.raises(InvalidInput):
            turn_back(visit_in(VisitStatus.EN_ROUTE, city=city), engineer.user, reason)


class TestWhoMay:
    def test_the_desk_of_the_city_and_managers(self, city: City, engineer: Engineer) -> None:
        for by in (DispatcherFactory(cities=[city]), ManagerFactory()):
            visit = visit_in(VisitStatus.EN_ROUTE, city=city)
            assert turn_back(visit, by).status == VisitStatus.CONFIRMED
            doorstep.cancel_visit(visit=visit, reason="", by=None, at=AT)

    def test_nobody_else(self, city: City, engineer: Engineer) -> None:
        visit = visit_in(VisitStatus.EN_ROUTE, city=city)
        elsewhere = DispatcherFactory(cities=[CityFactory(shanghai=True)])
        for by in (EngineerUserFactory(), elsewhere):
            with pytest.raises(NotAllowed):
                turn_back(visit, by)


class TestOnTheBoard:
    @pytest.fixture(autouse=True)
    def in_the_morning(self) -> Iterator[None]:
        """Twenty to ten."""
        with time_machine.travel(AT, tick=False):
            yield

    @pytest.fixture
    def desk(self, client: Client, dispatcher: User) -> Client:
        """The dispatcher's browser."""
        client.force_login(dispatcher)
        return client

    def test_the_panel_offers_it_while_the_engineer_is_on_the_way(
        self, desk: Client, city: City, engineer: Engineer
    ) -> None:
        visit = visit_in(VisitStatus.EN_ROUTE, city=city)
        address = reverse("turn_back_visit", args=[visit.reference])
        panel = reverse("board_visit", args=[visit.reference])
        assert f'action="{address}"' in desk.get(panel).content.decode()
        response = desk.post(address, {"reason": WHY}, follow=True)
        html = response.content.decode()
        assert "You can name somebody else now." in html
        assert address not in html
        visit.refresh_from_db()
        assert visit.status == VisitStatus.CONFIRMED

    def test_as_a_fragment_it_wakes_the_board(self, desk: Client, city: City, engineer: Engineer) -> None:
        visit = visit_in(VisitStatus.EN_ROUTE, city=city)
        address = reverse("turn_back_visit", args=[visit.reference])
        response = desk.post(address, {"reason": WHY}, headers={"HX-Request": "true"})
        assert response.headers["HX-Trigger"] == "board-changed"
        assert "<html" not in response.content.decode()

    def test_without_a_reason_it_is_refused_with_a_sentence(
        self, desk: Client, city: City, engineer: Engineer
    ) -> None:
        visit = visit_in(VisitStatus.EN_ROUTE, city=city)
        response = desk.post(reverse("turn_back_visit", args=[visit.reference]), {"reason": ""})
        assert response.status_code == 400
        assert "Say what is in the way." in response.content.decode()

    @pytest.mark.parametrize("reason", ["flat\x00tyre", "x" * 501])
    def test_a_reason_that_cannot_be_kept_is_refused_with_a_sentence(
        self, desk: Client, city: City, engineer: Engineer, reason: str
    ) -> None:
        visit = visit_in(VisitStatus.EN_ROUTE, city=city)
        response = desk.post(reverse("turn_back_visit", args=[visit.reference]), {"reason": reason})
        assert response.status_code == 400
        visit.refresh_from_db()
        assert visit.status == VisitStatus.EN_ROUTE
