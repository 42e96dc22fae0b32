"""Plan runs: asked for, computed, looked at, applied as shown, or outdated by a day that changed."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from engineers.models import Absence, CityDay, Engineer, PlanRun, Visit
from engineers.selectors.plan_runs import difference_of
from engineers.selectors.windows import VisitNeeds
from engineers.services import plan_runs
from engineers.services.plan_computing import Meter, compute_run, computed_plan
from engineers.services.plan_runs import KEEPS, LOST_AFTER, apply_run, ask_for_plan, cancel_run, mend_runs
from engineers.signals import visit_confirmed, visit_unconfirmed, visits_at_risk
from engineers.states import EventKind, PlanCause, PlanRunStatus, VisitStatus
from engineers.tasks import compute_plan_run, plan_changed_days
from repairhub.accounts.models import User
from repairhub.core.errors import Conflict, InvalidInput
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
    visit_in,
)
from tests.factories.places import CityFactory
from tests.triggers import past_the_triggers

pytestmark = pytest.mark.django_db
EIGHT = clock("08:00")
HOURS = VisitNeeds(service_minutes=150, skills={"screen": 2}, brands=frozenset())
SENIOR = VisitNeeds(service_minutes=150, skills={"screen": 3}, brands=frozenset())


def lose(visit: Visit) -> None:
    """Its engineer is gone, by no decision that these tests ask about."""
    Visit.objects.filter(pk=visit.pk).update(engineer=None, planned_start_at=None, planned_end_at=None)


def move_window(visit: Visit, start: str) -> None:
    """Another promise than was made: planted past the trigger that keeps promises."""
    with past_the_triggers():
        Visit.objects.filter(pk=visit.pk).update(
            window_start_at=clock(start), window_end_at=clock(start) + timedelta(hours=2)
        )


@pytest.fixture(autouse=True)
def rung(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The runs that a worker was rung for; the broker is not what is asked here."""
    calls: list[int] = []
    monkeypatch.setattr(plan_runs, "ring_on_commit", lambda _task, *args: calls.extend(args))
    return calls


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


@pytest.fixture
def ask(city: City, dispatcher: User) -> Callable[..., PlanRun]:
    """ask(cause, …) -> the run, asked for at six in the morning."""

    def asked(cause: str = PlanCause.OPTIMISE, at: Any = MORNING, **given: Any) -> PlanRun:
        return ask_for_plan(city=city, on=DAY, cause=cause, by=dispatcher, at=at, **{"seconds": 0.2, **given})

    return asked


@pytest.fixture
def ready(ask: Callable[..., PlanRun]) -> Callable[..., PlanRun]:
    """ready(cause, …) -> the run, computed."""

    def computed(cause: str = PlanCause.OPTIMISE, at: Any = MORNING, **given: Any) -> PlanRun:
        return compute_run(run=ask(cause, at, **given), at=at)

    return computed


def fresh(*visits: Visit) -> list[Visit]:
    """The rows as they stand now."""
    return [Visit.objects.get(pk=visit.pk) for visit in visits]


def heard_while(signal: Any, call: Callable[[], Any]) -> list[dict[str, Any]]:
    """What was said by the signal while it ran."""
    heard: list[dict[str, Any]] = []

    def listen(**kwargs: Any) -> None:
        heard.append(kwargs)

    signal.connect(listen)
    try:
        call()
    finally:
        signal.disconnect(listen)
    return heard


def changes_of(run: PlanRun) -> list[tuple[int, int | None, int | None]]:
    """(visit, from, to) of the run's moves."""
    assert run.result is not None
    return sorted((move["visit"], move["from"], move["to"]) for move in run.result["moves"])


