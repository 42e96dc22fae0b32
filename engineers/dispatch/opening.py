"""Windows that insertion calls shut, opened by moving others: nobody is dropped, nobody is late."""

from collections.abc import Callable, Iterable
from dataclasses import replace

from engineers.dispatch.insertion import best_insertion
from engineers.dispatch.lanes import Prices
from engineers.dispatch.plan import DayPlan
from engineers.dispatch.problem import Stop
from engineers.dispatch.search import Draw, search
from engineers.dispatch.windows import Window

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

    Insertion alone is tried first, with the slack of the prices. Pins and started visits stay. The budget is
    that of ``search``.
    """
    slack = prices.slack if prices else 0
    candidate = best_insertion(stop, plan, slack=slack)
    if candidate is not None and candidate.position is not None:
        return plan.with_stop(stop, candidate.engineer_id, candidate.position)
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
    holder = found.plan.engineer_of(stop.visit_id)
    route = found.plan.routes[holder]  # type: ignore[index]  # served, so somebody has it
    stops = tuple(stop if other is wished else other for other in route.stops)
    return found.plan.with_route(replace(route, stops=stops))


def openable_windows(
    plan: DayPlan,
    windows: Iterable[Window],
    stop: Stop,
    *,
    draw: Draw,
    rounds: int = ROUNDS,
    prices: Prices | None = None,
) -> list[Window]:
    """Return the windows of the plan's day in which the visit can be had, others moved where need be."""
    return [
        window
        for window in windows
        if open_by_moving(
            plan,
            replace(stop, window_start=window.start, window_end=window.end),
            draw=draw,
            rounds=rounds,
            prices=prices,
        )
        is not None
    ]
