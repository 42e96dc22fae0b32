"""The engineer's day: what is next, and where."""

from datetime import timedelta

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_GET

from engineers.forms import DayQuery, day_asked
from engineers.models import Engineer
from engineers.planning import city_today
from engineers.selectors.day import route_of_day
from repairhub.accounts.access import role_required
from repairhub.accounts.states import Role
from repairhub.core.pages import render_page


@require_GET
@role_required(Role.ENGINEER)
def engineer_day(request: HttpRequest) -> HttpResponse:
    """The signed-in engineer's visits of today, or of the day asked for."""
    engineer = Engineer.objects.select_related("user", "city").filter(user=request.user).first()  # type: ignore[misc]
    if engineer is None:
        return render_page(request, "engineers/day.html", {"engineer": None})
    today = city_today(engineer.city, timezone.now())
    form = DayQuery(request.GET)
    on = day_asked(form.cleaned_data["on"] if form.is_valid() else None, today)
    context = {
        "engineer": engineer,
        "today": today,
        "tomorrow": today + timedelta(days=1),
        "on": on,
        "route": route_of_day(engineer, on),
    }
    return render_page(request, "engineers/day.html", context, partial="route")
