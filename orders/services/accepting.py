"""The customer's yes to another window, or to one of their own: only then is anything moved."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from engineers.models import Visit
from engineers.planning import city_today
from engineers.selectors.windows import arrival_window_from, needs_of_visit
from engineers.services.doorstep import cancel_visit
from engineers.services.planning import NoGap, promise_visit, refuses_with_nearest
from engineers.services.routes import lock_city_day, locked_visit
from orders.models import OrderContact, OrderVisit, Proposal, RepairOrder
from orders.services.pins import guess_pin
from orders.services.proposals import (
    WindowPair,
    check_contact,
    check_movable,
    check_open,
    close_declined,
    give_promised_credit,
    locked_proposal,
)
from orders.services.telling import contact_address, schedule_reminder, tell_contacts, visit_context
from orders.services.timeline import append_event
from orders.signals import visit_replaced
from orders.states import AnsweredHow, ProposalReason, ProposalStatus, Side
from repairhub.accounts.services.codes import is_code_of, prove_address, send_code
from repairhub.accounts.states import Purpose
from repairhub.core.errors import Conflict, DomainError, InvalidInput, TooMany
from repairhub.notifications.addresses import Address

MOST_WISHES = 3
FARTHEST = timedelta(days=400)


@refuses_with_nearest
@transaction.atomic
def accept_proposal(
    *,
    proposal: Proposal,
    choice: datetime,
    by: Any,
    at: datetime,
    how: str,
    contact: OrderContact | None = None,
) -> Proposal:
    """The proposal, accepted: the visit in the window that begins at `choice`, its credit given.

    Locks both days, repeats the insertion, and only then gives the old visit up for a new one. The same
    choice again changes nothing. Raises InvalidInput (field "window") for a window not offered, WindowShut
    with the three nearest where it was taken meanwhile: then the old promise and the proposal stand.
    Conflict where it was answered, taken back or expired, NotAllowed for a contact who may not approve.
    """
    check_contact(proposal, contact)
    window = offered_window(proposal, choice)
    order, proposal, visit = _locked(proposal, [window])
    if proposal.status == ProposalStatus.ACCEPTED and proposal.choice == window:
        return proposal  # pressed twice, or in two tabs
    check_open(proposal, at)
    check_movable(visit)
    _accept(proposal, window, by=by, at=at, how=how, contact=contact)
    give_promised_credit(proposal, order=order, visit=visit, by=by, at=at)
    _move(proposal, order, visit, window, by=by, at=at)
    return proposal


@refuses_with_nearest
@transaction.atomic
def counter_proposal(
    *,
    proposal: Proposal,
    windows: Sequence[datetime],
    by: Any,
    at: datetime,
    how: str,
    contact: OrderContact | None = None,
) -> Proposal:
    """The customer's counter-offer, agreed at once: the first of these windows that the engine can keep.

    `windows`: one to three windows of ours by their start, the dearest first. The proposal is declined with
    it, and its credit given all the same. The same again gives the counter-offer that was made. Raises
    InvalidInput (field "window"), WindowShut with the nearest where none can be kept: then everything stands
    as it was. Conflict and NotAllowed as for accepting.
    """
    check_contact(proposal, contact)
    wishes = _wished(proposal, windows, at)
    order, proposal, visit = _locked(proposal, wishes)
    made = proposal.counters.first()
    if made is not None and made.options == wishes:
        return made
    check_open(proposal, at)
    check_movable(visit)
    close_declined(proposal, by=by, at=at, how=how, contact=contact)
    append_event(order, "proposal_countered", by=by, at=at, payload=visit_context(visit))
    refusal: NoGap | None = None
    for window in wishes:
        try:
            with transaction.atomic():
                return _counter(
                    proposal, order, visit, wishes, window, by=by, at=at, how=how, contact=contact
                )
        except NoGap as error:
            refusal = refusal or error
    assert refusal is not None  # noqa: S101 - there is one wish at least
    raise refusal


def send_proposal_code(*, proposal: Proposal, choice: datetime, by: Any, at: datetime) -> list[Address]:
    """Sends the contacts who may approve a code that agrees to this one window. Returns where it went.

    For the telephone: nobody at the desk can agree without what the customer reads out. Raises InvalidInput
    (field "window"), Conflict where the proposal is closed or nobody can be reached, TooMany.
    """
    window = offered_window(proposal, choice)
    check_open(proposal, at)
    order = proposal.order
    zone = order.city.zone
    context = {
        "reference": order.reference,
        "new_start_at": window[0].astimezone(zone).isoformat(),
        "new_end_at": window[1].astimezone(zone).isoformat(),
        "time_zone": order.city.time_zone,
    }
    sent: list[Address] = []
    refusals: list[DomainError] = []
    for contact in _approvers(order):
        address = contact_address(contact)
        try:
            send_code(
                address=address,
                purpose=Purpose.PROPOSAL,
                language=order.language,
                at=at,
                client=f"proposal:{order.pk}",
                about=_about(proposal, window),
                context=context,
            )
        except DomainError as error:
            refusals.append(error)
        else:
            sent.append(address)
    if not sent:
        raise refusals[0]
    return sent


def accept_with_code(*, proposal: Proposal, choice: datetime, code: str, by: Any, at: datetime) -> Proposal:
    """`accept_proposal` by telephone: the code that the customer reads out agrees to that window alone.

    A wrong guess is counted before it is refused, so this must not run inside another transaction. Raises
    InvalidInput (field "code") with the tries that are left, and whatever accepting raises.
    """
    window = offered_window(proposal, choice)
    proposal.refresh_from_db()
    if proposal.status == ProposalStatus.ACCEPTED and proposal.choice == window:
        return proposal  # pressed twice: the code is used up
    check_open(proposal, at)
    read_out: dict[str, Any] = {
        "code": code, "purpose": Purpose.PROPOSAL, "at": at, "about": _about(proposal, window),
    }  # fmt: skip
    contacts = _approvers(proposal.order)
    # the contact whose code it is comes first: it is no wrong guess at another's
    contacts.sort(key=lambda contact: not is_code_of(address=contact_address(contact), **read_out))
    refusals: list[DomainError] = []
    for contact in contacts:
        try:
            prove_address(address=contact_address(contact), **read_out)
        except DomainError as error:
            refusals.append(error)
        else:
            return accept_proposal(
                proposal=proposal, choice=choice, by=by, at=at, how=AnsweredHow.PHONE, contact=contact
            )
    # of two contacts, the one whose code can still be entered says what to do
    raise max(refusals, key=lambda error: int(error.details.get("attempts_left", 0)))


def check_pin(*, order: RepairOrder, pin: str) -> None:
    """Raises InvalidInput or TooMany (field "pin") for a wrong PIN, in the customer's words.

    A wrong guess is counted before it is refused, so this must not run inside another transaction.
    """
    with transaction.atomic(durable=True):
        refusal = guess_pin(order=order, pin=pin)
    if refusal is None:
        return
    left = int(refusal.details.get("attempts_left", 0))
    if isinstance(refusal, TooMany) or not left:
        raise TooMany(
            _("The PIN was wrong too often and is closed."),
            field="pin",
            code="pin_closed",
            next_step=_("Ask for a code on your order's page instead."),
        )
    raise InvalidInput(
        ngettext(
            "This is not the PIN of your order; %(left)d try is left.",
            "This is not the PIN of your order; %(left)d tries are left.",
            left,
        )
        % {"left": left},
        field="pin",
        code="wrong_pin",
        next_step=_("You wrote it down when booking. You can also ask for a code on your order's page."),
    )


def offered_window(proposal: Proposal, choice: datetime) -> WindowPair:
    """The window of the proposal that begins then. Raises InvalidInput (field "window") for any other."""
    found = next((window for window in proposal.options if window[0] == choice), None)
    if found is None:
        raise InvalidInput(
            _("This is not one of the windows proposed. Choose again."), field="window", code="not_proposed"
        )
    return found


def _locked(proposal: Proposal, windows: Sequence[WindowPair]) -> tuple[RepairOrder, Proposal, Visit]:
    """Order, proposal and visit, fresh and locked in the order of the house: days by date come first."""
    assert proposal.visit is not None  # noqa: S101 - a proposal of a window has its visit, by constraint
    city = proposal.visit.city
    for on in sorted({proposal.visit.on, *(city_today(city, start_at) for start_at, _end_at in windows)}):
        lock_city_day(city, on)
    order, fresh = locked_proposal(proposal)
    assert fresh.visit is not None  # noqa: S101 - as above
    return order, fresh, locked_visit(fresh.visit)


def _accept(
    proposal: Proposal,
    window: WindowPair,
    *,
    by: Any,
    at: datetime,
    how: str,
    contact: OrderContact | None,
) -> None:
    proposal.accept()
    proposal.chosen = DateTimeTZRange(*window)
    proposal.closed_at, proposal.closed_by, proposal.how, proposal.contact = at, by, how, contact
    proposal.save(update_fields=["status", "chosen", "closed_at", "closed_by", "how", "contact"])


def _move(
    proposal: Proposal, order: RepairOrder, visit: Visit, window: WindowPair, *, by: Any, at: datetime
) -> None:
    """The old visit given up for a new one of the same work: a promised window never changes."""
    link = OrderVisit.objects.get(order=order, visit=visit)
    cancel_visit(visit=visit, reason="another window was agreed", by=by, at=at)
    new = promise_visit(
        city=visit.city,
        latitude=visit.latitude,
        longitude=visit.longitude,
        window_start_at=window[0],
        window_end_at=window[1],
        needs=needs_of_visit(visit),
        by=by,
        at=at,
    )
    OrderVisit.objects.create(order=order, visit=new, purpose=link.purpose)
    proposal.new_visit = new
    proposal.save(update_fields=["new_visit"])
    visit_replaced.send(sender=RepairOrder, order=order, before=visit, after=new, by=by, at=at)
    payload = {"how": proposal.how, "raised_by": proposal.raised_by, **visit_context(new)}
    append_event(order, "proposal_accepted", by=by, at=at, payload=payload)
    tell_contacts(
        order, "proposal_accepted", key=f"proposal:{proposal.pk}:accepted", at=at, context=visit_context(new)
    )
    schedule_reminder(order, new, at=at)


def _counter(
    proposal: Proposal,
    order: RepairOrder,
    visit: Visit,
    wishes: Sequence[WindowPair],
    window: WindowPair,
    *,
    by: Any,
    at: datetime,
    how: str,
    contact: OrderContact | None,
) -> Proposal:
    counter = Proposal.objects.create(
        order=order,
        visit=visit,
        kind=proposal.kind,
        raised_by=Side.CUSTOMER,
        reason=ProposalReason.CUSTOMER_ASKED,
        old_window_start_at=visit.window_start_at,
        old_window_end_at=visit.window_end_at,
        windows=[DateTimeTZRange(*wish) for wish in wishes],
        credit=proposal.credit,
        answers=proposal,
        created_by=by,
        created_at=at,
        expires_at=proposal.expires_at,
    )
    _accept(counter, window, by=by, at=at, how=how, contact=contact)
    give_promised_credit(counter, order=order, visit=visit, by=by, at=at)
    _move(counter, order, visit, window, by=by, at=at)
    return counter


def _wished(proposal: Proposal, windows: Sequence[datetime], at: datetime) -> list[WindowPair]:
    assert proposal.visit is not None  # noqa: S101 - a proposal of a window has its visit, by constraint
    starts = list(dict.fromkeys(windows))
    if not 1 <= len(starts) <= MOST_WISHES:
        raise InvalidInput(
            _("Choose one to %(most)d windows.") % {"most": MOST_WISHES}, field="window", code="required"
        )
    found = []
    for start_at in starts:
        # further away is no day of ours, and calendars have an end
        is_near = abs(start_at - at) < FARTHEST
        window = arrival_window_from(proposal.visit.city, start_at, at) if is_near else None
        if window is None:
            raise InvalidInput(
                _("This is not one of the windows shown. Choose again."),
                field="window",
                code="no_such_window",
            )
        if start_at == proposal.old_window_start_at:
            raise InvalidInput(
                _("This is the window that is promised already."),
                field="window",
                code="same_window",
                next_step=_("To keep it, decline the proposal."),
            )
        found.append(window)
    return found


def _approvers(order: RepairOrder) -> list[OrderContact]:
    found = list(order.contacts.filter(may_approve=True).exclude(proved_at=None))
    if not found:
        raise Conflict(
            _("The order has no contact who may approve and can be reached."),
            code="no_contact",
            next_step=_("The customer can answer on the order's page with the PIN."),
        )
    return found


def _about(proposal: Proposal, window: WindowPair) -> str:
    return f"{proposal.pk}:{int(window[0].timestamp())}"
