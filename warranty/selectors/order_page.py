"""What the order's page shows of warranty: promises, claims with their answers, what is still owed."""

from dataclasses import dataclass
from datetime import date, datetime

from django.urls import reverse

from orders.links import order_token
from orders.models import RepairOrder
from orders.ports import OrderSection
from orders.states import OrderStatus
from repairhub.sla.models import SlaTarget
from repairhub.sla.services.clocks import STANDARD
from repairhub.sla.states import TargetKey
from warranty.models import Claim, Remedy, Warranty


@dataclass(frozen=True)
class ShownWarranty:
    """A warranty as its reader sees it on a day."""

    warranty: Warranty
    on: date

    @property
    def is_over(self) -> bool:
        """Whether its last day has passed."""
        return self.on > self.warranty.ends_on

    @property
    def days_left(self) -> int:
        """Full days after today that are still covered."""
        return max(0, (self.warranty.ends_on - self.on).days)

    @property
    def percent_used(self) -> str:
        """How much of the term has passed, as an SVG length wants it."""
        return f"{100 * self._used:.1f}%"

    @property
    def percent_left(self) -> str:
        """How much of the term is left, as an SVG length wants it."""
        return f"{100 * (1 - self._used):.1f}%"

    @property
    def _used(self) -> float:
        whole = (self.warranty.ends_on - self.warranty.starts_on).days + 1
        return min(max((self.on - self.warranty.starts_on).days, 0), whole) / whole


def order_section(order: RepairOrder, proven: bool, at: datetime) -> OrderSection | None:
    """The answer to orders' port; None before the repair is completed. At most four queries."""
    if order.status != OrderStatus.COMPLETED:
        return None
    on = at.astimezone(order.city.zone).date()
    claims = list(claims_of_order(order, proven=proven))
    owed = [claim.remedy for claim in claims if _is_owed(claim)]
    args = [order.reference, order_token(order)]
    return OrderSection(
        template="warranty/order_section.html",
        context={
            "warranties": [ShownWarranty(warranty, on) for warranty in promises_of(order)],
            "claims": claims,
            "owed": owed,
            "has_visit": any(remedy.visit is not None and remedy.visit.is_open for remedy in owed),
            "proven": proven,
            "claim_url": reverse("file_claim", args=args),
            "rework_url": reverse("rework_window", args=args),
            "photo_token": args[1],
        },
    )


def promises_of(order: RepairOrder) -> list[Warranty]:
    """The warranties that count now, one per fitted line, in the order of the quote."""
    newest = Warranty.objects.newest().filter(fitting__order=order).with_part()
    return list(newest.order_by("fitting__line__position", "pk"))


def claims_of_order(order: RepairOrder, *, proven: bool) -> list[Claim]:
    """The order's claims, the newest first; their photos only for a reader who proved a contact."""
    claims = Claim.objects.filter(order=order).select_related(
        "owner", "decision__by", "remedy__visit__city", "fitting__line__repair"
    )
    return list(claims.prefetch_related("photos") if proven else claims)


def owed_on(order: RepairOrder) -> list[Remedy]:
    """What was promised for this order's claims and not given yet."""
    owed = Remedy.objects.owed().filter(claim__order=order)
    return list(owed.select_related("claim__fitting", "claim__order", "visit__city").order_by("pk"))


def hours_to_answer() -> int:
    """How long the answer to a claim filed now may take, in whole hours."""
    target = SlaTarget.objects.get(policy__key=STANDARD, key=TargetKey.ANSWER_CLAIM)
    return (target.minutes or 0) // 60


def _is_owed(claim: Claim) -> bool:
    remedy = getattr(claim, "remedy", None)
    return remedy is not None and remedy.is_owed
