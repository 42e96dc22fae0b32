"""The outbox's verbs: enqueue, cancel, send, send again."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from repairhub.core.errors import Conflict, NotFoundError

from .addresses import Address
from .doorbell import ring_on_commit
from .models import Message
from .sealing import seal
from .sending import send_due, send_message
from .states import MessageStatus
from .tasks import send_one_message, send_these_messages

__all__ = ["Draft", "cancel", "enqueue", "enqueue_many", "send_again", "send_due", "send_message"]

IDS_PER_BELL = 50


@dataclass(frozen=True)
class Draft:
    """A message to be: what `enqueue` takes, for many at once."""

    key: str
    address: Address
    language: str
    template: str
    context: dict[str, Any] = field(default_factory=dict)
    not_before_at: datetime | None = None
    expires_at: datetime | None = None
    secret: str | None = None
    is_urgent: bool = False
    city_code: str = ""


def enqueue(
    *,
    key: str,
    address: Address,
    language: str,
    template: str,
    context: dict[str, Any],
    at: datetime,
    not_before_at: datetime | None = None,
    expires_at: datetime | None = None,
    secret: str | None = None,
    is_urgent: bool = False,
    city_code: str = "",
) -> Message:
    """Puts a message into the outbox, in the caller's transaction; a known key gives the one that is there.

    It leaves after the commit, or with the first sweep after `not_before_at`; after `expires_at` it is
    given up instead. `secret` (a code, a link) is stored encrypted and seen by the template as `secret`.
    `is_urgent`: somebody waits for it before a screen; it is tried again within seconds, and given up soon.
    """
    draft = Draft(
        key=key,
        address=address,
        language=language,
        template=template,
        context=context,
        not_before_at=not_before_at,
        expires_at=expires_at,
        secret=secret,
        is_urgent=is_urgent,
        city_code=city_code,
    )
    return enqueue_many([draft], at=at)[0]


def enqueue_many(drafts: Sequence[Draft], *, at: datetime) -> list[Message]:
    """`enqueue` for many messages in a few queries; returns the messages in the drafts' order."""
    Message.objects.bulk_create([_row(draft, at) for draft in drafts], ignore_conflicts=True)
    stored = {
        message.key: message for message in Message.objects.filter(key__in=[draft.key for draft in drafts])
    }
    leaving = [
        message.pk
        for message in stored.values()
        if message.status == MessageStatus.QUEUED and message.not_before_at <= at
    ]
    if len(leaving) == 1:
        ring_on_commit(send_one_message, leaving[0])
    else:
        for start in range(0, len(leaving), IDS_PER_BELL):
            ring_on_commit(send_these_messages, leaving[start : start + IDS_PER_BELL])
    return [stored[draft.key] for draft in drafts]


def cancel(*, key_prefix: str, at: datetime) -> int:
    """Calls off every waiting message whose key starts with `key_prefix`; returns how many.

    One that a mail server is taking at this moment may still arrive; its row then says so.
    """
    with transaction.atomic():
        waiting = list(Message.objects.waiting_under(key_prefix).order_by("id").select_for_update())
        for message in waiting:
            message.withdraw(at)
            message.save(update_fields=["status", "closed_at", "claimed_until", "secret"])
    return len(waiting)


def send_again(*, message_id: int, at: datetime) -> Message:
    """Puts a message that was given up back into the outbox, with all its attempts; returns it.

    Raises NotFoundError, and Conflict for one that was not given up, that was urgent (whoever waited for a
    code has long asked for another) or whose time is over.
    """
    with transaction.atomic():
        message = Message.objects.select_for_update().filter(pk=message_id).first()
        if message is None:
            raise NotFoundError(_("This message is not in the outbox."), code="no_such_message")
        if message.status != MessageStatus.FAILED:
            raise Conflict(
                _("This message was not given up."),
                code="message_not_given_up",
                next_step=_("Only a message that was given up can be sent again."),
            )
        if message.is_urgent or (message.expires_at is not None and message.expires_at <= at):
            raise Conflict(
                _("It is too late for this message."),
                code="message_useless",
                next_step=_("Its reader can ask for a new one."),
            )
        message.try_again(at)
        message.save(update_fields=["status", "not_before_at", "closed_at", "attempts", "last_error"])
        ring_on_commit(send_one_message, message.pk)
    return message


def _row(draft: Draft, at: datetime) -> Message:
    return Message(
        key=draft.key,
        channel=draft.address.channel,
        address=draft.address.value,
        language=draft.language,
        template=draft.template,
        context=draft.context,
        secret=None if draft.secret is None else seal(draft.secret),
        is_urgent=draft.is_urgent,
        city_code=draft.city_code,
        not_before_at=draft.not_before_at or at,
        expires_at=draft.expires_at,
        created_at=at,
    )