class TestAsking:
    def test_rings_a_worker_with_the_run_s_id(self, ask: Any, rung: Any, dispatcher: User) -> None:
        run = ask()
        assert rung == [run.pk]
        assert (run.status, run.asked_by, run.asked_at) == (PlanRunStatus.ASKED, dispatcher, MORNING)

    def test_twice_is_answered_with_the_same_run(self, ask: Any, rung: Any) -> None:
        assert ask() == ask()
        assert len(rung) == 1

    def test_another_subject_is_another_run(self, ask: Any, city: City) -> None:
        first, second = EngineerFactory(city=city), EngineerFactory(city=city)
        ill = PlanCause.ENGINEER_ILL
        assert ask(ill, engineer=first) != ask(ill, engineer=second) != ask()

    def test_a_ready_run_that_the_day_has_outlived_makes_way(
        self, ask: Any, ready: Any, city: City, crossed: Any
    ) -> None:
        old = ready()
        planned_visit(city=city, window="14:00")
        new = ask()
        old.refresh_from_db()
        assert new != old
        assert old.status == PlanRunStatus.STALE

    def test_a_run_whose_worker_is_gone_makes_way(self, ask: Any) -> None:
        lost = ask()
        new = ask(at=MORNING + LOST_AFTER + timedelta(seconds=1))
        lost.refresh_from_db()
        assert (lost.status, new.status) == (PlanRunStatus.FAILED, PlanRunStatus.ASKED)

    def test_other_minutes_replace_the_open_run(self, ask: Any, city: City, engineer: Engineer) -> None:
        visit = visit_in(VisitStatus.EN_ROUTE, city=city)
        late = PlanCause.RUNNING_LATE
        first = ask(late, clock("09:40"), visit=visit, minutes=20)
        second = ask(late, clock("09:41"), visit=visit, minutes=40)
        first.refresh_from_db()
        assert (first.status, second.delay_minutes) == (PlanRunStatus.CANCELLED, 40)
        assert visit.planned_end_at is not None
        assert second.expected_end_at == visit.planned_end_at + timedelta(minutes=40)

    def test_the_budget_grows_with_the_day(self, ask: Any, crossed: Any) -> None:
        assert ask(seconds=None).budget_seconds == pytest.approx(0.2)


class TestRefusals:
    def test_a_day_that_is_over(self, ask: Any) -> None:
        with pytest.raises(Conflict) as refusal:
            ask(at=MORNING + timedelta(days=1))
        assert refusal.value.code == "day_over"

    @pytest.mark.parametrize(
        ("cause", "field"),
        [
            ("dance", "cause"),
            (PlanCause.ENGINEER_ILL, "engineer"),
            (PlanCause.URGENT, "visit"),
            (PlanCause.NO_ACCESS, "visit"),
            (PlanCause.RUNNING_LATE, "visit"),
        ],
    )
    def test_a_question_without_its_subject_names_the_field(self, ask: Any, cause: str, field: str) -> None:
        with pytest.raises(InvalidInput) as refusal:
            ask(cause)
        assert refusal.value.field == field

    def test_an_engineer_where_none_is_asked_about(self, ask: Any, engineer: Engineer) -> None:
        with pytest.raises(InvalidInput):
            ask(PlanCause.OPTIMISE, engineer=engineer)

    def test_an_engineer_of_another_city(self, ask: Any) -> None:
        other = EngineerFactory(city=CityFactory(code="SH"))
        with pytest.raises(InvalidInput) as refusal:
            ask(PlanCause.ENGINEER_ILL, engineer=other)
        assert refusal.value.code == "other_city"

    def test_an_engineer_who_has_left(self, ask: Any, engineer: Engineer) -> None:
        Engineer.objects.update(is_active=False)
        with pytest.raises(Conflict) as refusal:
            ask(PlanCause.ENGINEER_ILL, engineer=engineer)
        assert refusal.value.code == "engineer_gone"

    def test_an_engineer_who_is_absent_already(self, ask: Any, engineer: Engineer) -> None:
        AbsenceFactory(engineer=engineer)
        with pytest.raises(Conflict) as refusal:
            ask(PlanCause.ENGINEER_ILL, engineer=engineer)
        assert refusal.value.code == "absent_already"

    def test_a_visit_of_another_day(self, ask: Any, city: City, engineer: Engineer) -> None:
        visit = planned_visit(city=city, on=DAY + timedelta(days=1))
        with pytest.raises(InvalidInput) as refusal:
            ask(PlanCause.URGENT, visit=visit)
        assert refusal.value.code == "other_day"

    def test_a_place_for_a_visit_that_has_one(self, ask: Any, city: City, engineer: Engineer) -> None:
        with pytest.raises(Conflict) as refusal:
            ask(PlanCause.URGENT, visit=planned_visit(city=city))
        assert refusal.value.code == "has_its_place"

    def test_a_place_for_a_visit_under_way(self, ask: Any, city: City, engineer: Engineer) -> None:
        with pytest.raises(Conflict) as refusal:
            ask(PlanCause.URGENT, visit=visit_in(VisitStatus.EN_ROUTE, city=city))
        assert refusal.value.code == "visit_not_movable"

    def test_the_time_of_a_visit_that_takes_place(self, ask: Any, city: City, engineer: Engineer) -> None:
        with pytest.raises(Conflict) as refusal:
            ask(PlanCause.NO_ACCESS, visit=planned_visit(city=city))
        assert refusal.value.code == "not_ended_early"

    @pytest.mark.parametrize("minutes", [None, 0, -5, 241])
    def test_a_delay_of_no_length(
        self, ask: Any, city: City, engineer: Engineer, minutes: int | None
    ) -> None:
        visit = visit_in(VisitStatus.EN_ROUTE, city=city)
        with pytest.raises(InvalidInput) as refusal:
            ask(PlanCause.RUNNING_LATE, visit=visit, minutes=minutes)
        assert refusal.value.field == "minutes"

    def test_the_delay_of_a_visit_that_is_not_next(self, ask: Any, city: City, engineer: Engineer) -> None:
        confirmed_visit(city=city)
        later = confirmed_visit(city=city, window="14:00")
        with pytest.raises(Conflict) as refusal:
            ask(PlanCause.RUNNING_LATE, visit=later, minutes=20)
        assert refusal.value.code == "not_next"

    def test_the_delay_of_a_visit_that_applying_would_refuse(
        self, ask: Any, city: City, engineer: Engineer
    ) -> None:
        with pytest.raises(Conflict) as refusal:
            ask(PlanCause.RUNNING_LATE, visit=planned_visit(city=city), minutes=20)
        assert refusal.value.code == "wrong_state"


