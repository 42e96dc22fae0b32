"""Whatever is decided in whatever order: no promise is broken by a decision, nobody is in two places."""

from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from engineers.models import Engineer, EngineerCertificate, Visit
from engineers.planning import engineer_day, load_plans
from engineers.services import doorstep
from engineers.services.dispatching import dispatch_visit
from engineers.services.lateness import report_running_late
from engineers.services.moving import move_visit, pin_visit
from engineers.services.opening import Wish, promise
from engineers.services.plan_computing import compute_run
from engineers.services.plan_runs import apply_run, ask_for_plan
from engineers.services.planning import plan_visit, promise_visit
from engineers.services.replanning import replan_day
from engineers.services.review import review_engineer
from engineers.services.routes import planned_late
from engineers.services.weather import set_weather
from engineers.states import ENDED, MOVABLE, OPEN, PlanCause, PlanRunStatus, VisitStatus
from repairhub.core.errors import DomainError
from repairhub.ops.audit import nobody_is_booked_twice, visits_lie_inside_their_window
from repairhub.places.models import City
from repairhub.sla.services.sweeps import sweep
from tests.factories.accounts import DispatcherFactory
from tests.factories.engineers import (
    DAY,
    MORNING,
    SCREEN,
    EngineerFactory,
    clock,
    fall_ill,
    north,
)
from tests.factories.places import CityFactory

WINDOWS = ["08:00", "10:00", "12:00", "14:00", "16:00", "18:00"]
ENGINEERS = 3
PLACES = st.integers(-9, 9)
WHICH = st.integers(0, 30)


