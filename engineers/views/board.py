"""The dispatch board: the day of a city, a visit's panel with candidates, and the one decision made there."""

import csv
from datetime import date, datetime, timedelta
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from engineers.forms import BoardFilters, NameEngineer, TurnBackForm
from engineers.models import Visit
from engineers.planning import city_today
from engineers.ports import panel_sections, visit_details
from engineers.selectors.board import (
    board_token,
    cities_of,
    day_strip,
    deadlines_of,
    found_visits,
    tray_page,
)
from engineers.selectors.candidates import candidates_for, named_needs
from engineers.selectors.lanes import day_lanes
from engineers.services.dispatching import dispatch_visit
from engineers.services.doorstep import turn_back
from engineers.states import AWAITED
from engineers.wording import short_span
from repairhub.accounts.access import role_required
from repairhub.accounts.states import Role
from repairhub.core.errors import DomainError, NotFoundError
from repairhub.core.moments import format_moment, format_time
from repairhub.core.pages import render_page, wants_fragment

EVENTS_SHOWN = 12
# by GET one comes here from a sign-in or the language switch, and is led to the board
posted = require_http_methods(["GET", "HEAD", "POST"])


@require_GET
@role_required(Role.DISPATCHER, Role.MANAGER)
def board(request: HttpRequest) -> HttpResponse:
    """The board of a city's day; for htmx only what lives, and 204 where nothing has changed since."""
    at = timezone.now()
    cities = cities_of(request.user)  # type: ignore[arg-type]  # role_required lets only people in
    if not cities:
        return render_page(request, "engineers/board_empty.html", {})
    filters = BoardFilters.read(request.GET, cities, at)
    token = board_token(filters.city, filters.on, at)
    if wants_fragment(request) and filters.seen == token:
        return HttpResponse(status=204)
    context = {"filters": filters, "cities": cities, **_day(request, filters, at)}
    context["live_address"] = filters.address(seen=token)
    if filters.visit and not wants_fragment(request):
        context |= _panel(_visit(request, filters.visit), at, request.user)
    return render_page(request, "engineers/board.html", context, partial="live")


@require_GET
@role_required(Role.DISPATCHER, Role.MANAGER)
def board_visit(request: HttpRequest, reference: str) -> HttpResponse:
    """One visit with its candidates: the board's panel, or a page of its own."""
    context = _panel(_visit(request, reference), timezone.now(), request.user)
    return render_page(request, "engineers/board_visit.html", context, partial="panel")


@role_required(Role.DISPATCHER, Role.MANAGER)
@posted
def name_engineer(request: HttpRequest, reference: str) -> HttpResponse:
    """Confirms the visit with the chosen engineer. A refusal shows the panel again, with its reason."""
    at = timezone.now()
    visit = _visit(request, reference)
    if request.method != "POST":
        return redirect(_board_of(visit))
    form = NameEngineer(request.POST)
    try:
        engineer = form.chosen()
        seen = form.cleaned_data["seen"]
        visit = dispatch_visit(visit=visit, engineer=engineer, by=request.user, at=at, seen=seen)
    except DomainError as error:
        context = {
            **_panel(_visit(request, reference), at, request.user),
            "error": error,
            "chosen": form.data.get("engineer"),
        }
        return render_page(
            request, "engineers/board_visit.html", context, partial="panel", status=error.status
        )
    said = _("Visit %(reference)s is confirmed with %(engineer)s. The customer is told.") % {
        "reference": visit.reference,
        "engineer": engineer.user.name,
    }
    return _changed(request, visit, said, at)


@role_required(Role.DISPATCHER, Role.MANAGER)
@posted
def turn_back_visit(request: HttpRequest, reference: str) -> HttpResponse:
    """Something is in the engineer's way: the visit may change engineer again."""
    at = timezone.now()
    visit = _visit(request, reference)
    if request.method != "POST":
        return redirect(_board_of(visit))
    form = TurnBackForm(request.POST)
    try:
        visit = turn_back(visit=visit, reason=form.said(), by=request.user, at=at)
    except DomainError as error:
        context = {
            **_panel(_visit(request, reference), at, request.user),
            "error": error,
            "reason": form.data.get("reason", ""),
        }
        return render_page(
            request, "engineers/board_visit.html", context, partial="panel", status=error.status
        )
    said = _("Visit %(reference)s has been called back. You can name somebody else now.")
    return _changed(request, visit, said % {"reference": visit.reference}, at)


@require_GET
@role_required(Role.DISPATCHER, Role.MANAGER)
def board_export(request: HttpRequest) -> HttpResponse:
    """The visits of the city's day as CSV, the most urgent first."""
    at = timezone.now()
    cities = cities_of(request.user)  # type: ignore[arg-type]
    if not cities:
        raise NotFoundError(_("There is no city yet."))
    filters = BoardFilters.read(request.GET, cities, at)
    visits = list(Visit.objects.of_day(filters.city, filters.on).by_urgency().with_board_data())
    response = HttpResponse(content_type="text/csv; charset=utf-8")
    name = f"visits-{filters.city.code}-{filters.on.isoformat()}.csv"
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    response.write("\ufeff")  # spreadsheets take it for UTF-8 then
    writer = csv.writer(response)
    writer.writerow(
        [
            _("Visit"), _("Order"), _("What for"), _("Place"), _("State"), _("At risk since"),
            _("Window from"), _("Window until"), _("Planned from"), _("Planned until"),
            _("Engineer"), _("Staff number"),
        ]
    )  # fmt: skip
    details = visit_details(visits)
    for visit in visits:
        writer.writerow([_plain(cell) for cell in _cells(visit, details.get(visit.pk))])
    return response


