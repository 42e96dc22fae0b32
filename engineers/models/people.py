"""Engineers: what each may do, proved by certificates, and when each works."""

from collections.abc import Iterable
from datetime import date, time

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from engineers.querysets import AbsenceQuerySet, AuthorisationQuerySet, CertificateQuerySet, EngineerQuerySet
from parts.models import Brand
from repairhub.accounts.states import Role
from repairhub.core.names import NamedInTwoLanguages
from repairhub.places.models import City


class Skill(NamedInTwoLanguages):
    """Something an engineer can be certified for, such as screens or boards."""

    key = models.SlugField(_("key"), unique=True)

    class Meta:
        verbose_name = _("skill")
        verbose_name_plural = _("skills")
        ordering = ["key"]


class Engineer(models.Model):
    """A person who repairs at the door, with the place where the day starts and ends."""

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="engineer", verbose_name=_("user")
    )
    number = models.CharField(_("staff number"), max_length=20, unique=True)
    city = models.ForeignKey(City, on_delete=models.PROTECT, related_name="engineers", verbose_name=_("city"))
    base_latitude = models.FloatField(_("base: latitude (degrees)"))
    base_longitude = models.FloatField(_("base: longitude (degrees)"))
    is_active = models.BooleanField(_("working for us"), default=True)
    history = HistoricalRecords()

    objects = EngineerQuerySet.as_manager()

    class Meta:
        verbose_name = _("engineer")
        verbose_name_plural = _("engineers")
        ordering = ["number"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(base_latitude__range=(-90, 90), base_longitude__range=(-180, 180)),
                name="engineer_base_on_earth",
            )
        ]

    def __str__(self) -> str:
        return f"{self.number} {self.user.name}"

    @property
    def is_working(self) -> bool:
        """Whether this person works for us now, with an open account of that role."""
        return self.is_active and self.user.is_active and self.user.role == Role.ENGINEER


class HeldUp(models.Model):
    """The engineer sets out no earlier: said when running late, gone once under way.

    A row of its own, written only under the lock of the visit's day: whoever holds the engineer's row may be
    waiting for that day.
    """

    engineer = models.OneToOneField(
        Engineer, on_delete=models.CASCADE, related_name="held_up", verbose_name=_("engineer")
    )
    until_at = models.DateTimeField(_("held up until"))

    class Meta:
        verbose_name = _("engineer held up")
        verbose_name_plural = _("engineers held up")

    def __str__(self) -> str:
        return f"{self.engineer_id} {self.until_at:%Y-%m-%d %H:%M}"


class EngineerCertificate(models.Model):
    """A skill at a level, valid for some days unless suspended.

    Issued for a passed assessment (only rows from before assessments were recorded have none). `suspended_at`
    repeats what the open suspension of the skill says, for the plans of a day read certificates alone.
    """

    engineer = models.ForeignKey(
        Engineer, on_delete=models.CASCADE, related_name="certificates", verbose_name=_("engineer")
    )
    skill = models.ForeignKey(
        Skill, on_delete=models.PROTECT, related_name="certificates", verbose_name=_("skill")
    )
    level = models.PositiveSmallIntegerField(
        _("level"), default=1, validators=[MinValueValidator(1), MaxValueValidator(3)]
    )
    number = models.CharField(_("number"), max_length=40, unique=True)
    valid_from_on = models.DateField(_("valid from"))
    valid_until_on = models.DateField(_("valid until"))
    suspended_at = models.DateTimeField(_("suspended at"), null=True, blank=True)
    suspension = models.ForeignKey(
        "engineers.SkillSuspension",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="certificates",
        verbose_name=_("suspension"),
    )
    assessment = models.OneToOneField(
        "engineers.Assessment",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="certificate",
        verbose_name=_("assessment"),
    )
    history = HistoricalRecords()

    objects = CertificateQuerySet.as_manager()

    class Meta:
        verbose_name = _("engineer's certificate")
        verbose_name_plural = _("engineers' certificates")
        ordering = ["skill__key", "-level"]
        constraints = [
            models.CheckConstraint(condition=models.Q(level__range=(1, 3)), name="certificate_level"),
            models.CheckConstraint(
                condition=models.Q(valid_until_on__gte=models.F("valid_from_on")), name="certificate_days"
            ),
        ]

    def __str__(self) -> str:
        return self.number

    def counts_on(self, on: date) -> bool:
        """Whether it opens the gate for a visit on that day."""
        return self.suspended_at is None and self.valid_from_on <= on <= self.valid_until_on


class BrandAuthorisation(models.Model):
    """The maker's own leave to fit parts that need it."""

    engineer = models.ForeignKey(
        Engineer, on_delete=models.CASCADE, related_name="authorisations", verbose_name=_("engineer")
    )
    brand = models.ForeignKey(
        Brand, on_delete=models.PROTECT, related_name="authorisations", verbose_name=_("brand")
    )
    reference = models.CharField(_("reference"), max_length=60)
    valid_from_on = models.DateField(_("valid from"))
    valid_until_on = models.DateField(_("valid until"))
    history = HistoricalRecords()

    objects = AuthorisationQuerySet.as_manager()

    class Meta:
        verbose_name = _("brand authorisation")
        verbose_name_plural = _("brand authorisations")
        constraints = [
            models.UniqueConstraint(
                fields=["engineer", "brand", "reference"], name="authorisation_reference"
            ),
            models.CheckConstraint(
                condition=models.Q(valid_until_on__gte=models.F("valid_from_on")), name="authorisation_days"
            ),
        ]

    def __str__(self) -> str:
        return self.reference


