"""A computed plan as plain facts that a row can keep, and the same plan built again from them."""

from dataclasses import replace
from datetime import datetime
from typing import Any

from engineers.dispatch import DayPlan, EngineerId, Stop, VisitId, unserved_because
from engineers.dispatch.replan import Replan, moves
from engineers.models import CityDay, PlanRun, Visit
from engineers.planning import CityClock, load_plans
from engineers.services.replanning import ComputedPlan, StalePlan, waiting_stops
from engineers.services.suppositions import as_known
from engineers.states import PlanCause, VisitStatus

Facts = dict[str, Any]


def facts_of(computed: ComputedPlan) -> Facts:
    """What the plan changes: JSON of ids, moments (ISO) and reason codes. One query.

    `routes`: the visits of each changed route in their order. `moves`: who had and who has each visit (null
    is nobody), when, and whether its customer is told. `retimed`: the same engineer at another time. `late`:
    kept but after the window's end, in minutes; its customer is told where that is news.
    `unserved`: in no route, and why.
    """
    before, after = computed.result.before, computed.result.after
    clock = CityClock.of(computed.city, computed.on)
    rows = Visit.objects.of_day(computed.city, computed.on).values_list("pk", "status", "at_risk_at")
    status = {pk: stands for pk, stands, _at_risk in rows}
    at_risk = {pk for pk, _stands, since in rows if since is not None}

    def moment(seconds: int | None) -> str | None:
        return None if seconds is None else clock.moment(seconds).isoformat()

    changes = moves(before, after)
    was, will = _starts(before), _starts(after)
    moved = [
        {
            "visit": move.visit_id,
            "from": move.from_engineer,
            "to": move.to_engineer,
            "from_start": moment(move.from_start),
            "to_start": moment(move.to_start),
            "told": status.get(_pk(move.visit_id)) == VisitStatus.CONFIRMED,
        }
        for move in changes
    ]
    retimed = [
        {
            "visit": visit,
            "engineer": engineer,
            "from_start": moment(was[visit][1]),
            "to_start": moment(start),
            # whoever waits for an engineer on the way is told each new time
            "told": status.get(_pk(visit)) == VisitStatus.EN_ROUTE,
        }
        for visit, (engineer, start) in will.items()
        if visit in was and was[visit][0] == engineer and abs(was[visit][1] - start) >= 60
    ]
    late = [
        {
            "visit": stop.visit_id,
            "minutes": -(-(will[stop.visit_id][1] - stop.window_end) // 60),
            "told": _pk(stop.visit_id) not in at_risk or will[stop.visit_id] != was.get(stop.visit_id),
        }
        for route in after.routes.values()
        for stop in route.stops
        if will[stop.visit_id][1] > stop.window_end and status.get(_pk(stop.visit_id)) != VisitStatus.ON_SITE
    ]
    unserved = []
    for stop in computed.result.unserved:
        why = unserved_because(stop, after)
        unserved.append({"visit": stop.visit_id, "code": str(why.code), "data": dict(why.data)})
    return {
        "routes": {str(key): ids for key, ids in _changed_routes(before, after).items()},
        "moves": moved,
        "retimed": retimed,
        "late": late,
        "unserved": unserved,
        "found": sum(1 for move in changes if move.from_engineer is None),
        "kept": sum(
            1 for visit, (engineer, _start) in was.items() if will.get(visit, (None,))[0] == engineer
        ),
        "travel_before_s": before.travel_seconds,
        "travel_after_s": after.travel_seconds,
    }


def says_something(facts: Facts) -> bool:
    """Whether applying it would change a route."""
    return bool(facts["routes"])


def rebuilt_plan(run: PlanRun, at: datetime) -> ComputedPlan:
    """The plan that was shown, on the day as it stands at `at`.

    The same visits with the same engineers in the same order, driven through from now. The caller holds the
    day's lock. Raises StalePlan where the rows have no such visits or engineers any more.
    """
    version = CityDay.objects.filter(city=run.city, on=run.on).values_list("version", flat=True).get()
    supposed = as_known(run)
    before = supposed(load_plans(run.city, run.on, run.on, at)[run.on])
    stops: dict[VisitId, Stop] = {
        stop.visit_id: stop for route in before.routes.values() for stop in route.stops
    }
    stops |= {stop.visit_id: stop for stop in waiting_stops(run.city, run.on, at)}
    facts: Facts = run.result or {}
    try:
        routes = dict(before.routes)
        for key, ids in facts["routes"].items():
            present = routes[int(key)]
            routes[int(key)] = replace(present, stops=tuple(stops[visit] for visit in ids))
        after = DayPlan(list(before), routes.values(), before.travel)
        unserved = tuple(stops[fact["visit"]] for fact in facts["unserved"])
    except (KeyError, ValueError) as error:
        raise StalePlan(f"{run.reference}: {error}") from error
    return ComputedPlan(
        city=run.city,
        on=run.on,
        version=version,
        at=at,
        result=Replan(before, after, unserved, run.rounds),
        as_known=supposed,
        is_whole=run.cause != PlanCause.URGENT,
    )


def _changed_routes(before: DayPlan, after: DayPlan) -> dict[EngineerId, list[VisitId]]:
    changed = {}
    for engineer_id, route in after.routes.items():
        ids = [stop.visit_id for stop in route.stops]
        if ids != [stop.visit_id for stop in before.routes[engineer_id].stops]:
            changed[engineer_id] = ids
    return changed


def _starts(plan: DayPlan) -> dict[VisitId, tuple[EngineerId, int]]:
    return {
        planned.visit_id: (day.engineer_id, planned.start)
        for day in plan
        for planned in plan.planned(day.engineer_id)
    }


def _pk(visit_id: VisitId) -> int:
    return int(str(visit_id))
