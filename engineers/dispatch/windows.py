"""A day's arrival windows, and which of the open ones lie nearest to a wanted one."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

DAY = 86_400
HOUR = 3_600

DEFAULT_OPENING = ((8 * HOUR, 20 * HOUR),)
DEFAULT_LENGTH = 2 * HOUR
DEFAULT_LEAD = 1 * HOUR
"""A window is offered only where it begins at least this long from now."""
DEFAULT_SLACK = 25 * 60
"""Seconds kept free before each promise that an offer touches (design, section 5: slack included).

The least that keeps 97 of 100 arrivals inside their window in simulated days (docs/decisions/007)."""


@dataclass(frozen=True, slots=True, order=True)
class Window:
    """An arrival window: a day and two times on it in seconds from its midnight."""

    on: date
    start: int
    end: int


def arrival_windows(
    on: date,
    opening: Iterable[tuple[int, int]] = DEFAULT_OPENING,
    *,
    length: int = DEFAULT_LENGTH,
    earliest: int = 0,
) -> list[Window]:
    """Return the day's windows, cut one after another from each opening span, 08-10 to 18-20 by default.

    What is left at the end of a span and is shorter than ``length`` is no window. Windows beginning
    before ``earliest`` (for today: now and the lead time; see ``earliest_start``) are left out.
    Raise ValueError when ``length`` is not above zero.
    """
    if length <= 0:
        raise ValueError("length must be above zero")
    return [
        Window(on, start, start + length)
        for opens, closes in opening
        for start in range(opens, closes - length + 1, length)
        if start >= earliest
    ]


def earliest_start(on: date, today: date, now: int, *, lead: int = DEFAULT_LEAD) -> int:
    """Return the first second of day ``on`` that may be promised, ``now`` being seconds of ``today``.

    0 on later days that the lead time does not reach into; past the end of the day on earlier ones.
    """
    return max(0, (today.toordinal() - on.toordinal()) * DAY + now + lead)


def nearest_windows(wanted: Window, open_windows: Iterable[Window], n: int = 3) -> list[Window]:
    """Return up to ``n`` of the open windows, the nearest to the wanted one in time first.

    Of two equally near the earlier comes first; the wanted one itself is not among them. This is what
    a booking is answered with whose window has shut meanwhile (design, section 5).
    """
    at = _moment(wanted)
    others = [window for window in open_windows if window != wanted]
    return sorted(others, key=lambda window: (abs(_moment(window) - at), window))[:n]


def _moment(window: Window) -> int:
    return window.on.toordinal() * DAY + window.start
