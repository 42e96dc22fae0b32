"""Where a claim stands and what may be decided."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class ClaimStatus(models.TextChoices):
    """The states of a claim."""

    FILED = "filed", _("Waiting for our answer")
    APPROVED = "approved", _("Approved")
    REFUSED = "refused", _("Refused")


class ClaimKind(models.TextChoices):
    """What the customer says went wrong."""

    REPEAT_FAULT = "repeat_fault", _("The same fault again")
    NEW_FAULT = "new_fault", _("A new fault after the repair")
    DAMAGE = "damage", _("Damage during the repair")


class Outcome(models.TextChoices):
    """The answer to a claim."""

    APPROVED = "approved", _("Approved")
    REFUSED = "refused", _("Refused")


class RemedyKind(models.TextChoices):
    """What we do about an approved claim."""

    REWORK = "rework", _("Rework at no cost")


class RemedyStatus(models.TextChoices):
    """Whether the remedy was given."""

    OFFERED = "offered", _("Offered, no window chosen yet")
    BOOKED = "booked", _("Visit booked")
    DONE = "done", _("Done")


# promised to the customer and not given yet
OWED = (RemedyStatus.OFFERED, RemedyStatus.BOOKED)
