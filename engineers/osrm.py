"""Driving times along streets, from an OSRM server's table service; one way may take longer than the other.

`learn` asks the server and is for where nobody waits under a lock; `recall` reads the cache alone. What
neither knows takes the straight line's time. A server that is silent, slow or wrong costs the better figures
and a warning, never a page (https://project-osrm.org/docs/v5.24.0/api/#table-service).
"""

import json
import logging
import time
from collections.abc import Iterable, Iterator, Sequence
from hashlib import sha256
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from itertools import pairwise
from math import ceil, isfinite
from threading import Lock
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.cache import cache

from engineers.dispatch import EngineerDay, Place, Route, Travel

logger = logging.getLogger(__name__)

DECIMALS = 4
"""Places are one where they are within about 11 m."""
MOST_PLACES = 100
"""Places in one question: what a server takes as it comes (`--max-table-size`)."""
MOST_BYTES = 4_000_000
KEEP_PAIRS = 400_000
KEEP_SECONDS = 30 * 86_400
KEYS_AT_ONCE = 2_000
REST_SECONDS = 30.0
"""After a failure the server is left alone for so long, so that no page waits for it again and again."""

Pair = tuple[Place, Place]


class NoAnswer(Exception):
    """The server does not answer, or not with a table of the right shape."""


class _Memory:
    """What this process knows of the streets, and whether the server is worth asking."""

    def __init__(self) -> None:
        self.pairs: dict[Pair, int] = {}
        self.rests_until = 0.0
        self._lock = Lock()

    def keep(self, found: dict[Pair, int]) -> None:
        """Adds what was learnt; past KEEP_PAIRS it starts afresh."""
        with self._lock:
            if len(self.pairs) + len(found) > KEEP_PAIRS:
                self.pairs = {}
            self.pairs.update(found)

    def forget(self) -> None:
        """As in a new process."""
        self.pairs, self.rests_until = {}, 0.0


MEMORY = _Memory()


