"""The ways out: one class per channel, named in settings.NOTIFICATION_CHANNELS."""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from email.utils import parseaddr
from functools import cache
from typing import Any

from django.conf import settings
from django.core.mail import EmailMessage
from django.utils.module_loading import import_string

from .models import DemoDelivery
from .states import Channel

CHANNELS = tuple(Channel.values)


@dataclass(frozen=True)
class Outgoing:
    """One message, worded, on its way to one address."""

    message_id: int
    key: str
    channel: str
    address: str
    language: str
    subject: str
    body: str


class DeliveryRefusedError(Exception):
    """The other side says that trying again is useless (no such address). The text names nobody."""


class ChannelBase:
    """Delivers, or raises: DeliveryRefusedError where it is useless to try again, anything else for "later".

    With `in_transaction` the delivery is made inside the transaction that marks the message as sent: both
    happen or none. Without it a crash between them delivers twice: the other side can tell by the
    message's key, which stays the same.
    """

    in_transaction = False

    def deliver(self, outgoing: Outgoing, *, at: datetime) -> None:
        """Hands the message over, within seconds."""
        raise TypeError(f"{type(self).__name__} must say how it delivers")


class SmtpChannel(ChannelBase):
    """E-mail through Django's mail settings; the Message-ID follows from the key and so tells a repeat."""

    def deliver(self, outgoing: Outgoing, *, at: datetime) -> None:
        """One mail. SMTP errors are raised as they are: the caller tries again later."""
        mail = EmailMessage(
            subject=outgoing.subject,
            body=outgoing.body,
            to=[outgoing.address],
            headers={
                "Message-ID": message_id(outgoing.key),
                "Content-Language": outgoing.language,
                "Auto-Submitted": "auto-generated",
            },
        )
        mail.send()


class SmsChannel(ChannelBase):
    """What an operator's gateway for text messages fills in: one number, one text, one reference.

    Subclass it, send `text` to `number` with `reference` as the gateway's idempotency key, and name the
    class in settings.NOTIFICATION_CHANNELS["sms"].
    """

    def deliver(self, outgoing: Outgoing, *, at: datetime) -> None:
        """Text messages have no subject: the body says it all."""
        self.send_text(number=outgoing.address, text=outgoing.body, reference=reference(outgoing.key))

    def send_text(self, *, number: str, text: str, reference: str) -> None:
        """Hands one text to the gateway; `number` in E.164."""
        raise TypeError(f"{type(self).__name__} must say how it sends a text")


class SandboxChannel(ChannelBase):
    """Keeps what it would have sent, for the demo's page and the tests: exactly one row per message."""

    in_transaction = True

    def deliver(self, outgoing: Outgoing, *, at: datetime) -> None:
        """One DemoDelivery."""
        DemoDelivery.objects.create(
            message_id=outgoing.message_id,
            channel=outgoing.channel,
            address=outgoing.address,
            subject=outgoing.subject,
            body=outgoing.body,
            language=outgoing.language,
            created_at=at,
        )


def channel_class(name: str) -> type[ChannelBase]:
    """The class that settings.NOTIFICATION_CHANNELS names for this channel. KeyError where there is none."""
    return _imported(settings.NOTIFICATION_CHANNELS[name])


@cache
def _imported(path: str) -> Any:
    return import_string(path)


def is_open(name: str) -> bool:
    """Whether messages can leave by this channel here."""
    return name in settings.NOTIFICATION_CHANNELS


def reference(key: str) -> str:
    """32 hex digits that follow from the key alone and say nothing about it."""
    return hashlib.sha256(f"repairhub-message:{key}".encode()).hexdigest()[:32]


def message_id(key: str) -> str:
    """The same Message-ID whenever the message with this key is sent."""
    host = parseaddr(settings.DEFAULT_FROM_EMAIL)[1].rpartition("@")[2] or "localhost"
    return f"<{reference(key)}@{host}>"
