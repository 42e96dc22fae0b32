"""A day planned afresh around what has happened: who is late first, and what moves where.

No decision of ours breaks a window (design, section 5). What is late already is tried in time first, by
anybody; where nobody can, it stays as late as it is at most; and what no route can keep leaves its route.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from engineers.dispatch.insertion import best_insertion, insert
from engineers.dispatch.lanes import Prices
from engineers.dispatch.plan import DayPlan
from engineers.dispatch.problem import EngineerId, Stop, VisitId
from engineers.dispatch.search import Draw, search


@dataclass(frozen=True, slots=True)
class Replan:
    """The new plan, the visits that no route of it keeps, and the rounds that the search made."""

    before: DayPlan
    after: DayPlan
    unserved: tuple[Stop, ...]
    rounds: int

    @property
    def saved_seconds(self) -> int:
        """The driving saved; below 0 where visits were won by driving more."""
        return self.before.travel_seconds - self.after.travel_seconds


@dataclass(frozen=True, slots=True)
class Move:
    """A visit whose engineer changes; None is nobody. Starts in seconds from midnight."""

    visit_id: VisitId
    from_engineer: EngineerId | None
    to_engineer: EngineerId | None
    from_start: int | None
    to_start: int | None


def replan(
    plan: DayPlan,
    waiting: Iterable[Stop] = (),
    *,
    draw: Draw,
    rounds: int | None = None,
    seconds: float | None = None,
    spent: Callable[[], float] | None = None,
    prices: Prices | None = None,
    compiled: bool = False,
) -> Replan:
    """Return the best plan found with the waiting visits in it; the present one where none is better.

    Better is: fewer visits that no route keeps, then fewer late, then less travel and fewer changes of a
    named engineer. The budget and ``compiled`` are those of ``search``.
    """
    waiting = list(waiting)
    late = {stop.visit_id: stop for stop in _late(plan)}
    strict = plan
    for visit_id in late:
        strict = strict.without(visit_id)
    found = search(
        strict,
        [*waiting, *(replace(stop, late_until=None) for stop in late.values())],
        draw=draw,
        rounds=rounds,
        seconds=seconds,
        spent=spent,
        prices=prices,
        compiled=compiled,
    )
    after, unserved = found.plan, []
    for stop in found.unserved:
        # with no slack: a promise with little time to spare is better than a broken one
        owed = late.get(stop.visit_id, stop)
        candidate = best_insertion(owed, after)
        if candidate is None:
            unserved.append(owed)
        else:
            after = insert(owed, after, candidate)
    if _rank(after, unserved, prices) >= _rank(plan, waiting, prices):
        return Replan(plan, plan, tuple(waiting), found.rounds)
    return Replan(plan, after, tuple(unserved), found.rounds)


def moves(before: DayPlan, after: DayPlan) -> list[Move]:
    """Return every visit that has another engineer than before, won or lost ones among them."""
    was, will = _places(before), _places(after)
    nowhere = (None, None)
    return [
        Move(visit_id, old[0], new[0], old[1], new[1])
        for visit_id in [*was, *(key for key in will if key not in was)]
        if (old := was.get(visit_id, nowhere))[0] != (new := will.get(visit_id, nowhere))[0]
    ]


def _late(plan: DayPlan) -> Iterable[Stop]:
    for route in plan.routes.values():
        for stop in route.stops[route.first_free :]:
            if stop.deadline > stop.window_end and not stop.pinned:
                yield stop


def _rank(plan: DayPlan, unserved: Iterable[Stop], prices: Prices | None) -> tuple[int, int, int]:
    prices = prices or Prices()
    late = sum(
        1
        for day in plan
        for stop, planned in zip(
            plan.routes[day.engineer_id].stops, plan.planned(day.engineer_id), strict=True
        )
        if stop.fixed_start is None and planned.start > stop.window_end
    )
    changes = sum(
        1
        for route in plan.routes.values()
        for stop in route.stops
        if stop.named is not None and stop.named != route.engineer_id
    )
    return (len(list(unserved)), late, plan.travel_seconds + prices.change * changes)


def _places(plan: DayPlan) -> dict[VisitId, tuple[EngineerId, int]]:
    return {
        planned.visit_id: (day.engineer_id, planned.start)
        for day in plan
        for planned in plan.planned(day.engineer_id)
    }
