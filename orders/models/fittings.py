"""What was done at the door: the hand-over, and which unit went into which phone."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from engineers.models import Engineer, Visit
from orders.models.orders import RepairOrder
from orders.models.quotes import QuoteLine
from orders.querysets import FittingQuerySet
from orders.states import OldPartFate, Stage, VoidReason
from parts.models import StockUnit


class HandOver(models.Model):
    """The device's condition when it changes hands, seen by both sides."""

    order = models.ForeignKey(
        RepairOrder, on_delete=models.PROTECT, related_name="hand_overs", verbose_name=_("repair order")
    )
    visit = models.ForeignKey(
        Visit, on_delete=models.PROTECT, related_name="hand_overs", verbose_name=_("visit")
    )
    stage = models.CharField(_("stage"), max_length=10, choices=Stage.choices)
    note = models.CharField(_("note"), max_length=500, blank=True)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", verbose_name=_("by")
    )
    at = models.DateTimeField(_("at"))

    class Meta:
        verbose_name = _("hand-over")
        verbose_name_plural = _("hand-overs")
        constraints = [
            models.UniqueConstraint(fields=["order", "visit", "stage"], name="hand_over_once_per_stage")
        ]

    def __str__(self) -> str:
        return f"{self.order_id} {self.stage}"


class HandOverPhoto(models.Model):
    """A photo of the device, re-encoded, without its place and time data. `digest`: SHA-256 of the file."""

    hand_over = models.ForeignKey(
        HandOver, on_delete=models.PROTECT, related_name="photos", verbose_name=_("hand-over")
    )
    image = models.ImageField(_("photo"), upload_to="hand-overs/%Y/%m/")
    digest = models.CharField(_("digest"), max_length=64)

    class Meta:
        verbose_name = _("hand-over photo")
        verbose_name_plural = _("hand-over photos")

    def __str__(self) -> str:
        return self.digest[:12]


class Fitting(models.Model):
    """One unit in, one old part out, for one line of the approved quote. The warranty hangs here.

    A scan writes it before the phone is opened; where the unit did not stay in, it is void and stays as
    history.
    """

    order = models.ForeignKey(
        RepairOrder, on_delete=models.PROTECT, related_name="fittings", verbose_name=_("repair order")
    )
    line = models.ForeignKey(
        QuoteLine, on_delete=models.PROTECT, related_name="fittings", verbose_name=_("quote line")
    )
    visit = models.ForeignKey(
        Visit, on_delete=models.PROTECT, related_name="fittings", verbose_name=_("visit")
    )
    engineer = models.ForeignKey(
        Engineer, on_delete=models.PROTECT, related_name="fittings", verbose_name=_("engineer")
    )
    unit = models.ForeignKey(
        StockUnit, on_delete=models.PROTECT, related_name="fittings", verbose_name=_("unit in")
    )
    old_part_serial = models.CharField(_("serial of the old part"), max_length=60, blank=True)
    old_part_fate = models.CharField(_("old part"), max_length=10, choices=OldPartFate.choices, blank=True)
    fitted_at = models.DateTimeField(_("fitted at"))
    removed_at = models.DateTimeField(_("old part out at"), null=True, blank=True)
    voided_at = models.DateTimeField(_("void since"), null=True, blank=True)
    void_reason = models.CharField(_("why void"), max_length=20, choices=VoidReason.choices, blank=True)

    objects = FittingQuerySet.as_manager()

    class Meta:
        verbose_name = _("fitting")
        verbose_name_plural = _("fittings")
        ordering = ["fitted_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["line", "visit"],
                condition=models.Q(voided_at__isnull=True),
                name="line_fitted_once_per_visit",
            ),
            models.UniqueConstraint(
                fields=["unit"], condition=models.Q(voided_at__isnull=True), name="unit_in_one_phone"
            ),
            models.CheckConstraint(
                condition=models.Q(voided_at__isnull=True, void_reason="")
                | models.Q(voided_at__isnull=False, void_reason__in=VoidReason.values),
                name="fitting_void_with_its_reason",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.unit}"

    @property
    def is_void(self) -> bool:
        """Whether the unit did not stay in the phone."""
        return self.voided_at is not None
