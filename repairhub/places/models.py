from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from zoneinfo import ZoneInfo, available_timezones

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from repairhub.core.geo import haversine_km
from repairhub.core.names import NamedInTwoLanguages

# A region and a place ("Asia/Shanghai"): what the database can tell without the list of all zones.
ZONE_SHAPE = r"^(UTC|[A-Z][A-Za-z]+(/[A-Za-z0-9_+-]+)+)$"


def validate_time_zone(name: str) -> None:
    """Raises ValidationError for a name that no calendar knows: every clock of the city would stand still."""
    if name != "UTC" and ("/" not in name or name not in available_timezones()):
        raise ValidationError(
            _("%(name)s is no time zone. Give it as region and place, such as Asia/Shanghai."),
            code="no_such_time_zone",
            params={"name": name},
        )


class CityQuerySet(models.QuerySet["City"]):
    def open(self) -> "CityQuerySet":
        """Cities in which a visit can be booked."""
        return self.filter(is_open=True)


class City(NamedInTwoLanguages):
    """Where we work: a centre, how far we drive, how fast, in which zone."""

    code = models.CharField(_("code"), max_length=8, unique=True)
    latitude = models.FloatField(
        _("latitude (degrees)"), validators=[MinValueValidator(-90), MaxValueValidator(90)]
    )
    longitude = models.FloatField(
        _("longitude (degrees)"), validators=[MinValueValidator(-180), MaxValueValidator(180)]
    )
    radius_km = models.PositiveSmallIntegerField(_("radius (km)"))
    time_zone = models.CharField(
        _("time zone"), max_length=40, default="Asia/Shanghai", validators=[validate_time_zone]
    )
    speed_kmh = models.PositiveSmallIntegerField(
        _("travel speed (km/h)"), default=25, validators=[MinValueValidator(1)]
    )
    slack_minutes = models.PositiveSmallIntegerField(
        _("minutes kept free before each promise"),
        null=True,
        blank=True,
        help_text=_("Empty: as in the settings. More keeps more windows and sells fewer."),
        validators=[MaxValueValidator(120)],
    )
    is_open = models.BooleanField(_("open for booking"), default=True)

    objects = CityQuerySet.as_manager()

    class Meta:
        verbose_name = _("city")
        verbose_name_plural = _("cities")
        ordering = ["name_en"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(latitude__range=(-90, 90), longitude__range=(-180, 180)),
                name="city_centre_on_earth",
            ),
            models.CheckConstraint(condition=models.Q(speed_kmh__gte=1), name="city_speed_positive"),
            models.CheckConstraint(
                condition=models.Q(slack_minutes__isnull=True) | models.Q(slack_minutes__lte=120),
                name="city_slack_at_most_two_hours",
            ),
            models.CheckConstraint(
                condition=models.Q(time_zone__regex=ZONE_SHAPE), name="city_time_zone_has_region_and_place"
            ),
        ]

    @property
    def zone(self) -> ZoneInfo:
        """The city's time zone: its days and windows are counted there."""
        return ZoneInfo(self.time_zone)

    def district_name(self, stored: str) -> str:
        """The district's name in the reader's language; as stored where the city has none of that name."""
        district = self.districts.known_as(stored).first() if stored else None
        return district.name if district else stored

    def covers(self, latitude: float, longitude: float) -> bool:
        """Whether the place (degrees) lies within the city's radius."""
        return haversine_km(self.latitude, self.longitude, latitude, longitude) <= self.radius_km


class DistrictQuerySet(models.QuerySet["District"]):
    def open(self) -> "DistrictQuerySet":
        """Districts of the cities in which a visit can be booked, city by city."""
        return self.filter(city__is_open=True).select_related("city").order_by("city__name_en", "name_en")

    def known_as(self, name: str | models.OuterRef) -> "DistrictQuerySet":
        """Districts with that name in either language: it was stored in the language of who booked."""
        return self.filter(models.Q(name_en=name) | models.Q(name_zh=name))