class TestComputing:
    def test_shows_what_would_move_and_writes_no_route(
        self, ready: Any, crossed: list[Visit], dispatcher: User
    ) -> None:
        first, second = crossed
        before = list(Visit.objects.order_by("pk").values())
        run = ready()
        assert run.status == PlanRunStatus.READY
        assert changes_of(run) == [
            (first.pk, first.engineer_id, second.engineer_id),
            (second.pk, second.engineer_id, first.engineer_id),
        ]
        assert run.result["travel_after_s"] < run.result["travel_before_s"]
        assert [move["told"] for move in run.result["moves"]] == [False, False]
        assert list(Visit.objects.order_by("pk").values()) == before

    def test_of_a_day_that_cannot_be_better_says_so(self, ready: Any, city: City, engineer: Engineer) -> None:
        planned_visit(city=city)
        run = ready()
        assert run.status == PlanRunStatus.NOTHING_TO_DO
        assert run.ended_at == MORNING
        day = CityDay.objects.get(city=city, on=DAY)
        assert day.planned_version == day.version, "the ten minutes need not look again"

    def test_again_where_the_day_changed_meanwhile(self, ask: Any, city: City, crossed: Any) -> None:
        booked: list[Visit] = []

        def slow(**given: Any) -> Any:
            found = computed_plan(**given)
            if not booked:
                booked.append(planned_visit(city=city, window="14:00"))
            return found

        run = compute_run(run=ask(), at=MORNING, compute=slow)
        assert run.status == PlanRunStatus.READY
        assert run.version == CityDay.objects.get(city=city, on=DAY).version
        assert run.attempt == 2

    def test_fails_on_a_day_that_never_stands_still(self, ask: Any, city: City, crossed: Any) -> None:
        hours = iter(("12:00", "14:00", "16:00"))

        def restless(**given: Any) -> Any:
            found = computed_plan(**given)
            planned_visit(city=city, window=next(hours))
            return found

        assert compute_run(run=ask(), at=MORNING, compute=restless).status == PlanRunStatus.FAILED

    def test_an_error_of_ours_ends_the_run_and_is_raised(self, ask: Any) -> None:
        def broken(**_given: Any) -> Any:
            raise ZeroDivisionError

        run = ask()
        with pytest.raises(ZeroDivisionError):
            compute_run(run=run, at=MORNING, compute=broken)
        run.refresh_from_db()
        assert run.status == PlanRunStatus.FAILED

    def test_a_run_that_was_cancelled_meanwhile_ends_without_a_result(
        self, ask: Any, crossed: Any, dispatcher: User
    ) -> None:
        def unwanted(*, run: PlanRun, spent: Meter, **given: Any) -> Any:
            cancel_run(run=run, by=dispatcher, at=MORNING)
            spent.write(0.1)  # as it does twice a second
            raise AssertionError("the search went on")

        run = compute_run(run=ask(), at=MORNING, compute=unwanted)
        assert (run.status, run.result) == (PlanRunStatus.CANCELLED, None)

    def test_a_run_that_is_over_is_left_alone(self, ask: Any, dispatcher: User) -> None:
        run = cancel_run(run=ask(), by=dispatcher, at=MORNING)
        assert compute_run(run=run, at=MORNING).status == PlanRunStatus.CANCELLED

    def test_says_how_far_it_is(self, ask: Any, crossed: Any) -> None:
        seen: list[int] = []

        def watched(*, run: PlanRun, spent: Meter, **given: Any) -> Any:
            spent.write(0.1)
            seen.append(PlanRun.objects.get(pk=run.pk).progress_percent)
            return computed_plan(run=run, spent=spent, **given)

        run = compute_run(run=ask(), at=MORNING, compute=watched)
        assert seen == [50]
        assert run.progress_percent == 100
        assert run.rounds > 0

    def test_the_task_may_come_twice(self, ask: Any, crossed: Any, time_machine: Any) -> None:
        time_machine.move_to(MORNING, tick=False)
        run = ask()
        assert compute_plan_run(run.pk) == PlanRunStatus.READY
        shown = PlanRun.objects.get(pk=run.pk).result
        assert compute_plan_run(run.pk) == PlanRunStatus.READY
        assert PlanRun.objects.get(pk=run.pk).result == shown

    def test_the_result_holds_no_name_and_no_address(self, ready: Any, city: City, crossed: Any) -> None:
        text = str(ready().result)
        for engineer in Engineer.objects.select_related("user"):
            assert engineer.user.name not in text
            assert str(engineer.user.phone) not in text


