"""The weather of a day: what the desk says of it, what it does to the plan, and who is told."""

from datetime import timedelta
from decimal import Decimal

import pytest
import time_machine
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse

from engineers.models import CityDay, DayWeather, Engineer, Visit
from engineers.planning import load_plans
from engineers.services.replanning import replan_day
from engineers.services.timing import Retimed, retime_breaks, retime_city
from engineers.services.weather import WeatherSet, set_weather
from engineers.signals import visit_running_late
from engineers.tasks import plan_city_day
from repairhub.accounts.models import User
from repairhub.core.errors import Conflict, InvalidInput
from repairhub.notifications.doorbell import BELL
from repairhub.places.models import City, CityPace
from tests.factories.accounts import DispatcherFactory
from tests.factories.engineers import (
    DAY,
    MORNING,
    EngineerFactory,
    clock,
    confirmed_visit,
    north,
    planned_visit,
)
from tests.factories.places import CityFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def rung(monkeypatch: pytest.MonkeyPatch) -> list[tuple[object, ...]]:
    """What a worker is told at once."""
    calls: list[tuple[object, ...]] = []
    monkeypatch.setattr(BELL, "ring", lambda task, args: calls.append((task, *args)))
    return calls


def rain(
    city: City, by: User, factor: str = "1.5", reason: str = "heavy rain", **given: object
) -> WeatherSet:
    """The weather of the day, set in the morning."""
    return set_weather(
        city=city, by=by, **{"on": DAY, "factor": Decimal(factor), "reason": reason, "at": MORNING, **given}
    )


