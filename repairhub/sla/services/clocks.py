"""Clocks: start, stop, pause, resume, move."""

from datetime import datetime, timedelta

from django.contrib.contenttypes.models import ContentType
from django.db import models, transaction
from django.utils.translation import gettext_lazy as _

from repairhub.core.errors import Conflict
from repairhub.notifications.services import cancel

from ..models import SlaClock, SlaTarget
from .sweeps import SweepResult, record_if_overdue, sweep

__all__ = [
    "SweepResult",
    "move_due",
    "pause_clock",
    "resume_clock",
    "start_clock",
    "stop_clock",
    "sweep",
]

STANDARD = "standard"


def start_clock(
    *,
    subject: models.Model,
    target_key: str,
    at: datetime,
    due_at: datetime | None = None,
    scope: str = "",
    label: str = "",
    link: str = "",
    policy_key: str = STANDARD,
) -> SlaClock:
    """Starts the subject's clock for the target: due at `due_at`, or after the target's minutes.

    Where one is open already it comes back as it is: a clock never restarts. ValueError where
    the target has no minutes and no `due_at` is given.
    """
    target = SlaTarget.objects.get(policy__key=policy_key, key=target_key)
    if due_at is None:
        due_at = at + _length(target)
    clock = SlaClock(
        content_type=ContentType.objects.get_for_model(subject),
        object_id=subject.pk,
        target=target,
        scope=scope,
        label=label,
        link=link,
        started_at=at,
        due_at=due_at,
        warn_at=due_at - target.warn_before,
    )
    with transaction.atomic():
        # one open clock by partial unique constraint: the loser of a race finds the winner's
        SlaClock.objects.bulk_create([clock], ignore_conflicts=True)
        return _open(subject, target_key).get()


def stop_clock(*, subject: models.Model, target_key: str, at: datetime) -> SlaClock | None:
    """Stops the subject's open clock; one that is overdue is first recorded as breached.

    None where no clock is open: stopping twice is no mistake.
    """
    with transaction.atomic():
        clock = _open(subject, target_key).select_for_update(of=("self",)).first()
        if clock is None:
            return None
        _stop(clock, at)
    return clock


def pause_clock(*, subject: models.Model, target_key: str, at: datetime) -> SlaClock:
    """Stops the time: the clock keeps what remains. A paused one stays as it is.

    Raises Conflict where no clock is open. One that is overdue is first recorded as breached.
    """
    with transaction.atomic():
        clock = _locked(subject, target_key)
        if clock.due_at is not None:
            record_if_overdue(clock, at=at)
            clock.remaining, clock.paused_at = clock.due_at - at, at
            clock.due_at = clock.warn_at = None
            clock.save(update_fields=["remaining", "paused_at", "due_at", "warn_at"])
    return clock


def resume_clock(*, subject: models.Model, target_key: str, at: datetime) -> SlaClock:
    """Lets a paused clock run on with what remained. A running one stays as it is.

    Raises Conflict where no clock is open.
    """
    with transaction.atomic():
        clock = _locked(subject, target_key)
        if clock.remaining is not None:
            clock.due_at = at + clock.remaining
            clock.warn_at = clock.due_at - clock.target.warn_before
            clock.remaining = clock.paused_at = None
            clock.save(update_fields=["remaining", "paused_at", "due_at", "warn_at"])
    return clock


def move_due(*, subject: models.Model, target_key: str, due_at: datetime, at: datetime) -> SlaClock:
    """Gives the promise another due moment, agreed with whoever was promised; returns the open clock.

    The new moment is warned of anew. A breach stays on record: the old clock is stopped as missed
    and another one starts. Raises Conflict where no clock is open or where it is paused.
    """
    with transaction.atomic():
        clock = _locked(subject, target_key)
        if clock.due_at is None:
            raise Conflict(
                _("This deadline is paused."),
                code="clock_paused",
                next_step=_("Let it run on before moving it."),
            )
        if clock.due_at == due_at:
            return clock
        record_if_overdue(clock, at=at)
        if clock.breached_at is not None:
            return _begin_anew(clock, subject, due_at, at)
        _call_off_warnings(clock, at)
        clock.due_at, clock.warn_at, clock.warned_at = due_at, due_at - clock.target.warn_before, None
        clock.moves += 1
        clock.save(update_fields=["due_at", "warn_at", "warned_at", "moves"])
    return clock


def _begin_anew(clock: SlaClock, subject: models.Model, due_at: datetime, at: datetime) -> SlaClock:
    _stop(clock, at)
    return start_clock(
        subject=subject,
        target_key=clock.target.key,
        at=at,
        due_at=due_at,
        scope=clock.scope,
        label=clock.label,
        link=clock.link,
        policy_key=clock.target.policy.key,
    )


def _stop(clock: SlaClock, at: datetime) -> None:
    record_if_overdue(clock, at=at)
    clock.stopped_at = max(at, clock.started_at)
    clock.save(update_fields=["stopped_at"])
    _call_off_warnings(clock, at)


def _call_off_warnings(clock: SlaClock, at: datetime) -> None:
    """A warning that has not left yet has nothing to warn of any more; a breach stays said."""
    if clock.warned_at is not None:
        cancel(key_prefix=f"sla:{clock.pk}:warning:", at=at)


def _open(subject: models.Model, target_key: str) -> "models.QuerySet[SlaClock]":
    return SlaClock.objects.open().for_subjects([subject]).about(target_key).select_related("target__policy")


def _locked(subject: models.Model, target_key: str) -> SlaClock:
    clock = _open(subject, target_key).select_for_update(of=("self",)).first()
    if clock is None:
        raise Conflict(_("No deadline is running here."), code="no_open_clock")
    return clock


def _length(target: SlaTarget) -> timedelta:
    if target.minutes is None:
        raise ValueError(f"target {target.key} needs a due_at: it has no minutes of its own")
    return timedelta(minutes=target.minutes)
