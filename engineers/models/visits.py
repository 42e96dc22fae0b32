"""A visit: a promised window at a place, carried by one engineer's route. It knows no order."""

from django.conf import settings
from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import ArrayField, DateTimeRangeField, RangeBoundary, RangeOperators
from django.db import models
from django.db.models import Deferrable, F, Func, Q
from django.utils.translation import gettext_lazy as _
from django_fsm import FSMField, transition

from engineers.models.people import Engineer
from engineers.querysets import VisitQuerySet
from engineers.states import (
    AWAITED,
    ENDED,
    MOVABLE,
    OPEN,
    UNDER_WAY,
    CannotCompleteReason,
    EventKind,
    VisitStatus,
)
from repairhub.core.lifecycle import LifecycleMixin
from repairhub.places.models import City


class TsTzRange(Func):
    function = "TSTZRANGE"
    output_field = DateTimeRangeField()


class CityDay(models.Model):
    """The lock of all routes in a city on a day; every change of a route raises `version`.

    `planned_version` is the version that the last plan left behind: where it differs, there is something new.
    """

    city = models.ForeignKey(City, on_delete=models.PROTECT, related_name="days")
    on = models.DateField()
    version = models.PositiveIntegerField(default=0)
    planned_version = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["city", "on"], name="city_day_once")]

    def __str__(self) -> str:
        return f"{self.city_id} {self.on}"


