"""The real Celery app, told by its environment where to stand still so that a test can kill it.

STAND_STILL_AT=bell: after the commit that recorded a breach, before anybody is told to send.
STAND_STILL_AT=delivery: the delivery is written, its transaction not committed yet.
"""

import os
import time
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from celery.signals import worker_process_init

from repairhub.celery import app

__all__ = ["app"]


def stand_still(*args: Any, **kwargs: Any) -> None:
    """Says that it is there, and waits to be killed."""
    Path(os.environ["REACHED"]).write_text("here")
    time.sleep(600)


@worker_process_init.connect
def prepare(**kwargs: Any) -> None:
    """Bends the product where the test wants it bent."""
    from repairhub.notifications import channels, sending
    from repairhub.notifications.doorbell import BELL

    sending.LEASE = timedelta(seconds=2)
    if os.environ.get("STAND_STILL_AT") == "bell":
        BELL.ring = stand_still  # type: ignore[method-assign]
    if os.environ.get("STAND_STILL_AT") == "delivery":
        deliver = channels.SandboxChannel.deliver

        def deliver_and_stand_still(self: Any, outgoing: channels.Outgoing, *, at: datetime) -> None:
            deliver(self, outgoing, at=at)
            stand_still()

        channels.SandboxChannel.deliver = deliver_and_stand_still  # type: ignore[method-assign]