def _day(request: HttpRequest, filters: BoardFilters, at: datetime) -> dict[str, Any]:
    visits = Visit.objects.of_board(filters.city, filters.on, filters.today)
    # other days than today have nothing left over: that is for today's board
    today = filters.today if filters.on == filters.today else None
    counts = visits.counts(at, today)
    in_need = counts["unassigned"] + counts["at_risk"] + counts["unconfirmed"]
    found = found_visits(request.user, filters.q, at) if filters.q else None  # type: ignore[arg-type]
    tray = None if filters.q else tray_page(visits, total=in_need, number=filters.page, at=at, today=today)
    day = day_lanes(filters.city, filters.on, number=filters.lanes, at=at)
    strip = [
        {"on": d.on, "in_need": d.in_need, "is_shown": d.is_shown, "url": _day_address(filters, d.on)}
        for d in day_strip(filters.city, filters.today, filters.on)
    ]
    links = {
        "day_before": _day_address(filters, filters.on - timedelta(days=1)),
        "day_after": _day_address(filters, filters.on + timedelta(days=1)),
        "no_search": filters.address(q=""),
        "tray_before": filters.address(page=tray.before) if tray else "",
        "tray_after": filters.address(page=tray.after) if tray else "",
        "lanes_before": filters.address(lanes=day.before),
        "lanes_after": filters.address(lanes=day.after),
    }
    return {"counts": counts, "strip": strip, "links": links, "found": found, "tray": tray, "day": day}


def _day_address(filters: BoardFilters, on: date) -> str:
    return filters.address(on=on.isoformat(), page=1, lanes=1, q="")


def _visit(request: HttpRequest, reference: str) -> Visit:
    mine = Visit.objects.for_dispatcher(request.user).with_board_data()
    visit = mine.filter(reference=reference.upper()).first()
    if visit is None:
        raise NotFoundError(
            _("There is no visit %(reference)s in your cities.") % {"reference": reference},
            next_step=_("Search the board by its reference, or ask who looks after the city."),
        )
    return visit


def _changed(request: HttpRequest, visit: Visit, said: str, at: datetime) -> HttpResponse:
    """After a decision: back to the board with the visit open, or its panel afresh."""
    if not wants_fragment(request):
        messages.success(request, said)
        return redirect(_board_of(visit))
    context = {**_panel(_visit(request, visit.reference), at, request.user), "said": said}
    response = render_page(request, "engineers/board_visit.html", context, partial="panel")
    response.headers["HX-Trigger"] = "board-changed"
    return response


def visit_of_desk(request: HttpRequest, reference: str) -> Visit:
    """The visit, for views of upper apps on the panel. Raises NotFoundError outside this person's cities."""
    return _visit(request, reference)


def panel_changed(request: HttpRequest, visit: Visit, said: str, at: datetime) -> HttpResponse:
    """The answer to a decision that an upper app took on the panel: the panel afresh, or the board."""
    return _changed(request, visit, said, at)


def panel_shown(request: HttpRequest, visit: Visit, at: datetime, **kept: Any) -> HttpResponse:
    """The panel with what an upper app keeps on it: `error` (with its status), `said`, what was typed."""
    error = kept.get("error")
    context = {**_panel(_visit(request, visit.reference), at, request.user), **kept}
    status = error.status if isinstance(error, DomainError) else 200
    return render_page(request, "engineers/board_visit.html", context, partial="panel", status=status)


def _panel(visit: Visit, at: datetime, user: Any) -> dict[str, Any]:
    is_day_over = visit.on < city_today(visit.city, at) and visit.status in AWAITED
    return {
        "visit": visit,
        "details": visit_details([visit]).get(visit.pk),
        "needs": named_needs(visit.required_skills, visit.required_brands),
        "deadlines": deadlines_of([visit], at).get(visit.pk, []),
        "age": short_span(at - visit.created_at),
        "is_at_risk": visit.at_risk_at is not None and visit.status in AWAITED,
        "candidates": candidates_for(visit, at) if visit.is_movable and not is_day_over else None,
        "events": visit.events.select_related("by").order_by("-at", "-id")[:EVENTS_SHOWN],
        "board_url": _board_of(visit, opened=False),
        "is_day_over": is_day_over,
        "sections": panel_sections(visit, user),
    }


def _board_of(visit: Visit, *, opened: bool = True) -> str:
    filters = BoardFilters(city=visit.city, on=visit.on, today=visit.on)
    return filters.address(visit=visit.reference if opened else "")


def _cells(visit: Visit, details: Any) -> list[str]:
    city = visit.city
    return [
        visit.reference,
        details.reference if details else "",
        details.title if details else "",
        details.address if details else "",
        visit.get_status_display(),
        format_moment(visit.at_risk_at, city) if visit.at_risk_at else "",
        format_time(visit.window_start_at, city),
        format_time(visit.window_end_at, city),
        format_time(visit.planned_start_at, city) if visit.planned_start_at else "",
        format_time(visit.planned_end_at, city) if visit.planned_end_at else "",
        visit.engineer.user.name if visit.engineer else "",
        visit.engineer.number if visit.engineer else "",
    ]


def _plain(cell: str) -> str:
    """The text so that no spreadsheet takes it for a formula."""
    return f"'{cell}" if cell[:1] in ("=", "+", "-", "@", "\t", "\r") else cell
