"""An engineer falls ill at eight in a full city: how many promised windows are lost, and how few can be.

Every visit of the morning's plan is promised and its customer knows the engineer's name. The engineer with
the most visits cannot come. The windows lost by our re-planning with 10 ms of CPU a visit stand beside those
of insertion alone and beside the fewest that ten times the search finds.
"""

import random
from collections.abc import Mapping, Sequence
from dataclasses import replace

from bench.afternoon import under_way
from bench.cities import Solved
from bench.measuring import cpu, quiet, say
from bench.rows import Row
from engineers.dispatch import DayPlan, EngineerId, Prices, Stop, best_insertion, check_change, insert
from engineers.dispatch.replan import moves, replan
from engineers.dispatch.what_if import without_engineer

AT = 8 * 3600
CPU_A_VISIT = 0.010
LONGER = 10
PRICES = Prices(change=20 * 60)
"""Another engineer for a customer who knows the name is worth 20 minutes of driving, as in the product."""


def measure(plans: Mapping[str, Solved]) -> list[Row]:
    """The rows over those cities, each with its plan of the morning."""
    lost, alone, fewest, in_need, changed = 0, 0, 0, 0, 0
    for name, solved in plans.items():
        morning = under_way(solved.plan, AT)
        ill = max(morning.routes, key=lambda key: len(morning.routes[key].stops))
        plan, freed = without_engineer(morning, ill)
        short, moved = searched(morning, plan, freed, ill, CPU_A_VISIT)
        long, _moved = searched(morning, plan, freed, ill, LONGER * CPU_A_VISIT)
        inserted = insertion_alone(plan, freed)
        say(f"{name}: {len(freed)} in need; lost: search {short}, ten times {long}, insertion {inserted}")
        lost, fewest, alone = lost + short, fewest + min(short, long), alone + inserted
        in_need, changed = in_need + len(freed), changed + moved
    what = f"an engineer ill at eight ({len(plans)} cities, {in_need} visits in need): "
    return [
        Row(f"{what}windows lost (bar: the fewest that ten times the search finds)", lost, "", fewest),
        Row(f"{what}windows lost by insertion alone", alone, ""),
        Row(f"{what}others that change engineer", changed, ""),
    ]


def searched(
    morning: DayPlan, plan: DayPlan, freed: Sequence[Stop], ill: EngineerId, seconds_a_visit: float
) -> tuple[int, int]:
    """How many of the visits in need nobody can keep, and how many others change engineer."""
    count = sum(len(route.stops) for route in plan.routes.values()) + len(freed)
    with quiet():
        begun = cpu()
        found = replan(
            plan,
            freed,
            draw=random.Random(1),  # noqa: S311 - a plan is no secret
            seconds=seconds_a_visit * count,
            spent=lambda: cpu() - begun,
            prices=PRICES,
            compiled=True,
        )
    left_out = {stop.visit_id for stop in found.unserved}
    faults = check_change(plan, found.after, new=freed, unserved=left_out)
    if faults:
        raise RuntimeError(str(faults[0]))
    others = [move for move in moves(morning, found.after) if move.from_engineer not in (ill, None)]
    return len(left_out), len(others)


def insertion_alone(plan: DayPlan, freed: Sequence[Stop]) -> int:
    """How many windows are lost where each visit in need is put where it costs least, nobody moved."""
    lost = 0
    for stop in freed:
        candidate = best_insertion(replace(stop, named=None), plan)
        if candidate is None:
            lost += 1
        else:
            plan = insert(stop, plan, candidate)
    return lost
