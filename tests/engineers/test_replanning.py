"""A day planned afresh: computed without a lock, stored only on the day as it was read."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.conf import LazySettings
from django.db import transaction

from engineers.models import CityDay, Engineer, Visit
from engineers.selectors.windows import VisitNeeds
from engineers.services.replanning import ComputedPlan, StalePlan, compute_plan, replan_day, store_plan
from engineers.signals import visit_confirmed
from engineers.states import EventKind, VisitStatus
from engineers.tasks import plan_changed_days, plan_city_day, plan_tomorrow
from repairhub.places.models import City
from tests.factories.engineers import (
    DAY,
    MORNING,
    AbsenceFactory,
    EngineerFactory,
    clock,
    confirmed_visit,
    fall_ill,
    north,
    planned_visit,
)

pytestmark = pytest.mark.django_db
ROUNDS = 200


@pytest.fixture
def crossed(city: City) -> list[Visit]:
    """Two engineers at either end of the city, each with a visit at the other's end."""
    north_end, south_end = north(12), north(-12)
    south = EngineerFactory(city=city, base_latitude=south_end[0], base_longitude=south_end[1])
    first = planned_visit(city=city, place=north(11))
    northern = EngineerFactory(city=city, base_latitude=north_end[0], base_longitude=north_end[1])
    Engineer.objects.filter(pk=south.pk).update(is_active=False)
    second = planned_visit(city=city, place=north(-11))
    Engineer.objects.filter(pk=south.pk).update(is_active=True)
    assert (first.engineer, second.engineer) == (south, northern)
    return [first, second]


def told(run: Callable[[], Any]) -> list[Visit]:
    """The visits whose customers learn a name while it runs."""
    heard: list[Visit] = []

    def listen(visit: Visit, **_kwargs: object) -> None:
        heard.append(visit)

    visit_confirmed.connect(listen)
    try:
        run()
    finally:
        visit_confirmed.disconnect(listen)
    return heard


def compute(city: City, **given: Any) -> ComputedPlan:
    """The day's plan with a few rounds."""
    return compute_plan(city=city, on=DAY, at=MORNING, rounds=ROUNDS, **given)


def again(city: City, **given: Any) -> Any:
    """The day planned afresh and stored."""
    return replan_day(city=city, on=DAY, by=None, at=MORNING, rounds=ROUNDS, **given)


def engineers_of(visits: list[Visit]) -> list[Engineer | None]:
    """Who has them now."""
    for visit in visits:
        visit.refresh_from_db()
    return [visit.engineer for visit in visits]


class TestComputePlan:
    def test_writes_nothing(self, city: City, crossed: list[Visit]) -> None:
        before = list(Visit.objects.order_by("pk").values())
        computed = compute(city)
        assert len(computed.moves) == 2
        assert computed.result.saved_seconds > 0
        assert list(Visit.objects.order_by("pk").values()) == before
        assert CityDay.objects.get(city=city, on=DAY).version == computed.version


class TestStorePlan:
    def test_gives_each_visit_to_the_nearer_engineer(self, city: City, crossed: list[Visit]) -> None:
        first, second = engineers_of(crossed)
        stored = store_plan(computed=compute(city), by=None, at=MORNING)
        assert engineers_of(crossed) == [second, first]
        assert (stored.moved, stored.found, stored.unserved) == (2, 0, 0)
        assert stored.saved_minutes > 0

    def test_leaves_the_promise_as_it_was(self, city: City, crossed: list[Visit]) -> None:
        promised = [(visit.window_start_at, visit.window_end_at) for visit in crossed]
        store_plan(computed=compute(city), by=None, at=MORNING)
        engineers_of(crossed)
        assert [(visit.window_start_at, visit.window_end_at) for visit in crossed] == promised
        assert all(
            visit.window_start_at <= visit.planned_start_at <= visit.window_end_at for visit in crossed
        )  # type: ignore[operator]

    def test_records_who_had_it_before(self, city: City, crossed: list[Visit]) -> None:
        first, second = engineers_of(crossed)
        store_plan(computed=compute(city), by=None, at=MORNING)
        event = crossed[0].events.get(kind=EventKind.REPLANNED)
        assert first is not None
        assert second is not None
        assert event.data == {"engineer": second.pk, "before": first.pk}

    def test_tells_nobody_who_knew_no_name(self, city: City, crossed: list[Visit]) -> None:
        assert told(lambda: store_plan(computed=compute(city), by=None, at=MORNING)) == []

    def test_on_a_day_that_has_changed_it_is_thrown_away(self, city: City, crossed: list[Visit]) -> None:
        computed = compute(city)
        planned_visit(city=city, window="14:00")
        before = engineers_of(crossed)
        with pytest.raises(StalePlan), transaction.atomic():
            store_plan(computed=computed, by=None, at=MORNING)
        assert engineers_of(crossed) == before

    def test_the_same_plan_on_the_day_as_it_was_is_stored(self, city: City, crossed: list[Visit]) -> None:
        computed = compute(city)
        assert store_plan(computed=computed, by=None, at=MORNING).moved == 2

    def test_an_absence_entered_meanwhile_throws_it_away(self, city: City, crossed: list[Visit]) -> None:
        computed = compute(city)
        AbsenceFactory(engineer=crossed[1].engineer)  # raises no version: nothing was planned anew yet
        before = engineers_of(crossed)
        with pytest.raises(StalePlan), transaction.atomic():
            store_plan(computed=computed, by=None, at=MORNING)
        assert engineers_of(crossed) == before


