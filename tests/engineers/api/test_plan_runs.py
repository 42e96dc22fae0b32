"""The desk's API of plan runs: the same services as the pages, once for each key."""

import json
from typing import Any

import pytest
from django.test import Client

from engineers.models import Engineer, PlanRun, Visit
from engineers.services.plan_computing import compute_run
from engineers.states import PlanRunStatus
from repairhub.accounts.models import User
from repairhub.places.models import City
from tests.factories.accounts import DispatcherFactory, EngineerUserFactory
from tests.factories.engineers import DAY, EngineerFactory, clock, confirmed_visit, fall_ill, planned_visit
from tests.factories.places import CityFactory

pytestmark = pytest.mark.django_db
EIGHT = clock("08:00")


@pytest.fixture(autouse=True)
def eight(time_machine: Any) -> None:
    """It is eight in the morning."""
    time_machine.move_to(EIGHT, tick=False)


@pytest.fixture
def city(db: None) -> City:
    """Beijing."""
    return CityFactory()


@pytest.fixture
def engineer(city: City) -> Engineer:
    """At work every day."""
    return EngineerFactory(city=city, user__name="Ying Chen")


@pytest.fixture
def desk(city: City) -> Client:
    """A dispatcher's signed-in program."""
    return signed_in(DispatcherFactory(name="Fang Wang", cities=[city]))


def signed_in(user: User, **options: Any) -> Client:
    """A session of that person."""
    client = Client(**options)
    client.force_login(user)
    return client


def post(client: Client, path: str, body: Any = None, *, key: str = "key-number-1") -> Any:
    """POST JSON under that key."""
    return client.post(
        f"/api/v1/plan-runs/{path}",
        json.dumps({} if body is None else body),
        content_type="application/json",
        headers={"Idempotency-Key": key},
    )


@pytest.fixture
def ready(desk: Client, city: City, engineer: Engineer) -> str:
    """The reference of a computed run: Ying Chen is ill, Wei Li takes the visit over."""
    confirmed_visit(city=city)
    EngineerFactory(city=city, user__name="Wei Li")
    body = {"cause": "engineer_ill", "city": city.code, "on": DAY.isoformat(), "engineer": engineer.pk}
    reference: str = post(desk, "", body).json()["reference"]
    compute_run(run=PlanRun.objects.get(reference=reference), at=EIGHT)
    return reference


class TestAsking:
    def test_is_answered_with_the_run(self, desk: Client, city: City) -> None:
        response = post(desk, "", {"cause": "optimise", "city": city.code, "on": DAY.isoformat()})
        assert response.status_code == 201
        answer = response.json()
        assert (answer["status"], answer["city"], answer["difference"]) == ("asked", city.code, None)

    def test_the_same_key_gives_the_same_answer(self, desk: Client, city: City) -> None:
        body = {"cause": "optimise", "city": city.code}
        assert post(desk, "", body).json() == post(desk, "", body).json()
        assert PlanRun.objects.count() == 1

    def test_the_same_key_with_another_body_is_refused(self, desk: Client, city: City) -> None:
        post(desk, "", {"cause": "optimise", "city": city.code})
        assert post(desk, "", {"cause": "optimise"}).status_code == 422

    def test_without_a_key_it_is_refused(self, desk: Client, city: City) -> None:
        response = post(desk, "", {"cause": "optimise", "city": city.code}, key="")
        assert (response.status_code, response.json()["errors"][0]["attr"]) == (400, "Idempotency-Key")

    @pytest.mark.parametrize(
        ("changes", "field"),
        [
            ({"cause": "dance"}, "cause"),
            ({"city": "ZZ"}, "city"),
            ({"on": "soon"}, "on"),
            ({"cause": "engineer_ill"}, "engineer"),
            ({"cause": "engineer_ill", "engineer": 10**12}, "engineer"),
            ({"cause": "urgent"}, "visit"),
            ({"minutes": 0}, "minutes"),
        ],
    )
    def test_what_is_wrong_is_named(
        self, desk: Client, city: City, changes: dict[str, Any], field: str
    ) -> None:
        response = post(desk, "", {"cause": "optimise", "city": city.code, **changes})
        assert (response.status_code, response.json()["errors"][0]["attr"]) == (400, field)

    def test_a_conflict_says_what_to_do(self, desk: Client, city: City, engineer: Engineer) -> None:
        visit = planned_visit(city=city)
        response = post(desk, "", {"cause": "urgent", "visit": visit.reference})
        assert response.status_code == 409
        assert "has its engineer" in response.json()["errors"][0]["detail"]


