"""Where a repair order stands, and what its parts may be. Where a visit stands is the visit's own state."""

from django.db import models
from django.utils.translation import gettext_lazy as _


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
