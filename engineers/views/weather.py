"""The weather of a city's day: one number and a reason, said by the desk."""

from datetime import date
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods

from engineers.forms import BoardFilters, WeatherForm
from engineers.models import DayWeather
from engineers.planning import city_today
from engineers.selectors.board import cities_of
from engineers.selectors.weather import weather_of
from engineers.services.timing import Retimed
from engineers.services.weather import set_weather
from repairhub.accounts.access import role_required
from repairhub.accounts.states import Role
from repairhub.core.errors import DomainError, NotFoundError
from repairhub.core.pages import render_page
from repairhub.places.models import City

VERSIONS_SHOWN = 10


@role_required(Role.DISPATCHER, Role.MANAGER)
@require_http_methods(["GET", "HEAD", "POST"])
def day_weather(request: HttpRequest, city: str, on: str) -> HttpResponse:
    """The form with what stands now; a post sets it, tells what it did, and leads back to the board."""
    at = timezone.now()
    where, day = _asked(request, city, on)
    board = BoardFilters(city=where, on=day, today=city_today(where, at)).address()
    present = weather_of(where, day)
    if request.method != "POST":
        form = WeatherForm(initial={"factor": present.factor, "reason": present.reason} if present else None)
        return _page(request, where, day, board, form)
    form = WeatherForm(request.POST)
    error = None
    if form.is_valid():
        try:
            said = set_weather(city=where, on=day, by=request.user, at=at, **form.cleaned_data)
        except DomainError as refusal:
            if refusal.field in form.fields:
                form.add_error(refusal.field, str(refusal))
            else:
                error = refusal
        else:
            messages.success(request, _what_changed(said.weather, said.did))
            return redirect(board)
    return _page(request, where, day, board, form, error=error, status=error.status if error else 400)


def _asked(request: HttpRequest, code: str, on: str) -> tuple[City, date]:
    found = next((c for c in cities_of(request.user) if c.code == code.upper()), None)  # type: ignore[arg-type]
    try:
        day = date.fromisoformat(on)
    except ValueError:
        found = None
    if found is None:
        raise NotFoundError(
            _("There is no such day in your cities."), next_step=_("Open it from the dispatch board.")
        )
    return found, day


def _page(
    request: HttpRequest,
    city: City,
    on: date,
    board: str,
    form: WeatherForm,
    *,
    error: DomainError | None = None,
    status: int = 200,
) -> HttpResponse:
    versions = DayWeather.history.filter(city=city, on=on).select_related("by").order_by("-at", "-history_id")
    context: dict[str, Any] = {
        "city": city,
        "on": on,
        "board_url": board,
        "form": form,
        "error": error,
        "versions": versions[:VERSIONS_SHOWN],
    }
    return render_page(request, "engineers/weather.html", context, status=status)


def _what_changed(weather: DayWeather | None, did: Retimed) -> str:
    """What the desk has to know: which visits moved, and which would be late as the routes stand."""
    usual = [_("This day drives as usual.")] if weather is None or weather.is_usual else []
    if not did.moved and not did.late:
        return " ".join([*usual, _("No planned time has changed.")])
    moved = ngettext(
        "%(count)d visit is planned for another time.",
        "%(count)d visits are planned for other times.",
        did.moved,
    ) % {"count": did.moved}
    if not did.late:
        return " ".join([*usual, moved, _("All still arrive in their window.")])
    late = ngettext(
        "%(count)d would come after its window: the day is being planned again, "
        "and if nobody can keep it, it heads the list as at risk.",
        "%(count)d would come after their windows: the day is being planned again, "
        "and those that nobody can keep head the list as at risk.",
        did.late,
    ) % {"count": did.late}
    return " ".join([*usual, moved, late])
