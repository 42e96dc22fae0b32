"""How many of an engineer's repairs had to be done again, by skill, in the policy's window of days."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from engineers.models import Engineer, Skill
from engineers.ports import rework_counts
from engineers.selectors.policies import PolicyBook


@dataclass(frozen=True)
class ReworkCount:
    """How many repairs an engineer finished with a skill in the last days, and how many were done again."""

    finished: int
    reworked: int
    window_days: int


def rework_rates(
    engineers: Iterable[Engineer], skills: Iterable[Skill], *, book: PolicyBook, at: datetime
) -> Mapping[tuple[int, str], ReworkCount]:
    """The counts by (engineer's id, skill's key); nothing for who has finished no such repair.

    One call of the port for each length of window that the policy knows.
    """
    ids = [engineer.pk for engineer in engineers]
    by_window: dict[int, set[str]] = {}
    for skill in skills:
        by_window.setdefault(book.of(skill.pk).window_days, set()).add(skill.key)
    found: dict[tuple[int, str], ReworkCount] = {}
    for days, keys in sorted(by_window.items()):
        counts = rework_counts(ids, at - timedelta(days=days), at)
        found.update(
            (pair, ReworkCount(finished, reworked, days))
            for pair, (finished, reworked) in counts.items()
            if pair[1] in keys
        )
    return found
