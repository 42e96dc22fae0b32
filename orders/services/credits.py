"""Credits for a window that we broke: given by policy at once, said before the customer asks.

Every verb here is called with the order's row locked, and with the visit's as well: a credit refers to both.
"""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db.models import Sum

from engineers.models import Visit
from orders.models import Credit, LatePolicy, Proposal, QuoteApproval, QuoteLine, RepairOrder
from orders.models.credits import percent_of
from orders.services.telling import tell_contacts, visit_context
from orders.services.timeline import append_event
from orders.states import CreditReason
from repairhub.core.money import rounded


def policy_of(visit: Visit) -> LatePolicy | None:
    """The policy that says what this visit's window is worth; None where none held when it ended."""
    return LatePolicy.objects.holding(visit.city, visit.window_end_at)


def late_credit_due(order: RepairOrder, visit: Visit, late: timedelta) -> Decimal:
    """CNY for an arrival so late after the end of the promised window: per started hour of it, capped."""
    policy = policy_of(visit)
    percent = policy.late_percent(late.total_seconds()) if policy else 0
    return _part_of_labour(order, percent)


def lost_window_credit_due(order: RepairOrder, visit: Visit) -> Decimal:
    """CNY where nobody comes in the promised window at all."""
    policy = policy_of(visit)
    percent = min(policy.lost_window_percent, policy.cap_percent) if policy else 0
    return _part_of_labour(order, percent)


def credit_of(order: RepairOrder) -> Decimal:
    """CNY credited on the order so far."""
    return Credit.objects.filter(order=order).aggregate(sum=Sum("amount"))["sum"] or Decimal(0)


def grant_credit(
    *,
    order: RepairOrder,
    visit: Visit,
    reason: str,
    due: Decimal,
    at: datetime,
    by: Any = None,
    proposal: Proposal | None = None,
) -> Credit | None:
    """The credit that brings what this visit has brought so far up to `due` (CNY), or None for nothing more.

    Granted once per visit and reason. All credits of an order together never exceed its price: what the
    customer owes is lowered, never raised.
    """
    given = list(Credit.objects.filter(order=order).values_list("visit_id", "reason", "amount"))
    if any((visit_id, why) == (visit.pk, reason) for visit_id, why, _amount in given):
        return None
    of_visit = sum((amount for visit_id, _why, amount in given if visit_id == visit.pk), Decimal(0))
    room = _price(order) - sum((amount for _visit, _why, amount in given), Decimal(0))
    amount = rounded(min(due - of_visit, room))
    if amount <= 0:
        return None
    credit = Credit.objects.create(
        order=order, visit=visit, proposal=proposal, reason=reason, amount=amount, by=by, at=at
    )
    append_event(order, "credited", by=by, at=at, payload={"amount": str(amount), "reason": reason})
    return credit


def credit_late_arrival(*, order: RepairOrder, visit: Visit, at: datetime) -> Credit | None:
    """What an arrival after the window adds to the credit of the missed window, told to the customer."""
    if visit.arrived_at is None or visit.arrived_at <= visit.window_end_at:
        return None
    due = late_credit_due(order, visit, visit.arrived_at - visit.window_end_at)
    credit = grant_credit(order=order, visit=visit, reason=CreditReason.LATE, due=due, at=at)
    if credit is not None:
        tell_credit(credit, at=at)
    return credit


def credit_missed_window(*, order: RepairOrder, visit: Visit, at: datetime) -> Credit | None:
    """The credit of the first started hour, once the window has passed with nobody at the door."""
    due = late_credit_due(order, visit, max(at - visit.window_end_at, timedelta(0)))
    return grant_credit(order=order, visit=visit, reason=CreditReason.MISSED, due=due, at=at)


def credit_lost_window(*, order: RepairOrder, visit: Visit, by: Any, at: datetime) -> Credit | None:
    """What is added once a missed window is given up for another one: nobody came in it at all."""
    if visit.window_end_at > at or visit.arrived_at is not None:
        return None
    due = lost_window_credit_due(order, visit)
    credit = grant_credit(order=order, visit=visit, reason=CreditReason.LOST_WINDOW, due=due, by=by, at=at)
    if credit is not None:
        tell_credit(credit, at=at)
    return credit


def tell_credit(credit: Credit, *, at: datetime) -> None:
    """Says it before the customer asks."""
    context = {"amount": str(credit.amount), "reason": credit.reason, **visit_context(credit.visit)}
    tell_contacts(credit.order, "credit_granted", key=f"credit:{credit.pk}", at=at, context=context)


def _part_of_labour(order: RepairOrder, percent: int) -> Decimal:
    if not percent:
        return Decimal(0)
    approved = QuoteApproval.objects.filter(quote__order=order).order_by("-quote__version")
    lines = QuoteLine.objects.filter(quote__in=approved.values("quote")[:1])
    return rounded(percent_of(lines.aggregate(sum=Sum("labour"))["sum"] or Decimal(0), percent))


def _price(order: RepairOrder) -> Decimal:
    newest = QuoteApproval.objects.filter(quote__order=order).order_by("-quote__version")
    return newest.values_list("quote__total", flat=True).first() or Decimal(0)
