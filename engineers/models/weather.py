"""The weather of a city's day, as the dispatch desk sees it: everything drives slower for a while."""

from decimal import Decimal

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from repairhub.places.models import FASTEST, SLOWEST, City


class DayWeather(models.Model):
    """How many times as long every drive of that day takes, and why. 1 is a day like any other."""

    city = models.ForeignKey(City, on_delete=models.PROTECT, related_name="weather", verbose_name=_("city"))
    on = models.DateField(_("day"))
    factor = models.DecimalField(
        _("drives take (times as long)"),
        max_digits=3,
        decimal_places=2,
        validators=[MinValueValidator(FASTEST), MaxValueValidator(SLOWEST)],
    )
    reason = models.CharField(_("reason"), max_length=120, blank=True)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", verbose_name=_("by")
    )
    at = models.DateTimeField(_("at"))
    history = HistoricalRecords()

    class Meta:
        verbose_name = _("weather of a day")
        verbose_name_plural = _("weather of days")
        ordering = ["city", "on"]
        constraints = [
            models.UniqueConstraint(fields=["city", "on"], name="day_weather_once"),
            models.CheckConstraint(
                condition=models.Q(factor__range=(FASTEST, SLOWEST)), name="day_weather_within_reason"
            ),
            models.CheckConstraint(
                condition=models.Q(factor=1) | ~models.Q(reason=""), name="day_weather_has_reason"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.city_id} {self.on} {self.factor}"

    @property
    def is_usual(self) -> bool:
        """Whether the day drives like any other."""
        return self.factor == Decimal(1)
