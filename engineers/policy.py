"""Numbers of the dispatch desk, from the settings, in the engine's units (seconds)."""

from datetime import timedelta

from django.conf import settings

from engineers.dispatch import Prices
from repairhub.places.models import City

SECONDS_A_VISIT = 0.01
LEAST_SECONDS, MOST_SECONDS = 0.2, 30.0
"""Three attempts of the longest search stay below the time limit of a task."""


def slack_seconds(city: City | None = None) -> int:
    """Kept free around what is offered to a customer: the city's own where it has one."""
    own = city.slack_minutes if city is not None else None
    return 60 * (int(settings.BOOKING_SLACK_MINUTES) if own is None else own)


def lead() -> timedelta:
    """The first window offered starts at least this long after the booking."""
    return timedelta(minutes=settings.BOOKING_LEAD_MINUTES)


def booking_days() -> int:
    """Arrival windows are offered this many days ahead."""
    return int(settings.BOOKING_DAYS)


def prices(city: City | None = None) -> Prices:
    """What a plan weighs driving against: another engineer than the customer knows, and the slack kept."""
    return Prices(change=int(settings.PLAN_CHANGE_MINUTES) * 60, slack=slack_seconds(city))


def plan_seconds(visits: int, times: int = 1) -> float:
    """CPU seconds that planning a day with so many visits afresh may take: 10 ms a visit, times as asked."""
    return min(max(times * visits * SECONDS_A_VISIT, LEAST_SECONDS), MOST_SECONDS)


def opening_days() -> int:
    """On so many days, from today on, shut windows are looked for that moving others would open."""
    return int(settings.OPENING_DAYS)


def opening_rounds() -> int:
    """Rounds of the search for one window that is to be opened by moving others."""
    return int(settings.OPENING_ROUNDS)