class TestSetWeather:
    def test_every_drive_of_that_day_takes_longer_and_no_other_s(
        self, city: City, engineer: Engineer, dispatcher: User
    ) -> None:
        planned_visit(city=city, place=north(10))
        planned_visit(city=city, place=north(10), on=DAY + timedelta(days=1))
        before = load_plans(city, DAY, DAY + timedelta(days=1), MORNING)
        rain(city, dispatcher)
        after = load_plans(city, DAY, DAY + timedelta(days=1), MORNING)
        usual, slow = before[DAY].travel_seconds, after[DAY].travel_seconds
        assert abs(slow - 1.5 * usual) <= 2
        next_day = DAY + timedelta(days=1)
        assert after[next_day].travel_seconds == before[next_day].travel_seconds

    def test_planned_times_follow_and_the_promised_window_stays(
        self, city: City, engineer: Engineer, dispatcher: User
    ) -> None:
        visit = planned_visit(city=city, place=north(25), window="08:00")
        window, planned = visit.window_start_at, visit.planned_start_at
        result = rain(city, dispatcher, "1.3")
        visit.refresh_from_db()
        assert planned is not None
        assert visit.planned_start_at > planned
        assert visit.window_start_at == window
        assert result.did == Retimed(moved=1, late=0)

    def test_the_day_is_to_be_planned_again_and_the_worker_is_told(
        self,
        city: City,
        engineer: Engineer,
        dispatcher: User,
        rung: list[tuple[object, ...]],
        django_capture_on_commit_callbacks: object,
    ) -> None:
        planned_visit(city=city)
        version = CityDay.objects.get().version
        with django_capture_on_commit_callbacks(execute=True):  # type: ignore[operator]
            rain(city, dispatcher)
        day = CityDay.objects.get()
        assert day.version == version + 1 != day.planned_version
        assert rung == [(plan_city_day, city.pk, DAY.isoformat())]

    def test_what_is_late_by_it_is_at_risk_at_once_and_its_customer_told_when(
        self, city: City, engineer: Engineer, dispatcher: User
    ) -> None:
        heard: list[object] = []

        def hear(*, visit: Visit, expected_at: object, **kwargs: object) -> None:
            heard.append((visit.pk, expected_at))

        visit = planned_visit(city=city, place=north(27), window="08:00")
        visit_running_late.connect(hear)
        assert rain(city, dispatcher, "2").did.late == 1
        visit.refresh_from_db()
        assert visit.at_risk_at == MORNING
        assert heard == [(visit.pk, visit.planned_start_at)]
        replan_day(city=city, on=DAY, by=None, at=MORNING, rounds=20)
        visit.refresh_from_db()
        assert visit.at_risk_at == MORNING
        assert visit.engineer == engineer  # better late than never
        assert len(heard) == 1, "known already"
        visit_running_late.disconnect(hear)
        rain(city, dispatcher, "1", "")
        visit.refresh_from_db()
        assert visit.at_risk_at is None

    def test_what_somebody_nearer_can_keep_is_kept(
        self, city: City, engineer: Engineer, dispatcher: User
    ) -> None:
        visit = planned_visit(city=city, place=north(27), window="08:00")
        near = EngineerFactory(city=city, base_latitude=north(25)[0], base_longitude=north(25)[1])
        rain(city, dispatcher, "2")
        replan_day(city=city, on=DAY, by=None, at=MORNING, rounds=20)
        visit.refresh_from_db()
        assert (visit.engineer, visit.at_risk_at) == (near, None)

    def test_said_again_it_changes_nothing(self, city: City, engineer: Engineer, dispatcher: User) -> None:
        rain(city, dispatcher)
        version = CityDay.objects.get().version
        rain(city, dispatcher)
        assert (CityDay.objects.get().version, DayWeather.history.count()) == (version, 1)

    def test_usual_weather_on_a_day_without_any_leaves_no_row(self, city: City, dispatcher: User) -> None:
        assert rain(city, dispatcher, "1", "").weather is None
        assert not DayWeather.objects.exists()

    def test_who_said_what_and_when_stays_on_record(
        self, city: City, engineer: Engineer, dispatcher: User
    ) -> None:
        other = DispatcherFactory()
        rain(city, dispatcher)
        rain(city, other, "1", "over", at=clock("12:00"))
        said = [(v.factor, v.reason, v.by, v.at) for v in DayWeather.history.order_by("history_id")]
        assert said == [
            (Decimal("1.50"), "heavy rain", dispatcher, MORNING),
            (Decimal("1.00"), "", other, clock("12:00")),
        ]

    @pytest.mark.parametrize(
        ("factor", "reason", "field"),
        [("0.4", "wind", "factor"), ("5.01", "snow", "factor"), ("1.2", "  ", "reason")],
    )
    def test_a_number_beyond_reason_or_without_one_is_refused(
        self, city: City, dispatcher: User, factor: str, reason: str, field: str
    ) -> None:
        with pytest.raises(InvalidInput) as refused:
            rain(city, dispatcher, factor, reason)
        assert refused.value.field == field
        assert not DayWeather.objects.exists()

    @pytest.mark.parametrize(("days", "code"), [(-1, "day_over"), (14, "too_far_ahead")])
    def test_a_day_that_is_over_or_far_ahead_is_refused(
        self, city: City, dispatcher: User, days: int, code: str
    ) -> None:
        with pytest.raises(Conflict) as refused:
            rain(city, dispatcher, on=DAY + timedelta(days=days))
        assert refused.value.code == code

    @pytest.mark.parametrize("wrong", [{"factor": "0.49"}, {"factor": "5.01"}, {"reason": ""}])
    def test_the_database_refuses_the_same(self, city: City, dispatcher: User, wrong: dict[str, str]) -> None:
        row = {"city": city, "on": DAY, "factor": "1.5", "reason": "rain", "by": dispatcher, "at": MORNING}
        with pytest.raises(IntegrityError, match="day_weather"), transaction.atomic():
            DayWeather.objects.create(**{**row, **wrong})


class TestRetimeCity:
    def test_every_coming_day_with_visits_gets_the_new_times(self, city: City, engineer: Engineer) -> None:
        visits = [
            planned_visit(city=city, place=north(25), window="08:00", on=DAY + timedelta(days=n))
            for n in (0, 2)
        ]
        before = [visit.planned_start_at for visit in visits]
        CityPace.objects.create(city=city, days="every", hour=8, travel_factor="1.5")
        assert retime_city(city=city, at=MORNING) == [DAY, DAY + timedelta(days=2)]
        for visit, planned in zip(visits, before, strict=True):
            visit.refresh_from_db()
            assert planned is not None
            assert visit.planned_start_at is not None
            assert visit.planned_start_at > planned


class TestRetimeBreaks:
    def test_a_visit_planned_into_a_new_break_comes_after_it(self, city: City, engineer: Engineer) -> None:
        visit = planned_visit(city=city, window="12:00")
        engineer.shifts.update(break_starts_at="12:30", break_ends_at="13:00")
        assert retime_breaks(engineer=engineer, at=MORNING) == [DAY]
        visit.refresh_from_db()
        assert visit.planned_start_at == clock("13:00")

    def test_the_shift_of_another_day_hides_no_break(self, city: City, engineer: Engineer) -> None:
        visit = planned_visit(city=city, window="12:00")
        engineer.shifts.update(break_starts_at="12:30", break_ends_at="13:00")
        engineer.shifts.create(
            weekday=DAY.weekday(), on=DAY + timedelta(days=7), starts_at="08:00", ends_at="20:00"
        )
        assert retime_breaks(engineer=engineer, at=MORNING) == [DAY]
        visit.refresh_from_db()
        assert visit.planned_start_at == clock("13:00")

    def test_a_break_in_nobody_s_way_changes_no_day(self, city: City, engineer: Engineer) -> None:
        planned_visit(city=city, window="16:00")
        engineer.shifts.update(break_starts_at="12:30", break_ends_at="13:00")
        assert retime_breaks(engineer=engineer, at=MORNING) == []


