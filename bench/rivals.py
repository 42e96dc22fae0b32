"""Our score beside that of VROOM, of PyVRP and of the best plans known, at three sizes and two budgets.

A rival's own short run is one of about 10 ms CPU a visit, its long run one of up to about 100 ms; whatever it
found in either counts in the best of any, so ours with 10 ms is measured against theirs with 100 ms as well.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from statistics import mean

from bench import solvers
from bench.cities import BrokenPlanError, Solved, best_known, names, read, solve
from bench.measuring import all_cities, quiet, say
from bench.rows import Row

SHORT, LONG = 0.010, 0.100
"""CPU seconds a visit."""
BARS = {SHORT: 1.03, LONG: 1.01}


@dataclass(frozen=True)
class Size:
    """Cities of one size: those of the short runs, how many of them are run long too, and VROOM's levels."""

    label: str
    cities: Sequence[str]
    long: Sequence[str]
    vroom_short: int | None
    vroom_long: int


@dataclass
class Tried:
    """What was reached on one city: ours by CPU seconds a visit, the rivals' by their names."""

    name: str
    ours: dict[float, Solved] = field(default_factory=dict)
    rivals: dict[str, Solved] = field(default_factory=dict)

    @property
    def best(self) -> float:
        """The best score of any but ours."""
        return min([best_known()[self.name], *(found.score for found in self.rivals.values())])


def sizes() -> list[Size]:
    """The usual choice, which takes about 5 minutes of CPU; all cities long with CITIES=all, about 25."""
    small, middle, large = reference_cities(), names("250-50"), names("500-100")
    if all_cities():
        return [
            Size("100/20", small, small, 3, 5),
            Size("250/50", middle, middle, None, 3),
            Size("500/100", large, large, None, 3),
        ]
    # VROOM takes 7 ms a visit at 100/20 on level 3 and 24 on level 5; on level 3 30 at 250/50, 47 at 500/100
    return [
        Size("100/20", small[:21:4], small[:21:8], 3, 5),
        Size("250/50", middle, middle[:1], None, 3),
        Size("500/100", large, large[:1], None, 3),
    ]


def reference_cities() -> list[str]:
    """The thirty cities of 100 visits and 20 engineers, seeds 100 to 129."""
    return names("100-20-s1")[-30:]


def measure(known: Mapping[str, Solved]) -> tuple[list[Row], dict[str, Solved]]:
    """The rows, and our plans with the short budget by city. `known`: those that are there already."""
    there = solvers.install()
    rows: list[Row] = []
    plans: dict[str, Solved] = dict(known)
    for size in sizes():
        tried = []
        for name in size.cities:
            found = try_city(name, size, there, known)
            plans[name] = found.ours[SHORT]
            tried.append(found)
            say(progress(found))
        rows += rows_of(size, tried, there)
    return rows, plans


def try_city(name: str, size: Size, there: Sequence[str], known: Mapping[str, Solved]) -> Tried:
    """Ours and the rivals' plans of the city, with both budgets where the size says so."""
    tried, city = Tried(name), read(name)
    visits, is_long = len(city.stops), name in size.long
    budgets = [SHORT, LONG] if is_long else [SHORT]
    for budget in budgets:
        known_already = known.get(name) if budget == SHORT else None
        tried.ours[budget] = known_already or solve(name, budget * visits)
    levels = [size.vroom_short, size.vroom_long if is_long else None]
    runs: dict[str, Callable[[], Solved]] = {}
    if "vroom" in there:
        runs |= {f"VROOM level {level}": partial(solvers.vroom, city, level) for level in levels if level}
    if "pyvrp" in there:
        runs |= {f"PyVRP {label(b)}": partial(solvers.pyvrp, city, b * visits) for b in budgets}
    for rival, run in runs.items():
        try:
            with quiet():
                tried.rivals[rival] = run()
        except BrokenPlanError as error:
            say(f"{rival} breaks the rules and is left out: {error}")
    return tried


def rows_of(size: Size, tried: Sequence[Tried], there: Sequence[str]) -> list[Row]:
    """For each budget the mean of our scores over the best and the worst of them, then the rivals' means."""
    alone = "" if len(there) == 2 else f", without {' and '.join({'vroom', 'pyvrp'} - set(there))}"
    rows = []
    for budget, bar in BARS.items():
        ratios = [each.ours[budget].score / each.best for each in tried if budget in each.ours]
        what = f"{size.label}, {label(budget)} a visit: "
        count = f"{len(ratios)} cities" if len(ratios) > 1 else "1 city"
        rows.append(Row(f"{what}score over the best of any ({count}{alone})", mean(ratios), "times", bar))
        if len(ratios) > 1:
            rows.append(Row(f"{what}the worst city", max(ratios), "times"))
    theirs: defaultdict[str, list[float]] = defaultdict(list)
    for each in tried:
        for rival, found in each.rivals.items():
            theirs[rival].append(found.score / each.best)
    rows += [
        Row(f"{size.label}: {rival}, score over the best", mean(each), "times")
        for rival, each in theirs.items()
    ]
    return rows


def label(budget: float) -> str:
    """A budget as rows name it: "10 ms"."""
    return f"{budget * 1000:.0f} ms"


def progress(tried: Tried) -> str:
    """A city's line: every score over the best of any, the weight lost, and the CPU seconds it took."""
    found: Iterable[tuple[str, Solved]] = [
        *((f"ours {label(budget)}", solved) for budget, solved in tried.ours.items()),
        *tried.rivals.items(),
    ]
    figures = [
        f"{who} {solved.score / tried.best:.4f} (lost {solved.weight_lost}, {solved.cpu:.1f} s)"
        for who, solved in found
    ]
    return f"{tried.name}: {', '.join([*figures, f'best known {best_known()[tried.name] / tried.best:.4f}'])}"
