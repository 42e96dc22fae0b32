"""One view and one template for the page and for the fragment that htmx asks for."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.cache import patch_vary_headers


def wants_fragment(request: HttpRequest) -> bool:
    """Whether htmx asks for a part of the page it is on.

    Not for a boosted link, and not for the browser's Back: we let htmx keep no copies of pages, so that it
    asks for the page again and shows whatever comes as the whole of it.
    """
    htmx: Any = getattr(request, "htmx", False)
    return bool(htmx) and not htmx.boosted and not htmx.history_restore_request


def vary_on_fragment(response: HttpResponse) -> None:
    """Tells caches, the browser's own too, that page and fragment of one address are two answers."""
    patch_vary_headers(response, ["HX-Request", "HX-History-Restore-Request"])


def render_page(
    request: HttpRequest,
    template: str,
    context: dict[str, Any] | None = None,
    *,
    partial: str = "",
    status: int = 200,
) -> HttpResponse:
    """The whole page, or only its `partial` (a partialdef of the template) where a fragment is wanted."""
    name = f"{template}#{partial}" if partial and wants_fragment(request) else template
    response = render(request, name, context, status=status)
    vary_on_fragment(response)
    return response
