"""A post that a browser may have kept while there was no network: its key, who pressed it, and when."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from django import forms
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.utils.dateparse import parse_datetime
from django.utils.timezone import is_naive
from django.utils.translation import gettext_lazy as _

from .errors import DomainError, InvalidInput, NotAllowed
from .idempotency import run_once

# what a command says about itself; the rest of the form is what it asks for
ENVELOPE = {"csrfmiddlewaretoken", "command_key", "pressed_at", "sent_at", "pressed_by", "back"}
LONGEST_WAIT = timedelta(days=365)


def new_command_key() -> str:
    """A key for a form: whatever is sent with it is done once."""
    return uuid4().hex


@dataclass(frozen=True)
class Command:
    """One press of a button. `pressed_at` is by our clock, None where the browser did not say.

    `wants_json`: the page's script asks, and shows the answer itself.
    """

    key: str
    pressed_at: datetime | None
    wants_json: bool

    @classmethod
    def read(cls, request: HttpRequest, at: datetime) -> "Command":
        """The request's command.

        The phone's clock may be wrong: it says when the button was pressed and when the command is sent, and
        only the time between counts. Raises InvalidInput (field "pressed_at") for what is no moment,
        NotAllowed where somebody else pressed it than is signed in now.
        """
        pressed_by = request.POST.get("pressed_by", "")
        if pressed_by and pressed_by != str(request.user.pk):
            raise NotAllowed(
                _("Somebody else pressed this, before you signed in on this phone."),
                code="other_person",
                next_step=_("It is sent when they sign in again here."),
            )
        pressed_at, sent_at = _moment(request, "pressed_at"), _moment(request, "sent_at")
        if pressed_at is not None and sent_at is not None:
            # a clock may say anything, and calendars have an end
            pressed_at = at - min(max(sent_at - pressed_at, timedelta()), LONGEST_WAIT)
        key = request.headers.get("Idempotency-Key") or request.POST.get("command_key", "")
        return cls(key=key, pressed_at=pressed_at, wants_json=wants_json(request))

    def do(self, *, request: HttpRequest, scope: str, at: datetime, action: Callable[[], str]) -> str:
        """Where to go next, as `action` says; with a key that was seen before, as it said then.

        `scope` names the thing and the verb. Raises what `action` raises, and KeyReused where the key was
        used for something else.
        """
        if not self.key:
            return action()
        body = {name: request.POST.getlist(name) for name in sorted(set(request.POST) - ENVELOPE)}
        scope = f"command:{request.user.pk}:{scope}"

        def once() -> tuple[int, Any]:
            return 200, {"next": action()}

        _status, answer = run_once(scope=scope, key=self.key, body=body, at=at, action=once)
        return str(answer["next"])


def wants_json(request: HttpRequest) -> bool:
    """Whether the page's script asks, and not the browser for a page."""
    return request.headers.get("Accept", "").startswith("application/json")


def done(request: HttpRequest, address: str) -> HttpResponse:
    """The answer to what was done: the next address, as data or as a redirect."""
    return JsonResponse({"next": address}) if wants_json(request) else redirect(address)


def refusal(error: DomainError) -> JsonResponse:
    """The refusal as data: the sentence, what to do next, and the field at fault."""
    said = {"message": str(error.message), "next_step": str(error.next_step), "code": error.code}
    return JsonResponse(said | {"field": error.field}, status=error.status)


def form_refusal(form: forms.Form) -> JsonResponse:
    """The form's first fault as data, as `refusal` gives it."""
    field, faults = next(iter(form.errors.items()))
    return refusal(InvalidInput(str(faults[0]), field=field))


def _moment(request: HttpRequest, name: str) -> datetime | None:
    text = request.POST.get(name, "")
    if not text:
        return None
    try:
        moment = parse_datetime(text)
    except ValueError:
        moment = None
    if moment is None or is_naive(moment):
        raise InvalidInput(_("This is no moment with its time zone."), field=name, code="invalid")
    return moment
