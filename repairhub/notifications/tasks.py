"""Doorbells of the outbox: the rows say what is to be sent, these only say when to look."""

from celery import shared_task
from django.utils import timezone

from repairhub.core.ticks import claim_tick

from . import sending

MESSAGES_PER_SWEEP = 2000


@shared_task
def send_due_messages() -> int:
    """Each minute: sends what is due.

    Twice: the minute is claimed by one, and each message by one. Late or never: the next minute sends it.
    """
    at = timezone.now()
    if not claim_tick("send_due_messages", at):
        return 0
    return sending.send_due(at=at, limit=MESSAGES_PER_SWEEP)


@shared_task
def send_one_message(message_id: int) -> bool:
    """Rung after the commit that enqueued it.

    Twice: the second claim finds nothing to do. Late or never: the sweep sends it.
    """
    return sending.send_message(message_id=message_id, at=timezone.now())


@shared_task
def send_these_messages(message_ids: list[int]) -> int:
    """Rung after a commit that enqueued many. Twice, late or never: as for one."""
    return sending.send_due(at=timezone.now(), only=message_ids)
