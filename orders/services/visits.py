"""Visits of an order after booking: the customer chooses windows, moves them, cancels."""

from datetime import date, datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _
from django_fsm import can_proceed

from engineers.models import Visit
from engineers.planning import city_today
from engineers.selectors.windows import VisitNeeds
from engineers.services.doorstep import cancel_visit
from engineers.services.planning import promise_visit, refuses_with_nearest
from engineers.services.routes import lock_city_day, locked_visit
from engineers.states import MOVABLE
from orders.models import Fitting, OrderVisit, Quote, RepairOrder
from orders.services.pins import renew_pin
from orders.services.proposals import settle_by_choice
from orders.services.telling import schedule_reminder, tell_contacts, visit_context
from orders.services.timeline import append_event
from orders.states import OrderStatus, VisitPurpose
from repairhub.core.errors import Conflict, InvalidInput

# further away is no day of ours: neither a calendar nor a row is made for it
FARTHEST = timedelta(days=400)


def approved_quote(order: RepairOrder) -> Quote:
    """The newest approved version: what the order costs."""
    return (
        Quote.objects.filter(order=order, approval__isnull=False)
        .prefetch_related("lines__repair__skill", "lines__part")
        .order_by("-version")[0]
    )


def needs_of(order: RepairOrder, line_ids: frozenset[int] | None = None) -> VisitNeeds:
    """What a visit takes for these lines of the approved quote (all by default)."""
    lines = [line for line in approved_quote(order).lines.all() if line_ids is None or line.pk in line_ids]
    skills: dict[str, int] = {}
    for line in lines:
        key = line.repair.skill.key
        skills[key] = max(line.repair.skill_level, skills.get(key, 0))
    needs_brand = any(line.part.needs_brand_authorisation for line in lines)
    return VisitNeeds(
        service_minutes=sum(line.minutes for line in lines),
        skills=skills,
        brands=frozenset([order.device_model.brand.key]) if needs_brand else frozenset(),
    )


def open_visit(order: RepairOrder) -> OrderVisit | None:
    """The order's visit that is still to take place or under way."""
    return (
        OrderVisit.objects.filter(order=order, visit__in=Visit.objects.open())
        .select_related("visit__city", "visit__engineer__user")
        .first()
    )


@refuses_with_nearest
@transaction.atomic
def choose_window(
    *,
    order: RepairOrder,
    window_start_at: datetime,
    window_end_at: datetime,
    purpose: str,
    line_ids: frozenset[int] | None,
    by: Any,
    at: datetime,
) -> Visit:
    """A visit in the window the customer chose; one that was promised before is given up for it.

    Only the customer calls this: a window moves with their word alone. The same window again changes
    nothing. Raises Conflict once the engineer is on the way, WindowShut with the nearest windows: then the
    old promise stands as it was. InvalidInput (field "window") for a time that is no day of ours.
    """
    if abs(window_start_at - at) > FARTHEST:
        raise InvalidInput(
            _("This is not one of the windows shown. Choose again."), field="window", code="no_such_window"
        )
    order, present = _locked(order, city_today(order.city, window_start_at))
    if purpose == VisitPurpose.REPAIR and not order.is_open:
        raise Conflict(
            _("Order %(reference)s is closed: %(status)s.")
            % {"reference": order.reference, "status": order.get_status_display()},
            code="order_closed",
            next_step=_("Your order's page shows where it stands."),
        )
    if present is not None:
        if present.visit.window_start_at == window_start_at:
            return present.visit
        if present.visit.status not in MOVABLE:
            raise Conflict(
                _("Your engineer is already on the way, so the window cannot move any more."),
                code="under_way",
                next_step=_("Please open the door, or call us."),
            )
        settle_by_choice(order=order, visit=locked_visit(present.visit), by=by, at=at)
        cancel_visit(visit=present.visit, reason="moved by the customer", by=by, at=at)
    visit = promise_visit(
        city=order.city,
        latitude=order.latitude,
        longitude=order.longitude,
        window_start_at=window_start_at,
        window_end_at=window_end_at,
        needs=needs_of(order, line_ids),
        by=by,
        at=at,
    )
    OrderVisit.objects.create(order=order, visit=visit, purpose=purpose)
    is_new_rework = purpose == VisitPurpose.REWORK and present is None
    if is_new_rework:
        renew_pin(order)  # the one of the repair was said aloud at the door
    append_event(
        order,
        "window_chosen",
        by=by,
        at=at,
        payload={"purpose": purpose, "moved": present is not None, **visit_context(visit)},
    )
    told = {"new_pin": is_new_rework, **visit_context(visit)}
    tell_contacts(order, "window_chosen", key=f"window:{visit.reference}", at=at, context=told)
    schedule_reminder(order, visit, at=at)
    return visit


@transaction.atomic
def cancel_order(*, order: RepairOrder, by: Any, at: datetime) -> RepairOrder:
    """The order, cancelled at no cost, its visit's time free again. Raises Conflict once it is too late."""
    order, present = _locked(order)
    if order.status == OrderStatus.CANCELLED:
        return order
    if not can_proceed(order.cancel):
        raise Conflict(
            _("Order %(reference)s can no longer be cancelled: %(status)s.")
            % {"reference": order.reference, "status": order.get_status_display()},
            code="order_not_cancellable",
            next_step=_("Your order's page shows where it stands."),
        )
    if Fitting.objects.standing().filter(order=order).exists():
        raise Conflict(
            _("A new part of ours is in your phone already, so this page cannot cancel the order."),
            code="part_is_in",
            next_step=_("Please call us, or choose a window for the rest of the work."),
        )
    if present is not None:
        # a pin holds the engineer, never the customer
        if present.visit.status not in MOVABLE:
            raise Conflict(
                _("Your engineer is already on the way."),
                code="under_way",
                next_step=_("Please tell the engineer at the door, or call us."),
            )
        cancel_visit(visit=present.visit, reason="cancelled by the customer", by=by, at=at)
    order.cancel()
    order.ended_at = at
    order.save(update_fields=["status", "ended_at"])
    append_event(order, "cancelled", by=by, at=at)
    tell_contacts(order, "order_cancelled", key="cancelled", at=at)
    return order


def _locked(order: RepairOrder, *new_days: date) -> tuple[RepairOrder, OrderVisit | None]:
    """The order and its open visit, fresh and locked in the order of the house: days by date, then the order.

    Raises Conflict where the visit moved to another day at this very moment.
    """
    before = open_visit(order)
    days = {*new_days, *([before.visit.on] if before else [])}
    for on in sorted(days):
        lock_city_day(order.city, on)
    rows = RepairOrder.objects.select_for_update(of=("self",))
    order = rows.select_related("city", "device_model__brand", "customer").get(pk=order.pk)
    present = open_visit(order)
    if present is not None and present.visit.on not in days:
        raise Conflict(
            _("Your visit was moved at this moment."),
            code="moved_meanwhile",
            next_step=_("Look at the window that is promised now, then choose again."),
        )
    return order, present
