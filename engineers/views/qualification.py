"""What engineers may do: the managers' list and decisions, and the engineer's own page."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import get_language, override
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_safe

from engineers.exports import qualification_lines
from engineers.forms import QualificationFilter, ReasonForm
from engineers.models import Engineer, Skill
from engineers.selectors.qualifications import (
    Wanted,
    all_qualifications,
    qualification_page,
    qualification_record,
)
from engineers.selectors.qualifications import own_qualifications as own
from engineers.services.qualification import lift_suspension, suspend_skill
from engineers.wording import lost_their_engineer
from repairhub.accounts.access import role_required
from repairhub.accounts.states import Role
from repairhub.core.errors import DomainError, NotFoundError
from repairhub.core.pages import render_page
from repairhub.places.models import City

manager = role_required(Role.MANAGER)
# by GET one comes here from a sign-in or the language switch, and is led to the page of the skill
posted = require_http_methods(["GET", "HEAD", "POST"])


@manager
@require_safe
def qualifications(request: HttpRequest) -> HttpResponse:
    """Engineers and skills in the reader's cities, by city, skill and state."""
    form = _filter(request)
    page = qualification_page(
        _wanted(form), _in_reach(request), after=request.GET.get("after", ""), at=timezone.now()
    )
    context = {"form": form, "page": page, "is_later_page": "after" in request.GET}
    return render_page(request, "engineers/qualifications.html", context)


@manager
@require_safe
def qualifications_csv(request: HttpRequest) -> StreamingHttpResponse:
    """Every row of the filter as a table for spreadsheets."""
    rows = all_qualifications(_wanted(_filter(request)), _in_reach(request), at=timezone.now())
    language = get_language() or "en"

    def lines() -> Any:
        # the body is written after the request's language has been put away
        with override(language):
            yield from qualification_lines(rows)

    response = StreamingHttpResponse(lines(), content_type="text/csv; charset=utf-8")
    response.headers["Content-Disposition"] = 'attachment; filename="qualification.csv"'
    response.headers["Cache-Control"] = "private, no-store"
    return response


@manager
@require_safe
def qualification(request: HttpRequest, engineer_id: int, skill: str) -> HttpResponse:
    """Everything on record about one engineer and one skill, and what may be decided."""
    return _page(request, *_asked(request, engineer_id, skill))


@manager
@posted
def suspend(request: HttpRequest, engineer_id: int, skill: str) -> HttpResponse:
    """The skill is suspended; the visits that it takes away are said."""

    def decide(engineer: Engineer, of: Skill, reason: str) -> None:
        done = suspend_skill(engineer=engineer, skill=of, reason=reason, by=request.user, at=timezone.now())
        messages.success(request, _("Suspended. The engineer is told the reason."))
        if done.lost:
            messages.warning(request, lost_their_engineer(done.lost))

    return _decided(request, engineer_id, skill, decide)


@manager
@posted
def lift(request: HttpRequest, engineer_id: int, skill: str) -> HttpResponse:
    """The suspension ends."""

    def decide(engineer: Engineer, of: Skill, reason: str) -> None:
        lift_suspension(engineer=engineer, skill=of, reason=reason, by=request.user, at=timezone.now())
        messages.success(request, _("The suspension is lifted. The engineer is told the reason."))

    return _decided(request, engineer_id, skill, decide)


@require_GET
@role_required(Role.ENGINEER)
def own_certificates(request: HttpRequest) -> HttpResponse:
    """The signed-in engineer's certificates and authorisations; where one is suspended, why and what next."""
    engineer = Engineer.objects.select_related("user", "city").filter(user=request.user).first()  # type: ignore[misc]
    context = {"engineer": engineer, "own": own(engineer, at=timezone.now()) if engineer else None}
    return render_page(request, "engineers/certificates.html", context)


def _decided(
    request: HttpRequest, engineer_id: int, skill: str, decide: Callable[[Engineer, Skill, str], None]
) -> HttpResponse:
    engineer, of = _asked(request, engineer_id, skill)
    if request.method != "POST":
        return redirect("qualification_of", engineer_id, skill)
    form = ReasonForm(request.POST)
    if not form.is_valid():
        return _page(request, engineer, of, form=form, status=400)
    try:
        decide(engineer, of, form.cleaned_data["reason"])
    except DomainError as error:
        if error.field in form.fields:
            form.add_error(error.field, str(error))
            return _page(request, engineer, of, form=form, status=error.status)
        return _page(request, engineer, of, form=form, error=error, status=error.status)
    return redirect("qualification_of", engineer_id, skill)


def _in_reach(request: HttpRequest) -> Any:
    return Engineer.objects.working().for_manager(request.user)


def _asked(request: HttpRequest, engineer_id: int, skill: str) -> tuple[Engineer, Skill]:
    people = Engineer.objects.for_manager(request.user).select_related("user", "city")
    return get_object_or_404(people, pk=engineer_id), get_object_or_404(Skill, key=skill)


def _filter(request: HttpRequest) -> QualificationFilter:
    own_cities = list(request.user.cities.values_list("pk", flat=True))  # type: ignore[union-attr]
    cities = City.objects.filter(pk__in=own_cities) if own_cities else City.objects.all()
    return QualificationFilter(request.GET, cities=cities)


def _wanted(form: QualificationFilter) -> Wanted:
    form.is_valid()
    chosen = form.cleaned_data
    return Wanted(city=chosen.get("city"), skill=chosen.get("skill"), state=chosen.get("state") or "")


def _page(
    request: HttpRequest,
    engineer: Engineer,
    skill: Skill,
    *,
    form: ReasonForm | None = None,
    error: DomainError | None = None,
    status: int = 200,
) -> HttpResponse:
    record = qualification_record(engineer, skill, at=timezone.now())
    if record is None:
        raise NotFoundError(
            _("%(engineer)s was never certified for “%(skill)s”.")
            % {"engineer": engineer.user.name, "skill": skill.name},
            next_step=_("Record an assessment first."),
        )
    context = {
        "record": record,
        "row": record.row,
        "engineer": engineer,
        "skill": skill,
        "form": form or ReasonForm(),
        "error": error,
    }
    return render_page(request, "engineers/qualification.html", context, status=status)
