"""Two dispatchers at once, a booking between preview and apply, a search that nobody wants any more."""

from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone

from engineers.models import Engineer, PlanRun, Visit
from engineers.planning import city_today
from engineers.services import plan_runs
from engineers.services.plan_computing import compute_run
from engineers.services.plan_runs import apply_run, ask_for_plan, cancel_run
from engineers.states import EventKind, PlanCause, PlanRunStatus
from engineers.tasks import compute_plan_run
from repairhub.accounts.models import User
from repairhub.places.models import City
from tests.celery_processes import celery_worker, wait_until
from tests.connections import both_at_once
from tests.factories.accounts import DispatcherFactory
from tests.factories.engineers import DAY, MORNING, EngineerFactory, north, planned_visit
from tests.factories.places import CityFactory

pytestmark = pytest.mark.django_db(transaction=True)


def crossed(on: date, at: datetime) -> City:
    """Two engineers at either end, each with a visit at the other's end; a third one in the middle."""
    city = CityFactory()
    ends = [north(12), north(-12)]
    south = EngineerFactory(city=city, base_latitude=ends[1][0], base_longitude=ends[1][1])
    planned_visit(city=city, place=north(11), on=on, at=at)
    EngineerFactory(city=city, base_latitude=ends[0][0], base_longitude=ends[0][1])
    Engineer.objects.filter(pk=south.pk).update(is_active=False)
    planned_visit(city=city, place=north(-11), on=on, at=at)
    Engineer.objects.filter(pk=south.pk).update(is_active=True)
    EngineerFactory(city=city)
    return city


@pytest.fixture
def city(transactional_db: None) -> City:
    """Crossed, on the day of these tests."""
    return crossed(DAY, MORNING)


@pytest.fixture
def two(city: City) -> list[tuple[PlanRun, User]]:
    """Two previews of the same day, each of its own dispatcher: plan afresh, and the third engineer ill."""
    third = Engineer.objects.latest("pk")
    questions: list[dict[str, Any]] = [
        {"cause": PlanCause.OPTIMISE},
        {"cause": PlanCause.ENGINEER_ILL, "engineer": third},
    ]
    found = []
    for question in questions:
        who = DispatcherFactory()
        run = ask_for_plan(city=city, on=DAY, by=who, at=MORNING, seconds=0.2, **question)
        found.append((compute_run(run=run, at=MORNING), who))
    return found


def apply_both(two: list[tuple[PlanRun, User]]) -> list[str]:
    """Where the two runs stand once both dispatchers have pressed Apply at the same moment."""

    def pressed(run: PlanRun, who: User) -> Any:
        return lambda: apply_run(run=run, by=who, at=MORNING)

    outcomes = both_at_once(*[pressed(run, who) for run, who in two])
    assert all(isinstance(outcome, plan_runs.Outcome) for outcome in outcomes), outcomes
    return sorted(outcome.run.status for outcome in outcomes)