class Day(RuleBasedStateMachine):
    """One city's day with three engineers, from six in the morning on."""

    def __init__(self) -> None:
        super().__init__()
        self.sandbox = transaction.atomic()
        self.sandbox.__enter__()
        self.at = MORNING
        self.city: City = CityFactory()
        self.engineers = [
            EngineerFactory(city=self.city, base_latitude=north(km)[0]) for km in (-6, 0, 6)[:ENGINEERS]
        ]
        self.dispatcher = DispatcherFactory(cities=[self.city])
        self.promised: dict[int, tuple[datetime, datetime, float, float]] = {}

    def teardown(self) -> None:
        """Nothing of it stays."""
        transaction.set_rollback(True)
        self.sandbox.__exit__(None, None, None)

    # --- what people do --------------------------------------------------------------------
    @rule(window=st.sampled_from(WINDOWS), km=PLACES)
    def book(self, window: str, km: int) -> None:
        start, place = clock(window), north(km)

        def book() -> Visit:
            return plan_visit(
                city=self.city,
                latitude=place[0],
                longitude=place[1],
                window_start_at=start,
                window_end_at=start + timedelta(hours=2),
                needs=SCREEN,
                by=None,
                at=self.at,
            )

        visit = self.decide(book)
        if visit is not None:
            self.promised[visit.pk] = (start, start + timedelta(hours=2), *place)
            assert visit.engineer is not None
            assert start <= visit.planned_start_at <= start + timedelta(hours=2)

    @precondition(lambda self: self.promised)
    @rule(which=WHICH)
    def cancel(self, which: int) -> None:
        visit = self.one(which)
        self.decide(
            lambda: doorstep.cancel_visit(visit=visit, reason="", by=self.dispatcher, at=self.at), visit
        )

    @precondition(lambda self: self.promised)
    @rule(which=WHICH, who=st.integers(0, ENGINEERS - 1))
    def dispatch(self, which: int, who: int) -> None:
        self.decide(
            lambda: dispatch_visit(
                visit=self.one(which), engineer=self.engineers[who], by=self.dispatcher, at=self.at
            )
        )

    @precondition(lambda self: self.promised)
    @rule(which=WHICH)
    def confirm(self, which: int) -> None:
        visit = self.one(which)
        if visit.engineer is not None:
            self.decide(
                lambda: dispatch_visit(visit=visit, engineer=visit.engineer, by=self.dispatcher, at=self.at)
            )

    @precondition(lambda self: self.promised)
    @rule(which=WHICH, who=st.integers(0, ENGINEERS - 1), hour=st.integers(8, 20))
    def move(self, which: int, who: int, hour: int) -> None:
        """Dragged on the board: to an engineer and a time."""
        self.decide(
            lambda: move_visit(
                visit=self.one(which),
                engineer=self.engineers[who],
                start_at=clock(f"{hour}:00"),
                by=self.dispatcher,
                at=self.at,
            )
        )

    @precondition(lambda self: self.promised)
    @rule(which=WHICH)
    def pin(self, which: int) -> None:
        self.decide(lambda: pin_visit(visit=self.one(which), by=self.dispatcher, at=self.at))

    @rule(window=st.sampled_from(WINDOWS), km=PLACES)
    def book_by_moving_others(self, window: str, km: int) -> None:
        """A window that has no gap any more, had by re-arranging the day."""
        start, place = clock(window), north(km)
        given: dict[str, Any] = {
            "city": self.city,
            "latitude": place[0],
            "longitude": place[1],
            "window_start_at": start,
            "window_end_at": start + timedelta(hours=2),
            "needs": SCREEN,
        }
        visit = self.decide(
            lambda: promise(
                lambda opening: promise_visit(**given, by=None, at=self.at, opening=opening),
                wish=lambda: Wish(**given),
                at=self.at,
            )
        )
        if visit is not None:
            self.promised[visit.pk] = (start, start + timedelta(hours=2), *place)

    @rule(who=st.integers(0, ENGINEERS - 1))
    def plan_around_an_illness(self, who: int) -> None:
        """Asked for on the board, computed, looked at and applied."""
        with suppress(DomainError):
            run = ask_for_plan(
                city=self.city,
                on=DAY,
                cause=PlanCause.ENGINEER_ILL,
                engineer=self.engineers[who],
                by=self.dispatcher,
                at=self.at,
                seconds=0.02,
            )
            run = compute_run(run=run, at=self.at)
            if run.status == PlanRunStatus.READY:
                apply_run(run=run, by=self.dispatcher, at=self.at)

    @rule(seed=st.integers(0, 3))
    def plan_afresh(self, seed: int) -> None:
        self.decide(
            lambda: replan_day(city=self.city, on=DAY, by=self.dispatcher, at=self.at, seed=seed, rounds=64)
        )

    @rule(who=st.integers(0, ENGINEERS - 1))
    def fall_ill(self, who: int) -> None:
        fall_ill(self.engineers[who], by=self.dispatcher, at=self.at)

    @rule(who=st.integers(0, ENGINEERS - 1))
    def come_back(self, who: int) -> None:
        self.engineers[who].absences.all().delete()

    @rule(who=st.integers(0, ENGINEERS - 1))
    def suspend(self, who: int) -> None:
        EngineerCertificate.objects.filter(engineer=self.engineers[who]).update(suspended_at=self.at)
        review_engineer(engineer=self.engineers[who], by=self.dispatcher, at=self.at)

    @rule(who=st.integers(0, ENGINEERS - 1))
    def lift(self, who: int) -> None:
        EngineerCertificate.objects.filter(engineer=self.engineers[who]).update(suspended_at=None)

    # --- what happens in the world ---------------------------------------------------------
    @rule(minutes=st.sampled_from([10, 45, 90]))
    def time_passes(self, minutes: int) -> None:
        self.at = min(self.at + timedelta(minutes=minutes), clock("21:30"))
        sweep(at=self.at)

    @rule(factor=st.sampled_from(["1.0", "1.4"]))
    def set_weather(self, factor: str) -> None:
        """Drives take longer, or as long as usual again."""
        with suppress(DomainError):
            set_weather(
                city=self.city, on=DAY, factor=Decimal(factor), reason="rain", by=self.dispatcher, at=self.at
            )

    @rule(who=st.integers(0, ENGINEERS - 1), less=st.sampled_from([10, 60]))
    def run_late_then_less_late(self, who: int, less: int) -> None:
        """Said too much at first: whatever is at risk by it is no more, unless it is late all the same."""
        visit = self.next_of(self.engineers[who])
        if visit is None:
            return
        before = set(Visit.objects.exclude(at_risk_at=None).values_list("pk", flat=True))
        with suppress(DomainError):
            for minutes in (240, less):
                report_running_late(visit=visit, minutes=minutes, by=self.engineers[who].user, at=self.at)
            late = planned_late(load_plans(self.city, DAY, DAY, self.at)[DAY])
            marked = Visit.objects.exclude(at_risk_at=None).filter(status__in=MOVABLE)
            newly = set(marked.values_list("pk", flat=True)) - before
            assert newly <= set(late), "at risk, and its route keeps its window"

    @rule(who=st.integers(0, ENGINEERS - 1), minutes=st.sampled_from([10, 60, 240]))
    def run_late(self, who: int, minutes: int) -> None:
        """What the engineer says of the next visit, or of the one begun."""
        visit = self.next_of(self.engineers[who])
        if visit is not None:
            with suppress(DomainError):
                report_running_late(visit=visit, minutes=minutes, by=self.engineers[who].user, at=self.at)

    def next_of(self, engineer: Engineer) -> Visit | None:
        """The visit under way, or the named one that is planned first."""
        mine = Visit.objects.filter(engineer=engineer, status__in=OPEN).exclude(status=VisitStatus.PLANNED)
        under_way = mine.filter(status__in=(VisitStatus.EN_ROUTE, VisitStatus.ON_SITE)).first()
        return under_way or mine.order_by("planned_start_at").first()

    @rule(who=st.integers(0, ENGINEERS - 1))
    def work(self, who: int) -> None:
        """The engineer's next step."""
        engineer = self.engineers[who]
        visit = self.next_of(engineer)
        if visit is None:
            return
        given: dict[str, Any] = {"visit": visit, "by": engineer.user, "at": self.at}
        with suppress(DomainError):
            if visit.status == VisitStatus.CONFIRMED:
                doorstep.set_out(**given)
            elif visit.status == VisitStatus.EN_ROUTE:
                doorstep.arrive(**given)
            elif visit.started_at is None:
                doorstep.start_visit(**given)
            else:
                doorstep.finish_visit(**given)

    # --- what always holds -----------------------------------------------------------------
    def one(self, which: int) -> Visit:
        """One of the visits promised."""
        ids = sorted(self.promised)
        return Visit.objects.select_related("city", "engineer__user").get(pk=ids[which % len(ids)])

    def decide(self, decision: Callable[[], Any], given_up: Visit | None = None) -> Any:
        """The decision's outcome, None where it was refused. It breaks no window that was kept until then."""
        kept = self.kept()
        try:
            with transaction.atomic():
                outcome = decision()
        except DomainError:
            assert self.kept() == kept, "a refusal changes nothing"
            return None
        lost = kept - self.kept() - ({given_up.pk} if given_up else set())
        broken = Visit.objects.filter(pk__in=lost).exclude(status__in=ENDED)
        late = [visit for visit in broken if visit.at_risk_at is None]
        assert not late, f"broken by a decision, and nobody said so: {late}"
        return outcome

    def kept(self) -> set[int]:
        """The visits that somebody's route keeps inside their window."""
        return {
            visit.pk
            for visit in Visit.objects.filter(status__in=OPEN, engineer__isnull=False)
            if visit.planned_start_at and visit.planned_start_at <= visit.window_end_at
        }

    @invariant()
    def promises_stand_as_they_were_made(self) -> None:
        for visit in Visit.objects.filter(city=self.city):
            stands = (visit.window_start_at, visit.window_end_at, visit.latitude, visit.longitude)
            assert stands == self.promised[visit.pk]

    @invariant()
    def nobody_is_in_two_places(self) -> None:
        assert list(nobody_is_booked_twice(self.at)) == []

    @invariant()
    def what_is_outside_its_window_is_said_to_be(self) -> None:
        assert list(visits_lie_inside_their_window(self.at)) == []

    @invariant()
    def whoever_has_nobody_is_at_risk(self) -> None:
        alone = Visit.objects.filter(status__in=MOVABLE, engineer=None, at_risk_at=None)
        assert not alone.exists()

    @invariant()
    def whoever_comes_may_and_can(self) -> None:
        loaded = {e.pk: engineer_day(e, DAY) for e in Engineer.objects.with_day(DAY, DAY)}
        for visit in Visit.objects.filter(status__in=MOVABLE, engineer__isnull=False):
            day = loaded[visit.engineer_id]  # type: ignore[index]  # not null by the filter
            assert day.on_shift
            assert day.skills.get("screen", 0) >= visit.required_skills["screen"]


@pytest.mark.django_db
def test_no_sequence_of_decisions_breaks_a_promise() -> None:
    assert timezone.is_aware(MORNING)
    run_state_machine_as_test(
        Day,
        settings=settings(
            max_examples=15, stateful_step_count=30, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("change", "found_by"),
    [
        (
            {"engineer": None, "planned_start_at": None, "planned_end_at": None},
            "whoever_has_nobody_is_at_risk",
        ),
        (
            {"planned_start_at": clock("13:00"), "planned_end_at": clock("14:00")},
            "what_is_outside_its_window_is_said_to_be",
        ),
    ],
)
def test_a_control_that_says_nothing_of_it_is_found_out(change: dict[str, Any], found_by: str) -> None:
    day = Day()
    try:
        day.book(window="10:00", km=0)
        getattr(day, found_by)()
        Visit.objects.filter(pk__in=day.promised).update(**change)
        with pytest.raises(AssertionError):
            getattr(day, found_by)()
    finally:
        day.teardown()
