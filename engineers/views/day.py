"""The engineer's day: the route, running late, the van, and what keeps the pages there without a network."""

from datetime import timedelta
from functools import cache
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from engineers.forms import DayQuery, LateForm, day_asked
from engineers.models import Visit
from engineers.planning import city_today
from engineers.ports import visit_details
from engineers.selectors.day import engineer_of, late_choices, route_of_day
from engineers.selectors.van import VanQuery, van_of
from engineers.services.lateness import report_running_late
from engineers.services.pressing import pressed_moment
from repairhub.accounts.access import role_required
from repairhub.accounts.states import Role
from repairhub.core.commands import Command, done, form_refusal, new_command_key, refusal, wants_json
from repairhub.core.errors import DomainError, NotFoundError
from repairhub.core.pages import render_page


@require_GET
@role_required(Role.ENGINEER)
def engineer_day(request: HttpRequest) -> HttpResponse:
    """The signed-in engineer's visits of today, or of the day asked for."""
    engineer = engineer_of(request.user)
    if engineer is None:
        return render_page(request, "engineers/day.html", {"engineer": None})
    at = timezone.now()
    today = city_today(engineer.city, at)
    form = DayQuery(request.GET)
    on = day_asked(form.cleaned_data["on"] if form.is_valid() else None, today)
    context = {
        "engineer": engineer,
        "today": today,
        "tomorrow": today + timedelta(days=1),
        "on": on,
        "at": at,
        "route": route_of_day(engineer, on, at),
        "late": LateForm(),
        "command_key": new_command_key(),
    }
    return render_page(request, "engineers/day.html", context, partial="route")


@require_http_methods(["GET", "HEAD", "POST"])
@role_required(Role.ENGINEER)
def report_late(request: HttpRequest, reference: str) -> HttpResponse:
    """The engineer is running late for this visit. A refusal shows its sentence and keeps what was typed."""
    at = timezone.now()
    form = LateForm(request.POST if request.method == "POST" else None)

    def say_so() -> str:
        # looked for only where the key is new: what was done may have given the visit to a colleague
        visit = _own_visit(request, reference)
        moment = pressed_moment(visit=visit, pressed_at=command.pressed_at, at=at)
        minutes = form.cleaned_data["minutes"]
        report_running_late(visit=visit, minutes=minutes, by=request.user, at=moment, received_at=at)
        return _back(request, visit)

    try:
        if not form.is_valid():
            visit = _own_visit(request, reference)
            is_asked = form.is_bound and wants_json(request)
            return form_refusal(form) if is_asked else _late_page(request, visit, form)
        command = Command.read(request, at)
        address = command.do(request=request, scope=f"{reference}:late", at=at, action=say_so)
    except DomainError as error:
        if wants_json(request):
            return refusal(error)
        return _late_page(request, _own_visit(request, reference), form, error)
    messages.success(request, _("The desk knows, and whoever has to wait is told."))
    return done(request, address)


@require_GET
@role_required(Role.ENGINEER)
def van_stock(request: HttpRequest) -> HttpResponse:
    """What lies in the engineer's van, for which of today's visits, and what they lack."""
    engineer = engineer_of(request.user)
    query = VanQuery(request.GET)
    van = van_of(engineer, query.read(), timezone.now()) if engineer is not None else None
    return render_page(request, "engineers/van.html", {"engineer": engineer, "van": van, "form": query})


@require_GET
@login_not_required
def worker_script(request: HttpRequest) -> HttpResponse:
    """The service worker: a script may look after the addresses below its own alone, so it lies here."""
    response = HttpResponse(_worker(), content_type="text/javascript; charset=utf-8")
    response.headers["Cache-Control"] = "no-cache"
    return response


@cache
def _worker() -> str:
    return str((settings.BASE_DIR / "static" / "js" / "engineer-worker.js").read_text())


def _back(request: HttpRequest, visit: Visit) -> str:
    """The page that the button stood on."""
    details = visit_details([visit], unmasked=True).get(visit.pk)
    if request.POST.get("back") == "visit" and details is not None and details.url:
        return details.url
    return reverse("engineer_day")


def _late_page(
    request: HttpRequest, visit: Visit, form: LateForm, error: DomainError | None = None
) -> HttpResponse:
    status = error.status if error else 400 if form.is_bound else 200
    context: dict[str, Any] = {
        "visit": visit,
        "choices": late_choices(visit, timezone.now()),
        "late": form,
        "error": error,
        "command_key": new_command_key(),
        "back": request.POST.get("back", ""),
    }
    return render_page(request, "engineers/late.html", context, status=status)


def _own_visit(request: HttpRequest, reference: str) -> Visit:
    mine = Visit.objects.for_engineer(request.user).select_related("city", "engineer__user")
    visit = mine.filter(reference=reference).first()
    if visit is None:
        raise NotFoundError(
            _("There is no visit %(reference)s on your list.") % {"reference": reference},
            next_step=_("Reload your day: it may have been given to somebody else."),
        )
    return visit