class TestApplying:
    def test_stores_what_was_shown(self, ready: Any, crossed: list[Visit], dispatcher: User) -> None:
        run = ready()
        outcome = apply_run(run=run, by=dispatcher, at=MORNING)
        assert outcome.run.status == PlanRunStatus.APPLIED
        assert (outcome.run.ended_by, outcome.run.ended_at) == (dispatcher, MORNING)
        shown = {move["visit"]: (move["to"], move["to_start"]) for move in run.result["moves"]}
        for visit in fresh(*crossed):
            assert visit.planned_start_at is not None
            start = visit.planned_start_at.astimezone(visit.city.zone).isoformat()
            assert shown[visit.pk] == (visit.engineer_id, start)
            assert visit.events.get(kind=EventKind.REPLANNED).by == dispatcher

    def test_twice_is_once(self, ready: Any, crossed: list[Visit], dispatcher: User) -> None:
        run = ready()
        apply_run(run=run, by=dispatcher, at=MORNING)
        assert apply_run(run=run, by=dispatcher, at=MORNING).run.status == PlanRunStatus.APPLIED
        assert crossed[0].events.filter(kind=EventKind.REPLANNED).count() == 1

    def test_on_a_day_that_has_changed_writes_nothing_and_asks_anew(
        self, ready: Any, rung: Any, city: City, crossed: list[Visit], dispatcher: User
    ) -> None:
        run = ready()
        booked = planned_visit(city=city, window="14:00")
        before = [visit.engineer_id for visit in fresh(*crossed, booked)]
        outcome = apply_run(run=run, by=dispatcher, at=MORNING)
        assert outcome.run.status == PlanRunStatus.STALE
        assert [visit.engineer_id for visit in fresh(*crossed, booked)] == before
        anew = outcome.anew
        assert anew is not None
        assert (anew.follows, anew.cause, rung[-1]) == (run, run.cause, anew.pk)
        assert apply_run(run=run, by=dispatcher, at=MORNING).anew == anew, "pressed twice"
        anew = compute_run(run=anew, at=MORNING)
        assert apply_run(run=anew, by=dispatcher, at=MORNING).run.status == PlanRunStatus.APPLIED
        [booked] = fresh(booked)
        assert booked.engineer_id is not None

    @pytest.mark.parametrize(("is_checked", "outcome"), [(True, "stale"), (False, "applied")])
    def test_the_version_alone_sees_a_booking_in_another_route(
        self,
        ready: Any,
        city: City,
        crossed: list[Visit],
        dispatcher: User,
        monkeypatch: Any,
        is_checked: bool,
        outcome: str,
    ) -> None:
        EngineerFactory(city=city)
        run = ready()
        booked = planned_visit(city=city, window="14:00")
        assert str(booked.engineer_id) not in run.result["routes"]
        if not is_checked:  # the control
            monkeypatch.setattr(plan_runs, "_is_past", lambda *_: False)
        assert apply_run(run=run, by=dispatcher, at=MORNING).run.status == outcome

    def test_behind_the_version_the_checker_lets_no_booking_be_forgotten(
        self, ready: Any, city: City, crossed: list[Visit], dispatcher: User, monkeypatch: Any
    ) -> None:
        run = ready()
        booked = planned_visit(city=city, window="14:00")
        assert str(booked.engineer_id) in run.result["routes"]
        monkeypatch.setattr(plan_runs, "_is_past", lambda *_: False)
        assert apply_run(run=run, by=dispatcher, at=MORNING).run.status == PlanRunStatus.STALE
        assert fresh(booked)[0].engineer == booked.engineer

    def test_a_preview_of_today_does_not_hold_for_ever(
        self, ready: Any, crossed: Any, dispatcher: User
    ) -> None:
        run = ready(at=EIGHT)
        later = EIGHT + KEEPS + timedelta(seconds=1)
        assert apply_run(run=run, by=dispatcher, at=later).run.status == PlanRunStatus.STALE

    @pytest.mark.parametrize("status", [PlanRunStatus.CANCELLED, PlanRunStatus.NOTHING_TO_DO])
    def test_a_run_that_is_over_is_refused(
        self, ask: Any, engineer: Engineer, dispatcher: User, status: str
    ) -> None:
        run = ask()
        if status == PlanRunStatus.CANCELLED:
            cancel_run(run=run, by=dispatcher, at=MORNING)
        else:
            compute_run(run=run, at=MORNING)
        with pytest.raises(Conflict) as refusal:
            apply_run(run=run, by=dispatcher, at=MORNING)
        assert refusal.value.code == "run_over"

    def test_a_run_that_is_not_ready_is_refused(self, ask: Any, dispatcher: User) -> None:
        with pytest.raises(Conflict) as refusal:
            apply_run(run=ask(), by=dispatcher, at=MORNING)
        assert refusal.value.code == "not_ready"

    def test_whoever_knew_a_name_is_told_as_the_preview_said(
        self, ready: Any, city: City, engineer: Engineer, dispatcher: User
    ) -> None:
        visit = confirmed_visit(city=city, place=north(14))
        nearer = north(14)
        other = EngineerFactory(city=city, base_latitude=nearer[0], base_longitude=nearer[1])
        run = ready()
        assert [move["told"] for move in run.result["moves"]] == [True]
        heard = heard_while(visit_confirmed, lambda: apply_run(run=run, by=dispatcher, at=MORNING))
        assert [said["visit"].pk for said in heard] == [visit.pk]
        [visit] = fresh(visit)
        assert (visit.engineer, visit.status) == (other, VisitStatus.CONFIRMED)


