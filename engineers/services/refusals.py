"""Where insertion refuses a window its day is planned afresh: a better plan may have room for others."""

from datetime import date

from django.core.cache import cache
from django.db.models import F

from engineers.models import CityDay
from repairhub.notifications.doorbell import BELL
from repairhub.places.models import City

ONCE_EACH_SECONDS = 60


def replan_after_refusal(city: City, on: date) -> bool:
    """Rings for the day's plan, at most once a minute; whether it rang.

    A day that has not changed since its last plan would only be given the same plan again. The bell never
    raises, and nothing is lost with it: each ten minutes every changed day is planned anyhow.
    """
    from engineers.tasks import plan_city_day  # the task calls a service that promises nothing

    if not cache.add(f"replan-after-refusal:{city.pk}:{on.isoformat()}", True, ONCE_EACH_SECONDS):
        return False
    if not CityDay.objects.filter(city=city, on=on).exclude(planned_version=F("version")).exists():
        return False
    return BELL.ring(plan_city_day, (city.pk, on.isoformat()))
