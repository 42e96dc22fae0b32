"""The weather of a city's day, said by a dispatcher: everybody drives slower, and the day is planned anew."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from engineers import policy
from engineers.models import DayWeather
from engineers.planning import city_today
from engineers.services.routes import lock_city_day
from engineers.services.timing import Retimed, retime_day
from repairhub.core.errors import Conflict, InvalidInput
from repairhub.places.models import FASTEST, SLOWEST, City


@dataclass(frozen=True)
class WeatherSet:
    """The weather as it stands now, and what it did to the day's times; nothing where it stood so before."""

    weather: DayWeather | None
    did: Retimed


@transaction.atomic
def set_weather(*, city: City, on: date, factor: Decimal, reason: str, by: Any, at: datetime) -> WeatherSet:
    """Every drive of that day takes `factor` times as long from now on; 1 is the end of the weather.

    Locks the day, keeps who said it and when with every version before it, reckons the times of all routes
    afresh and rings for a new plan. The same said again changes nothing. Raises InvalidInput for a factor
    beyond 0.5 to 5 or one without a reason, Conflict for a day that is over or cannot be booked yet.
    """
    reason = reason.strip()
    if not FASTEST <= factor <= SLOWEST:
        raise InvalidInput(
            _("Give a number from 0.5 to 5, such as 1.3."),
            field="factor",
            code="out_of_range",
            next_step=_("1.3 means that a drive of 20 minutes takes 26."),
        )
    if factor == 1:
        reason = ""
    elif not reason:
        raise InvalidInput(_("Say what it is, such as heavy rain."), field="reason", code="required")
    today = city_today(city, at)
    if on < today:
        raise Conflict(
            _("This day is over: its weather changes nothing any more."),
            code="day_over",
            next_step=_("Choose today or a coming day."),
        )
    if (on - today).days >= policy.booking_days():
        raise Conflict(
            _("Nothing can be booked on that day yet."),
            code="too_far_ahead",
            next_step=_("Say it again when the day is nearer."),
        )
    lock_city_day(city, on, changes_route=False)
    present = DayWeather.objects.filter(city=city, on=on).first()
    before = (present.factor, present.reason) if present is not None else (Decimal(1), "")
    if before == (factor, reason):
        return WeatherSet(present, Retimed(0, 0))
    weather = present or DayWeather(city=city, on=on)
    weather.factor, weather.reason, weather.by, weather.at = factor, reason, by, at
    weather._history_user = by  # type: ignore[attr-defined]  # the version's author, in a task or a test too
    weather._history_date = at  # type: ignore[attr-defined]
    weather.save()
    return WeatherSet(weather, retime_day(city=city, on=on, at=at))
