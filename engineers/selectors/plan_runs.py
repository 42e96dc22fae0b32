"""A plan run as its page shows it: the difference in rows, with names looked up once for all."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from engineers.dispatch import Reason, ReasonCode
from engineers.models import Engineer, PlanRun, Visit
from engineers.ports import visit_details
from engineers.selectors.candidates import wording_of
from engineers.states import PlanCause


@dataclass(frozen=True)
class ChangeRow:
    """A visit that another engineer gets, or the same at another time. An empty name is nobody."""

    visit: Visit
    reference: str
    from_name: str
    to_name: str
    from_start_at: datetime | None
    to_start_at: datetime | None
    is_told: bool


@dataclass(frozen=True)
class LostRow:
    """A visit that no route keeps, and why."""

    visit: Visit
    reference: str
    from_name: str
    why: str
    is_told: bool


@dataclass(frozen=True)
class LateRow:
    """A visit that comes late all the same."""

    visit: Visit
    reference: str
    minutes: int


@dataclass(frozen=True)
class Difference:
    """What a plan changes. `saved_minutes` is below 0 where visits are won by driving more."""

    moved: Sequence[ChangeRow]
    retimed: Sequence[ChangeRow]
    lost: Sequence[LostRow]
    late: Sequence[LateRow]
    kept: int
    told: int
    saved_minutes: int

    @property
    def more_minutes(self) -> int:
        """The driving that it costs, 0 where it saves some."""
        return max(0, -self.saved_minutes)


def difference_of(run: PlanRun) -> Difference | None:
    """What the run's plan changes; None before it is computed. A fixed number of queries."""
    facts = run.result
    if facts is None:
        return None
    named = _Names(facts)
    moves = {move["visit"]: move for move in facts["moves"]}
    whys = [Reason(ReasonCode(fact["code"]), fact["data"]) for fact in facts["unserved"]]
    wording = wording_of(whys)
    told = {
        fact["visit"] for kind in ("moves", "retimed", "late") for fact in facts[kind] if fact.get("told")
    }
    return Difference(
        moved=[named.change(fact, fact["from"], fact["to"]) for fact in facts["moves"] if fact["to"]],
        retimed=[named.change(fact, fact["engineer"], fact["engineer"]) for fact in facts["retimed"]],
        lost=[
            LostRow(
                visit=named.visits[fact["visit"]],
                reference=named.reference(fact["visit"]),
                from_name=named.engineer(moves.get(fact["visit"], {}).get("from")),
                why=wording.sentence(why),
                is_told=bool(moves.get(fact["visit"], {}).get("told")),
            )
            for fact, why in zip(facts["unserved"], whys, strict=True)
        ],
        late=[
            LateRow(named.visits[fact["visit"]], named.reference(fact["visit"]), fact["minutes"])
            for fact in facts["late"]
        ],
        kept=facts["kept"],
        told=len(told),
        saved_minutes=round((facts["travel_before_s"] - facts["travel_after_s"]) / 60),
    )


def question_of(run: PlanRun) -> str:
    """What was asked, in a sentence."""
    visit = _reference(run.visit) if run.visit else ""
    if run.cause == PlanCause.ENGINEER_ILL and run.engineer is not None:
        return _("%(engineer)s cannot come any more on this day.") % {"engineer": run.engineer.user.name}
    if run.cause == PlanCause.RUNNING_LATE:
        minutes = run.delay_minutes or 0
        return ngettext(
            "The engineer of visit %(visit)s is %(minutes)d minute late.",
            "The engineer of visit %(visit)s is %(minutes)d minutes late.",
            minutes,
        ) % {"visit": visit, "minutes": minutes}
    if run.cause == PlanCause.NO_ACCESS:
        return _("Visit %(visit)s ended early: who can use the time?") % {"visit": visit}
    if run.cause == PlanCause.URGENT:
        return _("Visit %(visit)s needs a place, even if others move.") % {"visit": visit}
    return _("The whole day, planned afresh.")


def _reference(visit: Visit) -> str:
    details = visit_details([visit]).get(visit.pk)
    return details.reference if details else visit.reference


class _Names:
    """The visits and engineers that a result speaks of."""

    def __init__(self, facts: dict[str, Any]) -> None:
        lists = [facts[name] for name in ("moves", "retimed", "unserved", "late")]
        visits = {fact["visit"] for facts in lists for fact in facts}
        self.visits = Visit.objects.select_related("city").in_bulk(visits)
        self._details = visit_details(list(self.visits.values()))
        people = _ids(
            fact.get(key) for facts in lists for fact in facts for key in ("from", "to", "engineer")
        )
        rows = Engineer.objects.filter(pk__in=people).values_list("pk", "user__name")
        self._people: dict[int, str] = dict(rows)

    def reference(self, visit: int) -> str:
        """As the board shows it."""
        details = self._details.get(visit)
        return details.reference if details else self.visits[visit].reference

    def engineer(self, engineer: int | None) -> str:
        """The name, empty for nobody."""
        return self._people.get(engineer or 0, "")

    def change(self, fact: dict[str, Any], before: int | None, after: int | None) -> ChangeRow:
        """A row of the difference."""
        return ChangeRow(
            visit=self.visits[fact["visit"]],
            reference=self.reference(fact["visit"]),
            from_name=self.engineer(before),
            to_name=self.engineer(after),
            from_start_at=_moment(fact["from_start"]),
            to_start_at=_moment(fact["to_start"]),
            is_told=bool(fact.get("told")),
        )


def _ids(found: Iterable[int | None]) -> set[int]:
    return {one for one in found if one is not None}


def _moment(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)
