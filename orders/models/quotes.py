"""The price lock: a quote is never changed, an approval says what exactly was shown."""

from decimal import Decimal

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from orders.models.catalogue import Repair
from orders.models.orders import OrderContact, RepairOrder
from parts.models import Grade, Part
from repairhub.core.money import CURRENCY


class Quote(models.Model):
    """Version n of what an order costs. Append-only: more money is a new version."""

    order = models.ForeignKey(
        RepairOrder, on_delete=models.PROTECT, related_name="quotes", verbose_name=_("repair order")
    )
    version = models.PositiveSmallIntegerField(_("version"))
    total = models.DecimalField(_("total"), max_digits=10, decimal_places=2)
    currency = models.CharField(_("currency"), max_length=3, default=CURRENCY)
    offered_at = models.DateTimeField(_("offered at"))
    offered_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        related_name="+",
        verbose_name=_("offered by"),
    )

    class Meta:
        verbose_name = _("quote")
        verbose_name_plural = _("quotes")
        ordering = ["-version"]
        constraints = [
            models.UniqueConstraint(fields=["order", "version"], name="quote_version_once"),
            models.CheckConstraint(condition=Q(total__gte=0), name="quote_total_not_negative"),
        ]

    def __str__(self) -> str:
        return f"{self.order} v{self.version}"


class QuoteLine(models.Model):
    """One repair of a quote with the part, its grade, the price and our term. Append-only."""

    quote = models.ForeignKey(Quote, on_delete=models.PROTECT, related_name="lines", verbose_name=_("quote"))
    position = models.PositiveSmallIntegerField(_("position"))
    repair = models.ForeignKey(Repair, on_delete=models.PROTECT, related_name="+", verbose_name=_("repair"))
    part = models.ForeignKey(Part, on_delete=models.PROTECT, related_name="+", verbose_name=_("part"))
    grade = models.CharField(_("grade"), max_length=12, choices=Grade.choices)
    part_price = models.DecimalField(_("part"), max_digits=10, decimal_places=2)
    labour = models.DecimalField(_("labour"), max_digits=10, decimal_places=2)
    minutes = models.PositiveSmallIntegerField(_("work (minutes)"))
    term_days = models.PositiveSmallIntegerField(_("warranty (days)"))
    terms_version = models.CharField(_("terms"), max_length=20)
    keeps_maker_warranty = models.BooleanField(_("keeps the maker's warranty"))
    is_sample_price = models.BooleanField(_("sample price"))

    class Meta:
        verbose_name = _("quote line")
        verbose_name_plural = _("quote lines")
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(fields=["quote", "position"], name="quote_line_position_once"),
            models.CheckConstraint(
                condition=Q(part_price__gte=0, labour__gte=0), name="quote_line_price_not_negative"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.quote_id}/{self.position}"

    @property
    def total(self) -> Decimal:
        """Part and labour, CNY."""
        return self.part_price + self.labour

    @property
    def grade_label(self) -> str:
        """The grade in the reader's language."""
        return self.get_grade_display()


class QuoteApproval(models.Model):
    """The customer's yes: who, when, how, and the hash of exactly what was shown. Append-only."""

    class How(models.TextChoices):
        BOOKING = "booking", _("On booking")
        API = "api", _("Through the API")

    quote = models.OneToOneField(
        Quote, on_delete=models.PROTECT, related_name="approval", verbose_name=_("quote")
    )
    contact = models.ForeignKey(
        OrderContact, on_delete=models.PROTECT, related_name="approvals", verbose_name=_("contact")
    )
    how = models.CharField(_("how"), max_length=20, choices=How.choices)
    shown_hash = models.CharField(_("hash of what was shown"), max_length=64)
    at = models.DateTimeField(_("at"))

    class Meta:
        verbose_name = _("approval")
        verbose_name_plural = _("approvals")

    def __str__(self) -> str:
        return f"{self.quote_id} {self.at:%Y-%m-%d}"
