"""Two at the same proposal at the same moment: one winner, and only because of the locks."""

import threading
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection, transaction

from engineers.models import Visit
from engineers.services import planning
from engineers.services.doorstep import arrive
from engineers.services.planning import WindowShut
from engineers.states import MOVABLE, VisitStatus
from orders.models import Credit, OrderEvent, Proposal, RepairOrder
from orders.services import accepting, proposals
from orders.services.proposing import sweep_proposals
from orders.services.timeline import chain_faults
from repairhub.core.errors import Conflict, DomainError
from repairhub.sla.services.clocks import sweep
from tests.connections import both_at_once
from tests.factories.accounts import DispatcherFactory
from tests.factories.door import booked, bring
from tests.factories.engineers import MORNING
from tests.factories.places import CityFactory
from tests.factories.proposals import (
    NEXT_TEN,
    NEXT_TWO,
    agreed,
    left_alone,
    proposed,
    proposed_by_the_system,
    served,
    visit_of,
    window,
)

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def order() -> RepairOrder:
    """Today from ten to twelve, with the only engineer of the city."""
    return served(CityFactory())


def kinds(results: list[Any]) -> list[str]:
    """What each of the two got."""
    return sorted(type(result).__name__ for result in results)


class Meeting:
    """Lets nobody past the reading of the proposal until both have read it, or the other waits for a lock."""

    def __init__(self) -> None:
        self._barrier = threading.Barrier(2)
        self.met = False

    def after(self, read: Callable[..., Any]) -> Callable[..., Any]:
        """`read`, and then the meeting."""

        def met(*args: Any, **kwargs: Any) -> Any:
            found = read(*args, **kwargs)
            try:
                self._barrier.wait(timeout=2)
                self.met = True
            except threading.BrokenBarrierError:
                pass
            return found

        return met


@pytest.fixture
def meeting(monkeypatch: pytest.MonkeyPatch) -> Meeting:
    """Both connections meet between reading the proposal and answering it."""
    met = Meeting()
    for module in (accepting, proposals):
        monkeypatch.setattr(module, "locked_proposal", met.after(module.locked_proposal))
    return met


def take_the_locks_away(monkeypatch: pytest.MonkeyPatch, meeting: Meeting) -> None:
    """Everything is read as always, but nobody waits for anybody."""

    def unlocked(proposal: Proposal) -> tuple[RepairOrder, Proposal]:
        fresh = Proposal.objects.select_related("visit__city", "order__city").get(pk=proposal.pk)
        return fresh.order, fresh

    for module in (accepting, proposals):
        monkeypatch.setattr(module, "locked_proposal", meeting.after(unlocked))
    monkeypatch.setattr(accepting, "lock_city_day", lambda city, on: None)


class TestTwoTabs:
    def test_two_choices_have_one_winner(self, order: RepairOrder) -> None:
        proposal = proposed(order)
        results = both_at_once(lambda: agreed(proposal, NEXT_TEN), lambda: agreed(proposal, NEXT_TWO))
        assert kinds(results) == ["Conflict", "Proposal"], results
        assert Visit.objects.filter(orders=order, status__in=MOVABLE).count() == 1
        assert Credit.objects.count() == 1
        assert chain_faults(order) == []

    def test_the_same_choice_twice_is_one_visit_for_both(self, order: RepairOrder) -> None:
        proposal = proposed(order)
        results = both_at_once(lambda: agreed(proposal))
        assert kinds(results) == ["Proposal", "Proposal"], results
        assert Visit.objects.filter(orders=order).count() == 2
        assert OrderEvent.objects.filter(order=order, kind="proposal_accepted").count() == 1


