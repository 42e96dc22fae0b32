"""What the system proposes by itself: where nobody can come, once, and no longer than it makes sense."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.core.cache import cache

from engineers.dispatch.opening import open_by_moving
from engineers.models import Engineer
from engineers.selectors import keeping
from engineers.selectors.keeping import beyond_keeping
from engineers.services.dispatching import dispatch_visit
from engineers.services.doorstep import mark_at_risk
from engineers.services.replanning import replan_day
from engineers.services.review import review_engineer
from orders.models import Proposal, RepairOrder
from orders.services.proposals import decline_proposal, withdraw_proposal
from orders.services.proposing import MOST_TIMES, propose_for_visits, sweep_proposals
from orders.states import AnsweredHow, ProposalReason, ProposalStatus, WithdrawnBecause
from orders.tasks import propose_windows, sweep_open_proposals
from repairhub.core.models import Tick
from repairhub.notifications.models import Message
from repairhub.places.models import City
from tests.factories.accounts import DispatcherFactory
from tests.factories.door import booked, qualified_engineer
from tests.factories.engineers import DAY, MORNING, clock, fall_ill, planned_visit
from tests.factories.proposals import (
    TOMORROW,
    agreed,
    left_alone,
    proposed,
    proposed_by_the_system,
    visit_of,
    window,
)

pytestmark = pytest.mark.django_db
NOON = clock("12:00")


@pytest.fixture
def order(city: City) -> RepairOrder:
    """Today from ten to twelve, with the city's only engineer."""
    return booked(city)


def swept(at: Any = MORNING) -> tuple[int, int, int]:
    """What a sweep did: opened, expired, withdrawn."""
    done = sweep_proposals(at=at)
    return done.opened, done.expired, done.withdrawn


