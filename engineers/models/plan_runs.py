"""A plan run: a new plan of a city's day that a person asked for, looked at before it is applied."""

from datetime import datetime, timedelta

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django_fsm import FSMField, transition

from engineers.models.people import Engineer
from engineers.models.visits import Visit
from engineers.querysets import PlanRunQuerySet
from engineers.states import OPEN_RUNS, UNREADY_RUNS, PlanCause, PlanRunStatus
from repairhub.core.lifecycle import LifecycleMixin
from repairhub.places.models import City

ENDED_RUNS = [status.value for status in PlanRunStatus if status not in OPEN_RUNS]


class PlanRun(LifecycleMixin, models.Model):
    """Asked for at the desk, computed by a worker, looked at, then applied as it was shown, or not at all.

    `result` holds plain facts (numbers, moments and reason codes; no personal data), `version` the version of
    the city's day that they hold for. `expected_end_at`: when a visit that runs late will end.
    """

    reference = models.CharField(max_length=20, unique=True)
    city = models.ForeignKey(City, on_delete=models.PROTECT, related_name="plan_runs")
    on = models.DateField()
    cause = models.CharField(max_length=20, choices=PlanCause.choices)
    engineer = models.ForeignKey(Engineer, on_delete=models.PROTECT, null=True, related_name="plan_runs")
    visit = models.ForeignKey(Visit, on_delete=models.PROTECT, null=True, related_name="plan_runs")
    delay_minutes = models.PositiveSmallIntegerField(null=True)
    expected_end_at = models.DateTimeField(null=True)
    status = FSMField(
        max_length=20, choices=PlanRunStatus.choices, default=PlanRunStatus.ASKED, protected=True
    )
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    asked_at = models.DateTimeField()
    computing_at = models.DateTimeField(null=True)
    ready_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    ended_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    follows = models.OneToOneField("self", on_delete=models.PROTECT, null=True, related_name="followed_by")
    budget_seconds = models.FloatField()
    spent_seconds = models.FloatField(default=0)
    rounds = models.PositiveIntegerField(default=0)
    attempt = models.PositiveSmallIntegerField(default=1)
    version = models.PositiveIntegerField(null=True)
    result = models.JSONField(null=True)

    objects = PlanRunQuerySet.as_manager()

    class Meta:
        verbose_name = _("plan run")
        verbose_name_plural = _("plan runs")
        ordering = ["-asked_at", "-id"]
        indexes = [
            # reader: engineers.services.plan_runs.mend_runs, every ten minutes
            models.Index(
                fields=["asked_at"],
                name="plan_run_open",
                condition=Q(status__in=[status.value for status in OPEN_RUNS]),
            )
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(status__in=PlanRunStatus.values), name="plan_run_status_known"
            ),
            # a double click, two tabs, two dispatchers: one run for the same question
            models.UniqueConstraint(
                fields=["city", "on", "cause", "engineer", "visit"],
                condition=Q(status__in=[status.value for status in OPEN_RUNS]),
                nulls_distinct=False,
                name="plan_run_open_once",
            ),
            models.CheckConstraint(
                condition=Q(cause=PlanCause.OPTIMISE, engineer__isnull=True, visit__isnull=True)
                | Q(cause=PlanCause.ENGINEER_ILL, engineer__isnull=False, visit__isnull=True)
                | Q(
                    cause__in=[PlanCause.NO_ACCESS, PlanCause.URGENT, PlanCause.RUNNING_LATE],
                    engineer__isnull=True,
                    visit__isnull=False,
                ),
                name="plan_run_subject",
            ),
            models.CheckConstraint(
                condition=Q(cause=PlanCause.RUNNING_LATE, delay_minutes__gt=0, expected_end_at__isnull=False)
                | Q(~Q(cause=PlanCause.RUNNING_LATE), delay_minutes=None, expected_end_at=None),
                name="plan_run_delay",
            ),
            models.CheckConstraint(
                condition=~Q(
                    status__in=[
                        PlanRunStatus.READY,
                        PlanRunStatus.APPLIED,
                        PlanRunStatus.STALE,
                        PlanRunStatus.NOTHING_TO_DO,
                    ]
                )
                | Q(version__isnull=False, result__isnull=False, ready_at__isnull=False),
                name="plan_run_shown_has_result",
            ),
            models.CheckConstraint(
                condition=(~Q(status__in=ENDED_RUNS) | Q(ended_at__isnull=False))
                & (~Q(status__in=[status.value for status in OPEN_RUNS]) | Q(ended_at__isnull=True)),
                name="plan_run_ended_has_time",
            ),
            models.CheckConstraint(
                condition=Q(budget_seconds__gt=0, spent_seconds__gte=0), name="plan_run_budget"
            ),
        ]

    def __str__(self) -> str:
        return self.reference

    @property
    def is_open(self) -> bool:
        """Whether something can still come of it."""
        return self.status in OPEN_RUNS

    @property
    def is_unready(self) -> bool:
        """Whether a worker has it, or is still to take it."""
        return self.status in UNREADY_RUNS

    @property
    def progress_percent(self) -> int:
        """How much of the budget is used up, 0 to 100; the budget is only reached with the answer."""
        if not self.is_unready:
            return 100
        return min(99, int(100 * self.spent_seconds / self.budget_seconds))

    def is_older_than(self, age: timedelta, at: datetime) -> bool:
        """Whether it has been ready, or else waited for, longer than that."""
        return at - (self.ready_at or self.computing_at or self.asked_at) > age

    # The moves. Services lock, guard and say who and when; nobody else calls these.
    @transition(field=status, source=list(UNREADY_RUNS), target=PlanRunStatus.COMPUTING)
    def take_up(self) -> None:
        """A worker computes it; once more where the first worker has died."""

    @transition(field=status, source=PlanRunStatus.COMPUTING, target=PlanRunStatus.READY)
    def show(self) -> None:
        """The difference can be looked at."""

    @transition(field=status, source=PlanRunStatus.COMPUTING, target=PlanRunStatus.NOTHING_TO_DO)
    def find_nothing(self) -> None:
        """No plan is better than the present one."""

    @transition(field=status, source=list(UNREADY_RUNS), target=PlanRunStatus.FAILED)
    def fail(self) -> None:
        """No plan could be computed on a day that stood still."""

    @transition(field=status, source=PlanRunStatus.READY, target=PlanRunStatus.APPLIED)
    def apply(self) -> None:
        """What was shown stands in the routes."""

    @transition(field=status, source=PlanRunStatus.READY, target=PlanRunStatus.STALE)
    def outlive(self) -> None:
        """The day has changed since it was computed: it can never be applied."""

    @transition(field=status, source=list(OPEN_RUNS), target=PlanRunStatus.CANCELLED)
    def cancel(self) -> None:
        """Nobody wants it any more."""
