"""The dispatch engine on the fixed cities: its plans, the same beside other engines, re-planning, questions.

Seeds are fixed and budgets are CPU seconds of this process. Even so a busy machine lowers the figures: its
caches are shared, so a CPU second makes fewer moves, which the last rows say. The usual run takes about
6 minutes of CPU; CITIES=all runs every fixed city with both budgets.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from statistics import mean, median

from bench import afternoon, asks, ill, rivals
from bench.cities import Solved, best_known, read, solve
from bench.measuring import all_cities, cpu, say
from bench.rows import Row
from engineers.dispatch import kept

SECONDS = 1.0
ASKED = "city-500-100-s1"
"""The city with 100 engineers that the questions are put to."""


def measure() -> list[Row]:
    """Every row of the engine: thirty cities, rivals, the afternoon, the questions, the search's speed."""
    begun = cpu()
    kept.load()
    loaded = cpu() - begun
    say("thirty cities with 1 CPU second each")
    reference = {name: solve(name, SECONDS) for name in rivals.reference_cities()}
    rows = reference_rows(reference)
    say("beside other engines and the best plans known")
    against, plans = rivals.measure(reference)
    rows += against
    usual = rivals.sizes()[0].cities
    rows += afternoon.measure(reference if all_cities() else {name: reference[name] for name in usual})
    rows += ill.measure({name: reference[name] for name in usual})
    rows += asks.measure(read(ASKED), plans[ASKED].plan)
    rows.append(Row("loading the compiled rounds, once a process", loaded, "s"))
    rows += speed_rows(reference, plans[ASKED])
    say("the plain rounds beside the compiled ones")
    rows += plain_rows([*usual, "city-250-50-s1", ASKED])
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


def plain_rows(names: Sequence[str]) -> list[Row]:
    """The same search without the compiler, with 10 ms of CPU a visit: what compiling brings."""
    rows, found = [], defaultdict(list)
    for name in names:
        size = "/".join(name.split("-")[1:3])
        found[size].append((name, solve(name, rivals.SHORT * len(read(name).stops), compiled=False)))
    for size, solved in found.items():
        over = [each.score / best_known()[name] for name, each in solved]
        many = f"{len(over)} cities" if len(over) > 1 else "1 city"
        rows.append(
            Row(
                f"{size}, 10 ms a visit, not compiled: score over the best known ({many})",
                mean(over),
                "times",
            )
        )
        moves = [each.rounds / each.cpu for _name, each in solved]
        rows.append(Row(f"moves a CPU second, {size}, not compiled", median(moves), ""))
    return rows


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