class TestThePage:
    @pytest.fixture
    def desk(self, client: Client, dispatcher: User) -> Client:
        client.force_login(dispatcher)
        return client

    @pytest.fixture
    def address(self, city: City) -> str:
        return reverse("day_weather", args=[city.code, DAY.isoformat()])

    def test_sets_it_tells_what_changed_and_shows_it_on_the_board(
        self, desk: Client, address: str, city: City, engineer: Engineer
    ) -> None:
        with time_machine.travel(MORNING, tick=False):
            planned_visit(city=city, place=north(25), window="08:00")
            response = desk.post(address, {"factor": "1.30", "reason": "heavy rain"}, follow=True)
        page = response.content.decode()
        assert response.redirect_chain[0][0].startswith(reverse("board"))
        assert "1 visit is planned for another time. All still arrive in their window." in page
        assert "Drives take 1.3 times as long: heavy rain" in page
        assert DayWeather.objects.get().factor == Decimal("1.3")

    def test_sent_twice_it_says_that_nothing_more_has_changed(
        self, desk: Client, address: str, city: City, engineer: Engineer
    ) -> None:
        with time_machine.travel(MORNING, tick=False):
            planned_visit(city=city, place=north(25), window="08:00")
            desk.post(address, {"factor": "1.30", "reason": "heavy rain"})
            response = desk.post(address, {"factor": "1.30", "reason": "heavy rain"}, follow=True)
        assert "No planned time has changed." in response.content.decode()
        assert DayWeather.history.count() == 1

    def test_shows_what_stands_and_what_was_said(self, desk: Client, address: str, city: City) -> None:
        with time_machine.travel(MORNING, tick=False):
            rain(city, DispatcherFactory(name="Li Na"))
            page = desk.get(address).content.decode()
        assert 'value="1.50"' in page
        assert "Li Na" in page

    def test_what_cannot_be_read_is_said_at_its_field_and_the_form_kept(
        self, desk: Client, address: str
    ) -> None:
        with time_machine.travel(MORNING, tick=False):
            response = desk.post(address, {"factor": "9", "reason": "a flood"})
            assert response.status_code == 400
            assert list(response.context["form"].errors) == ["factor"]
            assert "a flood" in response.content.decode()
            assert response.context["form"].errors["factor"] == ["Give a number from 0.5 to 5, such as 1.3."]
            response = desk.post(address, {"factor": "1.4", "reason": ""})
            assert list(response.context["form"].errors) == ["reason"]

    def test_a_day_that_is_over_is_refused_with_a_sentence(self, desk: Client, city: City) -> None:
        with time_machine.travel(MORNING, tick=False):
            address = reverse("day_weather", args=[city.code, "2026-11-20"])
            response = desk.post(address, {"factor": "1.4", "reason": "snow"})
        assert response.status_code == 409
        assert "This day is over" in response.content.decode()

    @pytest.mark.parametrize(
        ("code", "on"), [("BJ", "yesterday"), ("SH", "2026-11-23"), ("XX", "2026-11-23")]
    )
    def test_days_that_are_none_and_cities_of_others_are_not_found(
        self, desk: Client, code: str, on: str
    ) -> None:
        CityFactory(shanghai=True)
        assert desk.get(reverse("day_weather", args=[code, on])).status_code == 404

    def test_the_board_says_that_the_weather_is_as_usual(self, desk: Client, city: City) -> None:
        assert "Weather as usual" in desk.get(reverse("board")).content.decode()


def test_a_booking_in_bad_weather_is_offered_what_can_be_driven(
    city: City, engineer: Engineer, dispatcher: User
) -> None:
    rain(city, dispatcher, "3", "snow")
    visit = confirmed_visit(city=city, place=north(10), window="10:00", by=dispatcher)
    plan = load_plans(city, DAY, DAY, MORNING)[DAY]
    (span,) = plan.planned(engineer.pk)
    assert plan.late() == {}
    assert Visit.objects.get(pk=visit.pk).planned_start_at == clock("10:00")
    assert span.start == 10 * 3600
