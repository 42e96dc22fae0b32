"""The dispatch engine on the fixed cities: its plans, the same beside other engines, re-planning, questions.

Seeds are fixed and budgets are CPU seconds of this process. Even so a busy machine lowers the figures: its
caches are shared, so a CPU second makes fewer moves, which the last rows say. The usual run takes about
6 minutes of CPU; CITIES=all runs every fixed city with both budgets.
"""

from collections.abc import Mapping
from statistics import mean, median

from bench import afternoon, asks, rivals
from bench.cities import Solved, best_known, read, solve
from bench.measuring import all_cities, cpu, say
from bench.rows import Row

SECONDS = 1.0
ASKED = "city-500-100-s1"
"""The city with 100 engineers that the questions are put to."""


def measure() -> list[Row]:
    """Every row of the engine: thirty cities, rivals, the afternoon, the questions, the search's speed."""
    begun = cpu()
    say("thirty cities with 1 CPU second each")
    reference = {name: solve(name, SECONDS) for name in rivals.reference_cities()}
    rows = reference_rows(reference)
    say("beside other engines and the best plans known")
    against, plans = rivals.measure(reference)
    rows += against
    usual = rivals.sizes()[0].cities
    rows += afternoon.measure(reference if all_cities() else {name: reference[name] for name in usual})
    rows += asks.measure(read(ASKED), plans[ASKED].plan)
    rows += speed_rows(reference, plans[ASKED])
    say(f"{cpu() - begun:.0f} s of CPU in all")
    return rows


def reference_rows(found: Mapping[str, Solved]) -> list[Row]:
    """The thirty cities together, against what the reference search reached with 1 s; its 4 s are the aim."""
    served = sum(each.served for each in found.values())
    weight = sum(each.weight_served for each in found.values())
    lost = sum(each.weight_lost for each in found.values())
    travel = sum(each.travel for each in found.values())
    what = "30 x 100/20, 1 CPU s each: "
    over = [each.score / best_known()[name] for name, each in found.items()]
    return [
        Row(f"{what}visits served (aim 2985)", served, "", 2983, at_least=True),
        Row(f"{what}travel a served visit (aim 7.28)", travel / 60 / served, "min", 7.40),
        Row(f"{what}weight served", 100 * weight / (weight + lost), "%"),
        Row(f"{what}score together", sum(each.score for each in found.values()), "s"),
        Row(f"{what}score over the best known (mean)", mean(over), "times", rivals.BARS[rivals.SHORT]),
        Row(f"{what}the most CPU that one took", max(each.cpu for each in found.values()), "s"),
    ]


def speed_rows(reference: Mapping[str, Solved], large: Solved) -> list[Row]:
    """Rounds of the search a CPU second, reading and building included."""
    return [
        Row(
            "moves a CPU second, 100/20 (median of 30)",
            median(each.rounds / each.cpu for each in reference.values()),
            "",
        ),
        Row("moves a CPU second, 500/100", large.rounds / large.cpu, ""),
    ]
