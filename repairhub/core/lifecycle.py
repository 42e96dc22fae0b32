"""What every model with a protected status shares."""

from threading import RLock
from typing import Any

from django_fsm import FSMModelMixin

_REFRESHING = RLock()


class LifecycleMixin(FSMModelMixin):
    """FSMModelMixin for processes with threads.

    To read a row again, FSMModelMixin lifts the protection of the status for the whole class, then puts it
    back. Two threads that do so at once would refuse each other's reading, so they take turns.
    """

    def refresh_from_db(self, *args: Any, **kwargs: Any) -> None:
        """As Django's, one thread at a time."""
        with _REFRESHING:
            super().refresh_from_db(*args, **kwargs)
