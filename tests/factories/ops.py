"""What the demo's pages show."""

from typing import Any

import factory

from repairhub.notifications.models import DemoDelivery
from tests.factories.accounts import NOON
from tests.factories.notifications import SentMessageFactory


class DemoDeliveryFactory(factory.django.DjangoModelFactory):
    """A code that would have gone out by SMS."""

    class Meta:
        model = DemoDelivery

    channel = "sms"
    address = "+8613800008000"
    subject = ""
    body = "Your code is 123456."
    language = "en"
    created_at = NOON
    message: Any = factory.SubFactory(
        SentMessageFactory,
        channel=factory.SelfAttribute("..channel"),
        address=factory.SelfAttribute("..address"),
    )
