"""Where a repair order stands, and what its parts may be. Where a visit stands is the visit's own state."""

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


class OrderStatus(models.TextChoices):
    """The states of a repair order (design, section 4)."""

    BOOKED = "booked", _("Booked")
    IN_REPAIR = "in_repair", _("In repair")
    COMPLETED = "completed", _("Completed")
    CANCELLED = "cancelled", _("Cancelled")
    UNREPAIRABLE = "unrepairable", _("Cannot be repaired")


# something is still to be done for the customer
OPEN = (OrderStatus.BOOKED, OrderStatus.IN_REPAIR)


class OrderKind(models.TextChoices):
    """What the customer asked for. More kinds come with their own rules."""

    REPAIR = "repair", _("Repair")


class Channel(models.TextChoices):
    """How phone and engineer meet."""

    ON_SITE = "on_site", _("At your door")


class Payer(models.TextChoices):
    """Who pays; the customer's share is locked."""

    CUSTOMER = "customer", _("Customer")


class VisitPurpose(models.TextChoices):
    """What an order has a visit for."""

    REPAIR = "repair", _("Repair")
    REWORK = "rework", _("Rework under warranty")


class Stage(models.TextChoices):
    """When a hand-over takes place."""

    START = "start", _("At the start")
    END = "end", _("At the end")


class OldPartFate(models.TextChoices):
    """What becomes of the old part: the customer's choice."""

    KEEP = "keep", _("The customer keeps it")
    RECYCLE = "recycle", _("We recycle it")


class VoidReason(models.TextChoices):
    """Why a fitting does not count: the scanned unit is not in the phone."""

    NOT_FITTED = "not_fitted", _("Not fitted after all")
    DEAD_ON_ARRIVAL = "dead_on_arrival", _("Dead on arrival")


class ProposalKind(models.TextChoices):
    """What one side asks of the other. More kinds (quote, channel, part) come with their own facts."""

    NEW_WINDOW = "new_window", _("Another arrival window")


class ProposalStatus(models.TextChoices):
    """Where a proposal stands. Until it is accepted the old promise binds."""

    OPEN = "open", _("Waiting for an answer")
    ACCEPTED = "accepted", _("Accepted")
    DECLINED = "declined", _("Declined: the old promise stays")
    EXPIRED = "expired", _("Expired without an answer")
    WITHDRAWN = "withdrawn", pgettext_lazy("proposal", "Withdrawn")


class Side(models.TextChoices):
    """Who asks."""

    US = "us", pgettext_lazy("side", "RepairHub")
    CUSTOMER = "customer", _("Customer")


class ProposalReason(models.TextChoices):
    """Why another window is proposed, in words that the customer reads."""

    ENGINEER_OUT = "engineer_out", _("The engineer who was to come cannot come.")
    NOBODY_FREE = "nobody_free", _("Nobody qualified is free in the promised window any more.")
    RUNNING_LATE = "running_late", _("The visits before yours take longer than planned.")
    PART_MISSING = "part_missing", _("The part is not at hand in time.")
    ROADS = "roads", _("Weather or traffic keeps us from coming in time.")
    OTHER = "other", _("Another reason")
    CUSTOMER_ASKED = "customer_asked", _("The customer asked for another window.")


# what a dispatcher can choose
DESK_REASONS = [reason for reason in ProposalReason if reason != ProposalReason.CUSTOMER_ASKED]


class AnsweredHow(models.TextChoices):
    """How the customer answered."""

    PAGE = "page", _("On the order's page")
    PIN = "pin", _("With the PIN, on another device")
    PHONE = "phone", _("On the phone, with a code that we sent")
    API = "api", _("Through the API")


class WithdrawnBecause(models.TextChoices):
    """Why we took a proposal back."""

    KEPT = "kept", _("The promised window can be kept after all.")
    UNDER_WAY = "under_way", _("The engineer has set out.")
    VISIT_OVER = "visit_over", _("The visit does not take place in this window any more.")
    DESK = "desk", _("The dispatch desk took it back.")


class CreditReason(models.TextChoices):
    """What a credit makes good."""

    MISSED = "missed", _("The promised window passed with nobody at your door")
    LATE = "late", _("We came still later")
    LOST_WINDOW = "lost_window", _("We did not come in the promised window at all")
    NEW_WINDOW = "new_window", _("You agreed to another window")
