"""The remedy: a rework visit in a window that the customer chooses, until the rework is done."""

from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from engineers.models import Visit
from engineers.selectors.windows import VisitNeeds
from orders.models import RepairOrder
from orders.services.visits import choose_window, needs_of
from orders.states import VisitPurpose
from repairhub.core.errors import Conflict
from warranty.models import Remedy
from warranty.selectors.rework import lines_of_claims
from warranty.states import RemedyStatus


@transaction.atomic
def choose_rework_window(
    *, remedy: Remedy, window_start_at: datetime, window_end_at: datetime, by: Any, at: datetime
) -> Visit:
    """The rework visit in the window the customer chose; whatever else is owed on the order is done with it.

    Only the customer calls this. A window chosen before is given up for the new one. Raises Conflict where
    the remedy is done or its engineer on the way, WindowShut with the nearest windows: then all stays as it
    was.
    """
    order = remedy.claim.order
    wanted = list(_owed(order))
    if remedy.pk not in {other.pk for other in wanted}:
        raise _done(remedy)
    line_ids = lines_of_claims(order, [other.claim for other in wanted])
    # locks the city's days, then the order; the remedies come after them
    visit = choose_window(
        order=order,
        window_start_at=window_start_at,
        window_end_at=window_end_at,
        purpose=VisitPurpose.REWORK,
        line_ids=line_ids,
        by=by,
        at=at,
    )
    present = {other.pk: other for other in _owed(order).select_for_update(of=("self",))}
    if remedy.pk not in present:
        raise _done(remedy)
    _check_time_for(visit, needs_of(order, line_ids))
    for owed in wanted:
        if owed.pk in present:
            _book(present[owed.pk], visit)
    return visit


@transaction.atomic
def finish_remedies(*, order: RepairOrder, visit: Visit, at: datetime) -> list[Remedy]:
    """The remedies that this visit served, done."""
    served = _served(order, visit)
    for remedy in served:
        remedy.finish()
        remedy.done_at = at
        remedy.save(update_fields=["status", "done_at"])
    return served


@transaction.atomic
def offer_again(*, order: RepairOrder, visit: Visit) -> list[Remedy]:
    """The remedies that this visit should have served, offered again: the customer chooses another window."""
    served = _served(order, visit)
    for remedy in served:
        remedy.offer_again()
        remedy.visit = None
        remedy.save(update_fields=["status", "visit"])
    return served


@transaction.atomic
def follow_visit(*, order: RepairOrder, before: Visit, after: Visit) -> list[Remedy]:
    """The remedies that the visit before would have served, booked on the one that takes its place."""
    served = _served(order, before)
    for remedy in served:
        _book(remedy, after)
    return served


def owed_needs(order: RepairOrder) -> VisitNeeds:
    """What a visit takes for everything that is still owed on the order."""
    return needs_of(order, lines_of_claims(order, [remedy.claim for remedy in _owed(order)]))


def _owed(order: RepairOrder) -> Any:
    return Remedy.objects.owed().filter(claim__order=order).select_related("claim__fitting").order_by("pk")


def _served(order: RepairOrder, visit: Visit) -> list[Remedy]:
    served = Remedy.objects.select_for_update().filter(
        visit=visit, claim__order=order, status=RemedyStatus.BOOKED
    )
    return list(served.order_by("pk"))


def _book(remedy: Remedy, visit: Visit) -> None:
    if remedy.visit_id == visit.pk:
        return
    remedy.visit = visit
    if remedy.status == RemedyStatus.OFFERED:
        remedy.book()
    remedy.save(update_fields=["status", "visit"])


def _done(remedy: Remedy) -> Conflict:
    return Conflict(
        _("The rework for claim %(reference)s is done.") % {"reference": remedy.claim.reference},
        code="rework_done",
        next_step=_("If something is still wrong, file another claim on your order page."),
    )


def _check_time_for(visit: Visit, needs: VisitNeeds) -> None:
    """The same window again keeps its visit, which may have been planned for less than is owed now."""
    skilled = all(visit.required_skills.get(key, 0) >= level for key, level in needs.skills.items())
    authorised = needs.brands <= set(visit.required_brands)
    if visit.service_minutes >= needs.service_minutes and skilled and authorised:
        return
    raise Conflict(
        _("Your visit in this window was planned for less work than there is now."),
        field="window",
        code="visit_too_short",
        next_step=_("Choose another window, so that the engineer has the time for everything."),
    )
