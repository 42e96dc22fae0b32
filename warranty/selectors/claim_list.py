"""The case officer's list: a page of claims after another by key, never by counting rows."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from django.contrib.contenttypes.models import ContentType
from django.db.models import DateTimeField, OuterRef, Q, Subquery, Value
from django.db.models.functions import Coalesce
from django.utils.dateparse import parse_datetime

from repairhub.accounts.models import User
from repairhub.sla.models import SlaClock
from repairhub.sla.states import ShownState, TargetKey
from warranty.models import Claim
from warranty.querysets import ClaimQuerySet
from warranty.states import ClaimStatus

PAGE_SIZE = 50
NEVER = datetime(9999, 1, 1, tzinfo=UTC)  # a paused clock is due at no moment: last


@dataclass(frozen=True)
class ClaimRow:
    """A claim with the clock of its answer (None where none was started)."""

    claim: Claim
    clock: SlaClock | None
    state: str

    @property
    def state_label(self) -> str:
        """The clock's state in the reader's language."""
        return str(ShownState(self.state).label) if self.state else ""


@dataclass(frozen=True)
class ClaimPage:
    """The rows of a page, and where the next one begins ("" on the last)."""

    rows: list[ClaimRow]
    next_key: str


@dataclass(frozen=True)
class Wanted:
    """Which claims: a state ("" waiting, "all"), an owner ("mine", "nobody", an id), a city, a reference."""

    status: str = ""
    owner: str = ""
    city_id: int | None = None
    q: str = ""

    def filtered(self, claims: ClaimQuerySet, reader: User) -> ClaimQuerySet:
        """The claims wanted, without an order."""
        if self.q:
            # whoever types a reference wants that claim, wherever it stands
            typed = self.q.strip().upper()
            claims = claims.filter(Q(reference__startswith=typed) | Q(order__reference__startswith=typed))
            return replace(self, q="", status=self.status or "all").filtered(claims, reader)
        if self.status != "all":
            claims = claims.filter(status=self.status or ClaimStatus.FILED)
        if self.owner == "mine":
            claims = claims.filter(owner=reader)
        elif self.owner == "nobody":
            claims = claims.filter(owner=None)
        elif self.owner:
            claims = claims.filter(owner_id=int(self.owner))
        if self.city_id is not None:
            claims = claims.filter(order__city_id=self.city_id)
        return claims

    @property
    def order(self) -> tuple[str, bool]:
        """The moment that rows are ordered by, and whether the latest comes first."""
        if self.q or self.status == "all":
            return "filed_at", True
        if self.status:
            return "answered_at", True
        return "due_at", False


def ordered_claims(wanted: Wanted, reader: User) -> Any:
    """The claims wanted, in the reader's cities; waiting ones by deadline, answered ones the newest first."""
    key, latest_first = wanted.order
    sign = "-" if latest_first else ""
    claims = wanted.filtered(Claim.objects.for_case_officer(reader), reader)
    return (
        claims.annotate(due_at=Coalesce(_due(), Value(NEVER), output_field=DateTimeField()))
        .select_related("owner", "order__city", "order__device_model", "fitting__line__repair")
        .order_by(f"{sign}{key}", f"{sign}pk")
    )


def claim_page(wanted: Wanted, reader: User, *, after: str, at: datetime) -> ClaimPage:
    """The page that begins after that key (the first for "" or a broken key). A fixed number of queries."""
    key, latest_first = wanted.order
    claims = ordered_claims(wanted, reader)
    place = _place(after)
    if place is not None:
        moment, pk = place
        beyond = "lt" if latest_first else "gt"
        claims = claims.filter(Q(**{f"{key}__{beyond}": moment}) | Q(**{key: moment, f"pk__{beyond}": pk}))
    found = list(claims[: PAGE_SIZE + 1])
    shown = found[:PAGE_SIZE]
    clocks = clocks_of(shown)
    rows = [
        ClaimRow(claim, clock, clock.shown_state(at) if clock else "")
        for claim in shown
        for clock in [clocks.get(claim.pk)]
    ]
    more = len(found) > PAGE_SIZE
    return ClaimPage(rows, f"{getattr(shown[-1], key).isoformat()}~{shown[-1].pk}" if more else "")


def clocks_of(claims: list[Claim]) -> dict[int, SlaClock]:
    """The newest answer clock of each claim by the claim's id. One query."""
    clocks = SlaClock.objects.for_subjects(claims).about(TargetKey.ANSWER_CLAIM).order_by("id")
    return {clock.object_id: clock for clock in clocks.select_related("target")}


def _due() -> Subquery:
    clocks = SlaClock.objects.filter(
        content_type=ContentType.objects.get_for_model(Claim),
        object_id=OuterRef("pk"),
        target__key=TargetKey.ANSWER_CLAIM,
    )
    return Subquery(clocks.order_by("-id").values("due_at")[:1])


def _place(after: str) -> tuple[datetime, int] | None:
    moment, _tilde, pk = after.partition("~")
    if not (pk.isascii() and pk.isdigit() and len(pk) < 18):
        return None
    try:
        at = parse_datetime(moment)
    except ValueError:
        return None
    return (at, int(pk)) if at is not None and at.tzinfo is not None else None
