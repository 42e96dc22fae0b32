"""Proposals that the system makes, keeps fitting and takes back by itself.

What is to be done is read from rows (a visit at risk in no route, a proposal whose time is over), never from
the news alone: whatever a lost doorbell missed, the sweep finds within a minute. Each visit and each proposal
is a transaction of its own, so that one that cannot be done holds up no other.
"""

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet

from engineers.models import Visit
from engineers.selectors.keeping import beyond_keeping
from engineers.selectors.windows import OfferedWindow, nearest_open, needs_of_visit, offered_windows
from engineers.services.routes import lock_city_day
from engineers.states import MOVABLE, UNDER_WAY
from orders.models import OrderVisit, Proposal
from orders.services.proposals import (
    WindowTaken,
    expire_proposal,
    locked_proposal,
    open_proposal,
    withdraw_open_proposal,
)
from orders.states import ProposalKind, ProposalReason, ProposalStatus, Side, WithdrawnBecause
from repairhub.core.errors import DomainError

logger = logging.getLogger(__name__)

MOST_TIMES = 3
"""So often the system proposes anew for a visit whose customer does not answer; then the desk has to call."""

LONGEST_AGO = timedelta(days=7)
"""A window that passed longer ago is for the desk to settle: a proposal would come out of the blue."""


@dataclass(frozen=True)
class SweptProposals:
    """How many proposals a sweep opened, let expire and took back."""

    opened: int
    expired: int
    withdrawn: int


def sweep_proposals(*, at: datetime, batch: int = 100) -> SweptProposals:
    """Lets lapsed proposals expire, takes back what has no sense any more, proposes where nobody can come.

    At most `batch` of each. Running it again, or twice at once, does nothing twice.
    """
    expired = sum(_expire(proposal, at) for proposal in Proposal.objects.lapsed(at)[:batch])
    withdrawn = sum(_take_back(proposal, at) for proposal in _senseless()[:batch])
    opened = propose_for(visits=_in_need(at)[:batch], at=at)
    return SweptProposals(opened=len(opened), expired=expired, withdrawn=withdrawn)


def propose_for_visits(*, visit_ids: Sequence[int], at: datetime) -> list[Proposal]:
    """The proposals opened for these visits, where nobody can keep their window. For the doorbell."""
    return propose_for(visits=_in_need(at).filter(pk__in=visit_ids), at=at)


def propose_for(*, visits: Iterable[Visit], at: datetime) -> list[Proposal]:
    """A proposal of the nearest open windows for each of these visits that nobody can keep."""
    opened = []
    for visit in beyond_keeping(visits, at):
        try:
            proposal = _propose(visit, at)
        except DomainError as error:
            logger.warning("No window was proposed for visit %s: %s", visit.pk, error.code)
        except WindowTaken as taken:  # the next minute looks again
            logger.warning("No window was proposed for visit %s: %s", visit.pk, taken)
        except Exception:
            logger.exception("No window was proposed for visit %s", visit.pk)
        else:
            opened += [proposal] if proposal else []
    return opened


def _propose(visit: Visit, at: datetime) -> Proposal | None:
    """The proposal of the nearest windows, looked for before any lock and asked again under it."""
    offered = offered_windows(
        city=visit.city,
        latitude=visit.latitude,
        longitude=visit.longitude,
        needs=needs_of_visit(visit),
        at=at,
    )
    others = [window for window in offered if window.start_at != visit.window_start_at]
    nearest = nearest_open(visit.window_start_at, visit.window_end_at, others, visit.city)
    return _propose_of(visit, nearest, at)


@transaction.atomic
def _propose_of(visit: Visit, nearest: Sequence[OfferedWindow], at: datetime) -> Proposal | None:
    """The proposal, unless somebody has named an engineer at this very moment."""
    lock_city_day(visit.city, visit.on, changes_route=False)
    fresh = Visit.objects.select_related("city").get(pk=visit.pk)
    if not _in_need(at).filter(pk=visit.pk).exists():
        return None
    lost = fresh.events.filter(kind="unconfirmed").exists()
    return open_proposal(
        visit=fresh,
        windows=[(window.start_at, window.end_at) for window in nearest],
        reason=ProposalReason.ENGINEER_OUT if lost else ProposalReason.NOBODY_FREE,
        note="",
        by=None,
        at=at,
    )


def _in_need(at: datetime) -> QuerySet[Visit]:
    """Visits at risk in no route, of an order, whose customer has not been asked since, or has not answered.

    A customer's no, and what the desk took back, stay as they are; so does what was broken long ago.
    """
    since = Proposal.objects.of_windows().filter(visit=OuterRef("pk"), created_at__gte=OuterRef("at_risk_at"))
    answered = Q(status=ProposalStatus.DECLINED) | Q(
        status=ProposalStatus.WITHDRAWN, withdrawn_because=WithdrawnBecause.DESK
    )
    at_risk = Visit.objects.filter(engineer=None, status__in=MOVABLE, at_risk_at__isnull=False)
    at_risk = at_risk.filter(window_end_at__gt=at - LONGEST_AGO)
    expired = Q(proposals__status=ProposalStatus.EXPIRED, proposals__created_at__gte=F("at_risk_at"))
    return (
        at_risk.filter(Exists(OrderVisit.objects.filter(visit=OuterRef("pk"))))
        .exclude(Exists(Proposal.objects.open().of_windows().filter(visit=OuterRef("pk"))))
        .exclude(Exists(since.filter(answered)))
        .annotate(unanswered=Count("proposals", filter=expired))
        .filter(unanswered__lt=MOST_TIMES)
        .select_related("city")
        .order_by("window_start_at", "pk")
    )


def _senseless() -> QuerySet[Proposal]:
    """Open proposals whose visit has ended or set out, and the system's whose visit can be kept again."""
    ours = Proposal.objects.open().filter(kind=ProposalKind.NEW_WINDOW, raised_by=Side.US)
    over = ~Q(visit__status__in=MOVABLE)
    kept = Q(created_by=None, visit__engineer__isnull=False, visit__at_risk_at=None)
    return ours.filter(over | kept).select_related("visit").order_by("pk")


def _expire(proposal: Proposal, at: datetime) -> bool:
    return bool(expire_proposal(proposal=proposal, at=at).status == ProposalStatus.EXPIRED)


@transaction.atomic
def _take_back(proposal: Proposal, at: datetime) -> bool:
    order, _fresh = locked_proposal(proposal)
    if not _senseless().filter(pk=proposal.pk).exists():
        return False
    visit = proposal.visit
    assert visit is not None  # noqa: S101 - a proposal of a window has its visit, by constraint
    visit.refresh_from_db()
    if visit.status in MOVABLE:
        because = WithdrawnBecause.KEPT
    else:
        because = WithdrawnBecause.UNDER_WAY if visit.status in UNDER_WAY else WithdrawnBecause.VISIT_OVER
    return withdraw_open_proposal(order=order, visit=visit, because=because, by=None, at=at) is not None
