"""Proposals of another arrival window: raised, declined, taken back, expired. The old promise binds.

Locks in the order of the house: the city's day, the order, the visit; a proposal comes after its order.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange
from django.utils.translation import gettext_lazy as _

from engineers import policy
from engineers.models import Visit
from engineers.selectors.windows import is_open_for, needs_of_visit
from engineers.services.planning import window_shut
from engineers.services.routes import lock_city_day, locked_visit
from engineers.states import MOVABLE
from orders.models import OrderContact, OrderVisit, Proposal, RepairOrder
from orders.models.proposals import MOST_WINDOWS
from orders.services.credits import (
    credit_lost_window,
    grant_credit,
    lost_window_credit_due,
    policy_of,
    tell_credit,
)
from orders.services.telling import tell_contacts, visit_context
from orders.services.timeline import append_event
from orders.states import (
    DESK_REASONS,
    AnsweredHow,
    CreditReason,
    ProposalKind,
    ProposalReason,
    ProposalStatus,
    Side,
    WithdrawnBecause,
)
from repairhub.accounts.rules import sees_dispatch_board
from repairhub.core.errors import Conflict, DomainError, InvalidInput, NotAllowed

WindowPair = tuple[datetime, datetime]
ANSWER_HOURS = 24  # where no policy says otherwise
LONGEST_NOTE = 300


class WindowTaken(Exception):
    """A window that was to be proposed is shut; nothing was written."""

    def __init__(self, window: WindowPair) -> None:
        super().__init__(f"{window[0]} is shut")
        self.window = window


def open_proposal_of(visit: Visit) -> Proposal | None:
    """The proposal of another window that waits for the customer's answer."""
    return Proposal.objects.open().of_windows().filter(visit=visit).first()


def propose_window(
    *, visit: Visit, windows: Sequence[WindowPair], reason: str, note: str, by: Any, at: datetime
) -> Proposal:
    """The open proposal of these windows instead of the promised one, as by `open_proposal`.

    Raises WindowShut with the nearest where a window is shut: they are looked for once the locks are given
    back.
    """
    try:
        return open_proposal(visit=visit, windows=windows, reason=reason, note=note, by=by, at=at)
    except WindowTaken as taken:
        city, needs = visit.city, needs_of_visit(visit)
        error = window_shut(city, visit.latitude, visit.longitude, *taken.window, needs, at)
        error.field = "windows"
        raise error from None


@transaction.atomic
def open_proposal(
    *, visit: Visit, windows: Sequence[WindowPair], reason: str, note: str, by: Any, at: datetime
) -> Proposal:
    """The open proposal of these windows instead of the promised one, told to the order's contacts.

    `by`: a dispatcher of the city, None for the system, which alone may offer none (where none is open).
    Only windows that the engine finds feasible now are offered; none is held. The same again gives the
    proposal that is open. Raises InvalidInput (fields "windows", "reason", "note"), WindowTaken, NotAllowed,
    Conflict where the visit is under way or over, serves several orders, or has another open proposal.
    """
    _check_reason(reason, note)
    if by is not None and not _is_desk_of(visit, by):
        raise NotAllowed(
            _("Only the dispatch desk of the city can propose another window."),
            next_step=_("Ask the dispatcher of that city."),
        )
    lock_city_day(visit.city, visit.on, changes_route=False)
    order = locked_order_of(visit)
    visit = locked_visit(visit)
    wanted = sorted({(start_at, end_at) for start_at, end_at in windows})
    present = open_proposal_of(visit)
    if present is not None:
        if (present.options, present.reason, present.note) == (wanted, reason, note.strip()):
            return present  # pressed twice
        raise Conflict(
            _("Another window has been proposed for this visit already, and the customer has not answered."),
            code="proposal_open",
            next_step=_("Withdraw that proposal first, or wait for the answer."),
        )
    check_movable(visit)
    _check_windows(visit, wanted, by, at)
    proposal = Proposal.objects.create(
        order=order,
        visit=visit,
        kind=ProposalKind.NEW_WINDOW,
        raised_by=Side.US,
        reason=reason,
        note=note.strip(),
        old_window_start_at=visit.window_start_at,
        old_window_end_at=visit.window_end_at,
        windows=[DateTimeTZRange(start_at, end_at) for start_at, end_at in wanted],
        credit=lost_window_credit_due(order, visit),
        created_by=by,
        created_at=at,
        expires_at=_expiry(visit, wanted, at),
    )
    append_event(order, "window_proposed", by=by, at=at, payload=_facts(proposal))
    tell_contacts(order, "window_proposed", key=f"proposal:{proposal.pk}", at=at, context=_told(proposal))
    return proposal


