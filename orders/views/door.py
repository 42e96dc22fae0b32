"""The engineer's visit page: one big step per screen."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from engineers.forms import LateForm, TurnBackForm
from engineers.models import Visit
from engineers.planning import city_today
from engineers.ports import visit_details
from engineers.selectors.access import access_note_of
from engineers.selectors.day import late_choices
from engineers.services import doorstep
from engineers.services.pressing import pressed_moment
from engineers.states import VisitStatus
from engineers.wording import nobody_before
from orders import door_forms
from orders.models import Fitting, QuoteLine, RepairOrder
from orders.selectors import (
    DoorStep,
    door_order,
    door_work,
    next_step,
    old_parts_to_put_back,
    units_at_hand,
)
from orders.services import door, taking_back
from orders.services.pins import PIN_GUESSES
from orders.services.telling import contact_address
from repairhub.accounts.access import role_required
from repairhub.accounts.states import Role
from repairhub.core.commands import Command, done, form_refusal, new_command_key, refusal, wants_json
from repairhub.core.errors import Conflict, DomainError, NotFoundError

SHOWN_UNITS = 8
# the form of each step; a step without one needs no words
FORMS: dict[str, type[forms.Form]] = {
    "turn_back": TurnBackForm,
    "start": door_forms.PinForm,
    "code": door_forms.DoorCodeForm,
    "fit": door_forms.SerialForm,
    "take_out": door_forms.OldPartForm,
    "finish": door_forms.FinishForm,
    "cannot_complete": door_forms.CannotCompleteForm,
    "no_access": door_forms.NoAccessForm,
}
# what can be done where the visit stands
OPEN_STEPS: dict[str, set[str]] = {
    "set_out": {"set_out"},
    "arrive": {"arrive", "turn_back"},
    "start": {"start", "send_code", "code", "no_access", "cannot_complete"},
    "fit": {"fit", "put_back", "dead_part", "cannot_complete"},
    "take_out": {"take_out", "put_back", "dead_part", "cannot_complete"},
    "finish": {"finish", "put_back", "dead_part", "cannot_complete"},
    "ended": set(),
}
ENDS: dict[str, str] = {
    "finish": VisitStatus.DONE,
    "cannot_complete": VisitStatus.CANNOT_COMPLETE,
    "no_access": VisitStatus.NO_ACCESS,
}


@role_required(Role.ENGINEER)
@require_GET
def door_page(request: HttpRequest, reference: str) -> HttpResponse:
    """Where the visit stands and what is next."""
    return _page(request, _visit(request, reference))


@role_required(Role.ENGINEER)
@require_http_methods(["GET", "HEAD", "POST"])
def door_step(request: HttpRequest, reference: str, step: str) -> HttpResponse:
    """One step, by one service call; a refusal shows the page again with its sentence and what was typed.

    Reading its address, as a sign-in or the language switch does, leads to the visit's page.
    """
    if step not in STEPS and step not in KEPT:
        raise Http404
    if request.method != "POST":
        return redirect("door", reference)
    form = FORMS[step](request.POST, request.FILES, auto_id=f"{step}_%s") if step in FORMS else None
    if form is not None and not form.is_valid():
        return _refused(request, reference, step, form)
    data = form.cleaned_data if form else {}
    try:
        if step in KEPT:
            _do_kept(request, reference, step, data)
        else:
            STEPS[step](request, _visit(request, reference), data)
    except DomainError as error:
        return _refused(request, reference, step, form, error)
    return done(request, reverse("door", args=[reference]))


def _do_kept(request: HttpRequest, reference: str, step: str, data: dict[str, Any]) -> None:
    """A step that may have waited in the phone: done once for its key, as of when it was pressed."""
    at = timezone.now()
    command = Command.read(request, at)

    def do() -> str:
        # looked for only where the key is new: by now the visit may be a colleague's
        visit = _visit(request, reference)
        moment = pressed_moment(visit=visit, pressed_at=command.pressed_at, at=at)
        KEPT[step](visit=visit, **data, by=request.user, at=moment, received_at=at)
        return reverse("door", args=[reference])

    command.do(request=request, scope=f"{reference}:{step}", at=at, action=do)


def _visit(request: HttpRequest, reference: str) -> Visit:
    mine = Visit.objects.for_engineer(request.user).select_related("city", "engineer__user")
    visit = mine.filter(reference=reference).first()
    if visit is None:  # there is none, or it is somebody else's: to whom is nobody's business
        raise NotFoundError(
            _("There is no visit %(reference)s on your list.") % {"reference": reference},
            next_step=_("Reload your day: it may have been given to somebody else."),
        )
    return visit


def _refused(
    request: HttpRequest,
    reference: str,
    tried: str,
    form: forms.Form | None,
    error: DomainError | None = None,
) -> HttpResponse:
    try:
        visit = _visit(request, reference)
    except NotFoundError as gone:
        if wants_json(request):
            return refusal(gone)
        raise
    if visit.status == ENDS.get(tried):  # pressed twice: the first press has ended the visit
        return done(request, reverse("door", args=[visit.reference]))
    if wants_json(request) and error is not None:
        return refusal(error)
    if wants_json(request) and form is not None:
        return form_refusal(form)
    return _page(request, visit, tried, form, error)


def _page(
    request: HttpRequest,
    visit: Visit,
    tried: str = "",
    form: forms.Form | None = None,
    error: DomainError | None = None,
) -> HttpResponse:
    order = door_order(visit)
    work = door_work(order, visit)
    step = next_step(visit, work)
    at = timezone.now()
    status = error.status if error else 400 if form is not None else 200
    unsettled = error.code if error is not None and error.code in taking_back.UNSETTLED else ""
    if tried and tried not in OPEN_STEPS[step.name]:
        error = error or _not_open_now()
    elif error is not None and form is not None and error.field in form.fields:
        form.add_error(error.field, str(error))
        error = None
    if form is not None and form.errors:
        # the cursor stands where something is to be mended
        form.fields[next(iter(form.errors))].widget.attrs["autofocus"] = True
    context: dict[str, Any] = {
        "visit": visit,
        "order": order,
        "details": visit_details([visit], unmasked=True).get(visit.pk),
        "place_note": access_note_of(visit),
        "work": work,
        "step": step,
        "tried": tried,
        "forms": {name: kind(auto_id=f"{name}_%s") for name, kind in FORMS.items()}
        | ({tried: form} if form is not None else {}),
        "error": error,
        "code_is_next": tried in ("code", "send_code") or order.pin_failures >= PIN_GUESSES,
        "door_addresses": [contact_address(contact) for contact in door.door_contacts(order)],
        "unsettled": unsettled,
        "old_parts": old_parts_to_put_back(order, visit) if visit.started_at else [],
        "at_hand": _at_hand(step, order, request),
        "is_other_day": visit.on != city_today(visit.city, at),
        "too_early": nobody_before(visit) if _is_early(step, visit, at) else "",
        "at": at,
        "late": LateForm(),
        "late_choices": late_choices(visit, at),
        "command_key": new_command_key(),
    }
    return render(request, "orders/door.html", context, status=status)


def _is_early(step: DoorStep, visit: Visit, at: datetime) -> bool:
    return step.name in ("arrive", "start") and at < visit.window_start_at


def _not_open_now() -> DomainError:
    return Conflict(
        _("The visit has moved on since this page was opened."), next_step=_("Below is what is next.")
    )


def _at_hand(step: DoorStep, order: RepairOrder, request: HttpRequest) -> list[Any]:
    if step.name != "fit" or step.line is None:
        return []
    return list(units_at_hand(step.line, order, request.user)[:SHOWN_UNITS])


def _posted_id(request: HttpRequest, name: str) -> int:
    value = request.POST.get(name, "")
    return int(value) if value.isascii() and value.isdigit() and len(value) < 18 else 0


def _posted_fitting(request: HttpRequest, visit: Visit) -> Fitting:
    fittings = Fitting.objects.filter(order=door_order(visit)).select_related("order", "visit")
    return get_object_or_404(fittings, pk=_posted_id(request, "fitting"))


def _turn_back(request: HttpRequest, visit: Visit, data: dict[str, Any]) -> None:
    doorstep.turn_back(visit=visit, **data, by=request.user, at=timezone.now())


def _send_code(request: HttpRequest, visit: Visit, data: dict[str, Any]) -> None:
    sent = door.send_door_code(order=door_order(visit), visit=visit, by=request.user, at=timezone.now())
    where = ", ".join(address.masked for address in sent)
    messages.success(request, _("A door code is on its way to %(where)s.") % {"where": where})


def _start(request: HttpRequest, visit: Visit, data: dict[str, Any]) -> None:
    door.start_with_pin(
        order=door_order(visit), visit=visit, pin=data["pin"], by=request.user, at=timezone.now()
    )


def _start_with_code(request: HttpRequest, visit: Visit, data: dict[str, Any]) -> None:
    door.start_with_code(
        order=door_order(visit), visit=visit, code=data["code"], by=request.user, at=timezone.now()
    )


def _fit(request: HttpRequest, visit: Visit, data: dict[str, Any]) -> None:
    order = door_order(visit)
    lines = QuoteLine.objects.filter(quote__order=order).select_related("part__component", "repair")
    line = get_object_or_404(lines, pk=_posted_id(request, "line"))
    door.fit_part(
        order=order, visit=visit, line=line, serial=data["serial"], by=request.user, at=timezone.now()
    )
    messages.success(request, _("The part is right: you may open the phone."))


def _take_out(request: HttpRequest, visit: Visit, data: dict[str, Any]) -> None:
    door.take_out_part(
        fitting=_posted_fitting(request, visit),
        visit=visit,
        serial=data["old_serial"],
        fate=data["fate"],
        by=request.user,
        at=timezone.now(),
    )


def _put_back(request: HttpRequest, visit: Visit, data: dict[str, Any]) -> None:
    fitting = taking_back.put_back_part(
        fitting=_posted_fitting(request, visit), visit=visit, by=request.user, at=timezone.now()
    )
    messages.success(request, _("%(serial)s is booked back into stock.") % {"serial": fitting.unit.serial})


def _dead_part(request: HttpRequest, visit: Visit, data: dict[str, Any]) -> None:
    fitting = taking_back.report_dead_part(
        fitting=_posted_fitting(request, visit), visit=visit, by=request.user, at=timezone.now()
    )
    said = _("%(serial)s is booked into quarantine: do not fit it anywhere else.")
    messages.success(request, said % {"serial": fitting.unit.serial})


def _finish(request: HttpRequest, visit: Visit, data: dict[str, Any]) -> None:
    door.finish_repair(
        order=door_order(visit),
        visit=visit,
        photos=data["photo"],
        note=data["note"],
        by=request.user,
        at=timezone.now(),
    )
    messages.success(request, _("Done. The warranty is issued and the customer is told."))


# these wait in the phone where there is no network
KEPT: dict[str, Callable[..., Visit]] = {
    "set_out": doorstep.set_out,
    "arrive": doorstep.arrive,
    "cannot_complete": doorstep.report_cannot_complete,
    "no_access": doorstep.report_no_access,
}
STEPS: dict[str, Callable[[HttpRequest, Visit, dict[str, Any]], None]] = {
    "turn_back": _turn_back,
    "send_code": _send_code,
    "start": _start,
    "code": _start_with_code,
    "fit": _fit,
    "take_out": _take_out,
    "put_back": _put_back,
    "dead_part": _dead_part,
    "finish": _finish,
}
