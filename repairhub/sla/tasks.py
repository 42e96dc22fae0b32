"""Doorbell of the sweep."""

from celery import shared_task
from django.utils import timezone

from repairhub.core.ticks import claim_tick

from .services.sweeps import sweep


@shared_task
def sweep_clocks() -> int:
    """Each minute: records warnings and breaches that are due; returns how many.

    Twice: the minute is claimed by one, and a clock is recorded once. Late: the breach is recorded
    late, its due moment stays what it was. Never: the next minute records it.
    """
    at = timezone.now()
    if not claim_tick("sweep_clocks", at):
        return 0
    result = sweep(at=at)
    return result.warned + result.breached
