"""Telling a worker at once, without ever depending on the broker.

What must happen is a row in PostgreSQL, and a sweep finds it each minute. A dead or silent broker
therefore costs nothing but this minute: the error is logged, a ring waits for less than a second, and
after a failed ring the bell rests for a while, so that no request waits once per message.
"""

import logging
import os
import time
from functools import partial
from threading import Lock
from typing import Any

from celery import Task
from django.db import transaction
from kombu import pools

logger = logging.getLogger(__name__)

REST_SECONDS = 10.0
# Shorter than the worker's own: whoever rings is a person's request.
QUICK = {"socket_timeout": 0.4, "socket_connect_timeout": 0.4, "max_retries": 0}


class _Bell:
    def __init__(self) -> None:
        self._rests_until = 0.0
        self._lock = Lock()
        self._producers: dict[int, Any] = {}

    def ring(self, task: Task, args: tuple[Any, ...]) -> bool:
        """True where the broker took the task. Never raises for a broker's failure."""
        if time.monotonic() < self._rests_until:
            return False
        try:
            with self._pool(task).acquire(block=True, timeout=0.4) as producer:
                task.apply_async(args, producer=producer, retry=False)
        except Exception as error:  # whatever a broker does, the sweep finds the row
            self._rests_until = time.monotonic() + REST_SECONDS
            logger.warning("Broker did not take %s (%s); the sweep will.", task.name, type(error).__name__)
            return False
        return True

    def wake(self) -> None:
        """Forgets the last failure."""
        self._rests_until = 0.0

    def _pool(self, task: Task) -> Any:
        """Producers of this process: a forked child must not share its parent's sockets."""
        with self._lock:
            process = os.getpid()
            if process not in self._producers:
                connection = task.app.connection_for_write(transport_options=QUICK)
                self._producers = {process: pools.producers[connection]}
            return self._producers[process]


BELL = _Bell()


def ring_on_commit(task: Task, *args: Any) -> None:
    """Publishes the task once the transaction is committed; ids only in `args`, never an eta."""
    transaction.on_commit(partial(BELL.ring, task, args), robust=True)
