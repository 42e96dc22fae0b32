"""The weather of a city's day as the desk sees it."""

from datetime import date

from engineers.models import DayWeather
from repairhub.places.models import City


def weather_of(city: City, on: date) -> DayWeather | None:
    """What was said of that day, with who said it; None where it drives as usual. One query."""
    found = DayWeather.objects.filter(city=city, on=on).select_related("by").first()
    return None if found is None or found.is_usual else found
