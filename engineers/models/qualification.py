"""What a certificate rests on: the assessment, the suspension of a skill, and the numbers of the policy."""

from decimal import Decimal

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q, Value
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from engineers.models.people import Engineer, Skill
from engineers.states import SuspensionKind

PER_HUNDRED = [MinValueValidator(Decimal(0)), MaxValueValidator(Decimal(100))]


class QualificationPolicy(models.Model):
    """What a certificate takes and how long it lasts; how many reworks in a hundred repairs are too many.

    The row without a skill counts for every skill that has none of its own.
    """

    skill = models.ForeignKey(
        Skill,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="policies",
        verbose_name=_("skill"),
        help_text=_("Empty: every skill that has no row of its own."),
    )
    pass_mark = models.PositiveSmallIntegerField(
        _("pass mark"), default=80, validators=[MaxValueValidator(100)], help_text=_("Of 100 points.")
    )
    valid_days = models.PositiveSmallIntegerField(
        _("a certificate lasts (days)"), default=730, validators=[MinValueValidator(1)]
    )
    window_days = models.PositiveSmallIntegerField(
        _("repairs of the last (days)"), default=90, validators=[MinValueValidator(1), MaxValueValidator(730)]
    )
    least_finished = models.PositiveSmallIntegerField(
        _("fewest repairs to judge by"), default=20, validators=[MinValueValidator(1)]
    )
    warn_per_hundred = models.DecimalField(
        _("warn above (reworks in a hundred repairs)"),
        max_digits=4,
        decimal_places=1,
        default=Decimal(6),
        validators=PER_HUNDRED,
    )
    suspend_per_hundred = models.DecimalField(
        _("suspend above (reworks in a hundred repairs)"),
        max_digits=4,
        decimal_places=1,
        default=Decimal(10),
        validators=PER_HUNDRED,
    )
    passing_lifts = models.BooleanField(
        _("a passed re-assessment lifts a suspension for reworks"), default=True
    )
    history = HistoricalRecords()

    class Meta:
        verbose_name = _("qualification policy")
        verbose_name_plural = _("qualification policies")
        ordering = [F("skill__key").asc(nulls_first=True)]
        constraints = [
            models.UniqueConstraint(
                Coalesce("skill", Value(0)),
                name="qualification_policy_once_per_skill",
                violation_error_message=_("There is a row for this skill already: change that one."),
            ),
            models.CheckConstraint(condition=Q(pass_mark__lte=100), name="policy_pass_mark_of_100"),
            models.CheckConstraint(
                condition=Q(valid_days__gte=1, window_days__range=(1, 730), least_finished__gte=1),
                name="policy_counts_something",
            ),
            models.CheckConstraint(
                condition=Q(
                    warn_per_hundred__gte=0,
                    suspend_per_hundred__lte=100,
                    warn_per_hundred__lte=F("suspend_per_hundred"),
                ),
                name="policy_warns_before_it_suspends",
                violation_error_message=_("The warning comes before the suspension: give it a lower number."),
            ),
        ]

    def __str__(self) -> str:
        return self.skill.name if self.skill else str(_("Every other skill"))

    def is_judged(self, finished: int) -> bool:
        """Whether so many repairs say anything."""
        return finished >= self.least_finished

    def is_too_many(self, finished: int, reworked: int) -> bool:
        """Whether so many reworks suspend the skill."""
        return self.is_judged(finished) and reworked * 100 > self.suspend_per_hundred * finished

    def is_many(self, finished: int, reworked: int) -> bool:
        """Whether so many reworks are a warning, or more."""
        return self.is_judged(finished) and reworked * 100 > self.warn_per_hundred * finished


