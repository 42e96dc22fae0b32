"""The dispatch board: the day of a city, a visit's panel with candidates, and the one decision made there."""

from datetime import date, datetime, timedelta
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.cache import patch_vary_headers
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from engineers.forms import SHOWN_STATES, BoardFilters, NameEngineer, TurnBackForm
from engineers.models import Skill, Visit
from engineers.ports import visit_details, visit_titles
from engineers.selectors.board import (
    board_day,
    board_token,
    cities_of,
    counts_of,
    day_strip,
    found_visits,
    tray_page,
    tray_rows,
)
from engineers.selectors.lanes import day_lanes, lane_page
from engineers.selectors.map import city_map, marks_of
from engineers.selectors.weather import weather_of
from engineers.services.dispatching import dispatch_visit
from engineers.services.doorstep import turn_back
from engineers.views.panel import PAGE, board_of, changed, panel_of, refused, visit_of_desk
from repairhub.accounts.access import role_required
from repairhub.accounts.states import Role
from repairhub.core.errors import DomainError, NotFoundError
from repairhub.core.moments import format_moment, format_time
from repairhub.core.pages import render_page, wants_fragment
from repairhub.core.spreadsheets import csv_lines

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
    context = {"filters": filters, **_day(request, filters, at)}
    context["live_address"] = filters.address(seen=token)
    if not wants_fragment(request):
        context |= {"cities": cities, "skills": Skill.objects.all(), "states": SHOWN_STATES}
    if filters.visit and not wants_fragment(request):
        context |= panel_of(request, visit_of_desk(request, filters.visit), at)
    return render_page(request, "engineers/board.html", context, partial="live")


@require_GET
@role_required(Role.DISPATCHER, Role.MANAGER)
def board_visit(request: HttpRequest, reference: str) -> HttpResponse:
    """One visit with its candidates: the board's panel, or a page of its own."""
    visit = visit_of_desk(request, reference)
    return render_page(request, PAGE, panel_of(request, visit, timezone.now()), partial="panel")


@role_required(Role.DISPATCHER, Role.MANAGER)
@posted
def name_engineer(request: HttpRequest, reference: str) -> HttpResponse:
    """Confirms the visit with the chosen engineer. A refusal shows the panel again, with its reason."""
    at = timezone.now()
    visit = visit_of_desk(request, reference)
    if request.method != "POST":
        return redirect(board_of(visit))
    form = NameEngineer(request.POST)
    try:
        engineer = form.chosen()
        seen = form.cleaned_data["seen"]
        visit = dispatch_visit(visit=visit, engineer=engineer, by=request.user, at=at, seen=seen)
    except DomainError as error:
        return refused(request, visit, error, at)
    said = _("Visit %(reference)s is confirmed with %(engineer)s. The customer is told.") % {
        "reference": visit.reference,
        "engineer": engineer.user.name,
    }
    return changed(request, visit, said, at)


@role_required(Role.DISPATCHER, Role.MANAGER)
@posted
def turn_back_visit(request: HttpRequest, reference: str) -> HttpResponse:
    """Something is in the engineer's way: the visit may change engineer again."""
    at = timezone.now()
    visit = visit_of_desk(request, reference)
    if request.method != "POST":
        return redirect(board_of(visit))
    form = TurnBackForm(request.POST)
    try:
        visit = turn_back(visit=visit, reason=form.said(), by=request.user, at=at)
    except DomainError as error:
        return refused(request, visit, error, at, reason=form.data.get("reason", ""))
    said = _("Visit %(reference)s has been called back. You can name somebody else now.")
    return changed(request, visit, said % {"reference": visit.reference}, at)


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
    heading = [
        _("Visit"), _("Order"), _("What for"), _("Place"), _("State"), _("At risk since"),
        _("Window from"), _("Window until"), _("Planned from"), _("Planned until"),
        _("Engineer"), _("Staff number"),
    ]  # fmt: skip
    details = visit_details(visits)
    response.writelines(csv_lines(heading, (_cells(visit, details.get(visit.pk)) for visit in visits)))
    return response


@require_GET
@role_required(Role.DISPATCHER, Role.MANAGER)
def board_map(request: HttpRequest) -> HttpResponse:
    """What stays on the map of a city whatever happens: its middle, its districts, where tiles come from."""
    cities = cities_of(request.user)  # type: ignore[arg-type]
    if not cities:
        raise NotFoundError(_("There is no city yet."))
    filters = BoardFilters.read(request.GET, cities, timezone.now())
    response = JsonResponse(city_map(filters.city))
    response.headers["Cache-Control"] = "private, max-age=3600"
    patch_vary_headers(response, ["Accept-Language", "Cookie"])
    return response


def _day(request: HttpRequest, filters: BoardFilters, at: datetime) -> dict[str, Any]:
    day = board_day(filters)
    needing = [visit for visit in day.visits if filters.needs_skill(visit)]
    found = found_visits(request.user, filters.q, at) if filters.q else None  # type: ignore[arg-type]
    tray = None if filters.q else tray_page(needing, filters.page, state=filters.state)
    page = lane_page(day, filters)
    in_tray = list(tray.visits) if tray else []
    # one call for the tray and the lanes together
    titles = visit_titles(list({visit.pk: visit for visit in [*in_tray, *page.visits]}.values()))
    lanes = day_lanes(day, page, filters, titles, at)
    strip = [
        {"on": d.on, "in_need": d.in_need, "is_shown": d.is_shown, "url": _day_address(filters, d.on)}
        for d in day_strip(filters.city, filters.today, filters.on)
    ]
    links = {
        "day_before": _day_address(filters, filters.on - timedelta(days=1)),
        "day_after": _day_address(filters, filters.on + timedelta(days=1)),
        "no_search": filters.address(q=""),
        "everything": filters.address(skill="", state="", who="", name="", page=1, lanes=1),
        "tray_before": filters.address(page=tray.before) if tray else "",
        "tray_after": filters.address(page=tray.after) if tray else "",
        "lanes_before": filters.address(lanes=lanes.before),
        "lanes_after": filters.address(lanes=lanes.after),
    }
    return {
        "counts": counts_of(needing, at, day.today),
        "strip": strip,
        "links": links,
        "found": found,
        "tray": tray,
        "rows": tray_rows(in_tray, titles, at, day.today),
        "day": lanes,
        "marks": marks_of(page, in_tray, titles),
        "weather": weather_of(filters.city, filters.on),
    }


def _day_address(filters: BoardFilters, on: date) -> str:
    return filters.address(on=on.isoformat(), page=1, lanes=1, q="")


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