class TestOpening:
    def test_the_nearest_windows_with_the_credit_once_the_last_engineer_is_ill(
        self, order: RepairOrder
    ) -> None:
        proposal = proposed_by_the_system(order)
        assert [start_at for start_at, _end_at in proposal.options] == [
            clock(hour, TOMORROW) for hour in ("08:00", "10:00", "12:00")
        ]
        assert proposal.is_of_system
        assert (proposal.reason, proposal.credit) == (ProposalReason.ENGINEER_OUT, Decimal(20))
        assert Message.objects.filter(template="window_proposed").count() == 2
        assert visit_of(order).window_start_at == clock("10:00")

    def test_again_opens_nothing_more(self, order: RepairOrder) -> None:
        proposed_by_the_system(order)
        assert swept() == (0, 0, 0)
        assert propose_for_visits(visit_ids=[visit_of(order).pk], at=MORNING) == []

    def test_not_while_somebody_can_come(self, order: RepairOrder) -> None:
        visit = left_alone(order)
        qualified_engineer(order.city)
        assert swept() == (0, 0, 0)
        assert beyond_keeping([visit], MORNING) == []

    def test_not_while_somebody_can_come_if_another_visit_is_moved(self, order: RepairOrder) -> None:
        # the only other engineer has from ten to eleven for it, where a visit stands that fits later as well
        visit = left_alone(order)
        other = qualified_engineer(order.city)
        other.shifts.update(starts_at="10:00", ends_at="13:30")
        stands = planned_visit(city=order.city, window="10:00")
        dispatch_visit(visit=stands, engineer=other, by=DispatcherFactory(), at=MORNING)
        assert beyond_keeping([visit], MORNING) == []

    def test_a_day_that_has_not_changed_is_not_searched_again(
        self, order: RepairOrder, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        searched: list[Any] = []

        def search(*asked: Any, **options: Any) -> Any:
            searched.append(asked)
            return open_by_moving(*asked, **options)

        monkeypatch.setattr(keeping, "open_by_moving", search)
        visit = left_alone(order)
        assert [beyond_keeping([visit], MORNING) for _minute in range(3)] == [[visit]] * 3
        assert len(searched) == 1
        other = qualified_engineer(order.city)
        planned_visit(city=order.city, window="14:00")
        assert other.visits.exists()
        assert beyond_keeping([visit], MORNING) == []
        assert len(searched) == 2
        cache.clear()  # ten minutes are over
        assert beyond_keeping([visit], MORNING) == []
        assert len(searched) == 3

    def test_where_the_window_has_passed_nobody_can_keep_it(self, order: RepairOrder) -> None:
        visit = left_alone(order)
        qualified_engineer(order.city)
        assert beyond_keeping([visit], NOON) == [visit]

    def test_a_visit_with_an_engineer_is_the_desks_matter(self, order: RepairOrder) -> None:
        mark_at_risk(visit_ids=[visit_of(order).pk], at=MORNING)
        assert swept() == (0, 0, 0)

    def test_where_no_window_is_left_the_customer_is_told_that_too(self, order: RepairOrder) -> None:
        left_alone(order)
        Engineer.objects.get().shifts.all().delete()
        assert swept() == (1, 0, 0)
        assert Proposal.objects.get().options == []

    def test_many_at_once_each_get_theirs(self, city: City) -> None:
        orders = [booked(city, window=hour) for hour in ("08:00", "10:00", "14:00")]
        fall_ill(Engineer.objects.get())
        assert swept() == (3, 0, 0)
        assert {p.order_id for p in Proposal.objects.all()} == {order.pk for order in orders}

    def test_one_that_cannot_be_proposed_holds_up_no_other(self, city: City) -> None:
        first, second = booked(city, window="08:00"), booked(city, window="10:00")
        fall_ill(Engineer.objects.get())
        visit_of(first).order_visits.create(order=second)  # serves two orders: nobody may ask for both
        assert swept() == (1, 0, 0)
        assert Proposal.objects.get().visit_id == visit_of_window(second, "10:00")

    def test_after_a_no_of_the_customer_nothing_is_asked_again(self, order: RepairOrder) -> None:
        proposal = proposed_by_the_system(order)
        decline_proposal(proposal=proposal, by=order.customer, at=MORNING, how=AnsweredHow.PAGE)
        assert swept() == (0, 0, 0)

    def test_nor_after_the_desk_took_it_back(self, order: RepairOrder) -> None:
        proposal = proposed_by_the_system(order)
        withdraw_proposal(proposal=proposal, note="I call them", by=DispatcherFactory(), at=MORNING)
        assert swept() == (0, 0, 0)

    def test_what_was_broken_a_week_ago_is_for_the_desk(self, order: RepairOrder) -> None:
        left_alone(order)
        assert swept(NOON + timedelta(days=7)) == (0, 0, 0)
        assert swept(NOON + timedelta(days=6)) == (1, 0, 0)

    def test_without_an_answer_it_is_asked_three_times_at_most(self, order: RepairOrder) -> None:
        proposed_by_the_system(order)
        at = MORNING
        for _time in range(MOST_TIMES + 2):
            at += timedelta(days=1)
            swept(at)
        assert Proposal.objects.filter(order=order, status=ProposalStatus.EXPIRED).count() == MOST_TIMES


def visit_of_window(order: RepairOrder, hour: str) -> int:
    """The order's visit in that window."""
    return order.visits.get(window_start_at=clock(hour)).pk


class TestTakingBack:
    def test_naming_somebody_in_the_window_takes_it_back_and_says_so(self, order: RepairOrder) -> None:
        proposal = proposed_by_the_system(order)
        other = qualified_engineer(order.city)
        dispatch_visit(visit=visit_of(order), engineer=other, by=DispatcherFactory(), at=MORNING)
        proposal.refresh_from_db()
        assert (proposal.status, proposal.withdrawn_because) == ("withdrawn", WithdrawnBecause.KEPT)
        assert Message.objects.filter(template="proposal_withdrawn").count() == 2
        assert not order.credits.exists()

    def test_so_does_a_plan_that_finds_somebody(self, order: RepairOrder) -> None:
        proposal = proposed_by_the_system(order)
        qualified_engineer(order.city)
        replan_day(city=order.city, on=DAY, by=None, at=MORNING, rounds=50)
        assert swept() == (0, 0, 1)
        proposal.refresh_from_db()
        assert proposal.withdrawn_because == WithdrawnBecause.KEPT

    def test_naming_somebody_who_comes_late_does_not(self, order: RepairOrder) -> None:
        proposal = proposed_by_the_system(order)
        late = qualified_engineer(order.city)
        late.shifts.update(starts_at="13:00")
        dispatch_visit(visit=visit_of(order), engineer=late, by=DispatcherFactory(), at=MORNING)
        assert swept() == (0, 0, 0)
        proposal.refresh_from_db()
        assert proposal.is_open

    def test_what_a_dispatcher_asked_stays_asked(self, order: RepairOrder) -> None:
        visit = visit_of(order)
        proposal = proposed(order)
        dispatch_visit(visit=visit, engineer=visit.engineer, by=DispatcherFactory(), at=MORNING)  # type: ignore[arg-type]
        assert swept() == (0, 0, 0)
        proposal.refresh_from_db()
        assert proposal.is_open

    def test_lost_again_it_is_proposed_anew(self, order: RepairOrder) -> None:
        proposed_by_the_system(order)
        other = qualified_engineer(order.city)
        dispatch_visit(visit=visit_of(order), engineer=other, by=DispatcherFactory(), at=MORNING)
        fall_ill(other, at=MORNING + timedelta(minutes=5))
        assert swept(MORNING + timedelta(minutes=6)) == (1, 0, 0)

    def test_the_sweep_lets_it_expire(self, order: RepairOrder) -> None:
        proposal = proposed_by_the_system(order)
        assert swept(proposal.expires_at)[1] == 1


class TestTheClockwork:
    def test_a_minute_is_swept_once(self, order: RepairOrder) -> None:
        left_alone(order)
        Tick.objects.all().delete()
        assert sweep_open_proposals() == 1
        assert sweep_open_proposals() in (0, 1)  # the next minute may have begun: then nothing is left to do
        assert Proposal.objects.count() == 1

    def test_the_bell_does_the_same_at_once_and_twice_does_nothing(self, order: RepairOrder) -> None:
        visit = left_alone(order)
        assert [propose_windows([visit.pk]), propose_windows([visit.pk])] == [1, 0]

    def test_is_rung_by_visits_that_lose_their_engineer(
        self, order: RepairOrder, monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: Any
    ) -> None:
        from repairhub.notifications.doorbell import BELL

        rung: list[Any] = []
        monkeypatch.setattr(BELL, "ring", lambda task, args: rung.append((task.name, args)))
        with django_capture_on_commit_callbacks(execute=True):
            visit = left_alone(order)
        assert ("orders.tasks.propose_windows", ([visit.pk],)) in rung
        other = qualified_engineer(order.city)
        by = DispatcherFactory()
        dispatch_visit(visit=visit, engineer=other, by=by, at=MORNING)
        mark_at_risk(visit_ids=[visit.pk], at=MORNING)  # at risk already when the engineer is lost
        rung.clear()
        with django_capture_on_commit_callbacks(execute=True):
            other.shifts.all().delete()
            review_engineer(engineer=other, by=None, at=MORNING)
        assert ("orders.tasks.propose_windows", ([visit.pk],)) in rung


class TestAccepting:
    def test_what_the_system_proposed_moves_the_visit_out_of_the_tray(self, order: RepairOrder) -> None:
        proposal = proposed_by_the_system(order)
        agreed(proposal, clock("08:00", TOMORROW))
        visit = visit_of(order)
        assert (visit.window_start_at, visit.window_end_at) == window(clock("08:00", TOMORROW))
        assert visit.at_risk_at is None
        assert order.credits.get().amount == Decimal(20)
        assert swept() == (0, 0, 0)
