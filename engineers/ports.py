"""Facts that engineers needs from above: what a visit is for, said by the app that ordered it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from engineers.models import Visit


@dataclass(frozen=True)
class VisitDetails:
    """What board and engineer's day show of a visit, in the reader's language, personal data masked.

    `url`: the page with the visit's steps, for its engineer. `phone` is empty unless the reader may call.
    """

    reference: str
    title: str
    address: str
    contact_name: str
    phone: str
    url: str


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


Search = Callable[[str], Sequence[int]]
_search: Search | None = None


def register_visit_search(search: Search) -> None:
    """The upper app names its call: the beginning of a reference that people know -> ids of a few visits."""
    global _search
    _search = search


def find_visits(text: str) -> Sequence[int]:
    """Ids of visits ordered under a reference that begins with the text; none for an empty text."""
    return _search(text) if _search is not None and text else ()


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
