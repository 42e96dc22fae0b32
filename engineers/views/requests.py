"""Requests of engineers: their own page, and the desk's list and answers."""

from typing import Any

from django import forms
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from engineers.models import EngineerRequest
from engineers.request_forms import AbsenceForm, AnswerForm, RequestFilters, ShiftForm
from engineers.selectors.day import engineer_of
from engineers.selectors.requests import visits_at_stake
from engineers.services import requests
from engineers.states import RequestStatus
from engineers.wording import lost_their_engineer
from repairhub.accounts.access import role_required
from repairhub.accounts.states import Role
from repairhub.core.errors import DomainError, InvalidInput, NotFoundError
from repairhub.core.pages import render_page

SHOWN = 30
# by GET one comes here from a sign-in or the language switch, and is led to the list
posted = require_http_methods(["GET", "HEAD", "POST"])
FORMS: dict[str, type[forms.Form]] = {"absence": AbsenceForm, "shift": ShiftForm}


@require_GET
@role_required(Role.ENGINEER)
def engineer_requests(request: HttpRequest) -> HttpResponse:
    """The engineer's own requests, and the forms for new ones."""
    return _own_page(request)


@posted
@role_required(Role.ENGINEER)
def ask(request: HttpRequest, kind: str) -> HttpResponse:
    """A new request; a refusal shows the page again with its sentence and what was typed."""
    if request.method != "POST" or kind not in FORMS:
        return redirect("engineer_requests")
    engineer = engineer_of(request.user)
    form = FORMS[kind](request.POST, auto_id=f"{kind}_%s")
    if engineer is None or not form.is_valid():
        return _own_page(request, kind, form)
    verb: Any = requests.ask_absence if kind == "absence" else requests.ask_shift
    try:
        verb(engineer=engineer, **form.cleaned_data, by=request.user, at=timezone.now())
    except DomainError as error:
        return _own_page(request, kind, form, error)
    messages.success(request, _("The desk is asked. The answer comes here and as a message."))
    return redirect("engineer_requests")


@posted
@role_required(Role.ENGINEER)
def withdraw(request: HttpRequest, request_id: int) -> HttpResponse:
    """The engineer does not ask for it any more."""
    if request.method != "POST":
        return redirect("engineer_requests")
    found = EngineerRequest.objects.of_engineer(request.user).filter(pk=request_id).first()
    if found is None:
        raise _not_there(_("This request is not on your list."))
    try:
        requests.withdraw_request(request=found, by=request.user, at=timezone.now())
    except DomainError as error:
        return _own_page(request, error=error)
    return redirect("engineer_requests")


@require_GET
@role_required(Role.DISPATCHER, Role.MANAGER)
def desk_requests(request: HttpRequest) -> HttpResponse:
    """Requests of the desk's cities; those that wait for an answer unless others are asked for."""
    filters = RequestFilters(request.GET)
    filters.is_valid()
    asked = filters.cleaned_data
    status = asked.get("status") or RequestStatus.PENDING
    rows = EngineerRequest.objects.for_desk(request.user).select_related("engineer__user", "engineer__city")
    if status != "all":
        rows = rows.filter(status=status)
    if asked.get("kind"):
        rows = rows.filter(kind=asked["kind"])
    order = ("asked_at", "id") if status == RequestStatus.PENDING else ("-asked_at", "-id")
    page = Paginator(rows.select_related("decided_by").order_by(*order), SHOWN).get_page(
        asked.get("page") or 1
    )
    shown = RequestFilters({"status": status, "kind": asked.get("kind") or ""})
    return render_page(
        request, "engineers/desk_requests.html", {"page": page, "form": shown, "status": status}
    )


@require_GET
@role_required(Role.DISPATCHER, Role.MANAGER)
def desk_request(request: HttpRequest, request_id: int) -> HttpResponse:
    """One request with what a yes would cost."""
    return _desk_page(request, _of_desk(request, request_id))


@posted
@role_required(Role.DISPATCHER, Role.MANAGER)
def decide(request: HttpRequest, request_id: int) -> HttpResponse:
    """Yes or no. A refusal of ours shows the page again with its sentence and what was typed."""
    found = _of_desk(request, request_id)
    if request.method != "POST":
        return redirect("desk_request", found.pk)
    form = AnswerForm(request.POST)
    if not form.is_valid():
        return _desk_page(request, found, form)
    how: dict[str, Any] = {
        "request": found,
        "answer": form.cleaned_data["answer"],
        "by": request.user,
        "at": timezone.now(),
    }
    try:
        said = _decide(request.POST.get("decision", ""), how)
    except DomainError as error:
        return _desk_page(request, _of_desk(request, request_id), form, error)
    for level, text in said:
        messages.add_message(request, level, text)
    return redirect("desk_request", found.pk)


def _decide(decision: str, how: dict[str, Any]) -> list[tuple[int, str]]:
    if decision == "approve":
        _request, lost = requests.approve_request(**how)
        said = [(messages.SUCCESS, _("Approved. The engineer is told."))]
        return [*said, (messages.WARNING, lost_their_engineer(lost))] if lost else said
    if decision == "refuse":
        requests.refuse_request(**how)
        return [(messages.SUCCESS, _("Refused. The engineer is told why."))]
    raise InvalidInput(_("Choose “Approve” or “Refuse”."), field="decision", code="required")


def _own_page(
    request: HttpRequest, tried: str = "", form: forms.Form | None = None, error: DomainError | None = None
) -> HttpResponse:
    status = error.status if error else 400 if form is not None else 200
    error = _into_form(form, error)
    engineer = engineer_of(request.user)
    shown = {name: kind(auto_id=f"{name}_%s") for name, kind in FORMS.items()}
    context = {
        "engineer": engineer,
        "forms": shown | ({tried: form} if form is not None else {}),
        "tried": tried,
        "error": error,
        "requests": EngineerRequest.objects.of_engineer(request.user).select_related("decided_by")[:SHOWN],
    }
    return render_page(request, "engineers/requests.html", context, status=status)


def _desk_page(
    request: HttpRequest,
    found: EngineerRequest,
    form: forms.Form | None = None,
    error: DomainError | None = None,
) -> HttpResponse:
    status = error.status if error else 400 if form is not None else 200
    context = {
        "asked": found,
        "at_stake": visits_at_stake(found, timezone.now()) if found.is_pending else [],
        "error": _into_form(form, error),
        "form": form or AnswerForm(),
    }
    return render_page(request, "engineers/desk_request.html", context, status=status)


def _into_form(form: forms.Form | None, error: DomainError | None) -> DomainError | None:
    """None where the sentence stands at its field now."""
    if error is None or form is None or error.field not in form.fields:
        return error
    form.add_error(error.field, str(error))
    form.fields[error.field].widget.attrs["autofocus"] = True
    return None


def _of_desk(request: HttpRequest, request_id: int) -> EngineerRequest:
    rows = EngineerRequest.objects.for_desk(request.user)
    found = (
        rows.select_related("engineer__user", "engineer__city", "decided_by").filter(pk=request_id).first()
    )
    if found is None:
        raise _not_there(_("There is no such request in your cities."))
    return found


def _not_there(why: str) -> NotFoundError:
    return NotFoundError(why, next_step=_("Go back to the list: it may have been answered."))
