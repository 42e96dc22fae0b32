"""The dispatch desk asks for another window: from the board's panel, in the customer's own time."""

from collections.abc import Callable
from datetime import datetime
from itertools import groupby
from typing import Any

from django import forms
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from engineers.models import Visit
from engineers.selectors.windows import OfferedWindow, nearest_open, needs_of_visit, offered_windows
from engineers.views.panel import changed, shown, visit_of_desk
from orders.models import OrderVisit, Proposal
from orders.proposal_forms import PhoneForm, ProposeForm, WithdrawForm
from orders.services.accepting import accept_with_code, send_proposal_code
from orders.services.credits import lost_window_credit_due
from orders.services.proposals import propose_window, withdraw_proposal
from repairhub.accounts.access import role_required
from repairhub.accounts.states import Role
from repairhub.core.errors import Conflict, DomainError, InvalidInput
from repairhub.core.names import listed
from repairhub.core.pages import render_page

DAYS_SHOWN = 7
answered = require_http_methods(["GET", "HEAD", "POST"])


@role_required(Role.DISPATCHER, Role.MANAGER)
@answered
def board_proposal(request: HttpRequest, reference: str) -> HttpResponse:
    """The form of a proposal with what the engine can offer now; posted, it is open and the customer told."""
    at = timezone.now()
    visit = visit_of_desk(request, reference)
    offered = _offered(visit, at)
    if request.method != "POST":
        ticked = [window.key for window in _nearest(visit, offered)]
        return _form_page(request, visit, ProposeForm(starts=[]), offered, ticked)
    # what was open when the form was shown is judged by the service, which says what is near where it is shut
    form = ProposeForm(
        request.POST, starts=[key for key in request.POST.getlist("windows") if _is_moment(key)]
    )
    ticked = request.POST.getlist("windows")
    if not form.is_valid():
        return _form_page(request, visit, form, offered, ticked, status=400)
    data = form.cleaned_data
    ends = {window.start_at: window.end_at for window in offered}
    try:
        proposal = propose_window(
            visit=visit,
            # a start that is none of ours has no end: the service refuses it in its own words
            windows=[(start_at, ends.get(start_at, start_at)) for start_at in data["windows"]],
            reason=data["reason"],
            note=data["note"],
            by=request.user,
            at=at,
        )
    except DomainError as error:
        if error.field in form.fields:
            form.add_error(error.field, str(error))
        return _form_page(request, visit, form, offered, ticked, error=error, status=error.status)
    said = _("Proposed. %(order)s is told, and can be asked on the phone as well.") % {
        "order": proposal.order.reference
    }
    return changed(request, visit, said, at)


@role_required(Role.DISPATCHER, Role.MANAGER)
@answered
def board_proposal_step(request: HttpRequest, reference: str, step: str) -> HttpResponse:
    """One step with an open proposal; a refusal shows the panel again with what was typed."""
    if step not in STEPS:
        raise Http404
    visit = visit_of_desk(request, reference)
    if request.method != "POST":
        return redirect("board_visit", visit.reference)
    at = timezone.now()
    form_class, act = STEPS[step]
    form = form_class(request.POST)
    kept: dict[str, Any] = {
        "proposal_choice": request.POST.get("window", ""),
        "proposal_note": request.POST.get("note", ""),
    }
    if not form.is_valid():
        error = InvalidInput(_("Something is missing."), next_step=_("Look at the fields marked below."))
        return shown(request, visit, at, error=error, proposal_errors=form.errors, **kept)
    try:
        return act(request, visit, _meant(request, visit), form.cleaned_data, at)
    except DomainError as error:
        if error.field in form.fields:
            form.add_error(error.field, str(error))
        return shown(request, visit, at, error=error, proposal_errors=form.errors, **kept)


