"""What every request passes: the admin's own policy, and refusals as pages instead of a 500."""

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from .errors import DomainError
from .pages import vary_on_fragment


class AdminPolicyMiddleware:
    """Gives the admin's pages its own, wider content policy (ADMIN_CONTENT_SECURITY_POLICY).

    Its look (Unfold, with Alpine) needs inline styles, inline scripts and eval; other hosts get nothing.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if request.path_info.startswith("/admin/"):
            response._csp_config = settings.ADMIN_CONTENT_SECURITY_POLICY  # type: ignore[attr-defined]
        return response


class DomainErrorMiddleware:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if response.status_code >= 400:
            vary_on_fragment(response)  # pages of refusals and of 403 and 404 have a fragment as well
        return response

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """The refusal's own status, with a page that says why and what next."""
        if not isinstance(exception, DomainError):
            return None
        return render(request, "refused.html", {"error": exception}, status=exception.status)
