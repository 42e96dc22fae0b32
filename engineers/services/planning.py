"""Promising a window: the visit goes into a real route in the same transaction, or not at all."""

from dataclasses import replace
from datetime import datetime
from typing import Any

from django.db import transaction
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from engineers import policy
from engineers.dispatch import best_insertion, earliest_start, insert
from engineers.models import Visit
from engineers.planning import CityClock, city_today, load_plans, stop_for
from engineers.selectors.windows import (
    VisitNeeds,
    arrival_window_from,
    check_place,
    nearest_open,
    offered_windows,
)
from engineers.services.events import record
from engineers.services.refusals import replans_where_refused
from engineers.services.routes import lock_city_day, write_routes
from engineers.signals import visit_planned
from repairhub.core.errors import Conflict, InvalidInput
from repairhub.core.tokens import new_reference
from repairhub.places.models import City
from repairhub.sla.services.clocks import start_clock

ASSIGN_WITHIN = "assign_within"
ARRIVE_WITHIN_WINDOW = "arrive_within_window"


class WindowShut(Conflict):
    """The window was taken meanwhile, or begins too soon by now.

    `nearest` holds up to three OfferedWindows that are open.
    """

    code = "window_shut"
    nearest: list[Any]


@replans_where_refused
@transaction.atomic
def plan_visit(
    *,
    city: City,
    latitude: float,
    longitude: float,
    window_start_at: datetime,
    window_end_at: datetime,
    needs: VisitNeeds,
    by: Any,
    at: datetime,
) -> Visit:
    """Promises the window: a visit in a real engineer's route, tentative until a dispatcher confirms.

    Locks the city's day, repeats the insertion that the offer was made with, writes the route, starts both
    clocks. Raises WindowShut where nobody can keep it any more, InvalidInput for a window we do not offer or
    a place outside the city.
    """
    check_place(city, latitude, longitude)
    on = city_today(city, window_start_at)
    lock_city_day(city, on)
    clock = CityClock.of(city, on)
    _check_window(city, window_start_at, window_end_at, at)
    before = load_plans(city, on, on, at)[on]
    visit = Visit(
        reference=new_reference("V"),
        city=city,
        on=on,
        latitude=latitude,
        longitude=longitude,
        window_start_at=window_start_at,
        window_end_at=window_end_at,
        service_minutes=needs.service_minutes,
        required_skills=dict(needs.skills),
        required_brands=sorted(needs.brands),
        created_at=at,
    )
    stop = replace(stop_for(visit, clock, at), visit_id="new")
    candidate = None
    if not too_soon(city, window_start_at, at):
        candidate = best_insertion(stop, before, slack=policy.slack_seconds())
    if candidate is None:
        raise window_shut(city, latitude, longitude, window_start_at, window_end_at, needs, at)
    visit.save()  # without an engineer first: the route is written, and checked, as a whole
    stop = replace(stop, visit_id=visit.pk)
    after = insert(stop, before, candidate)
    write_routes(
        city=city,
        on=on,
        before=before,
        after=after,
        engineer_ids=[int(str(candidate.engineer_id))],
        new=[stop],
    )
    visit.refresh_from_db()
    link = f"{reverse('board')}?city={city.code}&on={on.isoformat()}&visit={visit.reference}"
    start_clock(
        subject=visit, target_key=ASSIGN_WITHIN, at=at, scope=city.code, label=visit.reference, link=link
    )
    start_clock(
        subject=visit,
        target_key=ARRIVE_WITHIN_WINDOW,
        at=at,
        due_at=window_end_at,
        scope=city.code,
        label=visit.reference,
        link=link,
    )
    record(visit, "planned", by=by, at=at, data={"window": window_start_at.isoformat()})
    visit_planned.send(sender=Visit, visit=visit, by=by, at=at)
    return visit


def _check_window(city: City, start_at: datetime, end_at: datetime, at: datetime) -> None:
    if arrival_window_from(city, start_at, at) != (start_at, end_at):
        raise InvalidInput(
            _("This is not an arrival window that we offer."),
            field="window",
            code="unknown_window",
            next_step=_("Choose one of the windows shown."),
        )


def window_shut(
    city: City,
    latitude: float,
    longitude: float,
    start_at: datetime,
    end_at: datetime,
    needs: VisitNeeds,
    at: datetime,
) -> WindowShut:
    """The refusal with the three nearest windows, as objects (`nearest`) and as data (`details`)."""
    offered = offered_windows(city=city, latitude=latitude, longitude=longitude, needs=needs, at=at)
    nearest = nearest_open(start_at, end_at, offered, city)
    error = WindowShut(
        _("This arrival window begins too soon by now: nobody would be there in time.")
        if too_soon(city, start_at, at)
        else _("This arrival window was taken a moment ago."),
        field="window",
        next_step=_("Choose one of the nearest that are still free.")
        if nearest
        else _("No window is free in the next days. Please try another place or call us."),
        details={
            "nearest": [{"start_at": w.start_at.isoformat(), "end_at": w.end_at.isoformat()} for w in nearest]
        },
    )
    error.nearest = nearest
    return error


def too_soon(city: City, on_start: datetime, at: datetime) -> bool:
    """Whether a window starts before the lead time has passed."""
    on = city_today(city, on_start)
    today = city_today(city, at)
    now = CityClock.of(city, today).seconds(at)
    earliest = earliest_start(on, today, now, lead=int(policy.lead().total_seconds()))
    return CityClock.of(city, on).seconds(on_start) < earliest
