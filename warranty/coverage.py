"""What a warranty promises, and whether it covers a day. Plain data in, an answer with its reasons out.

Days are calendar days in the zone of the order's city. A warranty covers its first and its last day whole: a
phone repaired on 22 November with a term of 180 days is covered for the rest of that day and 180 full days
after it: to the end of 21 May.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from itertools import pairwise

FEWEST_DAYS_AFTER_REWORK = 30


@dataclass(frozen=True)
class Span:
    """The days covered, both ends included."""

    starts_on: date
    ends_on: date

    def covers(self, on: date) -> bool:
        """Whether that day is covered."""
        return self.starts_on <= on <= self.ends_on


def first_span(completed_on: date, days: int) -> Span:
    """What a first fitting is promised: the rest of the day of completion and `days` full days after it.

    Raises ValueError for less than a day.
    """
    if days < 1:
        raise ValueError("a warranty lasts a day at least")
    return Span(completed_on, completed_on + timedelta(days=days))


def span_after_rework(earlier_ends_on: date, finished_on: date, *, held_days: int = 0) -> Span:
    """What a part is promised that a rework replaced: never less than was promised before.

    The longer of the remainder and 30 full days; `held_days` (whole days that the phone was in our hands) do
    not count against the customer, so the remainder grows by them. Raises ValueError for negative days.
    """
    if held_days < 0:
        raise ValueError("a phone is not held for less than no time")
    remainder_ends_on = earlier_ends_on + timedelta(days=held_days)
    shortest_ends_on = finished_on + timedelta(days=FEWEST_DAYS_AFTER_REWORK)
    return Span(finished_on, max(remainder_ends_on, shortest_ends_on))


class ReasonCode(StrEnum):
    """Why a fitting is covered or not."""

    COVERED_UNTIL = "covered_until"
    STARTS_ON = "starts_on"
    ENDED_ON = "ended_on"
    REPLACED_BY = "replaced_by"
    NO_WARRANTY = "no_warranty"


@dataclass(frozen=True)
class Promise:
    """A warranty as this module sees it: its number and its days."""

    number: str
    span: Span


@dataclass(frozen=True)
class Reason:
    """One reason: a warranty's number, the day that decides, the number of the warranty that replaced it."""

    code: ReasonCode
    number: str = ""
    on: date | None = None
    successor: str = ""


@dataclass(frozen=True)
class Coverage:
    """Whether a day is covered, and why."""

    is_covered: bool
    reasons: tuple[Reason, ...]


def coverage(chain: Sequence[Promise], on: date) -> Coverage:
    """Whether a fitting was covered that day, by its warranty and those that replaced it, the oldest first.

    The newest that covers the day decides; every earlier one is named as replaced. Nothing in the chain: no
    warranty.
    """
    if not chain:
        return Coverage(False, (Reason(ReasonCode.NO_WARRANTY),))
    replaced = tuple(
        Reason(ReasonCode.REPLACED_BY, number=earlier.number, successor=later.number)
        for earlier, later in pairwise(chain)
    )
    covering = [promise for promise in chain if promise.span.covers(on)]
    ended = [promise for promise in chain if promise.span.ends_on < on]
    if covering:
        decisive = Reason(ReasonCode.COVERED_UNTIL, number=covering[-1].number, on=covering[-1].span.ends_on)
    elif ended:
        decisive = Reason(ReasonCode.ENDED_ON, number=ended[-1].number, on=ended[-1].span.ends_on)
    else:
        decisive = Reason(ReasonCode.STARTS_ON, number=chain[0].number, on=chain[0].span.starts_on)
    return Coverage(bool(covering), (*replaced, decisive))
