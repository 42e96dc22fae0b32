"""Fourteen days are looked through before a transaction or after it: never while it holds locks."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection

from engineers.selectors.windows import offered_windows
from engineers.services import planning
from engineers.services.planning import WindowShut
from orders.models import Proposal, RepairOrder
from orders.services import proposing
from orders.services.accepting import counter_proposal
from orders.services.visits import choose_window
from orders.states import AnsweredHow, VisitPurpose
from tests.factories.door import booked
from tests.factories.engineers import MORNING
from tests.factories.places import CityFactory
from tests.factories.proposals import (
    NEXT_TEN,
    NEXT_TWO,
    agreed,
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


@pytest.fixture
def looked(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """For every look through the days to come: whether a transaction was open."""
    found: list[bool] = []

    def looking(**asked: Any) -> Any:
        found.append(connection.in_atomic_block)
        return offered_windows(**asked)

    monkeypatch.setattr(planning, "offered_windows", looking)
    monkeypatch.setattr(proposing, "offered_windows", looking)
    return found


def taken(order: RepairOrder) -> None:
    """Others book tomorrow at ten until nobody can come then."""
    start_at, end_at = window(NEXT_TEN)
    while True:
        try:
            booked(order.city, window="10:00", window_start_at=start_at, window_end_at=end_at)
        except WindowShut:
            return


def accept(order: RepairOrder, proposal: Proposal) -> Any:
    """Tomorrow at ten, as we proposed."""
    return agreed(proposal)


def counter(order: RepairOrder, proposal: Proposal) -> Any:
    """Tomorrow at ten, as the customer wishes."""
    return counter_proposal(
        proposal=proposal, windows=[NEXT_TEN], by=order.customer, at=MORNING, how=AnsweredHow.PAGE
    )


def choose(order: RepairOrder, proposal: Proposal) -> Any:
    """Tomorrow at ten, chosen on the order's page."""
    start_at, end_at = window(NEXT_TEN)
    return choose_window(
        order=order,
        window_start_at=start_at,
        window_end_at=end_at,
        purpose=VisitPurpose.REPAIR,
        line_ids=None,
        by=order.customer,
        at=MORNING,
    )


@pytest.mark.parametrize("verb", [accept, counter, choose])
def test_the_nearest_to_a_window_that_was_taken(
    order: RepairOrder, looked: list[bool], verb: Callable[[RepairOrder, Proposal], Any]
) -> None:
    proposal = proposed(order)
    before = visit_of(order)
    taken(order)
    looked.clear()
    with pytest.raises(WindowShut) as refused:
        verb(order, proposal)
    assert len(refused.value.nearest) == 3
    assert looked == [False]
    assert visit_of(order) == before
    assert Proposal.objects.open().get() == proposal


def test_the_nearest_to_one_that_the_desk_cannot_propose(order: RepairOrder, looked: list[bool]) -> None:
    taken(order)
    looked.clear()
    with pytest.raises(WindowShut) as refused:
        proposed(order, NEXT_TEN, NEXT_TWO)
    assert refused.value.field == "windows"
    assert len(refused.value.nearest) == 3
    assert looked == [False]
    assert not Proposal.objects.exists()


def test_what_the_system_proposes(order: RepairOrder, looked: list[bool]) -> None:
    assert len(proposed_by_the_system(order).options) == 3
    assert looked == [False]


def test_what_is_taken_between_the_look_and_the_lock_is_not_proposed(
    order: RepairOrder, monkeypatch: pytest.MonkeyPatch
) -> None:
    def late(**asked: Any) -> Any:
        offered = offered_windows(**asked)
        start = next(w for w in offered if w.is_open)
        while True:
            try:
                booked(order.city, window_start_at=start.start_at, window_end_at=start.end_at)
            except WindowShut:
                return offered

    monkeypatch.setattr(proposing, "offered_windows", late)
    with pytest.raises(Proposal.DoesNotExist):
        proposed_by_the_system(order)
    monkeypatch.undo()
    assert proposing.sweep_proposals(at=MORNING).opened == 1