@transaction.atomic
def decline_proposal(
    *, proposal: Proposal, by: Any, at: datetime, how: str, contact: OrderContact | None = None
) -> Proposal:
    """The proposal, declined by the customer: the old window stays promised. Declined again changes nothing.

    Raises Conflict where it was answered otherwise or its time is over, NotAllowed for a contact who may not
    approve.
    """
    check_contact(proposal, contact)
    order, proposal = locked_proposal(proposal)
    if proposal.status == ProposalStatus.DECLINED and not proposal.counters.exists():
        return proposal
    check_open(proposal, at)
    close_declined(proposal, by=by, at=at, how=how, contact=contact)
    append_event(order, "proposal_declined", by=by, at=at, payload={"how": how, **_old_window(proposal)})
    tell_contacts(
        order, "proposal_declined", key=f"proposal:{proposal.pk}:declined", at=at, context=_told(proposal)
    )
    return proposal


@transaction.atomic
def withdraw_proposal(*, proposal: Proposal, note: str, by: Any, at: datetime) -> Proposal:
    """The proposal, taken back by the dispatch desk with a reason; withdrawn again changes nothing.

    Raises InvalidInput (field "note") without a reason, NotAllowed, Conflict where it was answered meanwhile.
    """
    if proposal.visit is None or not _is_desk_of(proposal.visit, by):
        raise NotAllowed(
            _("Only the dispatch desk of the city can take this proposal back."),
            next_step=_("Ask the dispatcher of that city."),
        )
    if not note.strip():
        raise InvalidInput(_("Say why the proposal is taken back."), field="note", code="required")
    _check_note(note)
    order, proposal = locked_proposal(proposal)
    if proposal.status == ProposalStatus.WITHDRAWN:
        return proposal
    _check_unanswered(proposal)
    _withdraw(order, proposal, WithdrawnBecause.DESK, note=note.strip(), by=by, at=at)
    return proposal


def withdraw_open_proposal(
    *, order: RepairOrder, visit: Visit, because: str, by: Any, at: datetime, of_system_only: bool = False
) -> Proposal | None:
    """The visit's open proposal, taken back by itself, or None. Call it with the order's row locked."""
    proposal = _open_locked(order, visit)
    if proposal is None or (of_system_only and not proposal.is_of_system):
        return None
    _withdraw(order, proposal, because, by=by, at=at)
    return proposal


@transaction.atomic
def expire_proposal(*, proposal: Proposal, at: datetime) -> Proposal:
    """The proposal, expired once its time is over; one that was answered, or has time left, stays."""
    order, proposal = locked_proposal(proposal)
    if not proposal.is_open or proposal.expires_at > at:
        return proposal
    proposal.expire()
    proposal.closed_at = at
    proposal.save(update_fields=["status", "closed_at"])
    append_event(order, "proposal_expired", by=None, at=at, payload=_old_window(proposal))
    return proposal


def settle_by_choice(
    *, order: RepairOrder, visit: Visit, by: Any, at: datetime, contact: OrderContact | None = None
) -> None:
    """What we owe where the customer gives this visit up for a window of their own choice.

    An open proposal of ours is answered by that, with its credit; a window missed before is paid as lost. The
    order's row and the visit's are locked.
    """
    proposal = _open_locked(order, visit)
    if proposal is not None:
        close_declined(proposal, by=by, at=at, how=AnsweredHow.PAGE, contact=contact)
        append_event(order, "proposal_countered", by=by, at=at, payload=_old_window(proposal))
        give_promised_credit(proposal, order=order, visit=visit, by=by, at=at)
    credit_lost_window(order=order, visit=visit, by=by, at=at)


