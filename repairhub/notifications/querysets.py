"""Questions about many messages."""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.db import models
from django.db.models import Q

from .states import MessageStatus

if TYPE_CHECKING:
    from .models import Message  # noqa: F401

# An urgent message leaves by its own bell; only one whose bell was lost waits for the sweep.
URGENT_WAITS_FOR_ITS_BELL = timedelta(minutes=1)


class MessageQuerySet(models.QuerySet["Message"]):
    def waiting(self) -> "MessageQuerySet":
        """Not through yet."""
        return self.filter(status=MessageStatus.QUEUED)

    def claimable(self, at: datetime) -> "MessageQuerySet":
        """Waiting, its time has come, and no worker holds a lease on it."""
        return self.waiting().filter(
            Q(claimed_until__isnull=True) | Q(claimed_until__lte=at), not_before_at__lte=at
        )

    def due(self, at: datetime) -> "MessageQuerySet":
        """What the sweep takes, oldest first: urgent ones only when their bell was lost."""
        return (
            self.claimable(at)
            .filter(Q(is_urgent=False) | Q(created_at__lte=at - URGENT_WAITS_FOR_ITS_BELL))
            .order_by("not_before_at", "id")
        )

    def waiting_under(self, key_prefix: str) -> "MessageQuerySet":
        """Waiting messages whose key starts with `key_prefix`."""
        return self.waiting().filter(key__startswith=key_prefix)

    def newest_first(self) -> "MessageQuerySet":
        """In the order in which a person looks for them."""
        return self.order_by("-created_at", "-id")
