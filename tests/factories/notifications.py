"""Messages in each of their states."""

from datetime import timedelta

import factory

from repairhub.notifications.sealing import seal
from repairhub.notifications.states import MessageStatus
from tests.factories.accounts import NOON


class MessageFactory(factory.django.DjangoModelFactory):
    """A warning to a dispatcher that waits to be sent."""

    class Meta:
        model = "notifications.Message"

    key = factory.Sequence(lambda n: f"test:{n}")
    channel = "email"
    address = "dispatcher@repairhub.example"
    language = "en"
    template = "sla_warning"
    context = factory.LazyFunction(
        lambda: {
            "target": "assign_within",
            "about": "RH-7K3M9Q2P",
            "link": "/dispatch/",
            "due_at": NOON.isoformat(),
        }
    )
    created_at = NOON
    not_before_at = factory.SelfAttribute("created_at")

    class Params:
        code = factory.Trait(
            template="one_time_code",
            context={"minutes": 10},
            secret=factory.LazyFunction(lambda: seal("123456")),
            is_urgent=True,
        )


class SentMessageFactory(MessageFactory):
    status = MessageStatus.SENT
    sent_at = factory.LazyAttribute(lambda message: message.created_at + timedelta(seconds=2))


class FailedMessageFactory(MessageFactory):
    status = MessageStatus.FAILED
    closed_at = factory.LazyAttribute(lambda message: message.created_at + timedelta(hours=5))
    last_error = "ConnectionRefusedError"


class CancelledMessageFactory(MessageFactory):
    status = MessageStatus.CANCELLED
    closed_at = factory.LazyAttribute(lambda message: message.created_at + timedelta(minutes=5))


FACTORY_OF_STATUS = {
    MessageStatus.QUEUED: MessageFactory,
    MessageStatus.SENT: SentMessageFactory,
    MessageStatus.FAILED: FailedMessageFactory,
    MessageStatus.CANCELLED: CancelledMessageFactory,
}
