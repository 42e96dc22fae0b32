"""What a dispatcher does to one visit on the board: moves it, pins it, writes down how one gets in."""

from datetime import datetime, timedelta

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _

from engineers.forms import MoveForm
from engineers.models import Visit
from engineers.services.access import write_access_note
from engineers.services.moving import move_visit, pin_visit, unpin_visit
from engineers.views.board import posted
from engineers.views.panel import board_of, changed, refused, visit_of_desk
from repairhub.accounts.access import role_required
from repairhub.accounts.states import Role
from repairhub.core.errors import DomainError
from repairhub.core.moments import format_time

GRID = timedelta(minutes=5)
"""What one moves a visit by on the board."""


@role_required(Role.DISPATCHER, Role.MANAGER)
@posted
def move(request: HttpRequest, reference: str) -> HttpResponse:
    """The visit to an engineer and a time: dropped on a lane, by the keyboard, or by the panel's form."""
    at = timezone.now()
    visit = visit_of_desk(request, reference)
    if request.method != "POST":
        return redirect(board_of(visit))
    form = MoveForm(request.POST)
    try:
        wanted = form.wanted(visit)
        moved = move_visit(
            visit=visit, engineer=wanted.engineer, start_at=wanted.start_at, by=request.user, at=at,
            seen=wanted.seen,
        )  # fmt: skip
    except DomainError as error:
        typed = {"engineer": form.typed_engineer, "start": form.typed_start}
        return refused(request, visit, error, at, move=typed)
    facts = {
        "reference": moved.visit.reference,
        "engineer": wanted.engineer.user.name,
        "time": format_time(moved.visit.planned_start_at, visit.city) if moved.visit.planned_start_at else "",
    }
    if moved.is_named:
        said = _(
            "Visit %(reference)s is confirmed with %(engineer)s, planned for %(time)s. The customer is told."
        )
    elif moved.is_changed:
        said = _("Visit %(reference)s is now planned for %(time)s with %(engineer)s.")
    else:
        said = _(
            "Visit %(reference)s stays at %(time)s with %(engineer)s: no other place is nearer to that time."
        )
    said %= facts
    if moved.is_changed and _is_elsewhere(moved.visit, wanted.start_at):
        because = _("You asked for %(wanted)s: an engineer comes as early as the route and the window allow.")
        said = f"{said} {because % {'wanted': format_time(wanted.start_at, visit.city)}}"
    return changed(request, moved.visit, said, at)


def _is_elsewhere(visit: Visit, wanted: datetime) -> bool:
    """Whether the work is planned for another time than it was dropped at."""
    return visit.planned_start_at is not None and abs(visit.planned_start_at - wanted) > GRID


@role_required(Role.DISPATCHER, Role.MANAGER)
@posted
def pin(request: HttpRequest, reference: str) -> HttpResponse:
    """The visit stays with its engineer, or with `off` may change engineer again."""
    at = timezone.now()
    visit = visit_of_desk(request, reference)
    if request.method != "POST":
        return redirect(board_of(visit))
    try:
        if request.POST.get("off"):
            visit = unpin_visit(visit=visit, by=request.user, at=at)
            said = _("Visit %(reference)s may change engineer again.")
        else:
            visit = pin_visit(visit=visit, by=request.user, at=at)
            said = _("Visit %(reference)s is pinned: it stays with its engineer.")
    except DomainError as error:
        return refused(request, visit, error, at)
    return changed(request, visit, said % {"reference": visit.reference}, at)


@role_required(Role.DISPATCHER, Role.MANAGER)
@posted
def access_note(request: HttpRequest, reference: str) -> HttpResponse:
    """How one gets in at the visit's place, for whoever comes there next."""
    at = timezone.now()
    visit = visit_of_desk(request, reference)
    if request.method != "POST":
        return redirect(board_of(visit))
    text = request.POST.get("text", "")
    try:
        write_access_note(visit=visit, text=text, by=request.user, at=at)
    except DomainError as error:
        return refused(request, visit, error, at, note_typed=text)
    return changed(request, visit, _("Kept for this place: the next engineer sees it too."), at)