class Assessment(models.Model):
    """What an engineer showed in an assessment, by somebody else's judgement. Append-only.

    `pass_mark` is the policy's on the day it was recorded. A passed one has its certificate; a wrong entry is
    mended by another assessment.
    """

    form_id = models.UUIDField(_("form"), unique=True, help_text=_("One form makes one assessment."))
    engineer = models.ForeignKey(
        Engineer, on_delete=models.PROTECT, related_name="assessments", verbose_name=_("engineer")
    )
    skill = models.ForeignKey(
        Skill, on_delete=models.PROTECT, related_name="assessments", verbose_name=_("skill")
    )
    level = models.PositiveSmallIntegerField(
        _("level"), validators=[MinValueValidator(1), MaxValueValidator(3)]
    )
    score = models.PositiveSmallIntegerField(
        _("score"), validators=[MaxValueValidator(100)], help_text=_("From 0 to 100.")
    )
    pass_mark = models.PositiveSmallIntegerField(_("pass mark"), editable=False)
    passed = models.BooleanField(_("passed"), editable=False)
    assessor = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", verbose_name=_("assessor")
    )
    assessed_on = models.DateField(_("assessed on"))
    valid_until_on = models.DateField(_("valid until"))
    note = models.CharField(_("note"), max_length=500, blank=True)
    recorded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        editable=False,
        related_name="+",
        verbose_name=_("recorded by"),
    )
    recorded_at = models.DateTimeField(_("recorded at"), editable=False)

    class Meta:
        verbose_name = _("assessment")
        verbose_name_plural = _("assessments")
        ordering = ["-assessed_on", "-id"]
        indexes = [
            # reader: the assessments of one engineer and skill, on the page of a qualification
            models.Index(fields=["engineer", "skill"], name="assessment_of_skill"),
        ]
        constraints = [
            models.CheckConstraint(condition=Q(level__range=(1, 3)), name="assessment_level"),
            models.CheckConstraint(condition=Q(score__range=(0, 100)), name="assessment_score_of_100"),
            models.CheckConstraint(
                condition=Q(valid_until_on__gt=F("assessed_on")),
                name="assessment_days",
                violation_error_message=_("A certificate ends after the day of its assessment."),
            ),
            models.CheckConstraint(
                condition=Q(passed=True, score__gte=F("pass_mark"))
                | Q(passed=False, score__lt=F("pass_mark")),
                name="assessment_passed_by_its_mark",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.engineer_id} {self.skill_id} {self.assessed_on}"


class SkillSuspension(models.Model):
    """From when to when an engineer must not use a skill, and why. Only its end is ever added.

    `finished` and `reworked` are the counts that it was decided on, in the last `window_days`.
    """

    engineer = models.ForeignKey(
        Engineer, on_delete=models.PROTECT, related_name="suspensions", verbose_name=_("engineer")
    )
    skill = models.ForeignKey(
        Skill, on_delete=models.PROTECT, related_name="suspensions", verbose_name=_("skill")
    )
    kind = models.CharField(_("kind"), max_length=12, choices=SuspensionKind.choices)
    reason = models.CharField(_("reason"), max_length=500, blank=True)
    finished = models.PositiveIntegerField(_("repairs"), null=True)
    reworked = models.PositiveIntegerField(_("reworks"), null=True)
    window_days = models.PositiveSmallIntegerField(_("in the last (days)"), null=True)
    suspended_at = models.DateTimeField(_("suspended at"))
    suspended_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        related_name="+",
        verbose_name=_("suspended by"),
    )
    lifted_at = models.DateTimeField(_("lifted at"), null=True)
    lifted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        related_name="+",
        verbose_name=_("lifted by"),
    )
    lift_reason = models.CharField(_("why lifted"), max_length=500, blank=True)
    lifted_through = models.ForeignKey(
        Assessment,
        on_delete=models.PROTECT,
        null=True,
        related_name="lifted",
        verbose_name=_("lifted by the assessment"),
    )

    class Meta:
        verbose_name = _("suspension")
        verbose_name_plural = _("suspensions")
        ordering = ["-suspended_at", "-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["engineer", "skill"], condition=Q(lifted_at=None), name="suspension_one_open"
            ),
            models.CheckConstraint(
                condition=Q(
                    kind=SuspensionKind.REWORK_RATE,
                    finished__isnull=False,
                    reworked__isnull=False,
                    window_days__isnull=False,
                )
                | (Q(kind=SuspensionKind.DECISION) & ~Q(reason=""))
                | Q(kind=SuspensionKind.EARLIER),
                name="suspension_has_its_reason",
            ),
            models.CheckConstraint(
                condition=Q(lifted_at=None, lift_reason="", lifted_through=None, lifted_by=None)
                | (Q(lifted_at__gte=F("suspended_at")) & ~Q(lift_reason="", lifted_through=None)),
                name="suspension_lifted_with_its_reason",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.engineer_id} {self.skill_id} {self.suspended_at:%Y-%m-%d}"

    @property
    def is_open(self) -> bool:
        """Whether the skill is suspended by it now."""
        return self.lifted_at is None
