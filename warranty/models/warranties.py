"""The promise after the repair: terms, and one warranty per fitting."""

from django.db import models
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from orders.models import Fitting
from parts.models import Grade
from warranty.querysets import WarrantyQuerySet, WarrantyTermsQuerySet


class WarrantyTerms(models.Model):
    """What we promise for a grade from a day on. A published version is never edited: write a new one."""

    version = models.CharField(_("version"), max_length=20)
    grade = models.CharField(_("grade"), max_length=12, choices=Grade.choices)
    days = models.PositiveSmallIntegerField(_("days"), default=180)
    text_en = models.TextField(_("text, English"))
    text_zh = models.TextField(_("text, Chinese"))
    valid_from_on = models.DateField(_("valid from"))
    history = HistoricalRecords()

    objects = WarrantyTermsQuerySet.as_manager()

    class Meta:
        verbose_name = _("warranty terms")
        verbose_name_plural = _("warranty terms")
        ordering = ["-valid_from_on", "grade"]
        constraints = [
            models.UniqueConstraint(fields=["version", "grade"], name="terms_version_per_grade"),
            models.CheckConstraint(condition=models.Q(days__gte=1), name="terms_last_a_day"),
            models.CheckConstraint(condition=models.Q(grade__in=Grade.values), name="terms_grade_known"),
        ]

    def __str__(self) -> str:
        return f"{self.version} {self.get_grade_display()}"

    @property
    def text(self) -> str:
        """The terms in the reader's language."""
        return self.text_zh if (get_language() or "en").startswith("zh") else self.text_en


class Warranty(models.Model):
    """What is promised for one fitting. A rework never shortens it."""

    number = models.CharField(_("number"), max_length=20, unique=True)
    fitting = models.OneToOneField(
        Fitting, on_delete=models.PROTECT, related_name="warranty", verbose_name=_("fitting")
    )
    terms = models.ForeignKey(
        WarrantyTerms, on_delete=models.PROTECT, related_name="warranties", verbose_name=_("terms")
    )
    replaces = models.OneToOneField(
        "self",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="replaced_by",
        verbose_name=_("replaces"),
    )
    starts_on = models.DateField(_("starts on"))
    ends_on = models.DateField(_("ends on"), help_text=_("The last day covered."))
    issued_at = models.DateTimeField(_("issued at"))

    objects = WarrantyQuerySet.as_manager()

    class Meta:
        verbose_name = _("warranty")
        verbose_name_plural = _("warranties")
        ordering = ["-issued_at", "id"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(ends_on__gte=models.F("starts_on")), name="warranty_lasts_a_day"
            )
        ]

    def __str__(self) -> str:
        return self.number
