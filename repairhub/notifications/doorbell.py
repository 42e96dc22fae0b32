"""Telling a worker at once, without ever depending on the broker.

What must happen is a row in PostgreSQL, and a sweep finds it each minute. A dead or silent broker
therefore costs nothing but this minute: the error is logged, and after a failed ring the
bell rests for a while, so that one request does not wait for the broker once per message.
"""

import logging
import time
from functools import partial
from threading import Lock
from typing import Any

from celery import Task
from django.db import transaction

logger = logging.getLogger(__name__)

REST_SECONDS = 10.0


class _Bell:
    def __init__(self) -> None:
        self._rests_until = 0.0
        self._lock = Lock()

    def ring(self, task: Task, args: tuple[Any, ...]) -> bool:
        """True where the broker took the task. Never raises for a broker's failure."""
        if time.monotonic() < self._rests_until:
            return False
        try:
            task.apply_async(args, retry=False)
        except Exception as error:
            with self._lock:
                self._rests_until = time.monotonic() + REST_SECONDS
            logger.warning("Broker did not take %s (%s); the sweep will.", task.name, type(error).__name__)
            return False
        return True

    def wake(self) -> None:
        """Forgets the last failure."""
        self._rests_until = 0.0


BELL = _Bell()


def ring_on_commit(task: Task, *args: Any) -> None:
    """Publishes the task once the transaction is committed; ids only in `args`, never an eta."""
    transaction.on_commit(partial(BELL.ring, task, args), robust=True)