class TestEngineerIll:
    @pytest.fixture
    def other(self, city: City, engineer: Engineer) -> Engineer:
        return EngineerFactory(city=city, user__name="Wei Li")

    def test_the_preview_moves_the_route_and_writes_no_absence(
        self, ready: Any, city: City, engineer: Engineer, other: Engineer
    ) -> None:
        visits = [planned_visit(city=city, window=hour) for hour in ("10:00", "14:00")]
        held = {visit.pk for visit in visits if visit.engineer == engineer}
        assert held
        run = ready(PlanCause.ENGINEER_ILL, EIGHT, engineer=engineer)
        assert {(visit, start, end) for visit, start, end in changes_of(run)} == {
            (visit, engineer.pk, other.pk) for visit in held
        }
        assert not Absence.objects.exists()

    def test_applying_enters_the_absence_from_now_and_moves_in_one_go(
        self, ready: Any, city: City, engineer: Engineer, other: Engineer, dispatcher: User
    ) -> None:
        visit = confirmed_visit(city=city)
        assert visit.engineer == engineer
        at = clock("09:05")
        run = ready(PlanCause.ENGINEER_ILL, at, engineer=engineer)
        unsaid = heard_while(visit_unconfirmed, lambda: apply_run(run=run, by=dispatcher, at=at))
        [visit] = fresh(visit)
        assert (visit.engineer, visit.status, visit.at_risk_at) == (other, VisitStatus.CONFIRMED, None)
        assert unsaid == [], "it never lay with nobody, so nobody was told that it does"
        absence = Absence.objects.get()
        assert (absence.from_on, absence.until_on, absence.reason) == (DAY, DAY, "ill")
        assert f"{absence.from_at:%H:%M}" == "09:05"

    def test_before_the_shift_the_whole_day_is_lost(
        self, ready: Any, city: City, engineer: Engineer, dispatcher: User
    ) -> None:
        apply_run(run=ready(PlanCause.ENGINEER_ILL, engineer=engineer), by=dispatcher, at=MORNING)
        assert Absence.objects.get().from_at is None

    def test_with_no_visit_there_is_still_an_absence_to_enter(
        self, ready: Any, engineer: Engineer, dispatcher: User
    ) -> None:
        run = ready(PlanCause.ENGINEER_ILL, engineer=engineer)
        assert (run.status, run.result["moves"]) == (PlanRunStatus.READY, [])
        assert apply_run(run=run, by=dispatcher, at=MORNING).run.status == PlanRunStatus.APPLIED
        assert Absence.objects.filter(engineer=engineer).exists()

    def test_whom_nobody_can_keep_is_at_risk_and_announced(
        self, ready: Any, city: City, engineer: Engineer, dispatcher: User
    ) -> None:
        visit = confirmed_visit(city=city)
        run = ready(PlanCause.ENGINEER_ILL, EIGHT, engineer=engineer)
        [fact] = run.result["unserved"]
        assert (fact["visit"], fact["code"]) == (visit.pk, "nobody_on_shift")
        assert [move["told"] for move in run.result["moves"]] == [True]
        heard = heard_while(visits_at_risk, lambda: apply_run(run=run, by=dispatcher, at=EIGHT))
        assert [[one.pk for one in said["visits"]] for said in heard] == [[visit.pk]]
        [visit] = fresh(visit)
        assert (visit.engineer, visit.status, visit.at_risk_at) == (None, VisitStatus.PLANNED, EIGHT)

    def test_what_is_under_way_stays(
        self, ready: Any, city: City, engineer: Engineer, other: Engineer, dispatcher: User
    ) -> None:
        under_way = visit_in(VisitStatus.ON_SITE, city=city)
        later = planned_visit(city=city, window="14:00")
        assert under_way.engineer == later.engineer == engineer
        at = clock("10:30")
        run = ready(PlanCause.ENGINEER_ILL, at, engineer=engineer)
        apply_run(run=run, by=dispatcher, at=at)
        under_way, later = fresh(under_way, later)
        assert (under_way.engineer, later.engineer) == (engineer, other)

    def test_a_pin_holds_nobody_to_somebody_who_is_ill(
        self, ready: Any, city: City, engineer: Engineer, other: Engineer, dispatcher: User
    ) -> None:
        visit = planned_visit(city=city)
        Visit.objects.filter(pk=visit.pk).update(is_pinned=True)
        run = ready(PlanCause.ENGINEER_ILL, EIGHT, engineer=engineer)
        assert apply_run(run=run, by=dispatcher, at=EIGHT).run.status == PlanRunStatus.APPLIED
        [visit] = fresh(visit)
        assert (visit.engineer, visit.is_pinned) == (other, False)

    def test_nothing_is_planned_with_them_for_the_rest_of_the_day(
        self, ready: Any, city: City, engineer: Engineer, other: Engineer, dispatcher: User
    ) -> None:
        at = clock("09:00")
        apply_run(run=ready(PlanCause.ENGINEER_ILL, at, engineer=engineer), by=dispatcher, at=at)
        assert planned_visit(city=city, window="14:00", at=at).engineer == other

    def test_where_the_day_has_changed_no_absence_is_entered_either(
        self, ready: Any, city: City, engineer: Engineer, other: Engineer, dispatcher: User
    ) -> None:
        run = ready(PlanCause.ENGINEER_ILL, EIGHT, engineer=engineer)
        planned_visit(city=city, window="14:00")
        outcome = apply_run(run=run, by=dispatcher, at=EIGHT)
        assert (outcome.run.status, Absence.objects.count()) == (PlanRunStatus.STALE, 0)

    def test_an_absence_that_moved_nobody_is_not_entered_twice(
        self, ready: Any, engineer: Engineer, dispatcher: User
    ) -> None:
        run = ready(PlanCause.ENGINEER_ILL, engineer=engineer)
        fall_ill(engineer)
        assert apply_run(run=run, by=dispatcher, at=MORNING).run.status == PlanRunStatus.APPLIED
        assert Absence.objects.count() == 1

    def test_somebody_else_entered_the_absence_meanwhile(
        self, ready: Any, city: City, engineer: Engineer, other: Engineer, dispatcher: User
    ) -> None:
        planned_visit(city=city)
        run = ready(PlanCause.ENGINEER_ILL, EIGHT, engineer=engineer)
        fall_ill(engineer, at=EIGHT)
        outcome = apply_run(run=run, by=dispatcher, at=EIGHT)
        assert (outcome.run.status, outcome.anew) == (PlanRunStatus.STALE, None)
        assert outcome.refusal is not None
        assert outcome.refusal.code == "absent_already"