class TestTwoDispatchers:
    def test_one_is_applied_and_the_other_is_asked_anew(self, two: Any) -> None:
        assert apply_both(two) == [PlanRunStatus.APPLIED, PlanRunStatus.STALE]
        winner = PlanRun.objects.get(status=PlanRunStatus.APPLIED)
        loser = PlanRun.objects.get(status=PlanRunStatus.STALE)
        assert loser.followed_by.status == PlanRunStatus.ASKED
        moved = Visit.objects.filter(events__kind=EventKind.REPLANNED).distinct()
        assert {visit.events.get(kind=EventKind.REPLANNED).by for visit in moved} <= {winner.ended_by}

    def test_control_without_the_version_both_are_applied(
        self, two: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(plan_runs, "_is_past", lambda *_: False)
        assert apply_both(two) == [PlanRunStatus.APPLIED, PlanRunStatus.APPLIED]

    def test_the_same_question_at_the_same_moment_is_one_run(self, city: City) -> None:
        who = DispatcherFactory()
        runs = both_at_once(
            lambda: ask_for_plan(city=city, on=DAY, cause=PlanCause.OPTIMISE, by=who, at=MORNING)
        )
        assert runs[0] == runs[1], runs
        assert PlanRun.objects.count() == 1

    def test_the_same_run_pressed_by_two_is_applied_once(self, two: Any) -> None:
        run, _who = two[0]
        one, other = DispatcherFactory(), DispatcherFactory()
        outcomes = both_at_once(
            lambda: apply_run(run=run, by=one, at=MORNING), lambda: apply_run(run=run, by=other, at=MORNING)
        )
        assert [outcome.run.status for outcome in outcomes] == [PlanRunStatus.APPLIED] * 2
        assert len({outcome.run.ended_by_id for outcome in outcomes}) == 1
        visits = Visit.objects.filter(events__kind=EventKind.REPLANNED)
        assert visits.count() == visits.distinct().count()


class TestABookingMeanwhile:
    def test_that_commits_first_outdates_the_preview(self, city: City, two: Any) -> None:
        run, who = two[0]
        results = both_at_once(
            lambda: planned_visit(city=city, window="14:00"),
            lambda: apply_run(run=run, by=who, at=MORNING),
        )
        booked, outcome = results
        booked = Visit.objects.get(pk=booked.pk)
        assert booked.engineer_id is not None
        applied_at = outcome.run.status == PlanRunStatus.APPLIED
        # whichever came first: the booking stands in a route, and an outdated plan was not written over it
        assert applied_at or outcome.anew is not None
        assert not booked.events.filter(kind=EventKind.REPLANNED).exists()


class TestAWorker:
    """By the real clock, which is the worker's."""

    def ask(self, city: City, seconds: float) -> PlanRun:
        """Tomorrow, planned afresh."""
        now = timezone.now()
        return ask_for_plan(
            city=city,
            on=city_today(city, now) + timedelta(days=1),
            cause=PlanCause.OPTIMISE,
            by=None,
            at=now,
            seconds=seconds,
        )

    @pytest.fixture
    def city(self, transactional_db: None) -> City:
        """Crossed, tomorrow."""
        now = timezone.now()
        on = now.astimezone(ZoneInfo("Asia/Shanghai")).date() + timedelta(days=1)
        return crossed(on, now)

    def test_computes_what_was_asked_and_stops_when_it_is_cancelled(self, city: City, tmp_path: Path) -> None:
        log = tmp_path / "worker.log"

        def fresh(run: PlanRun) -> PlanRun:
            return PlanRun.objects.get(pk=run.pk)

        with celery_worker(log):
            run = self.ask(city, 60.0)
            wait_until(lambda: fresh(run).spent_seconds > 0, "it says how far it is")
            shown = fresh(run)
            assert shown.status == PlanRunStatus.COMPUTING
            assert 0 <= shown.progress_percent < 99
            cancel_run(run=run, by=None, at=timezone.now())
            wait_until(lambda: "succeeded in" in log.read_text(), "the search ends")
            assert fresh(run).status == PlanRunStatus.CANCELLED
            assert fresh(run).spent_seconds < 50, "long before its budget"
            again = self.ask(city, 0.5)  # the worker is free for it
            wait_until(lambda: not fresh(again).is_unready, "the next is computed")
        assert fresh(again).status == PlanRunStatus.READY

    def test_that_dies_leaves_the_run_to_another(self, city: City, tmp_path: Path) -> None:
        with celery_worker(tmp_path / "first.log") as worker:
            run = self.ask(city, 60.0)
            wait_until(
                lambda: PlanRun.objects.get(pk=run.pk).status == PlanRunStatus.COMPUTING, "it is taken up"
            )
            worker.kill()
        PlanRun.objects.filter(pk=run.pk).update(budget_seconds=0.3)
        compute_plan_run(run.pk)  # as the broker gives it to the next worker
        assert PlanRun.objects.get(pk=run.pk).status == PlanRunStatus.READY
