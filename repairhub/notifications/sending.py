"""How a message leaves: claimed by one worker, worded, delivered, marked."""

import logging
import time
from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F

from . import channels
from .models import Message
from .rendering import render
from .sealing import unseal
from .states import MessageStatus

logger = logging.getLogger(__name__)

MAX_ATTEMPTS = 8
# After the first failure, the second, ...; the last one repeats.
WAIT_AFTER_FAILURE = [timedelta(minutes=minutes) for minutes in (1, 2, 5, 15, 30, 60, 120)]
URGENT_WAITS_AFTER_FAILURE = timedelta(seconds=30)
# Longer than any worker may live with one task (CELERY_TASK_TIME_LIMIT): EMAIL_TIMEOUT is for one operation
# of the socket, and a mail server that is slow at each of them may take the whole task. While a worker may
# still be talking to it, nobody else sends the message.
LEASE = timedelta(seconds=150)
# A sweep ends well before the task's time limit; the next minute goes on.
SWEEP_BUDGET_SECONDS = 45.0


def send_due(*, at: datetime, limit: int = 200, only: Sequence[int] | None = None) -> int:
    """Sends what is due, oldest first, at most `limit` messages; returns how many went out.

    `only` narrows it to these ids. Stops after SWEEP_BUDGET_SECONDS: what is left stays due. Any number of
    workers may run this at once: each message is claimed by one of them.
    """
    started = time.monotonic()
    due = Message.objects.due(at) if only is None else Message.objects.claimable(at).filter(pk__in=only)
    sent = 0
    for pk in list(due.values_list("pk", flat=True)[:limit]):
        elapsed = time.monotonic() - started
        if elapsed > SWEEP_BUDGET_SECONDS:
            break
        # The lease counts from the moment of the claim, not from the start of the sweep.
        sent += send_message(message_id=pk, at=at + timedelta(seconds=elapsed))
    return sent


def send_message(*, message_id: int, at: datetime) -> bool:
    """Sends one message if it is due and nobody else is sending it; True where it went out.

    A failure is kept on the row and the message tried again later, MAX_ATTEMPTS times in all. It
    never raises for a channel's failure.
    """
    lease = at + LEASE
    if not _claim(message_id, lease, at):
        return False
    message = Message.objects.get(pk=message_id)
    if message.attempts > MAX_ATTEMPTS:
        _close_unsent(message_id, lease, at, "its workers died", final=True)
        return False
    if message.expires_at is not None and message.expires_at <= at:
        _close_unsent(message_id, lease, at, "expired", final=True)
        return False
    try:
        return _deliver(message, lease, at)
    except channels.DeliveryRefusedError as error:
        _close_unsent(message_id, lease, at, type(error).__name__, final=True)
    except Exception as error:
        _close_unsent(message_id, lease, at, _without_people(error), final=False)
    return False


def _claim(message_id: int, lease: datetime, at: datetime) -> bool:
    """True for one of all who ask: the row count decides."""
    claimable = Message.objects.claimable(at).filter(pk=message_id)
    return claimable.update(claimed_until=lease, attempts=F("attempts") + 1) == 1


def _deliver(message: Message, lease: datetime, at: datetime) -> bool:
    channel = channels.channel_class(message.channel)()
    wording = render(
        template=message.template,
        language=message.language,
        channel=message.channel,
        context=message.context,
        secret=unseal(message.secret) if message.secret else "",
    )
    outgoing = channels.Outgoing(
        message_id=message.pk,
        key=message.key,
        channel=message.channel,
        address=message.address,
        language=message.language,
        subject=wording.subject,
        body=wording.body,
    )
    if not channel.in_transaction:
        channel.deliver(outgoing, at=at)
    with transaction.atomic():
        locked = Message.objects.select_for_update().get(pk=message.pk)
        if channel.in_transaction:
            if locked.status != MessageStatus.QUEUED or locked.claimed_until != lease:
                return False  # called off meanwhile, or our lease ran out and somebody else has it
            channel.deliver(outgoing, at=at)
        elif locked.status == MessageStatus.SENT:
            return False  # our lease ran out during the delivery and another worker was through first
        locked.mark_sent(at)
        locked.save(update_fields=["status", "sent_at", "closed_at", "claimed_until", "secret", "last_error"])
    return True


def _close_unsent(message_id: int, lease: datetime, at: datetime, why: str, *, final: bool) -> None:
    """Gives the message up, or back to the sweep for later."""
    with transaction.atomic():
        message = Message.objects.select_for_update().get(pk=message_id)
        if message.status != MessageStatus.QUEUED or message.claimed_until != lease:
            return
        if final or message.attempts >= MAX_ATTEMPTS:
            message.give_up(at, why[:200])
        else:
            message.last_error, message.claimed_until = why[:200], None
            message.not_before_at = at + _wait(message)
        message.save(
            update_fields=["status", "closed_at", "claimed_until", "secret", "last_error", "not_before_at"]
        )
    logger.warning("Message %s (%s) did not leave: %s", message_id, message.template, why)


def _wait(message: Message) -> timedelta:
    if message.is_urgent:
        return URGENT_WAITS_AFTER_FAILURE
    return WAIT_AFTER_FAILURE[min(message.attempts, len(WAIT_AFTER_FAILURE)) - 1]


def _without_people(error: Exception) -> str:
    """What went wrong without the error's text: mail servers like to repeat the address in it."""
    code = getattr(error, "smtp_code", None)
    return f"{type(error).__name__} {code}" if code else type(error).__name__
