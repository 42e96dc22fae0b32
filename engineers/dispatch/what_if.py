"""A day as it would be: an engineer who cannot come, one who is held up, a visit that must have a place.

Each returns a plan to search from and writes nothing down; what really happens is for the caller to record.
"""

from collections.abc import Callable, Iterable
from dataclasses import replace

from engineers.dispatch.lanes import Prices
from engineers.dispatch.opening import open_by_moving
from engineers.dispatch.plan import DayPlan
from engineers.dispatch.problem import EngineerDay, EngineerId, Stop, VisitId
from engineers.dispatch.replan import Replan, replan
from engineers.dispatch.search import Draw


def without_engineer(plan: DayPlan, engineer_id: EngineerId) -> tuple[DayPlan, tuple[Stop, ...]]:
    """Return the plan in which the engineer takes nothing more on, and the stops that need somebody else.

    What is under way stays: the engineer is there or almost. The others come without their pins, which held
    them to somebody who cannot come, and without the lateness that was accepted of this engineer. Raise
    KeyError for an engineer who is not of this plan.
    """
    day, route = plan.day(engineer_id), plan.routes[engineer_id]
    gone = EngineerDay.off(
        engineer_id, day.base, because="absent", skills=day.skills, brands=day.brands, lapsed=day.lapsed
    )
    freed = tuple(replace(stop, pinned=False, late_until=None) for stop in route.stops[route.first_free :])
    kept = replace(route, stops=route.stops[: route.first_free])
    days = [gone if other.engineer_id == engineer_id else other for other in plan]
    routes = [kept if key == engineer_id else other for key, other in plan.routes.items()]
    return DayPlan(days, routes, plan.travel).accepting_present_lateness(), freed


def held_up(plan: DayPlan, visit_id: VisitId, until: int, *, at_the_door: bool = False) -> DayPlan:
    """Return the plan in which the visit ends at ``until`` (seconds from midnight) or later.

    At the door the work takes longer; on the way the engineer arrives later; before that the engineer comes
    free later. What comes after it is late by no decision of ours, and accepted as late as it is. The same
    plan where the visit ends no earlier anyhow, or is in no route; asked again it changes nothing more.
    """
    engineer_id = plan.engineer_of(visit_id)
    if engineer_id is None:
        return plan
    route, table = plan.routes[engineer_id], plan.timetable(engineer_id)
    place = next(n for n, stop in enumerate(route.stops) if stop.visit_id == visit_id)
    stop = route.stops[place]
    end = table.starts[place + 1] + stop.service
    if end >= until:
        return plan
    if stop.fixed_start is None:
        # as if the engineer came free later: the drive and the work take as long as ever
        leaving = until - stop.service - table.legs[place]
        route = replace(route, not_before=max(route.not_before, leaving))
    else:
        if at_the_door:
            longer = replace(stop, service=until - stop.fixed_start)
        else:
            longer = replace(stop, fixed_start=until - stop.service)
        route = replace(route, stops=(*route.stops[:place], longer, *route.stops[place + 1 :]))
    return plan.with_route(route).accepting_present_lateness()


SLACK_KEPT = 0.6
"""The part of the budget in which slack is kept; the rest is there for what could not be kept with it."""


def around_it(
    plan: DayPlan,
    waiting: Iterable[Stop],
    *,
    draw: Draw,
    seconds: float,
    spent: Callable[[], float],
    prices: Prices | None = None,
    compiled: bool = False,
) -> Replan:
    """Return the plan replanned around what has happened, with the fewest windows lost.

    What nobody can take with the slack of the prices is tried once more without any: a promise with little
    time to spare is better than a broken one (issue "Dispatch", Objective). CPU seconds and ``compiled``
    as in ``search``.
    """
    prices = prices or Prices()
    found = replan(
        plan,
        waiting,
        draw=draw,
        seconds=seconds * SLACK_KEPT,
        spent=spent,
        prices=prices,
        compiled=compiled,
    )
    if not found.unserved or prices.slack == 0:
        return found
    tight = replan(
        found.after,
        found.unserved,
        draw=draw,
        seconds=seconds * (1 - SLACK_KEPT),
        spent=spent,
        prices=replace(prices, slack=0),
        compiled=compiled,
    )
    return Replan(plan, tight.after, tight.unserved, found.rounds + tight.rounds)


def with_a_place(
    plan: DayPlan,
    stop: Stop,
    *,
    draw: Draw,
    rounds: int | None = None,
    seconds: float | None = None,
    spent: Callable[[], float] | None = None,
    prices: Prices | None = None,
) -> Replan:
    """Return the plan with this one visit in time, others moved where need be: nobody dropped, nobody late.

    The search ends as soon as the visit has its place, so that few others move. A visit that is in a route,
    but late, is looked for afresh; where nobody is found it stays as it is. A promise with little time to
    spare is better than a broken one, so where no place with the slack of the prices is found, one without it
    is sought. The budget is that of ``search``, half of the seconds for either.
    """
    strict = replace(stop, late_until=None)
    for tried in (prices or Prices(), replace(prices or Prices(), slack=0)):
        found = open_by_moving(
            plan.without(stop.visit_id),
            strict,
            draw=draw,
            rounds=rounds,
            seconds=None if seconds is None else seconds / 2,
            spent=spent,
            prices=tried,
        )
        if found is not None:
            return Replan(plan, found, (), 0)
    return Replan(plan, plan, (stop,) if plan.engineer_of(stop.visit_id) is None else (), 0)
