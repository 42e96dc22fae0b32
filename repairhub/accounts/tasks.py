"""Doorbell of the hourly tidying."""

from celery import shared_task
from django.contrib.sessions.models import Session
from django.utils import timezone

from repairhub.core.idempotency import forget_old_answers
from repairhub.core.ticks import claim_tick, forget_old_ticks

from .services.codes import forget_old_codes


@shared_task
def forget_old_rows() -> int:
    """Each hour: deletes codes, proofs, ticks, answers and sessions that nobody can use any more.

    Twice: the second finds nothing. Late or never: the rows stay until the next time, and count for nothing.
    """
    at = timezone.now()
    if not claim_tick("forget_old_rows", at):
        return 0
    sessions, _by_model = Session.objects.filter(expire_date__lt=at).delete()
    return forget_old_codes(at=at) + forget_old_ticks(at) + forget_old_answers(at=at) + sessions
