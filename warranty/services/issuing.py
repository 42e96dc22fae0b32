"""Issuing: every fitting gets its warranty in the transaction that finishes the work."""

from datetime import date, datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from engineers.models import Visit
from orders.models import Fitting, QuoteLine, RepairOrder
from orders.services.telling import tell_contacts
from orders.services.timeline import append_event
from orders.states import OrderStatus
from repairhub.core.errors import Conflict
from repairhub.core.tokens import new_reference
from warranty.coverage import Span, first_span, span_after_rework
from warranty.models import Warranty, WarrantyTerms


@transaction.atomic
def issue_warranties(*, order: RepairOrder, visit: Visit, by: Any, at: datetime) -> list[Warranty]:
    """One warranty for every fitting of the order that has none yet, of this visit and of earlier ones.

    A part that was put back or dead on arrival is no promise, nor is one whose old part is not out yet: they
    are left out.

    A part that a rework put in takes over the promise of the part before it. Nothing to issue: an empty list,
    nothing is written. Raises Conflict unless the order is completed.
    """
    order = RepairOrder.objects.select_for_update(of=("self",)).select_related("city").get(pk=order.pk)
    if order.status != OrderStatus.COMPLETED:
        raise Conflict(
            _("Order %(reference)s is not completed, so there is nothing to warrant yet: %(status)s.")
            % {"reference": order.reference, "status": order.get_status_display()},
            code="order_not_completed",
        )
    fittings = list(
        Fitting.objects.standing()
        .filter(order=order, warranty=None, removed_at__isnull=False)
        .select_related("line", "unit__lot__part")
        .order_by("fitted_at", "pk")
    )
    if not fittings:
        return []
    on = at.astimezone(order.city.zone).date()
    held_days = _held_days(visit, at)
    by_line = {
        warranty.fitting.line_id: warranty
        for warranty in Warranty.objects.filter(fitting__order=order, replaced_by=None).select_related(
            "fitting", "terms"
        )
    }
    issued = []
    for fitting in fittings:
        earlier = by_line.get(fitting.line_id)
        warranty = Warranty.objects.create(
            number=new_reference("W"),
            fitting=fitting,
            terms=earlier.terms if earlier else _promised_terms(fitting.line),
            replaces=earlier,
            issued_at=at,
            **_days(earlier, fitting.line, on, held_days),
        )
        by_line[fitting.line_id] = warranty
        issued.append(warranty)
    _tell(order, issued, by=by, at=at)
    return issued


def _promised_terms(line: QuoteLine) -> WarrantyTerms:
    """The version that the customer approved with the quote."""
    return WarrantyTerms.objects.get(version=line.terms_version, grade=line.grade)


def _days(earlier: Warranty | None, line: QuoteLine, on: date, held_days: int) -> dict[str, date]:
    if earlier is None:
        span = first_span(on, line.term_days)
    else:
        span = span_after_rework(earlier.ends_on, on, held_days=held_days)
    return _as_fields(span)


def _as_fields(span: Span) -> dict[str, date]:
    return {"starts_on": span.starts_on, "ends_on": span.ends_on}


def _held_days(visit: Visit, at: datetime) -> int:
    """Midnights that the phone spent in our hands: none where the work began and ended on one day."""
    begun_at = visit.started_at or at
    zone = visit.city.zone
    return max(0, (at.astimezone(zone).date() - begun_at.astimezone(zone).date()).days)


def _tell(order: RepairOrder, issued: list[Warranty], *, by: Any, at: datetime) -> None:
    parts = [warranty.fitting.unit.lot.part for warranty in issued]
    ends = [warranty.ends_on for warranty in issued]
    told = {
        "numbers": ", ".join(warranty.number for warranty in issued),
        "parts_en": ", ".join(part.name_en for part in parts),
        "parts_zh": "、".join(part.name_zh for part in parts),
        "ends_on": min(ends).isoformat(),
        "one_end": len(set(ends)) == 1,
    }
    append_event(order, "warranty_issued", by=by, at=at, payload=told)
    tell_contacts(order, "warranty_issued", key=f"warranty:{issued[0].number}", at=at, context=told)
