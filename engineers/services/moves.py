"""Visits that another engineer has by a plan: their rows locked, and whoever has to know it told."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from engineers.dispatch import DayPlan
from engineers.dispatch.replan import Move
from engineers.models import Visit
from engineers.services.events import record
from engineers.services.routes import planned_late
from engineers.signals import visit_confirmed, visit_in_time_again
from engineers.states import AWAITED, EventKind, VisitStatus


def locked_visits(ids: Iterable[int]) -> dict[int, Visit]:
    """These visits by their ids, locked in the order of their ids. Inside a transaction only."""
    rows = Visit.objects.filter(pk__in=set(ids)).select_for_update(of=("self",)).select_related("city")
    return {visit.pk: visit for visit in rows.order_by("pk")}


def in_time_again(before: DayPlan, after: DayPlan) -> list[int]:
    """The visits that `before` reaches after their window and `after` inside it."""
    still = {stop.visit_id for route in after.routes.values() for stop in route.stops}
    late = set(planned_late(after))
    return [visit_id for visit_id in planned_late(before) if visit_id in still and visit_id not in late]


def announce_in_time_again(visit_ids: Iterable[int], *, by: Any, at: datetime) -> None:
    """Those of the visits that were at risk are so no more; bad news of them is taken back.

    The caller holds the day's lock and has written the route that keeps their windows.
    """
    rows = Visit.objects.filter(pk__in=set(visit_ids), status__in=AWAITED, at_risk_at__isnull=False)
    for visit in rows.select_for_update(of=("self",)).select_related("city").order_by("pk"):
        visit.at_risk_at = None
        visit.save(update_fields=["at_risk_at"])
        visit_in_time_again.send(sender=Visit, visit=visit, by=by, at=at)


def announce_moves(
    changes: Iterable[Move], visits: dict[int, Visit], after: DayPlan, *, by: Any, at: datetime
) -> None:
    """Each visit with another engineer gets its event; whoever knew a name is told the new one.

    The caller has locked the visits and written the routes of `after`.
    """
    starts = {planned.visit_id: planned.start for day in after for planned in after.planned(day.engineer_id)}
    for move in changes:
        visit = visits[int(str(move.visit_id))]
        if move.to_engineer is None:
            continue
        was_confirmed = visit.status == VisitStatus.CONFIRMED
        visit.refresh_from_db(fields=["engineer", "planned_start_at", "planned_end_at"])
        stop = next(s for s in after.routes[move.to_engineer].stops if s.visit_id == move.visit_id)
        is_saved = visit.at_risk_at is not None and starts[move.visit_id] <= stop.window_end
        if is_saved:
            visit.at_risk_at = None  # this engineer can keep the window
        if was_confirmed:
            visit.confirm()
            visit.confirmed_at = at
        visit.save(update_fields=["status", "confirmed_at", "at_risk_at"])
        record(
            visit,
            EventKind.REPLANNED,
            by=by,
            at=at,
            from_status=visit.status,
            data={"engineer": move.to_engineer, "before": move.from_engineer},
        )
        if is_saved:
            visit_in_time_again.send(sender=Visit, visit=visit, by=by, at=at)
        if was_confirmed:
            visit_confirmed.send(sender=Visit, visit=visit, by=by, at=at)