class Visit(LifecycleMixin, models.Model):
    """One engineer comes to one place, once.

    `planned_start_at` to `planned_end_at` is the work at the door, travel not included; real times never
    overwrite it. While `planned`, the engineer is tentative and the customer does not see who it is.
    `expected_start_at` and `expected_end_at` are what an engineer who runs late has said, and nothing else.
    """

    reference = models.CharField(_("reference"), max_length=20, unique=True)
    city = models.ForeignKey(City, on_delete=models.PROTECT, related_name="visits", verbose_name=_("city"))
    on = models.DateField(_("day"), help_text=_("In the city's zone."))
    latitude = models.FloatField(_("latitude (degrees)"))
    longitude = models.FloatField(_("longitude (degrees)"))
    window_start_at = models.DateTimeField(_("window starts at"))
    window_end_at = models.DateTimeField(_("window ends at"))
    service_minutes = models.PositiveSmallIntegerField(_("work (minutes)"))
    required_skills = models.JSONField(_("skills"), default=dict, help_text=_("Skill to lowest level."))
    required_brands = ArrayField(models.SlugField(), verbose_name=_("brand authorisations"), default=list)
    status = FSMField(
        _("status"), max_length=20, choices=VisitStatus.choices, default=VisitStatus.PLANNED, protected=True
    )
    engineer = models.ForeignKey(
        Engineer,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="visits",
        verbose_name=_("engineer"),
    )
    planned_start_at = models.DateTimeField(_("planned start"), null=True, blank=True)
    planned_end_at = models.DateTimeField(_("planned end"), null=True, blank=True)
    is_pinned = models.BooleanField(_("pinned to its engineer"), default=False)
    at_risk_at = models.DateTimeField(_("at risk since"), null=True, blank=True)
    created_at = models.DateTimeField(_("created at"))
    confirmed_at = models.DateTimeField(_("confirmed at"), null=True, blank=True)
    en_route_at = models.DateTimeField(_("on the way at"), null=True, blank=True)
    arrived_at = models.DateTimeField(_("arrived at"), null=True, blank=True)
    started_at = models.DateTimeField(_("work started at"), null=True, blank=True)
    ended_at = models.DateTimeField(_("ended at"), null=True, blank=True)
    expected_start_at = models.DateTimeField(
        _("expected start"), null=True, blank=True, help_text=_("As the engineer who runs late says.")
    )
    expected_end_at = models.DateTimeField(
        _("expected end"), null=True, blank=True, help_text=_("As the engineer at the door says.")
    )
    end_reason = models.CharField(
        _("reason"), max_length=20, choices=CannotCompleteReason.choices, blank=True
    )
    end_note = models.CharField(_("note"), max_length=500, blank=True)

    objects = VisitQuerySet.as_manager()

    class Meta:
        verbose_name = _("visit")
        verbose_name_plural = _("visits")
        ordering = ["window_start_at", "id"]
        indexes = [
            # reader: VisitQuerySet.of_day, on the board and for every plan
            models.Index(fields=["city", "on", "engineer"], name="visit_of_day"),
            # reader: VisitQuerySet.for_engineer, on the engineer's day
            models.Index(fields=["engineer", "on"], name="visit_of_engineer"),
            # reader: engineers.querysets.left_over, on today's board
            models.Index(
                fields=["city", "on"],
                name="visit_awaited",
                condition=Q(status__in=[status.value for status in AWAITED]),
            ),
        ]
        constraints = [
            ExclusionConstraint(
                name="visit_engineer_not_twice",
                expressions=[
                    ("engineer", RangeOperators.EQUAL),
                    (
                        TsTzRange(F("planned_start_at"), F("planned_end_at"), RangeBoundary()),
                        RangeOperators.OVERLAPS,
                    ),
                ],
                condition=Q(status__in=[status.value for status in OPEN], engineer__isnull=False),
                # a plan of several statements sets it deferred; a single statement may swap two visits
                deferrable=Deferrable.IMMEDIATE,
            ),
            models.CheckConstraint(
                condition=Q(window_end_at__gt=F("window_start_at")), name="visit_window_has_length"
            ),
            models.CheckConstraint(
                condition=Q(engineer__isnull=True, planned_start_at__isnull=True, planned_end_at__isnull=True)
                | Q(
                    engineer__isnull=False,
                    planned_start_at__isnull=False,
                    planned_end_at__gt=F("planned_start_at"),
                ),
                name="visit_engineer_has_span",
            ),
            models.CheckConstraint(
                condition=~Q(status__in=[s.value for s in (VisitStatus.CONFIRMED, *UNDER_WAY)])
                | Q(engineer__isnull=False),
                name="visit_confirmed_has_engineer",
            ),
            models.CheckConstraint(
                condition=Q(latitude__range=(-90, 90), longitude__range=(-180, 180)), name="visit_on_earth"
            ),
            models.CheckConstraint(condition=Q(status__in=VisitStatus.values), name="visit_status_known"),
        ]

    def __str__(self) -> str:
        return self.reference

    @property
    def is_open(self) -> bool:
        """Whether it still takes up an engineer's time."""
        return self.status in OPEN

    @property
    def is_ended(self) -> bool:
        """Whether nothing more will happen to it."""
        return self.status in ENDED

    @property
    def minutes_early(self) -> int:
        """How many whole minutes before the promised window the engineer arrived; 0 from its start on."""
        if self.arrived_at is None or self.arrived_at >= self.window_start_at:
            return 0
        return int((self.window_start_at - self.arrived_at).total_seconds() // 60)

    @property
    def standing(self) -> str:
        """State and engineer in one word: what a decision of a dispatcher was made on."""
        return f"{self.status}:{self.engineer_id or ''}"

    @property
    def place_in_route(self) -> str:
        """State, engineer and planned start in one word: what a move on the board was made on."""
        start = int(self.planned_start_at.timestamp()) if self.planned_start_at else ""
        return f"{self.standing}@{start}"

    @property
    def is_movable(self) -> bool:
        """Whether it may still change engineer: not under way and not pinned."""
        return self.status in MOVABLE and not self.is_pinned

    # The moves. Services lock, guard, set the times and write the event; nobody else calls these.
    @transition(field=status, source=list(MOVABLE), target=VisitStatus.CONFIRMED)
    def confirm(self) -> None:
        """A dispatcher named the engineer, and the customer is told."""

    @transition(field=status, source=list(MOVABLE), target=VisitStatus.PLANNED)
    def unconfirm(self) -> None:
        """The engineer is taken away again; the window stays promised."""

    @transition(field=status, source=VisitStatus.CONFIRMED, target=VisitStatus.EN_ROUTE)
    def set_out(self) -> None:
        """The engineer leaves for the place."""

    @transition(field=status, source=VisitStatus.EN_ROUTE, target=VisitStatus.CONFIRMED)
    def turn_back(self) -> None:
        """Something is in the way: the engineer is not coming just now, or somebody else will."""

    @transition(field=status, source=VisitStatus.EN_ROUTE, target=VisitStatus.ON_SITE)
    def arrive(self) -> None:
        """The engineer stands at the door."""

    @transition(field=status, source=VisitStatus.ON_SITE, target=VisitStatus.DONE)
    def finish(self) -> None:
        """What the visit was for is done."""

    @transition(field=status, source=VisitStatus.ON_SITE, target=VisitStatus.CANNOT_COMPLETE)
    def give_up(self) -> None:
        """The work cannot be finished on this visit."""

    @transition(field=status, source=VisitStatus.ON_SITE, target=VisitStatus.NO_ACCESS)
    def find_nobody(self) -> None:
        """Nobody opened."""

    @transition(field=status, source=list(MOVABLE), target=VisitStatus.CANCELLED)
    def cancel(self) -> None:
        """The visit will not take place."""


class VisitEvent(models.Model):
    """What happened to a visit: from, to, who (None is the system), when, why. Append-only."""

    visit = models.ForeignKey(Visit, on_delete=models.PROTECT, related_name="events", verbose_name=_("visit"))
    kind = models.CharField(_("kind"), max_length=30, choices=EventKind.choices)
    from_status = models.CharField(_("status before"), max_length=20, blank=True)
    to_status = models.CharField(_("status after"), max_length=20)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+", verbose_name=_("by")
    )
    at = models.DateTimeField(_("at"))
    reason = models.CharField(_("reason"), max_length=500, blank=True)
    data = models.JSONField(_("facts"), default=dict)

    class Meta:
        ordering = ["at", "id"]

    def __str__(self) -> str:
        return f"{self.visit_id} {self.kind}"
