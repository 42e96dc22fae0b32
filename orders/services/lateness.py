"""What the customer is told of a visit that runs late: once for each time that is news."""

from datetime import datetime, timedelta
from typing import Any

from django.utils.dateparse import parse_datetime

from engineers.models import Visit
from engineers.states import VisitStatus
from orders.models import OrderEvent, RepairOrder
from orders.services.telling import call_off_late_word, late_word_key, tell_contacts, visit_context
from orders.services.timeline import append_event

NEWS = timedelta(minutes=5)
"""A time that differs by less from the one that was told is not told again."""
TIME_TO_SAVE = timedelta(minutes=5)
"""A new plan of the day is on its way: where somebody else keeps the window, nobody is frightened in vain."""


def late_word(*, order: RepairOrder, visit: Visit, expected_at: datetime, by: Any, at: datetime) -> None:
    """Tells the contacts of the time now expected. The order's row is locked by the caller.

    Inside the window only those to whom a time, or an engineer on the way, was announced; after it everybody:
    at once where the engineer is on the way, else in five minutes, unless the visit is in time again by then.
    """
    misses = expected_at > visit.window_end_at
    is_on_the_way = visit.status == VisitStatus.EN_ROUTE
    told = _last_word(order, visit)
    told_at = parse_datetime(told.payload["expected_at"]) if told and told.payload else None
    if not misses and told_at is None and not is_on_the_way:
        return
    if told_at is not None and abs(expected_at - told_at) < NEWS:
        return
    context = {
        **visit_context(visit),
        "expected_at": expected_at.astimezone(visit.city.zone).isoformat(),
    }
    append_event(
        order,
        "running_late",
        by=by,
        at=at,
        payload={"visit": visit.reference, "misses": misses, **context},
    )
    call_off_late_word(order, visit, at=at)
    tell_contacts(
        order,
        "visit_late" if misses else "visit_later",
        key=f"{late_word_key(visit)}:{int(expected_at.timestamp())}:{int(at.timestamp())}",
        at=at,
        context=context,
        not_before_at=at + TIME_TO_SAVE if misses and not is_on_the_way else None,
    )


def saved_word(*, order: RepairOrder, visit: Visit, by: Any, at: datetime) -> None:
    """Takes the bad news back where there were any. The order's row is locked by the caller."""
    told = _last_word(order, visit)
    if told is None:
        return
    append_event(
        order, "in_time_again", by=by, at=at, payload={"visit": visit.reference, **visit_context(visit)}
    )
    if not call_off_late_word(order, visit, at=at):  # it had left
        key = f"visit:{visit.reference}:in_time:{int(at.timestamp())}"
        tell_contacts(order, "visit_in_time_again", key=key, at=at, context=visit_context(visit))


def _last_word(order: RepairOrder, visit: Visit) -> OrderEvent | None:
    """The event of the time that holds as told; None where there is none, or none any more."""
    kinds = ("running_late", "in_time_again")
    events = order.events.filter(kind__in=kinds, payload__visit=visit.reference)
    last = events.order_by("-sequence").first()
    return last if last is not None and last.kind == "running_late" else None
