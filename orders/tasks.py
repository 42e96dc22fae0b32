"""Doorbell of the drafts' tidying."""

from celery import shared_task
from django.utils import timezone

from orders.services.drafts import forget_old_drafts
from repairhub.core.ticks import claim_tick


@shared_task
def forget_drafts() -> int:
    """Each hour: deletes booking drafts that nobody goes on with.

    Twice: the second finds nothing. Late or never: names and addresses lie longer than they need to.
    """
    at = timezone.now()
    return forget_old_drafts(at=at) if claim_tick("forget_drafts", at) else 0
