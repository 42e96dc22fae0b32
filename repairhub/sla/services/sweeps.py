"""The sweep: which promises are about to break, which broke, and who is told."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import models, transaction

from repairhub.accounts.models import User
from repairhub.accounts.states import Role
from repairhub.core.errors import DomainError
from repairhub.notifications.services import Draft, enqueue_many
from repairhub.places.models import City

from ..models import Escalation, SlaClock
from ..signals import clocks_breached, clocks_warned
from ..states import Level

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class SweepResult:
    """How many clocks a sweep recorded as warned and as breached, and how many could not be recorded."""

    warned: int
    breached: int
    refused: int = 0


def sweep(*, at: datetime, batch: int = 500) -> SweepResult:
    """Records what is due at `at`: breaches first, then warnings, at most `batch` of each.

    One transaction per level holds the clocks, their escalations, the messages and what receivers of
    `clocks_breached` and `clocks_warned` do. Any number of sweeps may run at once: each takes the clocks that
    no other holds (SKIP LOCKED). Running it again records nothing twice.
    """
    breached, refused_breaches = _sweep_level(Level.BREACH, SlaClock.objects.breach_due(at)[:batch], at)
    warned, refused_warnings = _sweep_level(Level.WARNING, SlaClock.objects.warning_due(at)[:batch], at)
    return SweepResult(warned=warned, breached=breached, refused=refused_breaches + refused_warnings)


def record_if_overdue(clock: SlaClock, *, at: datetime) -> None:
    """Records the breach of a locked clock that no sweep has reached yet, in the caller's transaction."""
    if clock.breached_at is None and clock.due_at is not None and clock.due_at <= at:
        _record(Level.BREACH, [clock], at)


def _sweep_level(level: Level, due: "models.QuerySet[SlaClock]", at: datetime) -> tuple[int, int]:
    with transaction.atomic():
        clocks = list(due.select_related("target").select_for_update(skip_locked=True, of=("self",)))
        if not clocks:
            return 0, 0
        try:
            with transaction.atomic():
                _record(level, clocks, at)
        except Exception as error:
            logger.warning("A %s of %s clocks was not recorded together: %s", level.value, len(clocks), error)
            return _one_by_one(level, clocks, at)
    return len(clocks), 0


def _one_by_one(level: Level, clocks: Sequence[SlaClock], at: datetime) -> tuple[int, int]:
    """One clock that cannot be recorded, for whatever reason, must not hold up the others."""
    recorded = 0
    for clock in clocks:
        try:
            with transaction.atomic():
                clock.refresh_from_db()
                _record(level, [clock], at)
        except DomainError as error:
            logger.error("A receiver refused the %s of clock %s: %s", level.value, clock.pk, error.code)
        except Exception:
            logger.exception("The %s of clock %s was not recorded", level.value, clock.pk)
        else:
            recorded += 1
    return recorded, len(clocks) - recorded


def _record(level: Level, clocks: list[SlaClock], at: datetime) -> None:
    column = "breached_at" if level == Level.BREACH else "warned_at"
    for clock in clocks:
        setattr(clock, column, at)
    SlaClock.objects.filter(pk__in=[clock.pk for clock in clocks]).update(**{column: at})
    cities = City.objects.in_bulk({clock.scope for clock in clocks}, field_name="code")
    drafts = {
        clock.pk: _drafts(level, clock, cities.get(clock.scope), people)
        for clock, people in _people_to_tell(clocks)
    }
    Escalation.objects.bulk_create(
        Escalation(clock=clock, level=level, due_at=_due_at(clock), told=len(drafts[clock.pk]), created_at=at)
        for clock in clocks
    )
    enqueue_many([draft for each in drafts.values() for draft in each], at=at)
    signal = clocks_breached if level == Level.BREACH else clocks_warned
    signal.send(sender=SlaClock, clocks=clocks, at=at)


def _people_to_tell(clocks: Sequence[SlaClock]) -> list[tuple[SlaClock, list[User]]]:
    """Who holds the role for the clock's city; where nobody does, the city's managers."""
    known: dict[tuple[str, str], list[User]] = {}
    pairs = []
    for clock in clocks:
        place = (clock.target.notify_role, clock.scope)
        if place not in known:
            known[place] = list(User.objects.working_for(*place)) or list(
                User.objects.working_for(Role.MANAGER, clock.scope)
            )
            if not known[place]:
                logger.error("Nobody holds the role %s or manages for the city %r", *place)
        pairs.append((clock, known[place]))
    return pairs


def _drafts(level: Level, clock: SlaClock, city: City | None, people: Sequence[User]) -> list[Draft]:
    return [
        Draft(
            key=_key(level, clock, user),
            address=user.address,
            language=user.language,
            template=f"sla_{level.value}",
            context={
                "target": clock.target.key,
                "about_en": f"{clock.label}, {city.name_en}" if city else clock.label,
                "about_zh": f"{clock.label}（{city.name_zh}）" if city else clock.label,
                "link": clock.link,
                "due_at": _due_at(clock).isoformat(),
            },
            city_code=clock.scope[:8],
        )
        for user in people
    ]


def _due_at(clock: SlaClock) -> datetime:
    if clock.due_at is None:
        raise ValueError(f"clock {clock.pk} is paused: it is due never")
    return clock.due_at


def _key(level: Level, clock: SlaClock, user: User) -> str:
    """One per clock, level and reader; a deadline that was moved has its own."""
    key = f"sla:{clock.pk}:{level.value}:{user.pk}"
    return f"{key}:{clock.moves}" if clock.moves else key
