"""What a rework visit has to do: the answer to a port of orders."""

from engineers.models import Visit
from orders.models import RepairOrder
from orders.services.visits import approved_quote
from warranty.models import Claim, Remedy


def lines_of_rework(order: RepairOrder, visit: Visit) -> frozenset[int]:
    """Ids of the quote lines that this rework visit must fit anew, by the claims whose remedies it serves."""
    remedies = Remedy.objects.filter(visit=visit, claim__order=order).select_related("claim__fitting")
    return lines_of_claims(order, [remedy.claim for remedy in remedies])


def lines_of_claims(order: RepairOrder, claims: list[Claim]) -> frozenset[int]:
    """The claimed fittings' lines; every line of the quote where a claim names no fitting."""
    if any(claim.fitting is None for claim in claims):
        return frozenset(line.pk for line in approved_quote(order).lines.all())
    return frozenset(claim.fitting.line_id for claim in claims if claim.fitting is not None)
