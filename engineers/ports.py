"""Facts that engineers needs from above: what a visit is for, said by the app that ordered it."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from engineers.models import Visit


@dataclass(frozen=True)
class VisitDetails:
    """What board and engineer's day show of a visit, in the reader's language, personal data masked.

    `url`: the page with the visit's steps, for its engineer. `phone` is empty unless the reader may call.
    `notice`: what the desk should know at a glance, as a proposal that waits for its answer.
    """

    reference: str
    title: str
    address: str
    contact_name: str
    phone: str
    url: str
    notice: str = ""


Provider = Callable[[Sequence["Visit"], bool], dict[int, VisitDetails]]
_provider: Provider | None = None


def register_visit_details(provider: Provider) -> None:
    """The upper app names its one batched call; the last one registered counts."""
    global _provider
    _provider = provider


def visit_details(visits: Sequence["Visit"], *, unmasked: bool = False) -> dict[int, VisitDetails]:
    """Details by visit id, one call per page. `unmasked` for the visit's own engineer."""
    if _provider is None:
        return {}
    return _provider(visits, unmasked)


@dataclass(frozen=True)
class VisitTitle:
    """What a list of many visits shows of one: the reference that people know, and what it is for."""

    reference: str
    title: str
    notice: str = ""


Titles = Callable[[Sequence["Visit"]], dict[int, VisitTitle]]
_titles: Titles | None = None


def register_visit_titles(titles: Titles) -> None:
    """The upper app names its one batched call; the last one registered counts."""
    global _titles
    _titles = titles


def visit_titles(visits: Sequence["Visit"]) -> dict[int, VisitTitle]:
    """Titles by visit id, one call per page: for hundreds, where `visit_details` would cost too much."""
    return _titles(visits) if _titles is not None else {}


Search = Callable[[str], Sequence[int]]
_search: Search | None = None


def register_visit_search(search: Search) -> None:
    """The upper app names its call: the beginning of a reference that people know -> ids of a few visits."""
    global _search
    _search = search


def find_visits(text: str) -> Sequence[int]:
    """Ids of visits ordered under a reference that begins with the text; none for an empty text."""
    return _search(text) if _search is not None and text else ()


ReworkCounts = Callable[[Sequence[int], datetime, datetime], dict[tuple[int, str], tuple[int, int]]]
_rework_counts: ReworkCounts | None = None


def register_rework_counts(provider: ReworkCounts) -> None:
    """The app that knows of reworks names its one batched call; the last one registered counts."""
    global _rework_counts
    _rework_counts = provider


def rework_counts(
    engineer_ids: Sequence[int], since: datetime, until: datetime
) -> dict[tuple[int, str], tuple[int, int]]:
    """By (engineer's id, skill's key): repairs finished from `since` until before `until`, and how many of
    these had to be done again. What counts is said by the app above.
    """
    if _rework_counts is None or not engineer_ids:
        return {}
    return _rework_counts(engineer_ids, since, until)


Section = tuple[str, Mapping[str, Any]]
Sections = Callable[["Visit", Any], Sequence[Section]]
_sections: list[Sections] = []


def register_panel_sections(sections: Sections) -> None:
    """An upper app names its call: (visit, user) -> sections of the board's panel, in their order."""
    if sections not in _sections:
        _sections.append(sections)


def panel_sections(visit: "Visit", user: Any) -> list[Section]:
    """What upper apps have to show and to offer in the panel of a visit: (template, its context) each."""
    return [section for sections in _sections for section in sections(visit, user)]


References = Callable[[Collection[int]], dict[object, str]]
_references: References | None = None


def register_visit_references(references: References) -> None:
    """The upper app names its call: visit ids -> the references that people know them by."""
    global _references
    _references = references


def visit_references(ids: Collection[int]) -> dict[object, str]:
    """References by visit id, for sentences that name many visits: far less work than their details."""
    return _references(ids) if _references is not None and ids else {}


@dataclass(frozen=True)
class NeededPart:
    """A part that a visit has to bring: any unit of this component and grade that fits the device will do."""

    name: str
    component_id: int
    grade: str
    grade_label: str
    device_model_id: int
    reference: str


PartsProvider = Callable[[Sequence["Visit"]], dict[int, list[NeededPart]]]
_parts: PartsProvider | None = None


def register_needed_parts(provider: PartsProvider) -> None:
    """The upper app names its one batched call; the last one registered counts."""
    global _parts
    _parts = provider


def needed_parts(visits: Sequence["Visit"]) -> dict[int, list[NeededPart]]:
    """What each visit has still to fit, by visit id, one call per page."""
    return {} if _parts is None else _parts(visits)
