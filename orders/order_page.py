"""What an order's page shows its reader: less before a contact is proved, more after."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import cached_property

from engineers import policy
from engineers.models import BrandAuthorisation, Engineer, EngineerCertificate, Visit
from engineers.states import ANNOUNCED, MOVABLE
from orders import ports
from orders.links import order_path, order_pin
from orders.models import Fitting, HandOverPhoto, OrderContact, OrderVisit, Proposal, Quote, RepairOrder
from orders.services.telling import contact_address
from orders.states import OrderStatus, VisitPurpose
from orders.wording import TimelineEntry, timeline


@dataclass(frozen=True)
class EngineerCard:
    """Who comes, with what shows that they may do it, valid on the visit's day."""

    engineer: Engineer
    certificates: list[EngineerCertificate]
    authorisations: list[BrandAuthorisation]


@dataclass(frozen=True)
class CodeWay:
    """Where a code can go: the contact's position and the masked address."""

    position: int
    masked: str


class OrderPage:
    """The page's facts, each read once. `reader` is the proved contact, None for the mere link."""

    def __init__(self, order: RepairOrder, reader: OrderContact | None, at: datetime) -> None:
        self.order = order
        self.reader = reader
        self.at = at

    @property
    def is_proven(self) -> bool:
        """Whether personal data may be shown."""
        return self.reader is not None

    @property
    def may_approve(self) -> bool:
        """Whether the reader may change what was promised."""
        return self.reader is not None and self.reader.may_approve

    @property
    def path(self) -> str:
        """The page's own path."""
        return order_path(self.order)

    @property
    def pin(self) -> str:
        """The PIN, for a proved contact of an order that still needs it: a rework's visit needs it too."""
        return order_pin(self.order) if self.may_approve and self.is_live else ""

    @cached_property
    def district(self) -> str:
        """The district in the reader's language."""
        return self.order.city.district_name(self.order.district)

    @cached_property
    def quote(self) -> Quote:
        """The newest approved version."""
        return next(quote for quote in self.order.quotes.all() if hasattr(quote, "approval"))

    @cached_property
    def link(self) -> OrderVisit | None:
        """The visit that counts: the open one, else the last that was not just moved."""
        links = list(self.order.order_visits.all())
        still = [link for link in links if link.visit.is_open]
        held = [link for link in links if link.visit.status != "cancelled"]
        found = still or held or links
        return found[-1] if found else None

    @property
    def visit(self) -> Visit | None:
        """That visit."""
        return self.link.visit if self.link else None

    @property
    def movable_visit(self) -> Visit | None:
        """That visit, while it would be given up for another window."""
        visit = self.visit
        return visit if visit is not None and visit.status in MOVABLE else None

    @cached_property
    def proposal(self) -> Proposal | None:
        """Our proposal of another window that waits for the customer's answer."""
        visit = self.movable_visit
        waiting = [one for one in self.order.proposals.all() if one.is_open and one.expires_at > self.at]
        return next((one for one in waiting if visit is not None and one.visit_id == visit.pk), None)

    @property
    def proposed_windows(self) -> list[tuple[datetime, datetime]]:
        """The windows of that proposal that do not begin too soon by now."""
        soonest = self.at + policy.lead()
        return [window for window in self.proposal.options if window[0] >= soonest] if self.proposal else []

    @property
    def credit(self) -> Decimal:
        """CNY credited to the customer so far."""
        return sum((one.amount for one in self.order.credits.all()), Decimal(0))

    @property
    def owed(self) -> Decimal:
        """CNY: the approved price less what is credited."""
        return self.quote.total - self.credit

    @property
    def is_rework(self) -> bool:
        """Whether that visit makes good what was done before."""
        return bool(self.link and self.link.purpose == VisitPurpose.REWORK)

    @property
    def is_late(self) -> bool:
        """Whether the promised window has passed and nobody is at the door."""
        visit = self.visit
        return bool(visit and visit.is_open and visit.arrived_at is None and visit.window_end_at < self.at)

    @cached_property
    def card(self) -> EngineerCard | None:
        """The engineer, once confirmed; before that nobody is promised."""
        visit = self.visit
        if visit is None or visit.engineer is None or visit.status not in ANNOUNCED:
            return None
        certificates = EngineerCertificate.objects.filter(
            engineer=visit.engineer,
            skill__key__in=visit.required_skills,
            suspended_at=None,
            valid_from_on__lte=visit.on,
            valid_until_on__gte=visit.on,
        ).select_related("skill")
        authorisations = BrandAuthorisation.objects.filter(
            engineer=visit.engineer,
            brand__key__in=visit.required_brands,
            valid_from_on__lte=visit.on,
            valid_until_on__gte=visit.on,
        ).select_related("brand")
        return EngineerCard(
            visit.engineer, list(certificates), list(authorisations) if visit.required_brands else []
        )

    @cached_property
    def timeline(self) -> list[TimelineEntry]:
        """What happened, the newest first."""
        return timeline(list(self.order.events.all()), proven=self.is_proven)

    @property
    def state(self) -> str:
        """Names what the page shows of the order's progress: a poll that knows it gets nothing new."""
        visit = self.visit
        events = len(self.order.events.all())
        return f"{self.order.status}-{visit.status if visit else ''}-{events}-{int(self.is_late)}"

    @property
    def is_live(self) -> bool:
        """Whether something may still happen by itself, so that the page asks again."""
        return self.order.is_open or bool(self.visit and self.visit.is_open)

    @property
    def can_choose_window(self) -> bool:
        """Whether a window may be chosen: until the engineer sets out, or after a visit that failed."""
        if not self.order.is_open or self.link is None:
            return False
        if not self.link.visit.is_open:
            return self.order.status == OrderStatus.BOOKED
        return self.link.purpose == VisitPurpose.REPAIR and self.link.visit.status in MOVABLE

    @property
    def must_choose_window(self) -> bool:
        """Whether nothing goes on until a window is chosen."""
        return self.can_choose_window and not (self.visit and self.visit.is_open)

    @property
    def can_cancel(self) -> bool:
        """Whether cancelling is still free."""
        if self.order.status != OrderStatus.BOOKED:
            return False
        if self.visit is not None and self.visit.is_open and self.visit.status not in MOVABLE:
            return False
        return not self.has_new_part

    @cached_property
    def has_new_part(self) -> bool:
        """Whether a part of ours is in the phone: from then on cancelling is no matter of one button."""
        ended = any(link.visit.ended_at and link.visit.started_at for link in self.order.order_visits.all())
        return ended and Fitting.objects.standing().filter(order=self.order).exists()

    @property
    def code_ways(self) -> list[CodeWay]:
        """Where a code can be sent: contacts proved when booking, addresses covered."""
        return [
            CodeWay(contact.position, contact_address(contact).masked)
            for contact in self.order.contacts.all()
            if contact.proved_at is not None
        ]

    @cached_property
    def photos(self) -> list[HandOverPhoto]:
        """The device's condition at the hand-over, for proved contacts."""
        if not self.is_proven:
            return []
        photos = HandOverPhoto.objects.filter(hand_over__order=self.order).select_related("hand_over")
        return list(photos.order_by("hand_over__at", "pk"))

    @cached_property
    def sections(self) -> list[ports.OrderSection]:
        """What upper apps add."""
        return ports.order_sections(self.order, proven=self.is_proven, at=self.at)