class TestAcceptedWhileTakenBack:
    def race(self, order: RepairOrder) -> tuple[Proposal, list[Any]]:
        proposal, by = proposed(order), DispatcherFactory()

        def withdraw() -> Proposal:
            return proposals.withdraw_proposal(proposal=proposal, note="a mistake", by=by, at=MORNING)

        return proposal, both_at_once(lambda: agreed(proposal), withdraw)

    def test_one_of_them_stands(self, order: RepairOrder) -> None:
        proposal, results = self.race(order)
        assert kinds(results) == ["Conflict", "Proposal"], results
        status = Proposal.objects.get(pk=proposal.pk).status
        moved = visit_of(order).window_start_at == NEXT_TEN
        assert (status, moved) in {("accepted", True), ("withdrawn", False)}

    def test_control_without_the_locks_both_believe_they_have_won(
        self, order: RepairOrder, meeting: Meeting, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        take_the_locks_away(monkeypatch, meeting)
        _proposal, results = self.race(order)
        assert meeting.met
        # both decided on the open proposal: what is closed stays closed, and the database stops the second
        refused = [result for result in results if isinstance(result, Exception)]
        assert [isinstance(one, DomainError) for one in refused] == [False], results

    def test_with_the_locks_they_never_meet(self, order: RepairOrder, meeting: Meeting) -> None:
        _proposal, results = self.race(order)
        assert not meeting.met
        assert kinds(results) == ["Conflict", "Proposal"], results


class TestAcceptedWhileBooked:
    def both(self, order: RepairOrder) -> list[Any]:
        """The last place in that window: agreed to by one customer, booked by another."""
        city = order.city
        proposal = proposed(order, NEXT_TEN)
        while True:  # until one more fits and no two
            with transaction.atomic():
                try:
                    booked(city, window_start_at=NEXT_TEN, window_end_at=window(NEXT_TEN)[1])
                    booked(city, window_start_at=NEXT_TEN, window_end_at=window(NEXT_TEN)[1])
                except WindowShut:
                    transaction.set_rollback(True)
                    break
                transaction.set_rollback(True)
            booked(city, window_start_at=NEXT_TEN, window_end_at=window(NEXT_TEN)[1])
        return both_at_once(
            lambda: agreed(proposal),
            lambda: booked(city, window_start_at=NEXT_TEN, window_end_at=window(NEXT_TEN)[1]),
        )

    def test_the_place_is_given_once(self, order: RepairOrder) -> None:
        results = self.both(order)
        assert len([one for one in results if isinstance(one, WindowShut)]) == 1, results
        lost = isinstance(results[0], WindowShut)
        assert visit_of(order).window_start_at == (NEXT_TEN if not lost else window_of_today(order))

    def test_control_without_the_days_lock_it_is_given_twice_or_stopped_by_the_constraint(
        self, order: RepairOrder, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        meeting = Meeting()
        monkeypatch.setattr(planning, "lock_city_day", lambda city, on: None)
        monkeypatch.setattr(accepting, "lock_city_day", lambda city, on: None)
        real, here = planning.load_plans, threading.main_thread()

        def met(*args: Any, **kwargs: Any) -> Any:
            found = real(*args, **kwargs)
            if threading.current_thread() is not here:
                return meeting.after(lambda: found)()
            return found

        monkeypatch.setattr(planning, "load_plans", met)
        results = self.both(order)
        assert meeting.met
        refused = [one for one in results if isinstance(one, Exception)]
        assert not [one for one in refused if isinstance(one, WindowShut)], results


def window_of_today(order: RepairOrder) -> Any:
    return order.visits.earliest("pk").window_start_at


class TestTheSystem:
    def test_two_sweeps_at_once_open_one_proposal(self, order: RepairOrder) -> None:
        left_alone(order)
        results = both_at_once(lambda: sweep_proposals(at=MORNING))
        assert not [one for one in results if isinstance(one, Exception)], results
        assert Proposal.objects.count() == 1

    def test_a_sweep_and_the_customers_yes_do_not_deadlock(self, order: RepairOrder) -> None:
        proposal = proposed_by_the_system(order)
        results = both_at_once(
            lambda: agreed(proposal, proposal.options[0][0]), lambda: sweep_proposals(at=MORNING)
        )
        assert not [one for one in results if isinstance(one, Exception)], results
        assert Proposal.objects.get(pk=proposal.pk).status == "accepted"

    def test_arriving_late_and_the_sweep_of_clocks_at_once_credit_once(self, order: RepairOrder) -> None:
        visit = visit_of(order)
        bring(visit, VisitStatus.EN_ROUTE)
        assert visit.engineer is not None
        by, at = visit.engineer.user, visit.window_end_at
        results = both_at_once(lambda: arrive(visit=visit, by=by, at=at), lambda: sweep(at=at))
        failed = [one for one in results if isinstance(one, Exception)]
        assert all(isinstance(one, Conflict) for one in failed), results
        if failed:
            arrive(visit=visit, by=by, at=at)
        sweep(at=at)
        assert list(Credit.objects.values_list("reason", flat=True)) == ["missed"]

    def test_the_sweep_of_clocks_does_not_wait_for_a_visit_that_its_engineer_holds(
        self, order: RepairOrder
    ) -> None:
        visit = visit_of(order)
        passed = threading.Event()

        def minute() -> None:
            try:
                sweep(at=visit.window_end_at)
                passed.set()
            finally:
                connection.close()

        thread = threading.Thread(target=minute)
        with transaction.atomic():
            Visit.objects.select_for_update().get(pk=visit.pk)
            thread.start()
            assert passed.wait(timeout=15)
        thread.join(timeout=15)
        sweep(at=visit.window_end_at)
        assert Credit.objects.count() == 1