class TestReplanDay:
    def test_a_booking_that_came_meanwhile_is_planned_with(self, city: City, crossed: list[Visit]) -> None:
        booked: list[Visit] = []

        def slow(**given: Any) -> ComputedPlan:
            computed = compute_plan(**given)
            if not booked:
                booked.append(planned_visit(city=city, window="14:00"))
            return computed

        assert again(city, compute=slow).moved >= 2
        booked[0].refresh_from_db()
        assert booked[0].engineer is not None

    def test_it_gives_up_on_a_day_that_never_stands_still(
        self, city: City, crossed: list[Visit], settings: LazySettings
    ) -> None:
        settings.BOOKING_SLACK_MINUTES = 10  # the day is full
        hours = iter(("14:00", "16:00", "18:00"))

        def restless(**given: Any) -> ComputedPlan:
            computed = compute_plan(**given)
            planned_visit(city=city, window=next(hours))
            return computed

        with pytest.raises(StalePlan):
            again(city, compute=restless)

    def test_a_second_time_finds_nothing_to_better(self, city: City, crossed: list[Visit]) -> None:
        again(city)
        assert again(city).moved == 0

    def test_visits_of_an_engineer_who_fell_ill_find_another(self, city: City, engineer: Engineer) -> None:
        visit = planned_visit(city=city)
        EngineerFactory(city=city)
        fall_ill(engineer)
        visit.refresh_from_db()
        assert (visit.engineer, visit.at_risk_at) == (None, MORNING)
        assert again(city).found == 1
        visit.refresh_from_db()
        assert visit.engineer not in (None, engineer)
        assert (visit.status, visit.at_risk_at) == (VisitStatus.PLANNED, None)

    def test_where_nobody_can_come_they_stay_at_risk(self, city: City, engineer: Engineer) -> None:
        visit = planned_visit(city=city)
        fall_ill(engineer)
        assert again(city).unserved == 1
        visit.refresh_from_db()
        assert (visit.engineer, visit.at_risk_at) == (None, MORNING)

    def test_whoever_is_left_out_gives_the_time_to_those_who_take_it(
        self, city: City, engineer: Engineer
    ) -> None:
        # of four promises three can be kept, and the longest stands where they would
        long = planned_visit(
            city=city, needs=VisitNeeds(service_minutes=480, skills={"screen": 2}, brands=frozenset())
        )
        ill = EngineerFactory(city=city)
        short = [planned_visit(city=city, window=hour) for hour in ("10:00", "14:00", "16:00")]
        assert engineers_of(short) == [engineer, ill, ill]
        fall_ill(ill)
        stored = again(city)
        assert engineers_of([long, *short]) == [None, engineer, engineer, engineer]
        assert (stored.found, stored.unserved) == (2, 1)
        assert long.at_risk_at == MORNING

    def test_a_small_gain_takes_no_name_away(self, city: City, engineer: Engineer) -> None:
        visit = confirmed_visit(city=city, place=north(3))
        nearer = north(2)
        EngineerFactory(city=city, base_latitude=nearer[0], base_longitude=nearer[1])
        assert told(lambda: again(city)) == []
        assert engineers_of([visit]) == [engineer]

    def test_for_a_great_gain_the_customer_learns_another_name(self, city: City, engineer: Engineer) -> None:
        visit = confirmed_visit(city=city, place=north(14))
        nearer = north(14)
        other = EngineerFactory(city=city, base_latitude=nearer[0], base_longitude=nearer[1])
        assert told(lambda: again(city)) == [visit]
        assert engineers_of([visit]) == [other]
        assert visit.status == VisitStatus.CONFIRMED


class TestTasks:
    @pytest.fixture(autouse=True)
    def rung(self, monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, ...]]:
        """The days that were rung for; the broker is not what is asked here."""
        calls: list[tuple[Any, ...]] = []
        monkeypatch.setattr(plan_city_day, "delay", lambda *args: calls.append(args))
        return calls

    def test_each_changed_day_is_rung_for_once(
        self, city: City, crossed: Any, rung: Any, time_machine: Any
    ) -> None:
        time_machine.move_to(MORNING)
        assert plan_changed_days() == 1
        assert plan_changed_days() == 0, "the minute was claimed"
        assert rung == [(city.pk, DAY.isoformat())]

    def test_a_day_that_was_planned_is_left_alone_until_it_changes(
        self, city: City, crossed: Any, time_machine: Any
    ) -> None:
        time_machine.move_to(MORNING)
        assert plan_city_day(city.pk, DAY.isoformat()).startswith("moved 2")
        assert plan_changed_days() == 0
        planned_visit(city=city, window="14:00")
        time_machine.move_to(MORNING + timedelta(minutes=10))
        assert plan_changed_days() == 1

    def test_the_night_plans_the_coming_day(
        self, city: City, rung: Any, engineer: Any, time_machine: Any
    ) -> None:
        planned_visit(city=city)
        time_machine.move_to(clock("02:30"))
        assert plan_tomorrow() == 1
        assert rung == [(city.pk, DAY.isoformat(), 10)]
