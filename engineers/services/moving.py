"""Moving a visit on the board: to an engineer and a time, and pins that keep it with its engineer."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from engineers.dispatch import DayPlan, insert
from engineers.models import Engineer, Visit
from engineers.planning import CityClock, load_plans
from engineers.services.dispatching import (
    check_may_change,
    decided_meanwhile,
    dispatch_visit,
    refuse_unknown,
)
from engineers.services.events import record
from engineers.services.moves import announce_in_time_again, in_time_again
from engineers.services.placing import placed
from engineers.services.routes import lock_city_day, locked_visit, write_routes
from engineers.states import MOVABLE, EventKind
from repairhub.core.errors import Conflict
from repairhub.core.moments import format_time


@dataclass(frozen=True)
class Moved:
    """The visit as it is planned now. `is_named`: its engineer was named by it, and the customer is told."""

    visit: Visit
    is_changed: bool
    is_named: bool


@transaction.atomic
def move_visit(
    *, visit: Visit, engineer: Engineer, start_at: datetime, by: Any, at: datetime, seen: str | None = None
) -> Moved:
    """The visit in this engineer's route, where it begins as near to `start_at` as every promise lets it.

    Another engineer is named by it, as by `dispatch_visit`. With the same one only its place in the route
    changes: a tentative one stays tentative, and nobody is told, for the promised window stays. `seen` is the
    `place_in_route` that the move was made on. A move that has been made already changes nothing. Raises
    Conflict where somebody else has moved it meanwhile, where the time lies outside the promised window, and
    where the engineer cannot: with the reasons, and who could begin when in `details["times"]`.
    """
    lock_city_day(visit.city, visit.on)
    visit = locked_visit(visit)
    is_stale = seen is not None and seen != visit.place_in_route
    if visit.engineer_id != engineer.pk:
        if is_stale:
            raise _moved_meanwhile(visit, seen)
        dispatched = dispatch_visit(visit=visit, engineer=engineer, by=by, at=at, start_at=start_at)
        return Moved(dispatched, is_changed=True, is_named=True)
    check_may_change(visit, engineer, at)
    before = load_plans(visit.city, visit.on, visit.on, at)[visit.on]
    refuse_unknown(engineer, before)
    stop = next(s for s in before.routes[engineer.pk].stops if s.visit_id == visit.pk)
    wanted = CityClock.of(visit.city, visit.on).seconds(start_at)
    candidate = placed(stop=stop, visit=visit, plan=before, engineer=engineer, wanted=wanted)
    after = insert(stop, before, candidate)
    if _order(after, engineer) == _order(before, engineer):
        return Moved(visit, is_changed=False, is_named=False)
    if is_stale:
        raise _moved_meanwhile(visit, seen)
    was_planned_at = visit.planned_start_at
    write_routes(city=visit.city, on=visit.on, before=before, after=after, engineer_ids=[engineer.pk])
    visit.refresh_from_db()
    start = next(p.start for p in after.planned(engineer.pk) if p.visit_id == visit.pk)
    kept = [visit.pk] if start <= stop.window_end else []
    announce_in_time_again([*kept, *in_time_again(before, after)], by=by, at=at)
    visit.refresh_from_db(fields=["at_risk_at"])
    record(
        visit,
        EventKind.MOVED,
        by=by,
        at=at,
        from_status=visit.status,
        data={"engineer": engineer.pk, "before": was_planned_at.isoformat() if was_planned_at else None},
    )
    return Moved(visit, is_changed=True, is_named=False)


@transaction.atomic
def pin_visit(*, visit: Visit, by: Any, at: datetime) -> Visit:
    """The visit, kept with its engineer: neither a plan nor a colleague gives it to somebody else.

    Raises Conflict where it has no engineer, is under way or has ended. Pinned again changes nothing.
    """
    lock_city_day(visit.city, visit.on, changes_route=False)
    visit = locked_visit(visit)
    if visit.is_pinned:
        return visit
    if visit.engineer_id is None or visit.status not in MOVABLE:
        raise Conflict(
            _("Visit %(reference)s cannot be pinned as it stands.") % {"reference": visit.reference},
            code="not_pinnable",
            next_step=_("Name an engineer first. A visit under way is fixed anyway."),
        )
    return _set_pin(visit, True, EventKind.PINNED, by=by, at=at)


@transaction.atomic
def unpin_visit(*, visit: Visit, by: Any, at: datetime) -> Visit:
    """The visit, free to change engineer again. Where there is no pin nothing changes."""
    lock_city_day(visit.city, visit.on, changes_route=False)
    visit = locked_visit(visit)
    return _set_pin(visit, False, EventKind.UNPINNED, by=by, at=at) if visit.is_pinned else visit


def _set_pin(visit: Visit, is_pinned: bool, kind: EventKind, *, by: Any, at: datetime) -> Visit:
    lock_city_day(visit.city, visit.on)  # plans computed on what stood before are thrown away
    visit.is_pinned = is_pinned
    visit.save(update_fields=["is_pinned"])
    record(visit, kind, by=by, at=at, from_status=visit.status, data={"engineer": visit.engineer_id})
    return visit


def _order(plan: DayPlan, engineer: Engineer) -> list[object]:
    return [stop.visit_id for stop in plan.routes[engineer.pk].stops]


def _moved_meanwhile(visit: Visit, seen: str | None) -> Conflict:
    if visit.engineer is None or visit.planned_start_at is None or visit.standing != str(seen).split("@")[0]:
        return decided_meanwhile(visit)
    facts = {
        "reference": visit.reference,
        "engineer": visit.engineer.user.name,
        "time": format_time(visit.planned_start_at, visit.city),
    }
    moved = visit.events.filter(kind=EventKind.MOVED).select_related("by").last()
    if moved is not None and moved.by is not None:
        message = _("%(who)s has moved visit %(reference)s to %(time)s with %(engineer)s meanwhile.") % {
            **facts,
            "who": moved.by.name,
        }
    else:
        message = _("Visit %(reference)s is planned for %(time)s with %(engineer)s by now.") % facts
    return Conflict(
        message,
        field="engineer",
        code="decided_meanwhile",
        next_step=_("Nothing was changed. Look at it as it stands now, then decide."),
    )
