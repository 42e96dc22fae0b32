"""Promising a window: the visit goes into a real route in the same transaction, or not at all."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import wraps
from typing import Any, ParamSpec, TypeVar

from django.db import transaction
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from engineers import policy
from engineers.dispatch import DayPlan, Stop, best_insertion, earliest_start, insert
from engineers.dispatch.replan import moves
from engineers.models import CityDay, Visit
from engineers.planning import CityClock, city_today, load_plans, stop_for
from engineers.selectors.windows import (
    VisitNeeds,
    arrival_window_from,
    check_place,
    nearest_open,
    needs_of_visit,
    offered_windows,
)
from engineers.services.events import record
from engineers.services.moves import announce_moves, locked_visits
from engineers.services.refusals import replan_after_refusal
from engineers.services.routes import BrokenPlan, lock_city_day, write_routes
from engineers.signals import visit_planned
from repairhub.core.errors import Conflict, InvalidInput
from repairhub.core.tokens import new_reference
from repairhub.places.models import City
from repairhub.sla.services.clocks import start_clock

P = ParamSpec("P")
T = TypeVar("T")

ASSIGN_WITHIN = "assign_within"
ARRIVE_WITHIN_WINDOW = "arrive_within_window"


class WindowShut(Conflict):
    """The window was taken meanwhile, or begins too soon by now.

    `nearest` holds up to three OfferedWindows that are open.
    """

    code = "window_shut"
    nearest: list[Any]


class NoGap(Exception):
    """Nobody has a gap for the visit as the routes stand: the transaction must be given up."""

    def __init__(self, visit: Visit, at: datetime) -> None:
        super().__init__(f"no gap in {visit.city.code} at {visit.window_start_at}")
        self.visit, self.at = visit, at


@dataclass(frozen=True)
class Opening:
    """A re-arranged day in which a new visit has its place, and the version of the day it was found on.

    Computed without a lock, as of `at`; `stop` is the new visit, under the id "new" in the routes of `after`.
    """

    city: City
    on: date
    version: int
    at: datetime
    stop: Stop
    after: DayPlan


NEW = "new"
"""The new visit's id in a plan, before it has a row."""


def refuses_with_nearest(verb: Callable[P, T]) -> Callable[P, T]:
    """The same verb, which raises WindowShut for NoGap: put it around the verb's transaction.

    The nearest windows are looked for, and the day's plan is rung for, once the locks are given back.
    """

    @wraps(verb)
    def refusing(*args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return verb(*args, **kwargs)
        except NoGap as gap:
            visit = gap.visit
            replan_after_refusal(visit.city, visit.on)
            raise window_shut(
                visit.city,
                visit.latitude,
                visit.longitude,
                visit.window_start_at,
                visit.window_end_at,
                needs_of_visit(visit),
                gap.at,
            ) from None

    return refusing


@refuses_with_nearest
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

    Raises WindowShut where nobody can keep it any more, InvalidInput for a window we do not offer or a place
    outside the city. No others are re-arranged for it: that is `engineers.services.opening.promise`. Verbs
    that hold locks call `promise_visit` instead, and leave NoGap to `refuses_with_nearest`.
    """
    return promise_visit(
        city=city,
        latitude=latitude,
        longitude=longitude,
        window_start_at=window_start_at,
        window_end_at=window_end_at,
        needs=needs,
        by=by,
        at=at,
    )


@transaction.atomic
def promise_visit(
    *,
    city: City,
    latitude: float,
    longitude: float,
    window_start_at: datetime,
    window_end_at: datetime,
    needs: VisitNeeds,
    by: Any,
    at: datetime,
    opening: Opening | None = None,
) -> Visit:
    """The visit, promised as by `plan_visit`, or where no gap is left by the re-arranged day of `opening`.

    Locks the city's day, repeats the insertion that the offer was made with, writes the routes, starts both
    clocks. Raises NoGap where there is no gap and no opening, or the day has changed since the opening was
    found.
    """
    check_place(city, latitude, longitude)
    on = city_today(city, window_start_at)
    day = lock_city_day(city, on)
    clock = CityClock.of(city, on)
    _check_window(city, window_start_at, window_end_at, at)
    before = load_plans(city, on, on, at, places=[(latitude, longitude)])[on]
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
    stop = replace(stop_for(visit, clock, at), visit_id=NEW)
    candidate = None
    if not too_soon(city, window_start_at, at):
        candidate = best_insertion(stop, before, slack=policy.slack_seconds(city))
    if candidate is None and (opening is None or not _still_holds(opening, day, stop)):
        raise NoGap(visit, at)
    visit.save()  # without an engineer first: the route is written, and checked, as a whole
    if candidate is not None:
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
    elif opening is not None:
        _write_opened(visit, opening, by=by, at=at)
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


def _still_holds(opening: Opening, day: CityDay, stop: Stop) -> bool:
    """Whether it was found for this very visit, on the day as it was before this lock raised its version."""
    same_day = (opening.city.pk, opening.on) == (day.city_id, day.on)
    return same_day and opening.version == day.version - 1 and opening.stop == stop


def _write_opened(visit: Visit, opening: Opening, *, by: Any, at: datetime) -> None:
    """The re-arranged routes with the new visit in them; whoever knew a name is told the new one.

    Raises NoGap where the checker finds that what an engineer may do has changed since.
    """
    city, on = opening.city, opening.on
    # as of the same moment: certificates, shifts and absences may have changed since without a new version
    before = load_plans(city, on, on, opening.at)[on]
    new = replace(opening.stop, visit_id=visit.pk)
    routes = [
        replace(route, stops=tuple(new if s.visit_id == NEW else s for s in route.stops))
        for route in opening.after.routes.values()
    ]
    try:
        after = DayPlan(list(before), routes, before.travel)
    except ValueError as error:  # an engineer of the routes works here no more
        raise NoGap(visit, at) from error
    changes = [move for move in moves(before, after) if move.visit_id != visit.pk]
    moved = locked_visits(int(str(move.visit_id)) for move in changes)
    try:
        write_routes(
            city=city,
            on=on,
            before=before,
            after=after,
            engineer_ids=[
                int(str(one.engineer_id))
                for one in after
                if after.planned(one.engineer_id) != before.planned(one.engineer_id)
            ],
            new=[new],
        )
    except BrokenPlan as error:
        raise NoGap(visit, at) from error
    announce_moves(changes, moved, after, by=None, at=at)


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
