"""A cache that may be gone: its loss costs speed and some limits, never a page."""

import logging
import time
from collections.abc import Callable
from typing import Any

from django.core.cache.backends.redis import RedisCache
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import TimeoutError as RedisTimeoutError

logger = logging.getLogger(__name__)

GONE = (RedisConnectionError, RedisTimeoutError, OSError)
LOGGED_EACH_SECONDS = 60.0


class _Complaint:
    """One line a minute and process, not one per request."""

    def __init__(self) -> None:
        self._rests_until = 0.0

    def log(self, error: Exception) -> None:
        now = time.monotonic()
        if now >= self._rests_until:
            self._rests_until = now + LOGGED_EACH_SECONDS
            logger.error("The cache does not answer (%s): everything is a miss", type(error).__name__)

    def wake(self) -> None:
        """Forgets the last line."""
        self._rests_until = 0.0


COMPLAINT = _Complaint()


class ForgivingRedisCache(RedisCache):
    """Redis as a cache that is merely empty while the server cannot be reached.

    Nothing is found then and nothing is kept: `get` gives the default, `add` says that the key was free,
    `incr` raises ValueError as for any key that is not there. Other errors rise as they are.
    """

    def _ask(self, question: Callable[[], Any], otherwise: Any) -> Any:
        try:
            return question()
        except GONE as error:
            COMPLAINT.log(error)
            return otherwise

    def get(self, key: Any, default: Any = None, version: int | None = None) -> Any:
        """The value, or the default."""
        return self._ask(lambda: super(ForgivingRedisCache, self).get(key, default, version), default)

    def add(self, key: Any, value: Any, *args: Any, **kwargs: Any) -> bool:
        """True where the key was free, as far as anybody can tell."""
        return bool(
            self._ask(lambda: super(ForgivingRedisCache, self).add(key, value, *args, **kwargs), True)
        )

    def set(self, key: Any, value: Any, *args: Any, **kwargs: Any) -> None:
        """Keeps the value where it can."""
        self._ask(lambda: super(ForgivingRedisCache, self).set(key, value, *args, **kwargs), None)

    def touch(self, key: Any, *args: Any, **kwargs: Any) -> bool:
        """False for a key that is not there."""
        return bool(self._ask(lambda: super(ForgivingRedisCache, self).touch(key, *args, **kwargs), False))

    def delete(self, key: Any, version: int | None = None) -> bool:
        """False for a key that is not there."""
        return bool(self._ask(lambda: super(ForgivingRedisCache, self).delete(key, version), False))

    def has_key(self, key: Any, version: int | None = None) -> bool:
        """False for a key that is not there."""
        return bool(self._ask(lambda: super(ForgivingRedisCache, self).has_key(key, version), False))

    def get_many(self, keys: Any, version: int | None = None) -> Any:
        """What is there of these keys."""
        return self._ask(lambda: super(ForgivingRedisCache, self).get_many(keys, version), {})

    def set_many(self, data: Any, *args: Any, **kwargs: Any) -> Any:
        """The keys that were not kept."""
        return self._ask(lambda: super(ForgivingRedisCache, self).set_many(data, *args, **kwargs), list(data))

    def delete_many(self, keys: Any, version: int | None = None) -> None:
        """Forgets these keys."""
        self._ask(lambda: super(ForgivingRedisCache, self).delete_many(keys, version), None)

    def clear(self) -> bool:  # type: ignore[override]  # Redis says whether it did
        """Forgets all keys."""
        return bool(self._ask(lambda: super(ForgivingRedisCache, self).clear(), False))

    def incr(self, key: Any, delta: int = 1, version: int | None = None) -> int:
        """The new count; ValueError for a key that is not there."""
        found = self._ask(lambda: super(ForgivingRedisCache, self).incr(key, delta, version), None)
        if found is None:
            raise ValueError(f"Key {key!r} not found: the cache does not answer")
        return int(found)
