"""Proposals: what one side asks of the other. The old promise binds until the other side accepts."""

from datetime import datetime
from typing import Any

from django.conf import settings
from django.contrib.postgres.fields import ArrayField, DateTimeRangeField
from django.db import models
from django.db.models import F, Func, Q
from django.utils.translation import gettext_lazy as _
from django_fsm import FSMField, transition

from engineers.models import Visit
from orders.models.orders import OrderContact, RepairOrder
from orders.querysets import ProposalQuerySet
from orders.states import (
    AnsweredHow,
    ProposalKind,
    ProposalReason,
    ProposalStatus,
    Side,
    WithdrawnBecause,
)
from repairhub.core.lifecycle import LifecycleMixin
from repairhub.core.money import CURRENCY

MOST_WINDOWS = 6


class IsAmong(Func):
    """Whether the first expression is an element of the second, an array."""

    template = "(%(expressions)s))"
    arg_joiner = " = ANY("
    output_field = models.BooleanField()


class Proposal(LifecycleMixin, models.Model):
    """What one side asks of the other, with its reason; immutable once offered, only answered.

    `windows` are the arrival windows to choose from (none where the engine finds none: then the customer may
    choose as soon as there is one). `credit` is what the customer is promised for agreeing. `answers` is the
    proposal that this one counters. Facts of one kind alone are empty for the others.
    """

    order = models.ForeignKey(
        RepairOrder, on_delete=models.PROTECT, related_name="proposals", verbose_name=_("repair order")
    )
    visit = models.ForeignKey(
        Visit,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="proposals",
        verbose_name=_("visit"),
    )
    kind = models.CharField(_("kind"), max_length=20, choices=ProposalKind.choices)
    status = FSMField(
        _("status"),
        max_length=10,
        choices=ProposalStatus.choices,
        default=ProposalStatus.OPEN,
        protected=True,
    )
    raised_by = models.CharField(_("raised by"), max_length=10, choices=Side.choices)
    reason = models.CharField(_("reason"), max_length=20, choices=ProposalReason.choices)
    note = models.CharField(_("note"), max_length=300, blank=True)
    old_window_start_at = models.DateTimeField(_("promised window starts at"), null=True, blank=True)
    old_window_end_at = models.DateTimeField(_("promised window ends at"), null=True, blank=True)
    windows = ArrayField(DateTimeRangeField(), verbose_name=_("windows offered"), default=list, blank=True)
    credit = models.DecimalField(_("credit promised"), max_digits=10, decimal_places=2, default=0)
    currency = models.CharField(_("currency"), max_length=3, default=CURRENCY)
    answers = models.ForeignKey(
        "self",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="counters",
        verbose_name=_("counters the proposal"),
    )
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("created by"),
        help_text=_("Empty: the system."),
    )
    created_at = models.DateTimeField(_("created at"))
    expires_at = models.DateTimeField(_("open until"))
    closed_at = models.DateTimeField(_("closed at"), null=True, blank=True)
    chosen = DateTimeRangeField(_("window chosen"), null=True, blank=True)
    new_visit = models.ForeignKey(
        Visit,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("visit instead"),
    )
    how = models.CharField(_("how answered"), max_length=10, choices=AnsweredHow.choices, blank=True)
    contact = models.ForeignKey(
        OrderContact,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("answered by the contact"),
    )
    closed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("closed by"),
    )
    withdrawn_because = models.CharField(
        _("why withdrawn"), max_length=12, choices=WithdrawnBecause.choices, blank=True
    )
    end_note = models.CharField(_("note on the end"), max_length=300, blank=True)

    objects = ProposalQuerySet.as_manager()

    class Meta:
        verbose_name = _("proposal")
        verbose_name_plural = _("proposals")
        ordering = ["-created_at", "-id"]
        indexes = [
            # reader: ProposalQuerySet.lapsed, each minute
            models.Index(fields=["expires_at"], name="proposal_lapsing", condition=Q(status="open")),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(status__in=ProposalStatus.values), name="proposal_status_known"
            ),
            models.CheckConstraint(condition=Q(kind__in=ProposalKind.values), name="proposal_kind_known"),
            models.UniqueConstraint(
                fields=["visit"],
                condition=Q(kind="new_window", status="open"),
                name="proposal_one_open_window_per_visit",
            ),
            models.CheckConstraint(
                condition=~Q(kind="new_window")
                | Q(
                    visit__isnull=False,
                    old_window_start_at__isnull=False,
                    old_window_end_at__gt=F("old_window_start_at"),
                ),
                name="proposal_of_a_window_names_the_old_one",
            ),
            models.CheckConstraint(condition=~Q(reason="other") | ~Q(note=""), name="proposal_has_a_reason"),
            models.CheckConstraint(condition=Q(credit__gte=0), name="proposal_credit_not_negative"),
            models.CheckConstraint(
                condition=Q(expires_at__gt=F("created_at")), name="proposal_expires_after_creation"
            ),
            models.CheckConstraint(
                condition=Q(windows__len__lte=MOST_WINDOWS), name="proposal_windows_are_few"
            ),
            models.CheckConstraint(
                condition=Q(status="open", closed_at__isnull=True)
                | (~Q(status="open") & Q(closed_at__isnull=False)),
                name="proposal_closed_has_time",
            ),
            models.CheckConstraint(
                condition=(Q(status="accepted") & Q(chosen__isnull=False))
                | (~Q(status="accepted") & Q(chosen__isnull=True, new_visit__isnull=True)),
                name="proposal_accepted_has_its_choice",
            ),
            models.CheckConstraint(
                condition=Q(chosen__isnull=True) | Q(IsAmong(F("chosen"), F("windows"))),
                name="proposal_choice_was_offered",
            ),
            models.CheckConstraint(
                condition=~Q(status__in=["accepted", "declined"]) | ~Q(how=""),
                name="proposal_answered_says_how",
            ),
            models.CheckConstraint(
                condition=(Q(status="withdrawn") & ~Q(withdrawn_because=""))
                | (~Q(status="withdrawn") & Q(withdrawn_because="")),
                name="proposal_withdrawn_says_why",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.order_id}/{self.pk} {self.kind}"

    @property
    def is_open(self) -> bool:
        """Whether it waits for an answer."""
        return self.status == ProposalStatus.OPEN

    @property
    def is_of_system(self) -> bool:
        """Whether nobody by name raised it."""
        return self.raised_by == Side.US and self.created_by_id is None

    @property
    def options(self) -> list[tuple[datetime, datetime]]:
        """The windows offered, start and end, in their order."""
        return [(window.lower, window.upper) for window in self.windows]

    @property
    def choice(self) -> tuple[datetime, datetime] | None:
        """The window that was accepted."""
        chosen: Any = self.chosen
        return None if chosen is None else (chosen.lower, chosen.upper)

    # The moves. Services lock, guard, set who and when, write the event; nobody else calls these.
    @transition(field=status, source=ProposalStatus.OPEN, target=ProposalStatus.ACCEPTED)
    def accept(self) -> None:
        """The other side agreed."""

    @transition(field=status, source=ProposalStatus.OPEN, target=ProposalStatus.DECLINED)
    def decline(self) -> None:
        """The other side keeps the old promise, or counters with another proposal."""

    @transition(field=status, source=ProposalStatus.OPEN, target=ProposalStatus.EXPIRED)
    def expire(self) -> None:
        """Nobody answered in time; the old promise stands."""

    @transition(field=status, source=ProposalStatus.OPEN, target=ProposalStatus.WITHDRAWN)
    def withdraw(self) -> None:
        """Whoever asked asks no more."""