class District(NamedInTwoLanguages):
    """A known place of a city: where a visit is planned to whose street address we cannot locate."""

    city = models.ForeignKey(City, on_delete=models.CASCADE, related_name="districts", verbose_name=_("city"))
    latitude = models.FloatField(
        _("latitude (degrees)"), validators=[MinValueValidator(-90), MaxValueValidator(90)]
    )
    longitude = models.FloatField(
        _("longitude (degrees)"), validators=[MinValueValidator(-180), MaxValueValidator(180)]
    )

    objects = DistrictQuerySet.as_manager()

    class Meta:
        verbose_name = _("district")
        verbose_name_plural = _("districts")
        ordering = ["city__name_en", "name_en"]
        constraints = [
            models.UniqueConstraint(fields=["city", "name_en"], name="district_once_per_city"),
            models.CheckConstraint(
                condition=models.Q(latitude__range=(-90, 90), longitude__range=(-180, 180)),
                name="district_on_earth",
            ),
        ]


SLOWEST, FASTEST = Decimal(5), Decimal("0.5")


class CityPace(models.Model):
    """How many times as long drives and services take in one hour of a city's day, compared with usual.

    Hours without a row are as usual. Rows for workdays or weekends win over those for every day.
    """

    class Days(models.TextChoices):
        EVERY = "every", _("Every day")
        WORKDAYS = "workdays", _("Monday to Friday")
        WEEKENDS = "weekends", _("Saturday and Sunday")

    city = models.ForeignKey(City, on_delete=models.CASCADE, related_name="paces", verbose_name=_("city"))
    days = models.CharField(_("days"), max_length=10, choices=Days.choices, default=Days.WORKDAYS)
    hour = models.PositiveSmallIntegerField(
        _("hour"), help_text=_("17 is from 17:00 to 18:00."), validators=[MaxValueValidator(23)]
    )
    travel_factor = models.DecimalField(
        _("drives take (times as long)"),
        max_digits=3,
        decimal_places=2,
        default=1,
        validators=[MinValueValidator(FASTEST), MaxValueValidator(SLOWEST)],
    )
    service_factor = models.DecimalField(
        _("work takes (times as long)"),
        max_digits=3,
        decimal_places=2,
        default=1,
        validators=[MinValueValidator(FASTEST), MaxValueValidator(SLOWEST)],
    )

    class Meta:
        verbose_name = _("hour with its own pace")
        verbose_name_plural = _("hours with their own pace")
        ordering = ["city", "days", "hour"]
        constraints = [
            models.UniqueConstraint(fields=["city", "days", "hour"], name="city_pace_once_per_hour"),
            models.CheckConstraint(condition=models.Q(hour__range=(0, 23)), name="city_pace_hour_of_the_day"),
            models.CheckConstraint(
                condition=models.Q(days__in=["every", "workdays", "weekends"]), name="city_pace_days_known"
            ),
            models.CheckConstraint(
                condition=models.Q(
                    travel_factor__range=(FASTEST, SLOWEST), service_factor__range=(FASTEST, SLOWEST)
                ),
                name="city_pace_within_reason",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_days_display()} {self.hour:02d}:00"

    def counts_on(self, on: date) -> bool:
        """Whether the row is for that day."""
        is_weekend = on.weekday() >= 5
        return self.days == self.Days.EVERY or (self.days == self.Days.WEEKENDS) == is_weekend


def hourly_factors(rows: Iterable[CityPace], on: date) -> tuple[list[Decimal], list[Decimal]]:
    """The factors of that day's 24 hours out of a city's rows: of travel, and of service."""
    travel, service = [Decimal(1)] * 24, [Decimal(1)] * 24
    for row in sorted(rows, key=lambda row: row.days != CityPace.Days.EVERY):
        if row.counts_on(on):
            travel[row.hour], service[row.hour] = Decimal(row.travel_factor), Decimal(row.service_factor)
    return travel, service