class WeeklyShift(models.Model):
    """When an engineer works on a weekday, in the city's zone; with `on`, on that one day instead."""

    class Weekday(models.IntegerChoices):
        MONDAY = 0, _("Monday")
        TUESDAY = 1, _("Tuesday")
        WEDNESDAY = 2, _("Wednesday")
        THURSDAY = 3, _("Thursday")
        FRIDAY = 4, _("Friday")
        SATURDAY = 5, _("Saturday")
        SUNDAY = 6, _("Sunday")

    engineer = models.ForeignKey(
        Engineer, on_delete=models.CASCADE, related_name="shifts", verbose_name=_("engineer")
    )
    weekday = models.PositiveSmallIntegerField(_("weekday"), choices=Weekday.choices)
    on = models.DateField(
        _("only on"), null=True, blank=True, help_text=_("Empty: every week. Else on that day alone.")
    )
    starts_at = models.TimeField(_("starts at"))
    ends_at = models.TimeField(_("ends at"))
    break_starts_at = models.TimeField(_("break from"), null=True, blank=True)
    break_ends_at = models.TimeField(_("break until"), null=True, blank=True)

    class Meta:
        verbose_name = _("shift")
        verbose_name_plural = _("shifts")
        ordering = ["weekday", F("on").asc(nulls_first=True)]
        constraints = [
            models.UniqueConstraint(
                fields=["engineer", "weekday"], condition=models.Q(on=None), name="one_shift_per_weekday"
            ),
            models.UniqueConstraint(
                fields=["engineer", "on"], condition=~models.Q(on=None), name="one_shift_on_a_day"
            ),
            models.CheckConstraint(
                # ISO counts Monday as 1, Python as 0
                condition=models.Q(on=None) | models.Q(on__iso_week_day=F("weekday") + 1),
                name="shift_on_its_weekday",
            ),
            models.CheckConstraint(
                condition=models.Q(ends_at__gt=models.F("starts_at")), name="shift_ends_after_start"
            ),
            models.CheckConstraint(
                condition=models.Q(break_starts_at__isnull=True, break_ends_at__isnull=True)
                | models.Q(
                    break_starts_at__isnull=False,  # otherwise the rest is unknown, not false
                    break_ends_at__isnull=False,
                    break_starts_at__gt=models.F("starts_at"),
                    break_ends_at__gt=models.F("break_starts_at"),
                    ends_at__gt=models.F("break_ends_at"),
                ),
                name="shift_holds_its_break",
                violation_error_message=_("A break has a start and an end, and lies inside the shift."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.on or self.get_weekday_display()} {self.starts_at:%H:%M}-{self.ends_at:%H:%M}"

    @staticmethod
    def on_day(shifts: Iterable["WeeklyShift"], on: date) -> "WeeklyShift | None":
        """Of an engineer's shifts the one that holds on that day: its own one before the weekday's."""
        fitting = [
            shift for shift in shifts if shift.on == on or (not shift.on and shift.weekday == on.weekday())
        ]
        return max(fitting, key=lambda shift: shift.on is not None, default=None)

    @property
    def breaks(self) -> tuple[tuple[int, int], ...]:
        """The break in seconds from midnight, none or one."""
        return breaks_of(self.break_starts_at, self.break_ends_at)


def breaks_of(starts_at: time | None, ends_at: time | None) -> tuple[tuple[int, int], ...]:
    """A break as the dispatch engine takes it, in seconds from midnight: none or one."""
    return () if starts_at is None or ends_at is None else ((_seconds(starts_at), _seconds(ends_at)),)


def _seconds(moment: time) -> int:
    return moment.hour * 3600 + moment.minute * 60 + moment.second


class Absence(models.Model):
    """Days on which an engineer does not work; the first may begin and the last end at a time of the day."""

    engineer = models.ForeignKey(
        Engineer, on_delete=models.CASCADE, related_name="absences", verbose_name=_("engineer")
    )
    from_on = models.DateField(_("from"))
    from_at = models.TimeField(_("from (time)"), null=True, blank=True, help_text=_("Empty: from midnight."))
    until_on = models.DateField(_("until"))
    until_at = models.TimeField(
        _("until (time)"), null=True, blank=True, help_text=_("Empty: to the end of the day.")
    )
    reason = models.CharField(_("reason"), max_length=120, blank=True)

    objects = AbsenceQuerySet.as_manager()

    class Meta:
        verbose_name = _("absence")
        verbose_name_plural = _("absences")
        ordering = ["-from_on"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(until_on__gte=models.F("from_on")), name="absence_days"
            ),
            models.CheckConstraint(
                condition=models.Q(until_on__gt=models.F("from_on"))
                | models.Q(from_at__isnull=True)
                | models.Q(until_at__isnull=True)
                | models.Q(until_at__gt=models.F("from_at")),
                name="absence_has_length",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.from_on} - {self.until_on}"

    def seconds_of(self, on: date) -> tuple[int, int] | None:
        """The part of that day that it takes, in seconds from midnight; None where it takes none."""
        return absent_on(on, self.from_on, self.from_at, self.until_on, self.until_at)


WHOLE_DAY = 24 * 3600


def absent_on(
    on: date, from_on: date, from_at: time | None, until_on: date, until_at: time | None
) -> tuple[int, int] | None:
    """The part of that day that an absence takes, in seconds from midnight; None where it takes none."""
    if not from_on <= on <= until_on:
        return None
    start = _seconds(from_at) if from_at and from_on == on else 0
    end = _seconds(until_at) if until_at and until_on == on else WHOLE_DAY
    return start, end