class TestOthers:
    def test_running_late_gives_what_would_be_late_to_somebody_in_time(
        self, ready: Any, city: City, engineer: Engineer, dispatcher: User
    ) -> None:
        first = visit_in(VisitStatus.EN_ROUTE, city=city)
        second = planned_visit(city=city)
        assert second.engineer == engineer
        other = EngineerFactory(city=city)
        at = clock("09:40")
        run = ready(PlanCause.RUNNING_LATE, at, visit=first, minutes=120)
        assert (second.pk, engineer.pk, other.pk) in changes_of(run)
        assert [fact["visit"] for fact in run.result["retimed"]] == [first.pk]
        assert apply_run(run=run, by=dispatcher, at=at).run.status == PlanRunStatus.APPLIED
        first, second = fresh(first, second)
        assert (first.engineer, second.engineer) == (engineer, other)

    def test_running_late_writes_the_moment_that_was_shown(
        self, ready: Any, city: City, engineer: Engineer, dispatcher: User
    ) -> None:
        first = visit_in(VisitStatus.EN_ROUTE, city=city)
        planned_visit(city=city)
        EngineerFactory(city=city)
        run = ready(PlanCause.RUNNING_LATE, clock("10:10"), visit=first, minutes=60)
        apply_run(run=run, by=dispatcher, at=clock("10:18"))
        (first,) = fresh(first)
        assert first.expected_start_at == clock("11:10")
        assert run.expected_end_at == clock("11:10") + timedelta(minutes=first.service_minutes)

    def test_running_late_is_written_down_where_another_takes_the_visit(
        self, ready: Any, city: City, engineer: Engineer, dispatcher: User
    ) -> None:
        visit = confirmed_visit(city=city)
        other = EngineerFactory(city=city)
        run = ready(PlanCause.RUNNING_LATE, clock("09:00"), visit=visit, minutes=180)
        assert (visit.pk, engineer.pk, other.pk) in changes_of(run)
        apply_run(run=run, by=dispatcher, at=clock("09:00"))
        (visit,) = fresh(visit)
        assert (visit.engineer, visit.at_risk_at) == (other, None)
        assert visit.events.filter(kind=EventKind.RUNNING_LATE).count() == 1
        assert engineer.held_up.until_at == clock("13:00")

    def test_running_late_counts_everybody_who_is_told(
        self, ready: Any, city: City, engineer: Engineer
    ) -> None:
        first = visit_in(VisitStatus.EN_ROUTE, city=city)
        planned_visit(city=city, window="12:00")
        run = ready(PlanCause.RUNNING_LATE, clock("09:40"), visit=first, minutes=60)
        assert difference_of(run).told == 1, "of the new time"
        run = ready(PlanCause.RUNNING_LATE, clock("09:40"), visit=first, minutes=240)
        assert difference_of(run).told == 2, "both miss their windows"

    def test_running_late_says_who_will_be_late_all_the_same(
        self, ready: Any, city: City, engineer: Engineer
    ) -> None:
        visit = visit_in(VisitStatus.EN_ROUTE, city=city)
        run = ready(PlanCause.RUNNING_LATE, clock("09:40"), visit=visit, minutes=150)
        assert run.status == PlanRunStatus.READY
        assert [fact["visit"] for fact in run.result["late"]] == [visit.pk]
        assert run.result["late"][0]["minutes"] > 0

    def test_no_access_uses_the_time_for_one_who_waits(
        self, ready: Any, city: City, engineer: Engineer, dispatcher: User
    ) -> None:
        ended = visit_in(VisitStatus.NO_ACCESS, city=city)
        other = EngineerFactory(city=city)
        waiting = planned_visit(city=city, window="12:00", at=MORNING)
        holder = waiting.engineer
        assert holder is not None
        if holder == other:
            fall_ill(other)
        else:
            lose(waiting)
        at = clock("10:30")
        run = ready(PlanCause.NO_ACCESS, at, visit=ended)
        assert run.result["found"] == 1
        apply_run(run=run, by=dispatcher, at=at)
        assert fresh(waiting)[0].engineer is not None

    def test_urgent_finds_a_place_by_moving_another(self, ready: Any, city: City, dispatcher: User) -> None:
        senior = EngineerFactory(city=city, certified__level=3)
        taken = planned_visit(city=city, needs=HOURS)
        junior = EngineerFactory(city=city)
        assert taken.engineer == senior
        urgent = planned_visit(city=city, window="16:00", needs=SENIOR)
        lose(urgent)
        move_window(urgent, "10:00")
        run = ready(PlanCause.URGENT, visit=urgent)
        assert changes_of(run) == [(taken.pk, senior.pk, junior.pk), (urgent.pk, None, senior.pk)]
        apply_run(run=run, by=dispatcher, at=MORNING)
        taken, urgent = fresh(taken, urgent)
        assert (taken.engineer, urgent.engineer) == (junior, senior)
        day = CityDay.objects.get(city=city, on=DAY)
        assert day.planned_version != day.version, "the rest of the day was not looked at"

    def test_urgent_without_a_place_says_why(self, ready: Any, city: City, engineer: Engineer) -> None:
        urgent = planned_visit(city=city)
        fall_ill(engineer)
        run = ready(PlanCause.URGENT, visit=urgent)
        assert run.status == PlanRunStatus.NOTHING_TO_DO
        assert [fact["code"] for fact in run.result["unserved"]] == ["nobody_on_shift"]


