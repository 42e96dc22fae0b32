"""Who is asking, where a proxy stands in front of us."""

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse


class ClientAddressMiddleware:
    """Sets REMOTE_ADDR to the client's address as our own proxies saw it, so that limits count the client.

    Each proxy appends the address it was called from to X-Forwarded-For. With settings.TRUSTED_PROXIES
    proxies of ours, the entry that many places from the end is the client; what stands before it was
    written by the client and is not believed.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response
        self.proxies: int = getattr(settings, "TRUSTED_PROXIES", 0)

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """The response, asked for with the client's own address."""
        header = request.META.get("HTTP_X_FORWARDED_FOR", "")
        said = [entry.strip() for entry in header.split(",") if entry.strip()]
        if self.proxies and len(said) >= self.proxies:
            request.META["REMOTE_ADDR"] = said[-self.proxies]
        return self.get_response(request)
