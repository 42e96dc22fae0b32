"""What pages show of an order's visit at the door."""

from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from engineers.models import Visit
from engineers.states import UNDER_WAY, VisitStatus
from orders.models import Fitting, OrderVisit, QuoteLine, RepairOrder
from orders.services.door import fittings_at, lines_to_fit
from parts.models import StockUnit
from repairhub.core.errors import NotFoundError


@dataclass(frozen=True)
class DoorStep:
    """The one thing to do next: its name, and the line or fitting that it is about."""

    name: str
    line: QuoteLine | None = None
    fitting: Fitting | None = None


@dataclass(frozen=True)
class DoorWork:
    """One line of today's work with its fitting, once there is one."""

    line: QuoteLine
    fitting: Fitting | None


def door_order(visit: Visit) -> RepairOrder:
    """The order that the visit serves. Raises NotFoundError for a visit without one."""
    link = (
        OrderVisit.objects.filter(visit=visit)
        .select_related("order__device_model__brand", "order__city")
        .order_by("id")
        .first()
    )
    if link is None:
        raise NotFoundError(
            _("Visit %(reference)s has no order.") % {"reference": visit.reference},
            next_step=_("Call the dispatcher."),
        )
    return link.order


def door_work(order: RepairOrder, visit: Visit) -> list[DoorWork]:
    """Today's lines in their order."""
    fittings = {
        fitting.line_id: fitting for fitting in fittings_at(order, visit).select_related("unit__lot__part")
    }
    return [DoorWork(line, fittings.get(line.pk)) for line in lines_to_fit(order, visit)]


def next_step(visit: Visit, work: list[DoorWork]) -> DoorStep:
    """What the engineer does now: set_out, arrive, start, fit, take_out, finish, or ended."""
    if visit.status == VisitStatus.CONFIRMED:
        return DoorStep("set_out")
    if visit.status == VisitStatus.EN_ROUTE:
        return DoorStep("arrive")
    if visit.status not in UNDER_WAY:
        return DoorStep("ended")
    if visit.started_at is None:
        return DoorStep("start")
    for item in work:
        if item.fitting is None:
            return DoorStep("fit", line=item.line)
        if item.fitting.removed_at is None:
            return DoorStep("take_out", line=item.line, fitting=item.fitting)
    return DoorStep("finish")


def old_parts_to_put_back(order: RepairOrder, visit: Visit) -> list[Fitting]:
    """Fittings whose old part this visit took out, and whose new part did not stay in."""
    void = Fitting.objects.void().filter(order=order, visit=visit, removed_at__isnull=False)
    refitted = fittings_at(order, visit).values("line")
    newest = {one.line_id: one for one in void.exclude(line__in=refitted).select_related("line__repair")}
    return list(newest.values())


def units_at_hand(line: QuoteLine, order: RepairOrder, user: Any) -> QuerySet[StockUnit]:
    """Units that may be fitted for this line, in the engineer's van first, then in the city."""
    return (
        StockUnit.objects.at_hand(user.pk, order.city_id)
        .filter(
            lot__part__component=line.part.component_id,
            lot__part__grade=line.grade,
            lot__part__fits=order.device_model,
        )
        .select_related("location")
    )