class TestCancelling:
    def test_twice_is_once(self, ask: Any, dispatcher: User) -> None:
        run = cancel_run(run=ask(), by=dispatcher, at=MORNING)
        again = cancel_run(run=run, by=None, at=EIGHT)
        assert (again.status, again.ended_by) == (PlanRunStatus.CANCELLED, dispatcher)

    def test_a_preview_is_discarded(self, ready: Any, crossed: Any, dispatcher: User) -> None:
        assert cancel_run(run=ready(), by=dispatcher, at=MORNING).status == PlanRunStatus.CANCELLED

    def test_what_is_applied_stays(self, ready: Any, crossed: Any, dispatcher: User) -> None:
        run = apply_run(run=ready(), by=dispatcher, at=MORNING).run
        with pytest.raises(Conflict) as refusal:
            cancel_run(run=run, by=dispatcher, at=MORNING)
        assert refusal.value.code == "run_over"


class TestMending:
    def test_a_run_whose_bell_was_lost_is_rung_for_again(self, ask: Any, rung: Any) -> None:
        run = ask()
        assert mend_runs(at=MORNING + timedelta(seconds=30)) == 0
        assert mend_runs(at=MORNING + timedelta(minutes=2)) == 1
        assert rung == [run.pk, run.pk]

    def test_a_run_whose_worker_is_gone_fails(self, ask: Any) -> None:
        run = ask()
        assert mend_runs(at=MORNING + timedelta(minutes=6)) == 1
        run.refresh_from_db()
        assert run.status == PlanRunStatus.FAILED

    def test_the_ten_minutes_do_it(self, ready: Any, crossed: Any, time_machine: Any) -> None:
        run = ready()
        time_machine.move_to(MORNING + timedelta(minutes=20))
        plan_changed_days()
        run.refresh_from_db()
        assert run.status == PlanRunStatus.STALE


