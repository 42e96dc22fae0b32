"""A claim, its decision and what we do about it."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _
from django_fsm import FSMField, transition

from engineers.models import Visit
from orders.models import Fitting, OrderContact, RepairOrder
from repairhub.core.lifecycle import LifecycleMixin
from warranty.querysets import ClaimQuerySet, RemedyQuerySet
from warranty.states import OWED, ClaimKind, ClaimStatus, Outcome, RemedyKind, RemedyStatus


class Claim(LifecycleMixin, models.Model):
    """What a customer says is wrong after a repair. It has one named owner, and one clock to answer it."""

    reference = models.CharField(_("reference"), max_length=20, unique=True)
    form_id = models.UUIDField(
        _("form"), unique=True, editable=False, help_text=_("One form makes one claim.")
    )
    order = models.ForeignKey(
        RepairOrder, on_delete=models.PROTECT, related_name="claims", verbose_name=_("repair order")
    )
    fitting = models.ForeignKey(
        Fitting,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="claims",
        verbose_name=_("fitting"),
    )
    contact = models.ForeignKey(
        OrderContact, on_delete=models.PROTECT, related_name="claims", verbose_name=_("filed by")
    )
    kind = models.CharField(_("kind"), max_length=20, choices=ClaimKind.choices)
    text = models.TextField(_("what is wrong"), max_length=2000)
    status = FSMField(
        _("status"), max_length=10, choices=ClaimStatus.choices, default=ClaimStatus.FILED, protected=True
    )
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="claims",
        verbose_name=_("owner"),
    )
    filed_at = models.DateTimeField(_("filed at"))
    answered_at = models.DateTimeField(_("answered at"), null=True, blank=True)

    objects = ClaimQuerySet.as_manager()

    class Meta:
        verbose_name = _("claim")
        verbose_name_plural = _("claims")
        ordering = ["-filed_at", "-id"]
        indexes = [
            # reader: ClaimQuerySet.waiting, on the case officer's list
            models.Index(fields=["filed_at"], name="claim_waiting", condition=models.Q(status="filed")),
            # reader: ClaimQuerySet.answered, on the case officer's list
            models.Index(fields=["-answered_at", "-id"], name="claim_answered"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(status__in=ClaimStatus.values), name="claim_status_known"
            ),
            models.CheckConstraint(
                condition=models.Q(status="filed", answered_at__isnull=True)
                | (~models.Q(status="filed") & models.Q(answered_at__isnull=False)),
                name="claim_answered_has_time",
            ),
        ]

    def __str__(self) -> str:
        return self.reference

    @transition(field=status, source=ClaimStatus.FILED, target=ClaimStatus.APPROVED)
    def approve(self) -> None:
        """We make it good."""

    @transition(field=status, source=ClaimStatus.FILED, target=ClaimStatus.REFUSED)
    def refuse(self) -> None:
        """We do not, and say why."""


class ClaimPhoto(models.Model):
    """A photo of what is wrong, re-encoded. `digest`: SHA-256 of the file."""

    claim = models.ForeignKey(Claim, on_delete=models.PROTECT, related_name="photos", verbose_name=_("claim"))
    image = models.ImageField(_("photo"), upload_to="claims/%Y/%m/")
    digest = models.CharField(_("digest"), max_length=64)

    class Meta:
        verbose_name = _("claim photo")
        verbose_name_plural = _("claim photos")

    def __str__(self) -> str:
        return self.digest[:12]


class Decision(models.Model):
    """The answer to a claim, by a named person; a refusal always says why. Append-only."""

    claim = models.OneToOneField(
        Claim, on_delete=models.PROTECT, related_name="decision", verbose_name=_("claim")
    )
    outcome = models.CharField(_("outcome"), max_length=10, choices=Outcome.choices)
    reason = models.TextField(_("reason"), max_length=2000, blank=True)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", verbose_name=_("by")
    )
    at = models.DateTimeField(_("at"))

    class Meta:
        verbose_name = _("decision")
        verbose_name_plural = _("decisions")
        constraints = [
            models.CheckConstraint(
                condition=models.Q(outcome="approved") | ~models.Q(reason=""), name="refusal_has_reason"
            ),
            models.CheckConstraint(
                condition=models.Q(outcome__in=Outcome.values), name="decision_outcome_known"
            ),
        ]

    def __str__(self) -> str:
        return str(self.get_outcome_display())


class Remedy(LifecycleMixin, models.Model):
    """What an approved claim brings: a rework visit at no cost, in a window the customer chooses.

    One visit may serve the remedies of several claims of an order.
    """

    claim = models.OneToOneField(
        Claim, on_delete=models.PROTECT, related_name="remedy", verbose_name=_("claim")
    )
    kind = models.CharField(_("kind"), max_length=10, choices=RemedyKind.choices, default=RemedyKind.REWORK)
    status = FSMField(
        _("status"), max_length=10, choices=RemedyStatus.choices, default=RemedyStatus.OFFERED, protected=True
    )
    visit = models.ForeignKey(
        Visit,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="remedies",
        verbose_name=_("visit"),
    )
    offered_at = models.DateTimeField(_("offered at"))
    done_at = models.DateTimeField(_("done at"), null=True, blank=True)

    objects = RemedyQuerySet.as_manager()

    class Meta:
        verbose_name = _("remedy")
        verbose_name_plural = _("remedies")
        constraints = [
            models.CheckConstraint(
                condition=models.Q(status__in=RemedyStatus.values), name="remedy_status_known"
            ),
            models.CheckConstraint(
                condition=models.Q(status="offered") | models.Q(visit__isnull=False), name="remedy_has_visit"
            ),
        ]

    def __str__(self) -> str:
        return str(self.get_kind_display())

    @property
    def is_owed(self) -> bool:
        """Whether it was promised and not given yet."""
        return self.status in OWED

    @transition(field=status, source=RemedyStatus.OFFERED, target=RemedyStatus.BOOKED)
    def book(self) -> None:
        """The customer chose a window."""

    @transition(field=status, source=RemedyStatus.BOOKED, target=RemedyStatus.OFFERED)
    def offer_again(self) -> None:
        """The rework visit ended without the rework; the customer chooses again."""

    @transition(field=status, source=RemedyStatus.BOOKED, target=RemedyStatus.DONE)
    def finish(self) -> None:
        """The rework is done."""
