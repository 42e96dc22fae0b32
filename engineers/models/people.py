"""Engineers: what each may do, proved by certificates, and when each works."""

from datetime import date, time

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from engineers.querysets import AbsenceQuerySet, CertificateQuerySet, EngineerQuerySet
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


class EngineerCertificate(models.Model):
    """A skill at a level, valid for some days unless suspended."""

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
    """When an engineer works on a weekday, in the city's zone."""

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
    starts_at = models.TimeField(_("starts at"))
    ends_at = models.TimeField(_("ends at"))

    class Meta:
        verbose_name = _("shift")
        verbose_name_plural = _("shifts")
        ordering = ["weekday"]
        constraints = [
            models.UniqueConstraint(fields=["engineer", "weekday"], name="one_shift_per_weekday"),
            models.CheckConstraint(
                condition=models.Q(ends_at__gt=models.F("starts_at")), name="shift_ends_after_start"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_weekday_display()} {self.starts_at:%H:%M}-{self.ends_at:%H:%M}"


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
        if not self.from_on <= on <= self.until_on:
            return None
        start = _seconds(self.from_at) if self.from_at and self.from_on == on else 0
        end = _seconds(self.until_at) if self.until_at and self.until_on == on else WHOLE_DAY
        return start, end


WHOLE_DAY = 24 * 3600


def _seconds(moment: time) -> int:
    return moment.hour * 3600 + moment.minute * 60 + moment.second