def _withdraw(
    request: HttpRequest, visit: Visit, proposal: Proposal, data: dict[str, Any], at: datetime
) -> HttpResponse:
    withdraw_proposal(proposal=proposal, note=data["note"], by=request.user, at=at)
    return changed(request, visit, _("The proposal is withdrawn. The promised window stays."), at)


def _send_code(
    request: HttpRequest, visit: Visit, proposal: Proposal, data: dict[str, Any], at: datetime
) -> HttpResponse:
    sent = send_proposal_code(proposal=proposal, choice=data["window"], by=request.user, at=at)
    said = _("A code went to %(where)s. It agrees to that window alone.") % {
        "where": listed(address.masked for address in sent)
    }
    return shown(request, visit, at, said=said, proposal_choice=request.POST.get("window", ""))


def _accept(
    request: HttpRequest, visit: Visit, proposal: Proposal, data: dict[str, Any], at: datetime
) -> HttpResponse:
    if not data["code"]:
        raise InvalidInput(
            _("Enter the code that the customer reads out."),
            field="code",
            code="required",
            next_step=_("Send one first."),
        )
    accepted = accept_with_code(
        proposal=proposal, choice=data["window"], code=data["code"], by=request.user, at=at
    )
    assert accepted.new_visit is not None  # noqa: S101 - an acceptance brings a visit
    said = _("The customer agreed. The new visit is %(reference)s.") % {
        "reference": accepted.new_visit.reference
    }
    return changed(request, accepted.new_visit, said, at)


Step = Callable[[HttpRequest, Visit, Proposal, dict[str, Any], datetime], HttpResponse]
STEPS: dict[str, tuple[type[forms.Form], Step]] = {
    "withdraw": (WithdrawForm, _withdraw),
    "code": (PhoneForm, _send_code),
    "accept": (PhoneForm, _accept),
}


def _meant(request: HttpRequest, visit: Visit) -> Proposal:
    """The proposal that the form was shown for. Raises Conflict where there is none of this visit."""
    number = request.POST.get("proposal", "")
    rows = Proposal.objects.of_windows().filter(visit=visit).select_related("order__city", "visit__city")
    found = (
        rows.filter(pk=int(number)).first()
        if number.isascii() and number.isdecimal() and len(number) < 19
        else None
    )
    if found is None:
        raise Conflict(
            _("This visit has no such proposal."),
            code="no_such_proposal",
            next_step=_("Look at the visit as it stands now."),
        )
    return found


def _offered(visit: Visit, at: datetime) -> list[OfferedWindow]:
    offered = offered_windows(
        city=visit.city,
        latitude=visit.latitude,
        longitude=visit.longitude,
        needs=needs_of_visit(visit),
        at=at,
        leaving_out=visit,
    )
    return [window for window in offered if window.start_at != visit.window_start_at]


def _nearest(visit: Visit, offered: list[OfferedWindow]) -> list[OfferedWindow]:
    return nearest_open(visit.window_start_at, visit.window_end_at, offered, visit.city)


def _form_page(
    request: HttpRequest,
    visit: Visit,
    form: ProposeForm,
    offered: list[OfferedWindow],
    ticked: list[str],
    *,
    error: DomainError | None = None,
    status: int = 200,
) -> HttpResponse:
    days = [
        {"on": on, "windows": list(windows)}
        for on, windows in groupby((w for w in offered if w.is_open), key=lambda window: window.on)
    ]
    link = OrderVisit.objects.filter(visit=visit).select_related("order").first()
    context = {
        "visit": visit,
        "form": form,
        "days": days[:DAYS_SHOWN],
        "ticked": ticked,
        "credit": lost_window_credit_due(link.order, visit) if link else None,
        "error": error if error is not None and error.field not in form.fields else None,
    }
    return render_page(request, "orders/board_propose.html", context, partial="panel", status=status)


def _is_moment(text: str) -> bool:
    try:
        return datetime.fromisoformat(text).tzinfo is not None
    except ValueError:
        return False
