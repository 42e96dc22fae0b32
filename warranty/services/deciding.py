"""The answer to a claim: approved with a remedy, or refused with its reason."""

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from orders.services.telling import tell_contacts
from orders.services.timeline import append_event
from repairhub.accounts.models import User
from repairhub.core.errors import InvalidInput
from repairhub.sla.services.clocks import stop_clock
from repairhub.sla.states import TargetKey
from warranty.models import Claim, Decision, Remedy
from warranty.services.claims import answered_already, locked_claim
from warranty.states import ClaimStatus, Outcome, RemedyKind

SHORTEST_REASON = 10
LONGEST_REASON = 2000


@transaction.atomic
def decide_claim(*, claim: Claim, outcome: str, reason: str, by: User, at: datetime) -> Claim:
    """The claim with its decision; an approved one with a rework offered. The clock stops.

    A refusal needs a reason that the customer can read; with an approval it is optional. The same answer by
    the same person again changes nothing. Raises InvalidInput (fields "outcome", "reason"), NotAllowed where
    `by` does not decide claims of this city, Conflict where somebody else was first.
    """
    if outcome not in Outcome.values:
        raise InvalidInput(_("Approve the claim or refuse it."), field="outcome", code="required")
    claim = locked_claim(claim, by)
    if claim.status != ClaimStatus.FILED:
        if claim.decision.by_id == by.pk and claim.decision.outcome == outcome:
            return claim
        raise answered_already(claim)
    reason = _checked_reason(outcome, reason)
    if outcome == Outcome.APPROVED:
        claim.approve()
        Remedy.objects.create(claim=claim, kind=RemedyKind.REWORK, offered_at=at)
    else:
        claim.refuse()
    claim.answered_at = at
    claim.save(update_fields=["status", "answered_at"])
    claim.decision = Decision.objects.create(claim=claim, outcome=outcome, reason=reason, by=by, at=at)
    stop_clock(subject=claim, target_key=TargetKey.ANSWER_CLAIM, at=at)
    told = {"claim": claim.reference, "reason": reason, "officer": by.name}
    kind = f"claim_{outcome}"
    append_event(claim.order, kind, by=by, at=at, payload=told)
    tell_contacts(claim.order, kind, key=f"claim:{claim.reference}:{outcome}", at=at, context=told)
    return claim


def _checked_reason(outcome: str, reason: str) -> str:
    reason = reason.replace("\x00", "").replace("\r\n", "\n").strip()
    if outcome == Outcome.REFUSED and len(reason) < SHORTEST_REASON:
        raise InvalidInput(
            ngettext(
                "Give the reason of the refusal in %(least)d character or more.",
                "Give the reason of the refusal in %(least)d characters or more.",
                SHORTEST_REASON,
            )
            % {"least": SHORTEST_REASON},
            field="reason",
            code="required",
            next_step=_("The customer reads it word by word: name the cause and what shows it."),
        )
    if len(reason) > LONGEST_REASON:
        raise InvalidInput(
            _("The reason is longer than %(most)d characters.") % {"most": LONGEST_REASON},
            field="reason",
            code="too_long",
            next_step=_("Please say it more briefly."),
        )
    return reason
