"""The panel of one visit: what it shows, and the answer after a decision or a refusal."""

from datetime import datetime
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _

from engineers.forms import BoardFilters
from engineers.models import Visit
from engineers.planning import city_today
from engineers.ports import panel_sections, visit_details
from engineers.selectors.access import access_note_of
from engineers.selectors.board import deadlines_of
from engineers.selectors.candidates import candidates_for, named_needs
from engineers.services.access import LONGEST
from engineers.states import AWAITED, MOVABLE
from engineers.wording import short_span
from repairhub.core.errors import DomainError, NotFoundError
from repairhub.core.moments import format_time
from repairhub.core.pages import render_page, wants_fragment

EVENTS_SHOWN = 12
PAGE = "engineers/board_visit.html"


def visit_of_desk(request: HttpRequest, reference: str) -> Visit:
    """The visit of that reference in this person's cities. Raises NotFoundError where there is none."""
    mine = Visit.objects.for_dispatcher(request.user).with_board_data()
    visit = mine.filter(reference=reference.upper()).first()
    if visit is None:
        raise NotFoundError(
            _("There is no visit %(reference)s in your cities.") % {"reference": reference},
            next_step=_("Search the board by its reference, or ask who looks after the city."),
        )
    return visit


def panel_of(request: HttpRequest, visit: Visit, at: datetime) -> dict[str, Any]:
    """The context of the panel's template."""
    is_day_over = visit.on < city_today(visit.city, at) and visit.status in AWAITED
    may_change = visit.status in MOVABLE and not is_day_over
    start = visit.planned_start_at or visit.window_start_at
    return {
        "visit": visit,
        "details": visit_details([visit]).get(visit.pk),
        "needs": named_needs(visit.required_skills, visit.required_brands),
        "deadlines": deadlines_of([visit], at).get(visit.pk, []),
        "age": short_span(at - visit.created_at),
        "is_at_risk": visit.at_risk_at is not None and visit.status in AWAITED,
        "candidates": candidates_for(visit, at) if may_change else None,
        "events": visit.events.select_related("by").order_by("-at", "-id")[:EVENTS_SHOWN],
        "access_note": access_note_of(visit),
        "longest_note": LONGEST,
        "board_url": board_of(visit, opened=False),
        "is_day_over": is_day_over,
        "is_today": visit.on == city_today(visit.city, at),
        "may_change": may_change,
        "move": {"engineer": visit.engineer_id, "start": format_time(start, visit.city)},
        "sections": panel_sections(visit, request.user),
    }


def refused(
    request: HttpRequest, visit: Visit, error: DomainError, at: datetime, **typed: Any
) -> HttpResponse:
    """The panel as things stand now, with the refusal on top and what was typed."""
    context = {**panel_of(request, visit_of_desk(request, visit.reference), at), "error": error, **typed}
    return render_page(request, PAGE, context, partial="panel", status=error.status)


def shown(request: HttpRequest, visit: Visit, at: datetime, **kept: Any) -> HttpResponse:
    """The panel with what an upper app keeps on it: `error` (with its status), `said`, what was typed."""
    error = kept.get("error")
    context = {**panel_of(request, visit_of_desk(request, visit.reference), at), **kept}
    status = error.status if isinstance(error, DomainError) else 200
    return render_page(request, PAGE, context, partial="panel", status=status)


def changed(request: HttpRequest, visit: Visit, said: str, at: datetime) -> HttpResponse:
    """After a decision: back to the board with the visit open, or its panel afresh."""
    if not wants_fragment(request):
        messages.success(request, said)
        return redirect(board_of(visit))
    context = {**panel_of(request, visit_of_desk(request, visit.reference), at), "said": said}
    response = render_page(request, PAGE, context, partial="panel")
    response.headers["HX-Trigger"] = "board-changed"
    return response


def board_of(visit: Visit, *, opened: bool = True) -> str:
    """The address of the board of the visit's day, with the visit open or not."""
    filters = BoardFilters(city=visit.city, on=visit.on, today=visit.on)
    return filters.address(visit=visit.reference if opened else "")
