"""One view and one template for the page and for the fragment that htmx asks for."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render


def render_page(
    request: HttpRequest,
    template: str,
    context: dict[str, Any] | None = None,
    *,
    partial: str = "",
    status: int = 200,
) -> HttpResponse:
    """The whole page, or only its `partial` (a partialdef of the template) for an htmx request."""
    wants_fragment = bool(getattr(request, "htmx", False)) and not getattr(request.htmx, "boosted", False)  # type: ignore[attr-defined]
    name = f"{template}#{partial}" if partial and wants_fragment else template
    response = render(request, name, context, status=status)
    response.headers["Vary"] = "HX-Request"
    return response