class TestLooking:
    def test_shows_the_difference(self, desk: Client, ready: str) -> None:
        answer = desk.get(f"/api/v1/plan-runs/{ready}/").json()
        assert answer["status"] == "ready"
        [move] = answer["difference"]["moved"]
        assert (move["from_engineer"], move["to_engineer"], move["told"]) == ("Ying Chen", "Wei Li", True)
        assert answer["difference"]["told"] == 1

    def test_another_city_s_is_not_found(self, ready: str) -> None:
        other = signed_in(DispatcherFactory(cities=[CityFactory(code="SH")]))
        assert other.get(f"/api/v1/plan-runs/{ready}/").status_code == 404
        assert post(other, f"{ready}/apply/").status_code == 404


class TestApplying:
    def test_writes_what_was_shown_and_twice_is_once(self, desk: Client, ready: str) -> None:
        first = post(desk, f"{ready}/apply/")
        assert (first.status_code, first.json()["status"]) == (200, "applied")
        assert post(desk, f"{ready}/apply/").json() == first.json()
        assert post(desk, f"{ready}/apply/", key="key-number-2").json()["status"] == "applied"
        visit = Visit.objects.get()
        assert visit.engineer is not None
        assert visit.engineer.user.name == "Wei Li"

    def test_on_a_changed_day_names_the_run_asked_for_anew(
        self, desk: Client, city: City, ready: str
    ) -> None:
        planned_visit(city=city, window="14:00", at=EIGHT)
        for key in ("key-number-1", "key-number-1", "key-number-2"):
            response = post(desk, f"{ready}/apply/", key=key)
            assert response.status_code == 409
            assert response.json()["errors"][0]["code"] == "stale"
            anew = PlanRun.objects.get(follows__reference=ready)
            assert response.json()["details"] == {"followed_by": anew.reference}
        assert PlanRun.objects.get(reference=ready).status == PlanRunStatus.STALE
        assert desk.get(f"/api/v1/plan-runs/{ready}/").json()["followed_by"] == anew.reference

    def test_where_there_is_nothing_to_ask_anew_it_says_why(
        self, desk: Client, engineer: Engineer, ready: str
    ) -> None:
        fall_ill(engineer, at=EIGHT)
        response = post(desk, f"{ready}/apply/")
        assert response.json()["details"] == {"followed_by": ""}
        assert "absent on this day already" in response.json()["errors"][0]["detail"]


class TestCancelling:
    def test_discards_it(self, desk: Client, ready: str) -> None:
        assert post(desk, f"{ready}/cancel/").json()["status"] == "cancelled"
        response = post(desk, f"{ready}/apply/", key="key-number-2")
        assert (response.status_code, response.json()["errors"][0]["code"]) == (409, "run_over")


class TestDoors:
    def test_are_shut_for_others(self, ready: str) -> None:
        for client in (Client(), signed_in(EngineerUserFactory())):
            assert client.get(f"/api/v1/plan-runs/{ready}/").status_code == 403
            assert post(client, f"{ready}/apply/").status_code == 403

    def test_a_forged_request_is_refused(self, city: City) -> None:
        careful = signed_in(DispatcherFactory(cities=[city]), enforce_csrf_checks=True)
        assert post(careful, "", {"cause": "optimise", "city": city.code}).status_code == 403
