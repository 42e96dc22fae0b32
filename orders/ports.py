"""Facts that orders needs from above: warranty terms, and what upper apps show on the order's page."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from engineers.models import Visit
    from orders.models import RepairOrder


@dataclass(frozen=True)
class Term:
    """Our warranty for a grade: days, and the version of the terms that says so."""

    days: int
    version: str


@dataclass(frozen=True)
class OrderSection:
    """A piece of the order's page from an upper app: its template and what that needs."""

    template: str
    context: dict[str, Any] = field(default_factory=dict)


TermProvider = Callable[[str, date], Term]
SectionProvider = Callable[["RepairOrder", bool, datetime], OrderSection | None]
# which lines a rework visit has to fit anew: ids of quote lines
ReworkProvider = Callable[["RepairOrder", "Visit"], frozenset[int]]

_term: TermProvider | None = None
_rework: ReworkProvider | None = None
_sections: list[SectionProvider] = []


def register_warranty_term(provider: TermProvider) -> None:
    """The app that holds the terms names its call: (grade, day) -> Term."""
    global _term
    _term = provider


def register_rework_lines(provider: ReworkProvider) -> None:
    """The app that opens reworks names its call: (order, visit) -> ids of the quote lines to do again."""
    global _rework
    _rework = provider


def register_order_section(provider: SectionProvider) -> None:
    """A call (order, proven, at) -> OrderSection or None; `proven`: the reader proved a contact's address."""
    if provider not in _sections:
        _sections.append(provider)


def warranty_term(grade: str, on: date) -> Term:
    """Our term for the grade on that day. RuntimeError where no app has registered terms."""
    if _term is None:
        raise RuntimeError("no warranty terms are registered")
    return _term(grade, on)


def rework_lines(order: "RepairOrder", visit: "Visit") -> frozenset[int]:
    """Ids of the quote lines that this rework visit must fit anew."""
    return frozenset() if _rework is None else _rework(order, visit)


def order_sections(order: "RepairOrder", *, proven: bool, at: datetime) -> list[OrderSection]:
    """The upper apps' pieces of the order's page, in the order they registered."""
    found = (provider(order, proven, at) for provider in _sections)
    return [section for section in found if section is not None]