class TestTheDatabase:
    def refused(self, name: str, write: Callable[[], Any]) -> None:
        """The constraint of that name refuses it."""
        with pytest.raises(IntegrityError, match=name), transaction.atomic():
            write()

    def test_holds_one_open_run_for_a_question(self, ask: Any) -> None:
        run = ask()
        run.pk, run.reference = None, "P-OTHER"
        run._state.adding = True
        self.refused("plan_run_open_once", run.save)

    def test_knows_the_subject_of_each_cause(self, ask: Any, engineer: Engineer) -> None:
        run = ask()
        run.pk, run.reference, run.engineer = None, "P-OTHER", engineer
        run._state.adding = True
        self.refused("plan_run_subject", run.save)

    @pytest.mark.parametrize(
        ("name", "values"),
        [
            ("plan_run_ended_has_time", {"ended_at": MORNING}),
            ("plan_run_budget", {"budget_seconds": 0}),
            ("plan_run_status_known", {"status": "danced"}),
            ("plan_run_shown_has_result", {"status": "ready"}),
        ],
    )
    def test_refuses_what_no_run_can_be(self, ask: Any, name: str, values: dict[str, Any]) -> None:
        run = ask()
        self.refused(name, lambda: PlanRun.objects.filter(pk=run.pk).update(**values))

    def test_refuses_another_question(self, ask: Any) -> None:
        run = ask()
        self.refused(
            "append-only", lambda: PlanRun.objects.filter(pk=run.pk).update(on=DAY + timedelta(days=1))
        )

    def test_refuses_an_absence_of_no_length(self, engineer: Engineer) -> None:
        self.refused(
            "absence_has_length",
            lambda: AbsenceFactory(engineer=engineer, from_at="12:00", until_at="12:00"),
        )
