"""Whether a claim's fittings were covered when it was filed."""

from dataclasses import dataclass
from datetime import date

from orders.models import Fitting
from warranty.coverage import Coverage, Promise, Span, coverage
from warranty.models import Claim, Warranty
from warranty.reasons import sentence


@dataclass(frozen=True)
class FittingCoverage:
    """The answer for one fitting: is it covered, with whole sentences why."""

    fitting: Fitting
    answer: Coverage

    @property
    def is_covered(self) -> bool:
        """Whether the day of the claim lies within the promise."""
        return self.answer.is_covered

    @property
    def sentences(self) -> list[str]:
        """The reasons, in the reader's language."""
        return [sentence(reason) for reason in self.answer.reasons]


def claimed_on(claim: Claim) -> date:
    """The day in the city's zone on which the claim was filed: it decides, not the day of the answer."""
    return claim.filed_at.astimezone(claim.order.city.zone).date()


def coverage_of_claim(claim: Claim, warranties: list[Warranty]) -> list[FittingCoverage]:
    """The answer for the claimed fitting; where the claim names none, for every part in the phone.

    `warranties`: all of the order, loaded with their fittings.
    """
    on = claimed_on(claim)
    by_replaced = {warranty.replaces_id: warranty for warranty in warranties if warranty.replaces_id}
    if claim.fitting is not None:
        own = next((w for w in warranties if w.fitting_id == claim.fitting_id), None)
        return [FittingCoverage(claim.fitting, coverage(_chain(own, by_replaced), on))]
    first = [warranty for warranty in warranties if warranty.replaces_id is None]
    answers = []
    for warranty in first:
        chain = _chained(warranty, by_replaced)
        answers.append(FittingCoverage(chain[-1].fitting, coverage(_chain(warranty, by_replaced), on)))
    return answers


def _chained(warranty: Warranty, by_replaced: dict[int, Warranty]) -> list[Warranty]:
    chain = [warranty]
    while (later := by_replaced.get(chain[-1].pk)) is not None:
        chain.append(later)
    return chain


def _chain(warranty: Warranty | None, by_replaced: dict[int, Warranty]) -> list[Promise]:
    if warranty is None:
        return []
    return [Promise(w.number, Span(w.starts_on, w.ends_on)) for w in _chained(warranty, by_replaced)]
