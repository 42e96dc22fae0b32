"""What `check --deploy` says about the channels."""

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, register

from .channels import CHANNELS, SandboxChannel, channel_class


@register(Tags.security, deploy=True)
def no_sandbox_in_production(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """A sandbox shows codes to whoever may see its page: it has no place on a real server."""
    return [
        Error(
            f"The channel {name!r} goes to the demo's sandbox.",
            hint="Set NOTIFICATION_CHANNELS to real channels; leave out those that you do not have.",
            id="notifications.E001",
        )
        for name in CHANNELS
        if name in settings.NOTIFICATION_CHANNELS and issubclass(channel_class(name), SandboxChannel)
    ]