def give_promised_credit(
    proposal: Proposal, *, order: RepairOrder, visit: Visit, by: Any, at: datetime
) -> None:
    """The credit that the proposal promised for another window, told to the customer."""
    credit = grant_credit(
        order=order,
        visit=visit,
        reason=CreditReason.NEW_WINDOW,
        due=proposal.credit,
        proposal=proposal,
        by=by,
        at=at,
    )
    if credit is not None:
        tell_credit(credit, at=at)


def close_declined(
    proposal: Proposal, *, by: Any, at: datetime, how: str, contact: OrderContact | None
) -> None:
    """The change of a decline, without its event: for the verbs that answer a proposal by something else."""
    proposal.decline()
    proposal.closed_at, proposal.closed_by, proposal.how, proposal.contact = at, by, how, contact
    proposal.save(update_fields=["status", "closed_at", "closed_by", "how", "contact"])


def locked_proposal(proposal: Proposal) -> tuple[RepairOrder, Proposal]:
    """Order and proposal, fresh and locked in this order. Inside a transaction only."""
    orders = RepairOrder.objects.select_for_update(of=("self",)).select_related("city", "customer")
    order = orders.get(pk=proposal.order_id)
    rows = Proposal.objects.select_for_update(of=("self",)).select_related("visit__city")
    fresh = rows.get(pk=proposal.pk)
    fresh.order = order
    return order, fresh


def locked_order_of(visit: Visit) -> RepairOrder:
    """The one order that the visit serves, locked. Raises Conflict where there is none or more than one."""
    ids = list(OrderVisit.objects.filter(visit=visit).order_by("order_id").values_list("order_id", flat=True))
    if len(ids) != 1:
        raise Conflict(
            _("This visit does not serve exactly one order, so no window can be proposed for it."),
            code="not_one_order",
            next_step=_("Please call the customers and ask each to choose on their order's page."),
        )
    orders = RepairOrder.objects.select_for_update(of=("self",)).select_related("city", "customer")
    return orders.get(pk=ids[0])


def check_open(proposal: Proposal, at: datetime) -> None:
    """Raises Conflict where the proposal was closed, or its time to answer is over."""
    _check_unanswered(proposal)
    if proposal.expires_at <= at:
        raise _closed(_("The time to answer this proposal is over."))


def check_movable(visit: Visit) -> None:
    """Raises Conflict where the visit can no longer be given up for another window."""
    if visit.status not in MOVABLE:
        raise Conflict(
            _("Visit %(reference)s can no longer get another window: %(status)s.")
            % {"reference": visit.reference, "status": visit.get_status_display()},
            code="under_way",
            next_step=_("Reload the page to see where it stands."),
        )


def check_contact(proposal: Proposal, contact: OrderContact | None) -> None:
    """Raises NotAllowed for a contact of another order, or one who may not approve."""
    if contact is not None and (contact.order_id != proposal.order_id or not contact.may_approve):
        raise NotAllowed(
            _("Only a contact who may approve can answer for this order."),
            next_step=_("Please ask the person who booked."),
        )


def _open_locked(order: RepairOrder, visit: Visit) -> Proposal | None:
    found = Proposal.objects.open().of_windows().filter(visit=visit, order=order)
    proposal: Proposal | None = found.select_for_update(of=("self",)).select_related("visit__city").first()
    if proposal is not None:
        proposal.order = order
    return proposal


def _withdraw(
    order: RepairOrder, proposal: Proposal, because: str, *, note: str = "", by: Any, at: datetime
) -> None:
    proposal.withdraw()
    proposal.closed_at, proposal.closed_by = at, by
    proposal.withdrawn_because, proposal.end_note = because, note
    proposal.save(update_fields=["status", "closed_at", "closed_by", "withdrawn_because", "end_note"])
    payload = {"because": because, **_old_window(proposal)}
    append_event(order, "proposal_withdrawn", by=by, at=at, payload=payload)
    if because != WithdrawnBecause.VISIT_OVER:  # whatever ended the visit is told by itself
        tell_contacts(
            order,
            "proposal_withdrawn",
            key=f"proposal:{proposal.pk}:withdrawn",
            at=at,
            context={"because": because, **_old_window(proposal)},
        )


