"""Channels for tests: settings name them by path."""

import time
from datetime import datetime
from smtplib import SMTPRecipientsRefused

from repairhub.notifications.channels import ChannelBase, DeliveryRefusedError, Outgoing, SmsChannel


class CountingChannel(ChannelBase):
    """Like a mail server: takes its time, is in no transaction, remembers what it took."""

    taken: list[Outgoing] = []

    def deliver(self, outgoing: Outgoing, *, at: datetime) -> None:
        time.sleep(0.2)
        self.taken.append(outgoing)


class BrokenChannel(ChannelBase):
    """Repeats the address in its error, as mail servers do."""

    def deliver(self, outgoing: Outgoing, *, at: datetime) -> None:
        raise SMTPRecipientsRefused({outgoing.address: (451, b"try later")})


class RefusingChannel(ChannelBase):
    """Knows that the address does not exist."""

    def deliver(self, outgoing: Outgoing, *, at: datetime) -> None:
        raise DeliveryRefusedError("no such address")


class TextGateway(SmsChannel):
    """An operator's gateway for text messages."""

    sent: list[tuple[str, str, str]] = []

    def send_text(self, *, number: str, text: str, reference: str) -> None:
        self.sent.append((number, text, reference))
