"""Numbers of the dispatch desk, from the settings, in the engine's units (seconds)."""

from datetime import timedelta

from django.conf import settings


def slack_seconds() -> int:
    """Kept free around what is offered to a customer."""
    return int(settings.BOOKING_SLACK_MINUTES) * 60


def lead() -> timedelta:
    """The first window offered starts at least this long after the booking."""
    return timedelta(minutes=settings.BOOKING_LEAD_MINUTES)


def booking_days() -> int:
    """Arrival windows are offered this many days ahead."""
    return int(settings.BOOKING_DAYS)
