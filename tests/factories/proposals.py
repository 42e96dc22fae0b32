"""Orders whose engineer cannot come, and proposals of another window in each of their states."""

from datetime import datetime, timedelta
from typing import Any

from engineers.models import Engineer, Visit
from engineers.states import MOVABLE
from orders.models import Proposal, RepairOrder
from orders.services.accepting import accept_proposal
from orders.services.proposals import decline_proposal, expire_proposal, propose_window, withdraw_proposal
from orders.services.proposing import sweep_proposals
from orders.states import AnsweredHow, ProposalReason, ProposalStatus
from repairhub.places.models import City
from tests.factories.accounts import DispatcherFactory
from tests.factories.door import booked, catalogue, qualified_engineer
from tests.factories.engineers import DAY, MORNING, clock, fall_ill

TOMORROW = DAY + timedelta(days=1)
NEXT_TEN = clock("10:00", TOMORROW)
NEXT_TWO = clock("14:00", TOMORROW)


def window(start_at: datetime) -> tuple[datetime, datetime]:
    """The arrival window of two hours that begins then."""
    return start_at, start_at + timedelta(hours=2)


def served(city: City, **booking: Any) -> RepairOrder:
    """An order of today in a city with a catalogue and one engineer."""
    catalogue()
    if not Engineer.objects.filter(city=city).exists():
        qualified_engineer(city)
    return booked(city, **booking)


def visit_of(order: RepairOrder) -> Visit:
    """The visit that the order waits for."""
    return (
        Visit.objects.select_related("city", "engineer__user").filter(orders=order, status__in=MOVABLE).get()
    )


def left_alone(order: RepairOrder, *, at: datetime = MORNING) -> Visit:
    """The order's visit once its engineer has fallen ill for the day."""
    engineer = visit_of(order).engineer
    assert engineer is not None
    fall_ill(engineer, on=visit_of(order).on, at=at)
    return visit_of(order)


def proposed_by_the_system(order: RepairOrder, *, at: datetime = MORNING) -> Proposal:
    """The open proposal that the system makes once the only engineer is ill."""
    left_alone(order, at=at)
    sweep_proposals(at=at)
    return Proposal.objects.open().get(order=order)


def proposed(order: RepairOrder, *starts: datetime, at: datetime = MORNING, **fields: Any) -> Proposal:
    """A dispatcher's proposal of these windows (tomorrow at ten and at two by default)."""
    return propose_window(
        **{
            "visit": visit_of(order),
            "windows": [window(start_at) for start_at in starts or (NEXT_TEN, NEXT_TWO)],
            "reason": ProposalReason.RUNNING_LATE,
            "note": "",
            "by": DispatcherFactory(),
            "at": at,
            **fields,
        }
    )


def proposal_in(status: str, order: RepairOrder) -> Proposal:
    """A dispatcher's proposal, brought into that state by the verb that leads there."""
    proposal = proposed(order)
    if status == ProposalStatus.ACCEPTED:
        return agreed(proposal)
    if status == ProposalStatus.DECLINED:
        return decline_proposal(proposal=proposal, by=order.customer, at=MORNING, how=AnsweredHow.PAGE)
    if status == ProposalStatus.WITHDRAWN:
        return withdraw_proposal(proposal=proposal, note="a mistake", by=DispatcherFactory(), at=MORNING)
    if status == ProposalStatus.EXPIRED:
        return expire_proposal(proposal=proposal, at=proposal.expires_at)
    return proposal


def agreed(proposal: Proposal, start_at: datetime = NEXT_TEN, *, at: datetime = MORNING) -> Proposal:
    """The proposal, accepted by the customer on the order's page."""
    return accept_proposal(
        proposal=proposal, choice=start_at, by=proposal.order.customer, at=at, how=AnsweredHow.PAGE
    )