class RoadTravel:
    """Travel along streets, slowed by the weather; the straight line where the streets are not known.

    What it has said once it says again, so that a plan that is being worked on stays the same whatever is
    learnt meanwhile.
    """

    __slots__ = ("_percent", "_said", "straight")

    def __init__(self, straight: Travel, percent: int = 100) -> None:
        """`straight` has the weather in it already; `percent` is what it makes of the server's times."""
        self.straight = straight
        self._percent = percent
        self._said: dict[Pair, int] = {}

    def seconds(self, a: Place, b: Place, /) -> int:
        """Return the whole seconds from `a` to `b`; 0 between equal places."""
        said = self._said.get((a, b))
        if said is None:
            known = None if a == b else MEMORY.pairs.get((rounded(a), rounded(b)))
            said = self.straight.seconds(a, b) if known is None else -(-known * self._percent // 100)
            self._said[a, b] = said
        return said

    def table(self, places: Sequence[Place]) -> list[list[int]]:
        """Return the seconds from each place to each."""
        return [[self.seconds(a, b) for b in places] for a in places]


def is_used() -> bool:
    """Whether a server is named in the settings."""
    return bool(settings.OSRM_URL)


def rounded(place: Place) -> Place:
    """The place as it is asked for and remembered."""
    return round(place[0], DECIMALS), round(place[1], DECIMALS)


def recall_legs(days: Iterable[EngineerDay], routes: Iterable[Route], places: Iterable[Place] = ()) -> None:
    """Recalls the legs of these routes, and all ways between the places and every node of the routes."""
    pairs: list[Pair] = []
    nodes: list[Place] = []
    for day, route in zip(days, routes, strict=True):
        start = day.base if route.start_place is None else route.start_place
        stops = [start, *(stop.place for stop in route.stops), day.base]
        pairs += pairwise(stops)
        nodes += stops
    for place in places:
        pairs += [pair for node in nodes for pair in ((place, node), (node, place))]
    recall(pairs)


def recall(pairs: Iterable[Pair]) -> None:
    """What the cache knows of these ways is known here; no server is asked."""
    missing = _missing(pairs)
    for start in range(0, len(missing), KEYS_AT_ONCE):
        keys = {_key(pair): pair for pair in missing[start : start + KEYS_AT_ONCE]}
        found = cache.get_many(list(keys))
        MEMORY.keep({keys[key]: seconds for key, seconds in found.items() if isinstance(seconds, int)})


def learn(origins: Iterable[Place], destinations: Iterable[Place], *, patience: float) -> bool:
    """Learns the ways from each origin to each destination: from the cache, then from the server.

    Stops after `patience` seconds. False where something stays unknown because the server failed or rests.
    Never call it while holding a lock.
    """
    sources = list(dict.fromkeys(map(rounded, origins)))
    targets = list(dict.fromkeys(map(rounded, destinations)))
    recall((a, b) for a in sources for b in targets)
    missing = _missing((a, b) for a in sources for b in targets)
    if not missing:
        return True
    until = time.monotonic() + patience
    if MEMORY.rests_until > time.monotonic():
        return False
    sources, targets = list(dict.fromkeys(a for a, _ in missing)), list(dict.fromkeys(b for _, b in missing))
    try:
        for some, others in _blocks(sources, targets):
            left = min(until - time.monotonic(), float(settings.OSRM_TIMEOUT_SECONDS))
            if left <= 0:
                return False
            found = ask(some, others, timeout=left)
            MEMORY.keep(found)
            cache.set_many({_key(pair): seconds for pair, seconds in found.items()}, KEEP_SECONDS)
            _count("answered")
    except NoAnswer as error:
        MEMORY.rests_until = time.monotonic() + REST_SECONDS
        _count("failed")
        logger.warning("OSRM does not answer (%s): drives are reckoned by the straight line.", error)
        return False
    return True


def ask(sources: Sequence[Place], targets: Sequence[Place], *, timeout: float) -> dict[Pair, int]:
    """One question to the server; ways that it cannot find are left out. Raises NoAnswer."""
    places = [*sources, *targets]
    where = ";".join(f"{longitude:.{DECIMALS}f},{latitude:.{DECIMALS}f}" for latitude, longitude in places)
    first = ";".join(str(n) for n in range(len(sources)))
    then = ";".join(str(n) for n in range(len(sources), len(places)))
    query = f"sources={first}&destinations={then}&annotations=duration"
    rows = _durations(_get(f"/table/v1/driving/{where}?{query}", timeout), len(sources), len(targets))
    return {
        (a, b): ceil(seconds)
        for a, row in zip(sources, rows, strict=True)
        for b, seconds in zip(targets, row, strict=True)
        if seconds is not None and a != b
    }


def counts() -> dict[str, int]:
    """How often the server answered and failed, in all processes, as far as the cache remembers."""
    return {name: int(cache.get(f"osrm-{name}") or 0) for name in ("answered", "failed")}


def _get(path: str, timeout: float) -> bytes:
    """The body, whole within the time: a server that drips is as good as silent."""
    address = urlsplit(settings.OSRM_URL)
    kind = HTTPSConnection if address.scheme == "https" else HTTPConnection
    until = time.monotonic() + timeout
    body = b""
    try:
        connection = kind(address.hostname or "", address.port, timeout=timeout)
    except ValueError as error:
        raise NoAnswer("OSRM_URL is no address") from error
    try:
        connection.request("GET", address.path.rstrip("/") + path, headers={"Accept": "application/json"})
        answer = connection.getresponse()
        if answer.status != 200:
            raise NoAnswer(f"status {answer.status}")
        while piece := answer.read1(65_536):
            body += piece
            if len(body) > MOST_BYTES:
                raise NoAnswer("too long an answer")
            if time.monotonic() > until:
                raise NoAnswer("too slow an answer")
    except (OSError, HTTPException) as error:
        raise NoAnswer(type(error).__name__) from error
    finally:
        connection.close()
    return body


def _durations(body: bytes, rows: int, columns: int) -> list[list[float | None]]:
    try:
        data = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise NoAnswer("no JSON") from error
    table: Any = data.get("durations") if isinstance(data, dict) and data.get("code") == "Ok" else None
    if not isinstance(table, list) or len(table) != rows:
        raise NoAnswer("no table of that size")
    for row in table:
        if not isinstance(row, list) or len(row) != columns or not all(map(_is_duration, row)):
            raise NoAnswer("no table of that size")
    return table


def _is_duration(value: Any) -> bool:
    if value is None:
        return True
    return isinstance(value, int | float) and not isinstance(value, bool) and isfinite(value) and value >= 0


def _blocks(
    sources: Sequence[Place], targets: Sequence[Place]
) -> Iterator[tuple[Sequence[Place], Sequence[Place]]]:
    """Questions of at most MOST_PLACES places, about as many of each kind where there are many of both."""
    half = MOST_PLACES // 2
    down = min(len(sources), max(half, MOST_PLACES - len(targets)))
    across = MOST_PLACES - down
    for i in range(0, len(sources), down):
        for j in range(0, len(targets), across):
            yield sources[i : i + down], targets[j : j + across]


def _missing(pairs: Iterable[Pair]) -> list[Pair]:
    known = MEMORY.pairs
    found = ((rounded(a), rounded(b)) for a, b in pairs)
    return [pair for pair in dict.fromkeys(found) if pair not in known and pair[0] != pair[1]]


def _key(pair: Pair) -> str:
    (a, b), (c, d) = pair
    return f"osrm-{_server()}-{a:.{DECIMALS}f},{b:.{DECIMALS}f},{c:.{DECIMALS}f},{d:.{DECIMALS}f}"


def _server() -> str:
    """Another server is another map: what the last one said does not count."""
    return sha256(str(settings.OSRM_URL).encode()).hexdigest()[:8]


def _count(name: str) -> None:
    try:
        cache.add(f"osrm-{name}", 0, None)
        cache.incr(f"osrm-{name}")
    except ValueError:
        pass  # a cache that is gone counts nothing
