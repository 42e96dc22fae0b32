"""Doorbells of the drafts' tidying and of proposals."""

from celery import shared_task
from django.utils import timezone

from orders.services.drafts import forget_old_drafts
from orders.services.proposing import propose_for_visits, sweep_proposals
from repairhub.core.ticks import claim_tick


@shared_task
def forget_drafts() -> int:
    """Each hour: deletes booking drafts that nobody goes on with.

    Twice: the second finds nothing. Late or never: names and addresses lie longer than they need to.
    """
    at = timezone.now()
    return forget_old_drafts(at=at) if claim_tick("forget_drafts", at) else 0


@shared_task
def sweep_open_proposals() -> int:
    """Each minute: proposes windows where nobody can come, closes what lapsed; returns how many changed.

    Twice: the minute is claimed by one, and each proposal is opened and closed once. Late: the customer hears
    later. Never: the old promises bind, and their breaches are recorded and credited all the same.
    """
    at = timezone.now()
    if not claim_tick("sweep_proposals", at):
        return 0
    swept = sweep_proposals(at=at)
    return swept.opened + swept.expired + swept.withdrawn


@shared_task
def propose_windows(visit_ids: list[int]) -> int:
    """At once after visits lost their engineer: proposes other windows where nobody can come.

    Twice: the second finds the proposals open. Late or never: the sweep does the same each minute.
    """
    return len(propose_for_visits(visit_ids=visit_ids, at=timezone.now()))
