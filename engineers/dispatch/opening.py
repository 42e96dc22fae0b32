"""Windows that insertion calls shut, opened by moving others: nobody is dropped, nobody is late."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial

from engineers.dispatch.explain import is_qualified
from engineers.dispatch.insertion import best_insertion
from engineers.dispatch.lanes import Prices
from engineers.dispatch.plan import DayPlan
from engineers.dispatch.problem import Stop
from engineers.dispatch.search import Draw, search

ROUNDS = 400
WISHED = 100
"""The weight of the visit that is wished for: above all driving, below any promise."""


def open_by_moving(
    plan: DayPlan,
    stop: Stop,
    *,
    draw: Draw,
    rounds: int | None = ROUNDS,
    seconds: float | None = None,
    spent: Callable[[], float] | None = None,
    prices: Prices | None = None,
) -> DayPlan | None:
    """Return the plan with the visit in it and every promise kept, or None where none was found.

    Insertion alone is tried first, with the slack of the prices. Pins and started visits stay. Customers who
    know their engineer's name keep that engineer, unless no such plan was found in half of the budget, which
    is that of ``search``.
    """
    inserted = _inserted(plan, stop, prices)
    if inserted is not None or not may_open(plan, stop):
        return inserted
    look = partial(_searched, stop=stop, draw=draw, spent=spent, prices=prices)
    gentle = _names_kept(plan)
    if gentle is not plan:
        rounds = None if rounds is None else rounds // 2
        seconds = None if seconds is None else seconds / 2
        found = look(gentle, rounds=rounds, seconds=seconds)
        if found is not None:
            return _with_own_stops(found, plan)
    return look(plan, rounds=rounds, seconds=seconds)


def may_open(plan: DayPlan, stop: Stop) -> bool:
    """Return whether anybody at work then may do the visit at all, so that moving others could help."""
    return any(
        day.on_shift
        and day.shift_start <= stop.window_end
        and day.shift_end > stop.window_start
        and is_qualified(stop, day)
        for day in plan
    )


def _searched(
    plan: DayPlan,
    *,
    stop: Stop,
    draw: Draw,
    rounds: int | None,
    seconds: float | None,
    spent: Callable[[], float] | None,
    prices: Prices | None,
) -> DayPlan | None:
    wished = replace(stop, promised=False, weight=WISHED)
    found = search(
        plan,
        [wished],
        draw=draw,
        rounds=rounds,
        seconds=seconds,
        spent=spent,
        prices=prices,
        stop_when_served=True,
    )
    if found.unserved:
        return None
    # as sure as any other window: in the day so arranged insertion offers it, slack at the shift's end too
    return _inserted(found.plan.without(stop.visit_id), stop, prices)


def _inserted(plan: DayPlan, stop: Stop, prices: Prices | None) -> DayPlan | None:
    candidate = best_insertion(stop, plan, slack=prices.slack if prices else 0)
    if candidate is None or candidate.position is None:
        return None
    return plan.with_stop(stop, candidate.engineer_id, candidate.position)


def _names_kept(plan: DayPlan) -> DayPlan:
    """The plan in which every visit whose customer knows its engineer stays with that engineer."""
    for route in list(plan.routes.values()):
        stops = tuple(
            replace(stop, pinned=True) if stop.named == route.engineer_id and not stop.pinned else stop
            for stop in route.stops
        )
        if stops != route.stops:
            plan = plan.with_route(replace(route, stops=stops))
    return plan


def _with_own_stops(found: DayPlan, plan: DayPlan) -> DayPlan:
    """The found plan with the stops as the present plan has them."""
    own = {stop.visit_id: stop for route in plan.routes.values() for stop in route.stops}
    for route in list(found.routes.values()):
        stops = tuple(own.get(stop.visit_id, stop) for stop in route.stops)
        if stops != route.stops:
            found = found.with_route(replace(route, stops=stops))
    return found
