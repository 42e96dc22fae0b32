"""Facts that engineers needs from above: what a visit is for, said by the app that ordered it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
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


Search = Callable[[str], Sequence[int]]
_search: Search | None = None


def register_visit_search(search: Search) -> None:
    """The upper app names its call: the beginning of a reference that people know -> ids of a few visits."""
    global _search
    _search = search


def find_visits(text: str) -> Sequence[int]:
    """Ids of visits ordered under a reference that begins with the text; none for an empty text."""
    return _search(text) if _search is not None and text else ()


PanelSection = tuple[str, dict[str, Any]]
SectionProvider = Callable[["Visit", Any], Sequence[PanelSection]]
_section_providers: list[SectionProvider] = []


def register_panel_sections(provider: SectionProvider) -> None:
    """An upper app adds to a visit's panel on the board: (visit, user) -> (template, its `section`) each."""
    if provider not in _section_providers:
        _section_providers.append(provider)


def panel_sections(visit: "Visit", user: Any) -> list[PanelSection]:
    """The upper apps' pieces of the visit's panel for this reader, in the order they registered."""
    return [section for provider in _section_providers for section in provider(visit, user)]
