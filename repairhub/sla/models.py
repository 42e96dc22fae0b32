"""Promised deadlines: the deadline is stored, the shown state is derived."""

from datetime import datetime, timedelta

from django.contrib.contenttypes.fields import GenericForeignKey
from django.contrib.contenttypes.models import ContentType
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from repairhub.accounts.states import STAFF_ROLES

from .querysets import SlaClockQuerySet
from .states import Level, ShownState, TargetKey


class SlaPolicy(models.Model):
    """A set of targets under one name."""

    key = models.SlugField(_("key"), max_length=40)
    name = models.CharField(_("name"), max_length=80)

    class Meta:
        verbose_name = _("policy")
        verbose_name_plural = _("policies")
        constraints = [models.UniqueConstraint(fields=["key"], name="sla_policy_once_per_key")]

    def __str__(self) -> str:
        return self.name


class SlaTarget(models.Model):
    """How long something may take, how early to warn, and whom."""

    policy = models.ForeignKey(
        SlaPolicy, on_delete=models.CASCADE, related_name="targets", verbose_name=_("policy")
    )
    key = models.CharField(_("key"), max_length=40, choices=TargetKey.choices)
    minutes = models.PositiveIntegerField(
        _("minutes"), null=True, blank=True, help_text=_("Empty: the due moment comes with each clock.")
    )
    warn_before_minutes = models.PositiveIntegerField(_("warn this many minutes before"))
    notify_role = models.CharField(
        _("role to tell"), max_length=16, choices=[(role.value, role.label) for role in STAFF_ROLES]
    )

    class Meta:
        verbose_name = _("target")
        verbose_name_plural = _("targets")
        constraints = [
            models.UniqueConstraint(fields=["policy", "key"], name="sla_target_once_per_policy"),
            models.CheckConstraint(
                condition=Q(notify_role__in=[role.value for role in STAFF_ROLES]),
                name="sla_target_tells_staff",
            ),
            models.CheckConstraint(
                condition=Q(minutes__isnull=True) | Q(minutes__gt=F("warn_before_minutes")),
                name="sla_target_warns_before_it_is_due",
            ),
        ]

    def __str__(self) -> str:
        return str(TargetKey(self.key).label)

    @property
    def warn_before(self) -> timedelta:
        """How long before the due moment the warning goes out."""
        return timedelta(minutes=self.warn_before_minutes)


class SlaClock(models.Model):
    """One running promise about one subject.

    A running clock has `due_at` and `warn_at`; a paused one has neither and keeps `remaining`. `scope` is a
    city's code, `label` and `link` tell people what it is about.
    """

    content_type = models.ForeignKey(
        ContentType, on_delete=models.PROTECT, related_name="+", verbose_name=_("kind of subject")
    )
    object_id = models.PositiveBigIntegerField(_("number of the subject"))
    subject = GenericForeignKey()
    target = models.ForeignKey(
        SlaTarget, on_delete=models.PROTECT, related_name="clocks", verbose_name=_("target")
    )
    scope = models.CharField(_("city"), max_length=40, blank=True)
    label = models.CharField(_("about"), max_length=120, blank=True)
    link = models.CharField(_("page"), max_length=300, blank=True)
    started_at = models.DateTimeField(_("started at"))
    due_at = models.DateTimeField(_("due at"), null=True, blank=True)
    warn_at = models.DateTimeField(_("warn at"), null=True, blank=True)
    remaining = models.DurationField(_("remaining while paused"), null=True, blank=True)
    moves = models.PositiveSmallIntegerField(_("times moved"), default=0)
    paused_at = models.DateTimeField(_("paused at"), null=True, blank=True)
    warned_at = models.DateTimeField(_("warned at"), null=True, blank=True)
    breached_at = models.DateTimeField(_("breach recorded at"), null=True, blank=True)
    stopped_at = models.DateTimeField(_("stopped at"), null=True, blank=True)

    objects = SlaClockQuerySet.as_manager()

    class Meta:
        verbose_name = _("clock")
        verbose_name_plural = _("clocks")
        constraints = [
            models.UniqueConstraint(
                fields=["content_type", "object_id", "target"],
                condition=Q(stopped_at__isnull=True),
                name="sla_clock_one_open",
            ),
            models.CheckConstraint(
                condition=Q(
                    paused_at__isnull=True,
                    remaining__isnull=True,
                    due_at__isnull=False,
                    warn_at__isnull=False,
                )
                | Q(
                    paused_at__isnull=False,
                    remaining__isnull=False,
                    due_at__isnull=True,
                    warn_at__isnull=True,
                ),
                name="sla_clock_runs_or_is_paused",
            ),
            models.CheckConstraint(
                condition=Q(due_at__isnull=True) | Q(warn_at__lte=F("due_at")),
                name="sla_clock_warns_before_due",
            ),
            models.CheckConstraint(
                condition=Q(stopped_at__isnull=True) | Q(stopped_at__gte=F("started_at")),
                name="sla_clock_stops_after_start",
            ),
        ]
        indexes = [
            # read by SlaClockQuerySet.breach_due(), each minute
            models.Index(
                fields=["due_at"],
                condition=Q(stopped_at__isnull=True, breached_at__isnull=True),
                name="sla_clock_breach_due",
            ),
            # read by SlaClockQuerySet.warning_due(), each minute
            models.Index(
                fields=["warn_at"],
                condition=Q(stopped_at__isnull=True, warned_at__isnull=True, breached_at__isnull=True),
                name="sla_clock_warning_due",
            ),
            # read by SlaClockQuerySet.for_subjects(): boards show the clocks of their rows
            models.Index(fields=["content_type", "object_id"], name="sla_clock_of_subject"),
        ]

    def __str__(self) -> str:
        return self.label or f"clock {self.pk}"

    def shown_state(self, at: datetime) -> str:
        """One of ShownState at that moment, whether or not the sweep has passed since."""
        overdue_at = self.stopped_at or at
        overdue = self.breached_at is not None or (self.due_at is not None and self.due_at <= overdue_at)
        if self.stopped_at is not None:
            return ShownState.MISSED if overdue else ShownState.KEPT
        if overdue:
            return ShownState.BREACHED
        if self.paused_at is not None:
            return ShownState.PAUSED
        if self.warn_at is not None and self.warn_at <= at:
            return ShownState.WARNING
        return ShownState.RUNNING


class Escalation(models.Model):
    """A warning or a breach as it was recorded, for the due moment that it was about."""

    clock = models.ForeignKey(
        SlaClock, on_delete=models.CASCADE, related_name="escalations", verbose_name=_("clock")
    )
    level = models.CharField(_("level"), max_length=8, choices=Level.choices)
    due_at = models.DateTimeField(_("due at"))
    told = models.PositiveSmallIntegerField(_("people told"), default=0)
    created_at = models.DateTimeField(_("recorded at"))

    class Meta:
        verbose_name = _("escalation")
        verbose_name_plural = _("escalations")
        constraints = [
            # A renegotiated deadline is another promise: it warns again.
            models.UniqueConstraint(fields=["clock", "level", "due_at"], name="escalation_once_per_level"),
            models.CheckConstraint(condition=Q(level__in=Level.values), name="escalation_level_known"),
        ]

    def __str__(self) -> str:
        return f"{self.level} {self.clock_id}"
