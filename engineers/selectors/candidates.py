"""Who could take a visit, for the board: everybody of the city, with the engine's reasons in sentences."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from django.utils.translation import gettext as _

from engineers.dispatch import Candidate, DayPlan, Reason, Stop, candidates, least_late
from engineers.known_days import KNOWN_DAYS
from engineers.models import Engineer, Skill, Visit
from engineers.planning import CityClock, stop_for
from engineers.ports import visit_references
from engineers.reasons import Wording
from engineers.roads import learn_roads
from parts.models import Brand


@dataclass(frozen=True)
class CandidateRow:
    """An engineer for a visit: when and for how much more driving, or why not."""

    engineer: Engineer
    is_fit: bool
    is_present: bool
    why: str
    start_at: datetime | None
    extra_minutes: int | None


@dataclass(frozen=True)
class Candidates:
    """Everybody of the city: who has the visit now, the others who could take it, and those who cannot."""

    present: CandidateRow | None
    fit: Sequence[CandidateRow]
    unfit: Sequence[CandidateRow]

    @property
    def everybody(self) -> list[CandidateRow]:
        """All of them in one list, to choose from by name: who has it now first."""
        return [*([self.present] if self.present else []), *self.fit, *self.unfit]


def candidates_for(visit: Visit, at: datetime) -> Candidates:
    """The candidates for a visit that may still change engineer. Fourteen queries at most, for any number."""
    here = (visit.latitude, visit.longitude)
    learn_roads(visit.city, visit.on, visit.on, places=[here])
    plan = KNOWN_DAYS.plans(visit.city, visit.on, visit.on, at, places=[here])[visit.on]
    clock = CityClock.of(visit.city, visit.on)
    stop = stop_for(visit, clock, at)
    holder = plan.engineer_of(visit.pk)
    if holder is not None:
        # as the plan has it: a visit that is late already may stay as late as it is
        stop = next(s for s in plan.routes[holder].stops if s.visit_id == visit.pk)
    stop = still_owed(stop, visit, plan, at)
    found = candidates(stop, plan)
    wording = wording_of([reason for candidate in found for reason in candidate.reasons])
    people = Engineer.objects.select_related("user").in_bulk([int(str(c.engineer_id)) for c in found])

    def row(candidate: Candidate) -> CandidateRow:
        return CandidateRow(
            engineer=people[int(str(candidate.engineer_id))],
            is_fit=candidate.feasible,
            is_present=candidate.engineer_id == visit.engineer_id,
            why=" ".join(wording.sentence(reason) for reason in candidate.reasons),
            start_at=None if candidate.start is None else clock.moment(candidate.start),
            extra_minutes=candidate.extra_minutes,
        )

    rows = [row(candidate) for candidate in found]
    return Candidates(
        present=next((r for r in rows if r.is_present), None),
        fit=[r for r in rows if r.is_fit and not r.is_present],
        unfit=[r for r in rows if not r.is_fit and not r.is_present],
    )


def still_owed(stop: Stop, visit: Visit, plan: DayPlan, at: datetime) -> Stop:
    """The stop as the desk may plan it: late by as little as possible where the world broke the promise.

    That is where the window has passed or the visit is at risk. No decision of ours breaks a window that is
    neither (design, section 5).
    """
    is_broken = visit.at_risk_at is not None or visit.window_end_at < at
    return least_late(stop, plan) if is_broken else stop


def wording_of(reasons: Sequence[Reason]) -> Wording:
    """The names that these reasons speak of, each visit under the reference that the board shows."""
    wording = Wording.of(reasons)
    known = visit_references([key for key in wording.visits if isinstance(key, int)])
    return replace(wording, visits={**wording.visits, **known})


def named_needs(skills: Mapping[str, int], brands: Sequence[str]) -> list[str]:
    """What a visit asks of its engineer, by name: certificates with their levels, then authorisations."""
    named = [
        _("%(skill)s, level %(level)d or higher") % {"skill": skill.name, "level": skills[skill.key]}
        for skill in Skill.objects.filter(key__in=skills)
    ]
    named += [
        _("authorisation by %(brand)s") % {"brand": brand.name}
        for brand in Brand.objects.filter(key__in=brands)
    ]
    return named
