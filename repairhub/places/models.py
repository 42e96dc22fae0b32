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
