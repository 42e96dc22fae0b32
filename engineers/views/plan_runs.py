"""Plan runs at the desk: asked for from the board, watched, looked at, applied or discarded."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_http_methods

from engineers.forms import BoardFilters
from engineers.models import PlanRun, Visit
from engineers.plan_forms import AskPlan
from engineers.planning import city_today
from engineers.selectors.board import cities_of
from engineers.selectors.plan_runs import difference_of, question_of
from engineers.services.plan_runs import apply_run, ask_for_plan, cancel_run
from engineers.states import UNDER_WAY, PlanCause, PlanRunStatus
from repairhub.accounts.access import role_required
from repairhub.accounts.states import Role
from repairhub.core.errors import DomainError, NotFoundError
from repairhub.core.pages import render_page

# by GET one comes here from a sign-in or the language switch, and is led to what there is to see
posted = require_http_methods(["GET", "HEAD", "POST"])


@role_required(Role.DISPATCHER, Role.MANAGER)
@posted
def ask_plan(request: HttpRequest) -> HttpResponse:
    """Asks for a plan and leads to its page. A refusal shows the question again, with its reason."""
    if request.method != "POST":
        return redirect("board")
    at = timezone.now()
    form = AskPlan(request.POST)
    user: Any = request.user
    try:
        question = form.question(user, {city.pk: city_today(city, at) for city in cities_of(user)})
        run = ask_for_plan(**question, by=user, at=at)
    except DomainError as error:
        context = {"form": form, "error": error, "board_url": _board_asked(form)}
        return render_page(request, "engineers/plan_refused.html", context, status=error.status)
    return redirect("plan_run", run.reference)


@require_GET
@role_required(Role.DISPATCHER, Role.MANAGER)
def plan_run(request: HttpRequest, reference: str) -> HttpResponse:
    """How far it is, then the difference; for htmx only what lives."""
    return _page(request, _run(request, reference))


@role_required(Role.DISPATCHER, Role.MANAGER)
@posted
def apply_plan(request: HttpRequest, reference: str) -> HttpResponse:
    """Applies what was shown. On a day that has changed since, leads to the new difference."""
    run = _run(request, reference)
    if request.method != "POST":
        return redirect("plan_run", run.reference)
    try:
        outcome = apply_run(run=run, by=request.user, at=timezone.now())
    except DomainError as error:
        return _page(request, _run(request, reference), error=error)
    if outcome.run.status == PlanRunStatus.APPLIED:
        return redirect("plan_run", run.reference)
    if outcome.anew is None:
        return _page(request, _run(request, reference), error=outcome.refusal)
    messages.warning(
        request, _("The day has changed since; here is the new difference. Nothing was written.")
    )
    return redirect("plan_run", outcome.anew.reference)


@role_required(Role.DISPATCHER, Role.MANAGER)
@posted
def cancel_plan(request: HttpRequest, reference: str) -> HttpResponse:
    """Ends the search, or discards what it found; back to the board."""
    run = _run(request, reference)
    if request.method != "POST":
        return redirect("plan_run", run.reference)
    try:
        run = cancel_run(run=run, by=request.user, at=timezone.now())
    except DomainError as error:
        return _page(request, _run(request, reference), error=error)
    messages.info(request, _("The plan was discarded. Nothing was changed."))
    return redirect(board_of(run))


def board_of(run: PlanRun) -> str:
    """The address of the board of the run's day."""
    return BoardFilters(city=run.city, on=run.on, today=run.on).address()


def _run(request: HttpRequest, reference: str) -> PlanRun:
    mine = PlanRun.objects.for_dispatcher(request.user).with_page_data()
    run = mine.filter(reference=reference.upper()).first()
    if run is None:
        raise NotFoundError(
            _("There is no plan %(reference)s in your cities.") % {"reference": reference},
            next_step=_("Ask for a new plan from the board."),
        )
    return run


def _page(request: HttpRequest, run: PlanRun, *, error: DomainError | None = None) -> HttpResponse:
    difference = difference_of(run)
    context = {
        "run": run,
        "question": question_of(run),
        "difference": difference,
        "board_url": board_of(run),
        "error": error,
        "anew": getattr(run, "followed_by", None),
        "said": _said(run, difference.told if difference else 0),
        "under_way": _under_way(run),
    }
    status = error.status if error else 200
    return render_page(request, "engineers/plan_run.html", context, partial="run", status=status)


def _under_way(run: PlanRun) -> list[Visit]:
    """What somebody who cannot come has set out for or begun: no plan gives it to another one."""
    if run.cause != PlanCause.ENGINEER_ILL:
        return []
    mine = Visit.objects.of_day(run.city, run.on).filter(engineer=run.engineer, status__in=UNDER_WAY)
    return list(mine.order_by("planned_start_at"))


def _said(run: PlanRun, told: int) -> str:
    """What was done, once it is done."""
    if run.status != PlanRunStatus.APPLIED:
        return ""
    done = _("This plan stands in the routes.")
    customers = _("No customer had to be told anything.")
    if told:
        customers = ngettext("%(count)d customer is told.", "%(count)d customers are told.", told) % {
            "count": told
        }
    return f"{done} {customers}"


def _board_asked(form: AskPlan) -> str:
    given = form.cleaned_data if hasattr(form, "cleaned_data") else {}
    city, on = given.get("city"), given.get("on")
    query = f"?city={city}&on={on.isoformat()}" if city and city.isalnum() and on else ""
    return reverse("board") + query
