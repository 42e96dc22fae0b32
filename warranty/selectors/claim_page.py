"""Everything that a case officer decides by, side by side."""

from dataclasses import dataclass
from typing import Any

from django.db.models import Prefetch, QuerySet

from orders.models import Fitting, HandOver, HandOverPhoto
from orders.states import Stage
from orders.wording import TimelineEntry, timeline
from repairhub.accounts.models import User
from repairhub.sla.models import SlaClock
from warranty.models import Claim, ClaimPhoto, Warranty
from warranty.selectors.claim_list import clocks_of
from warranty.selectors.coverage import FittingCoverage, coverage_of_claim
from warranty.services.claims import possible_owners


@dataclass(frozen=True)
class ClaimView:
    """A claim with what it is about and what is known of it."""

    claim: Claim
    clock: SlaClock | None
    fittings: list[Fitting]
    photos: list[ClaimPhoto]
    hand_over: HandOver | None
    coverage: list[FittingCoverage]
    timeline: list[TimelineEntry]
    others: list[Claim]
    owners: QuerySet[User]


def claims_in_reach(reader: Any) -> QuerySet[Claim]:
    """The claims of the reader's cities, with what their page shows in one row."""
    return Claim.objects.for_case_officer(reader).select_related(
        "order__city",
        "order__device_model__brand",
        "fitting",
        "contact",
        "owner",
        "decision__by",
        "remedy__visit__city",
        "remedy__visit__engineer__user",
    )


def claim_view(claim: Claim) -> ClaimView:
    """The claim's page, in a fixed number of queries."""
    fittings = list(_fittings().filter(order=claim.order))
    by_id = {fitting.pk: fitting for fitting in fittings}
    warranties = list(Warranty.objects.filter(fitting__order=claim.order).order_by("pk"))
    for warranty in warranties:
        warranty.fitting = by_id[warranty.fitting_id]
    if claim.fitting_id is not None:
        claim.fitting = by_id[claim.fitting_id]
    return ClaimView(
        claim=claim,
        clock=clocks_of([claim]).get(claim.pk),
        fittings=[claim.fitting] if claim.fitting else [one for one in fittings if not one.is_void],
        photos=list(claim.photos.order_by("pk")),
        hand_over=hand_over_before(claim),
        coverage=coverage_of_claim(claim, warranties),
        timeline=timeline(list(claim.order.events.order_by("sequence")), proven=True),
        others=list(Claim.objects.filter(order=claim.order).exclude(pk=claim.pk)),
        owners=possible_owners(claim.order.city),
    )


def hand_over_before(claim: Claim) -> HandOver | None:
    """The phone as we gave it back, last before the claim: what the claim's photos are compared with."""
    return (
        HandOver.objects.filter(order=claim.order, stage=Stage.END, at__lte=claim.filed_at)
        .select_related("by")
        .prefetch_related(Prefetch("photos", HandOverPhoto.objects.order_by("pk")))
        .order_by("-at", "-pk")
        .first()
    )


def _fittings() -> QuerySet[Fitting]:
    return Fitting.objects.select_related(
        "line__repair",
        "line__part",
        "unit__lot__part",
        "unit__lot__supplier",
        "engineer__user",
        "warranty__terms",
        "visit",
    ).order_by("fitted_at", "pk")
