"""The rows that work at the door is done on, locked in the order of the house: city's day, order, visit."""

from typing import Any

from django.utils.translation import gettext_lazy as _

from engineers.models import Visit
from engineers.services import doorstep
from engineers.services.routes import lock_city_day
from orders.models import OrderVisit, RepairOrder
from orders.states import OrderStatus, VisitPurpose
from repairhub.core.errors import Conflict, NotAllowed

# where the order stands when a visit's work begins, and while it goes on
BEGINS = {VisitPurpose.REPAIR: OrderStatus.BOOKED, VisitPurpose.REWORK: OrderStatus.COMPLETED}
GOES_ON = {VisitPurpose.REPAIR: OrderStatus.IN_REPAIR, VisitPurpose.REWORK: OrderStatus.COMPLETED}


def link_of(order: RepairOrder, visit: Visit) -> OrderVisit:
    """What the order has the visit for. Raises NotAllowed where it is another order's."""
    link = OrderVisit.objects.filter(order=order, visit=visit).first()
    if link is None:
        raise NotAllowed(
            _("Visit %(visit)s is not for order %(order)s.")
            % {"visit": visit.reference, "order": order.reference},
            next_step=_("Open the visit from your day."),
        )
    return link


def lock_to_begin(*, order: RepairOrder, visit: Visit, by: Any) -> tuple[RepairOrder, Visit]:
    """Both rows, locked and fresh, with the engineer at the door; the work may have begun already.

    Raises NotAllowed, Conflict where the visit or the order is not in the right state.
    """
    link = link_of(order, visit)
    # the day's plan reckons with when the work began
    lock_city_day(visit.city, visit.on)
    order = _locked_order(order)
    visit = doorstep.check_on_site(visit=visit, by=by)
    if visit.started_at is None:
        _check_status(order, BEGINS[VisitPurpose(link.purpose)])
    return order, visit


def lock_at_work(
    *, order: RepairOrder, visit: Visit, by: Any, changes_route: bool = False
) -> tuple[RepairOrder, Visit]:
    """Both rows, locked and fresh, where the engineer's work on this order has begun and not ended.

    Raises NotAllowed, Conflict.
    """
    link = link_of(order, visit)
    lock_city_day(visit.city, visit.on, changes_route=changes_route)
    order = _locked_order(order)
    visit = doorstep.check_on_site(visit=visit, by=by)
    if visit.started_at is None:
        raise Conflict(
            _("The work has not been started."),
            code="not_started",
            next_step=_("Ask the customer for the PIN first."),
        )
    _check_status(order, GOES_ON[VisitPurpose(link.purpose)])
    return order, visit


def _locked_order(order: RepairOrder) -> RepairOrder:
    rows = RepairOrder.objects.select_for_update(of=("self",)).select_related("device_model__brand", "city")
    return rows.get(pk=order.pk)


def _check_status(order: RepairOrder, wanted: str) -> None:
    if order.status != wanted:
        raise Conflict(
            _("Order %(reference)s does not allow that now: %(status)s.")
            % {"reference": order.reference, "status": order.get_status_display()},
            code="order_closed",
            next_step=_("Do not open the phone. Call the dispatcher."),
        )
