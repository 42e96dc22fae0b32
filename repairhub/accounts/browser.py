"""What this browser session has proved. Never a log-in: request.user stays who it was."""

from django.http import HttpRequest
from django.utils import timezone

from repairhub.notifications.addresses import Address

from .services.codes import proven_address

SESSION_KEY = "proofs"
MOST_PROOFS = 6


def remember_proof(request: HttpRequest, token: str) -> None:
    """Keeps the proof for this browser session, under a new session id (a planted id gains nothing)."""
    tokens = [known for known in request.session.get(SESSION_KEY, []) if known != token]
    request.session.cycle_key()
    request.session[SESSION_KEY] = [*tokens, token][-MOST_PROOFS:]


def proofs(request: HttpRequest) -> set[Address]:
    """The addresses that this browser session has proved and that still count."""
    at = timezone.now()
    found = (proven_address(token=token, at=at) for token in request.session.get(SESSION_KEY, []))
    return {address for address in found if address is not None}


def forget_proofs(request: HttpRequest) -> None:
    """On a phone that is handed back: nothing of its last reader stays."""
    request.session.pop(SESSION_KEY, None)


def client_of(request: HttpRequest) -> str:
    """The caller's IP address, for limits only; our proxies are already seen through (TRUSTED_PROXIES)."""
    return str(request.META.get("REMOTE_ADDR", ""))
