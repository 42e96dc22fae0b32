"""What engineers ask the desk for: to be away, or to work at other hours."""

from django.conf import settings
from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateRangeField, RangeBoundary, RangeOperators
from django.db import models
from django.db.models import F, Func, Q
from django.utils.translation import gettext_lazy as _
from django_fsm import FSMField, transition

from engineers.models.people import Engineer, WeeklyShift
from engineers.querysets import EngineerRequestQuerySet
from engineers.states import RequestKind, RequestStatus
from repairhub.core.lifecycle import LifecycleMixin


class DateRange(Func):
    function = "DATERANGE"
    output_field = DateRangeField()


class EngineerRequest(LifecycleMixin, models.Model):
    """One question to the desk and its answer.

    An absence has its days and a reason; other hours on one day have that day as both; those on a weekday
    have the weekday alone, and hold from the decision on.
    """

    engineer = models.ForeignKey(
        Engineer, on_delete=models.PROTECT, related_name="requests", verbose_name=_("engineer")
    )
    kind = models.CharField(_("kind"), max_length=20, choices=RequestKind.choices)
    from_on = models.DateField(_("from"), null=True, blank=True)
    until_on = models.DateField(_("until"), null=True, blank=True)
    weekday = models.PositiveSmallIntegerField(
        _("weekday"), choices=WeeklyShift.Weekday.choices, null=True, blank=True
    )
    starts_at = models.TimeField(_("starts at"), null=True, blank=True)
    ends_at = models.TimeField(_("ends at"), null=True, blank=True)
    reason = models.CharField(_("reason"), max_length=120)
    status = FSMField(
        _("status"),
        max_length=20,
        choices=RequestStatus.choices,
        default=RequestStatus.PENDING,
        protected=True,
    )
    asked_at = models.DateTimeField(_("asked at"))
    decided_at = models.DateTimeField(_("answered at"), null=True, blank=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("answered by"),
    )
    answer = models.CharField(_("answer"), max_length=300, blank=True)

    objects = EngineerRequestQuerySet.as_manager()

    class Meta:
        verbose_name = _("engineer's request")
        verbose_name_plural = _("engineers' requests")
        ordering = ["-asked_at", "-id"]
        indexes = [
            # reader: the desk's list of requests
            models.Index(fields=["status", "asked_at"], name="request_by_status"),
        ]
        constraints = [
            ExclusionConstraint(
                name="request_absence_asked_once",
                expressions=[
                    ("engineer", RangeOperators.EQUAL),
                    (
                        DateRange(
                            F("from_on"),
                            F("until_on"),
                            RangeBoundary(inclusive_lower=True, inclusive_upper=True),
                        ),
                        RangeOperators.OVERLAPS,
                    ),
                ],
                condition=Q(status=RequestStatus.PENDING.value, kind=RequestKind.ABSENCE.value),
            ),
            models.UniqueConstraint(
                fields=["engineer", "weekday"],
                condition=Q(status=RequestStatus.PENDING.value, kind=RequestKind.WEEKLY_SHIFT.value),
                name="request_weekday_asked_once",
            ),
            models.UniqueConstraint(
                fields=["engineer", "from_on"],
                condition=Q(status=RequestStatus.PENDING.value, kind=RequestKind.ONE_SHIFT.value),
                name="request_day_asked_once",
            ),
            models.CheckConstraint(
                condition=Q(
                    kind=RequestKind.ABSENCE.value,
                    from_on__isnull=False,
                    until_on__isnull=False,
                    until_on__gte=F("from_on"),
                    weekday=None,
                    starts_at=None,
                    ends_at=None,
                )
                | Q(
                    kind=RequestKind.ONE_SHIFT.value,
                    from_on__isnull=False,
                    until_on__isnull=False,
                    until_on=F("from_on"),
                    weekday=None,
                    starts_at__isnull=False,
                    ends_at__isnull=False,
                    ends_at__gt=F("starts_at"),
                )
                | Q(
                    kind=RequestKind.WEEKLY_SHIFT.value,
                    from_on=None,
                    until_on=None,
                    weekday__isnull=False,
                    weekday__range=(0, 6),
                    starts_at__isnull=False,
                    ends_at__isnull=False,
                    ends_at__gt=F("starts_at"),
                ),
                name="request_says_what_it_asks",
            ),
            models.CheckConstraint(
                condition=Q(status=RequestStatus.PENDING.value, decided_at=None, decided_by=None)
                | Q(status=RequestStatus.WITHDRAWN.value, decided_at__isnull=False)
                | Q(
                    status__in=[RequestStatus.APPROVED.value, RequestStatus.REFUSED.value],
                    decided_at__isnull=False,
                    decided_by__isnull=False,
                ),
                name="request_decided_by_somebody",
            ),
            models.CheckConstraint(
                condition=~Q(status=RequestStatus.REFUSED.value, answer=""), name="request_refusal_says_why"
            ),
            models.CheckConstraint(
                condition=Q(status__in=RequestStatus.values), name="engineer_request_status_known"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.engineer_id} {self.kind} {self.asked_at:%Y-%m-%d}"

    @property
    def is_pending(self) -> bool:
        """Whether somebody has still to answer it."""
        return self.status == RequestStatus.PENDING

    # The moves. Services lock, guard and say who; nobody else calls these.
    @transition(field=status, source=RequestStatus.PENDING, target=RequestStatus.APPROVED)
    def approve(self) -> None:
        """The desk says yes, and it holds."""

    @transition(field=status, source=RequestStatus.PENDING, target=RequestStatus.REFUSED)
    def refuse(self) -> None:
        """The desk says no, and why."""

    @transition(field=status, source=RequestStatus.PENDING, target=RequestStatus.WITHDRAWN)
    def withdraw(self) -> None:
        """The engineer does not ask for it any more."""