def _check_reason(reason: str, note: str) -> None:
    if reason not in DESK_REASONS:
        raise InvalidInput(_("Say why another window is proposed."), field="reason", code="required")
    if reason == ProposalReason.OTHER and not note.strip():
        raise InvalidInput(_("Describe the reason in a few words."), field="note", code="required")
    _check_note(note)


def _check_note(note: str) -> None:
    if len(note.strip()) > LONGEST_NOTE:
        raise InvalidInput(
            _("This is longer than %(longest)d characters.") % {"longest": LONGEST_NOTE},
            field="note",
            code="too_long",
        )


def _check_windows(visit: Visit, wanted: Sequence[WindowPair], by: Any, at: datetime) -> None:
    if not wanted and by is None:
        return
    if not 1 <= len(wanted) <= MOST_WINDOWS:
        raise InvalidInput(
            _("Choose one to %(most)d windows.") % {"most": MOST_WINDOWS}, field="windows", code="required"
        )
    for start_at, end_at in wanted:
        if start_at == visit.window_start_at:
            raise InvalidInput(
                _("This is the window that is promised already."), field="windows", code="same_window"
            )
        if not is_open_for(visit, start_at, end_at, at):
            raise WindowTaken((start_at, end_at))


def _expiry(visit: Visit, wanted: Sequence[WindowPair], at: datetime) -> datetime:
    """Until when it can be answered: by policy, but not once the last window begins too soon."""
    late_policy = policy_of(visit)
    until = at + timedelta(hours=late_policy.answer_hours if late_policy else ANSWER_HOURS)
    if wanted:
        until = min(until, wanted[-1][0] - policy.lead())
    return max(until, at + timedelta(minutes=1))


def _check_unanswered(proposal: Proposal) -> None:
    said = {
        ProposalStatus.ACCEPTED: _("This proposal has been accepted already."),
        ProposalStatus.DECLINED: _("This proposal has been declined already."),
        ProposalStatus.EXPIRED: _("The time to answer this proposal is over."),
        ProposalStatus.WITHDRAWN: _("This proposal has been taken back."),
    }
    if not proposal.is_open:
        raise _closed(said[ProposalStatus(proposal.status)])


def _closed(message: Any) -> DomainError:
    return Conflict(
        message, code="proposal_closed", next_step=_("The order's page shows what is promised now.")
    )


def _is_desk_of(visit: Visit, by: Any) -> bool:
    return sees_dispatch_board(by) and Visit.objects.for_dispatcher(by).filter(pk=visit.pk).exists()


def _old_window(proposal: Proposal) -> dict[str, Any]:
    """The promised window as events and messages keep it."""
    assert proposal.visit is not None  # noqa: S101 - a proposal of a window has its visit, by constraint
    return visit_context(proposal.visit)


def _facts(proposal: Proposal) -> dict[str, Any]:
    zone = proposal.order.city.zone
    return {
        "reason": proposal.reason,
        "note": proposal.note,
        "credit": str(proposal.credit),
        "windows": [
            [start_at.astimezone(zone).isoformat(), end_at.astimezone(zone).isoformat()]
            for start_at, end_at in proposal.options
        ],
        **_old_window(proposal),
    }


def _told(proposal: Proposal) -> dict[str, Any]:
    """What messages say: the old window, the first one offered, how many more, the credit, until when."""
    zone = proposal.order.city.zone
    context: dict[str, Any] = {
        "reason": proposal.reason,
        "credit": str(proposal.credit) if proposal.credit else "",
        "until_at": proposal.expires_at.astimezone(zone).isoformat(),
        "more": max(len(proposal.options) - 1, 0),
        **_old_window(proposal),
    }
    if proposal.options:
        start_at, end_at = proposal.options[0]
        context["new_start_at"] = start_at.astimezone(zone).isoformat()
        context["new_end_at"] = end_at.astimezone(zone).isoformat()
    return context
