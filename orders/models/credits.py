"""What the customer is credited where we break a window: the policy, and every credit given."""

from decimal import Decimal

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from engineers.models import Visit
from orders.models.orders import RepairOrder
from orders.models.proposals import Proposal
from orders.querysets import LatePolicyQuerySet
from orders.states import CreditReason
from repairhub.core.money import CURRENCY
from repairhub.places.models import City

PERCENT = [MinValueValidator(0), MaxValueValidator(100)]


class LatePolicy(models.Model):
    """What a broken window is worth, in per cent of the labour on the approved quote.

    The one without a city holds wherever no city has its own. It says nothing of windows that ended before
    `starts_at`.
    """

    city = models.ForeignKey(
        City,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="late_policies",
        verbose_name=_("city"),
        help_text=_("Empty: every city that has no row of its own."),
    )
    percent_per_hour = models.PositiveSmallIntegerField(
        _("per cent for each started hour late"), default=10, validators=PERCENT
    )
    cap_percent = models.PositiveSmallIntegerField(_("at most (per cent)"), default=50, validators=PERCENT)
    lost_window_percent = models.PositiveSmallIntegerField(
        _("per cent where we do not come in the window at all"), default=20, validators=PERCENT
    )
    answer_hours = models.PositiveSmallIntegerField(
        _("hours to answer a proposal"),
        default=24,
        validators=[MinValueValidator(1), MaxValueValidator(168)],
    )
    starts_at = models.DateTimeField(
        _("holds from"), help_text=_("Windows that ended before are not credited by it.")
    )
    history = HistoricalRecords()

    objects = LatePolicyQuerySet.as_manager()

    class Meta:
        verbose_name = _("policy for broken windows")
        verbose_name_plural = _("policies for broken windows")
        constraints = [
            models.UniqueConstraint(fields=["city"], nulls_distinct=False, name="late_policy_once_per_city"),
            models.CheckConstraint(
                condition=Q(percent_per_hour__lte=100, cap_percent__lte=100, lost_window_percent__lte=100),
                name="late_policy_percent_of_the_labour",
            ),
            models.CheckConstraint(
                condition=Q(answer_hours__range=(1, 168)), name="late_policy_gives_time_to_answer"
            ),
        ]

    def __str__(self) -> str:
        return str(self.city or _("every city"))

    def late_percent(self, late_seconds: float) -> int:
        """Per cent for an arrival so late: each started hour, the first one included, up to the cap."""
        hours = max(1, -(-int(late_seconds) // 3600))
        return min(hours * self.percent_per_hour, self.cap_percent)


class Credit(models.Model):
    """Money that lowers what the customer owes, for a window that we broke. Append-only.

    One occasion is credited once per visit; where the same visit gets worse, a further row holds the
    difference alone.
    """

    order = models.ForeignKey(
        RepairOrder, on_delete=models.PROTECT, related_name="credits", verbose_name=_("repair order")
    )
    visit = models.ForeignKey(
        Visit, on_delete=models.PROTECT, related_name="credits", verbose_name=_("visit")
    )
    proposal = models.ForeignKey(
        Proposal,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="credits",
        verbose_name=_("proposal"),
    )
    reason = models.CharField(_("reason"), max_length=12, choices=CreditReason.choices)
    amount = models.DecimalField(_("amount"), max_digits=10, decimal_places=2)
    currency = models.CharField(_("currency"), max_length=3, default=CURRENCY)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+", verbose_name=_("by")
    )
    at = models.DateTimeField(_("at"))

    class Meta:
        verbose_name = _("credit")
        verbose_name_plural = _("credits")
        ordering = ["at", "id"]
        constraints = [
            models.UniqueConstraint(fields=["order", "visit", "reason"], name="credit_once_per_occasion"),
            models.CheckConstraint(condition=Q(amount__gt=0), name="credit_is_some_money"),
            models.CheckConstraint(condition=Q(reason__in=CreditReason.values), name="credit_reason_known"),
        ]

    def __str__(self) -> str:
        return f"{self.order_id} {self.reason}"


def percent_of(amount: Decimal, percent: int) -> Decimal:
    """So many per cent of the amount, unrounded."""
    return amount * Decimal(percent) / Decimal(100)
