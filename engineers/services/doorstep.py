"""The engineer's own moves of a visit, and its ends."""

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _
from django_fsm import can_proceed

from engineers.dispatch import qualification
from engineers.models import Engineer, HeldUp, Visit
from engineers.planning import CityClock, city_today, engineer_day, stop_for
from engineers.reasons import sentences
from engineers.services.events import record
from engineers.services.planning import ARRIVE_WITHIN_WINDOW, ASSIGN_WITHIN
from engineers.services.routes import lock_city_day, locked_visit
from engineers.signals import visit_arrived, visit_ended, visit_set_out, visit_turned_back, visits_at_risk
from engineers.states import AWAITED, UNDER_WAY, CannotCompleteReason, VisitStatus
from engineers.wording import nobody_before
from repairhub.accounts.rules import sees_dispatch_board
from repairhub.core.errors import Conflict, InvalidInput, NotAllowed
from repairhub.core.moments import format_time
from repairhub.sla.services.clocks import stop_clock

NO_ACCESS_AFTER = timedelta(minutes=10)


@transaction.atomic
def set_out(*, visit: Visit, by: Any, at: datetime, received_at: datetime | None = None) -> Visit:
    """The visit, en route. Raises Conflict while another visit of the engineer is under way.

    From here on the visit is fixed in its route: it no longer changes engineer. `received_at`, here and in
    the other moves of the engineer: when a press that waited for the network came in; `at` is when it was.
    """
    visit = _own_with_day_locked(visit, by)
    if visit.status == VisitStatus.EN_ROUTE:
        return visit  # pressed twice
    other = Visit.objects.filter(engineer=visit.engineer, status__in=UNDER_WAY).first()
    if other is not None:
        raise Conflict(
            _("Visit %(reference)s is still under way.") % {"reference": other.reference},
            code="another_under_way",
            next_step=_("End it or turn back first, then set out. It stands first on your day."),
            details={"reference": other.reference},
        )
    _proceed(visit, visit.set_out)
    visit.en_route_at = at
    if visit.expected_start_at is not None and visit.expected_start_at <= at:
        visit.expected_start_at = None  # said of another attempt
    visit.save(update_fields=["status", "en_route_at", "expected_start_at"])
    _no_longer_held_up(visit)
    record(visit, "set_out", by=by, at=at, from_status=VisitStatus.CONFIRMED, data=_received(received_at, at))
    visit_set_out.send(sender=Visit, visit=visit, by=by, at=at, received_at=received_at or at)
    return visit


@transaction.atomic
def turn_back(*, visit: Visit, reason: str, by: Any, at: datetime) -> Visit:
    """The visit, confirmed as before the engineer set out: said by its engineer or by the city's desk.

    It may change engineer again. On its own day it heads the board's tray; of another day it was a wrong tap.
    Raises InvalidInput without a reason, NotAllowed for anybody else.
    """
    lock_city_day(visit.city, visit.on)
    visit = locked_visit(visit)
    check_own_or_desk(visit, by)
    if visit.status == VisitStatus.CONFIRMED:
        return visit  # pressed twice
    if not reason.strip():
        raise InvalidInput(_("Say what is in the way."), field="reason", code="required")
    _proceed(visit, visit.turn_back)
    visit.en_route_at = visit.expected_start_at = None
    visit.save(update_fields=["status", "en_route_at", "expected_start_at"])
    said = reason.strip()[:500]
    record(visit, "turned_back", by=by, at=at, from_status=VisitStatus.EN_ROUTE, reason=said)
    if visit.on == city_today(visit.city, at):
        mark_at_risk(visit_ids=[visit.pk], at=at)
        visit.refresh_from_db()
    visit_turned_back.send(sender=Visit, visit=visit, by=by, at=at)
    return visit


@transaction.atomic
def arrive(*, visit: Visit, by: Any, at: datetime, received_at: datetime | None = None) -> Visit:
    """The visit, on site; the clock of the promised window stops.

    Before the window it is on the record how early it was: the customer need not be there, and decides by
    giving the PIN whether the work begins.
    """
    visit = _own_with_day_locked(visit, by)
    if visit.status == VisitStatus.ON_SITE:
        return visit
    _proceed(visit, visit.arrive)
    visit.arrived_at, visit.expected_start_at = at, None
    visit.save(update_fields=["status", "arrived_at", "expected_start_at"])
    _no_longer_held_up(visit)
    stop_clock(subject=visit, target_key=ARRIVE_WITHIN_WINDOW, at=at)
    early = {"minutes_early": visit.minutes_early} if visit.minutes_early else {}
    data = {**early, **_received(received_at, at)}
    record(visit, "arrived", by=by, at=at, from_status=VisitStatus.EN_ROUTE, data=data)
    visit_arrived.send(sender=Visit, visit=visit, by=by, at=at)
    return visit


@transaction.atomic
def start_visit(*, visit: Visit, by: Any, at: datetime) -> Visit:
    """The visit with its work started. The guard (PIN or door code) belongs to the caller above.

    Raises Conflict where a certificate or an authorisation that it takes has lapsed since it was given out.
    """
    visit = _own(visit, by)
    if visit.started_at is not None:
        return visit
    if visit.status != VisitStatus.ON_SITE:
        raise _wrong_state(visit)
    _check_qualified(visit, at)
    visit.started_at = at
    visit.save(update_fields=["started_at"])
    record(visit, "started", by=by, at=at, from_status=visit.status)
    return visit


@transaction.atomic
def check_on_site(*, visit: Visit, by: Any) -> Visit:
    """The visit, fresh, where its own engineer stands at the door. Raises NotAllowed, Conflict."""
    visit = _own(visit, by)
    if visit.status != VisitStatus.ON_SITE:
        raise _wrong_state(visit)
    return visit


@transaction.atomic
def finish_visit(*, visit: Visit, by: Any, at: datetime) -> Visit:
    """The visit, done. The guards of what had to be done belong to the caller above."""
    visit = _own_with_day_locked(visit, by)
    if visit.started_at is None:
        raise Conflict(
            _("The work has not been started."),
            code="not_started",
            next_step=_("Ask the customer for the PIN first."),
        )
    _end(visit, visit.finish, "finished", by=by, at=at)
    return visit


@transaction.atomic
def report_cannot_complete(
    *, visit: Visit, reason: str, note: str, by: Any, at: datetime, received_at: datetime | None = None
) -> Visit:
    """The visit, ended without the repair. Raises InvalidInput without a reason (and a note for "other")."""
    visit = _own_with_day_locked(visit, by)
    if reason not in CannotCompleteReason.values:
        raise InvalidInput(_("Say why it cannot be completed."), field="reason", code="required")
    if reason == CannotCompleteReason.OTHER and not note.strip():
        raise InvalidInput(_("Describe the reason in a few words."), field="note", code="required")
    visit.end_reason, visit.end_note = reason, note.strip()[:500]
    data = _received(received_at, at)
    _end(visit, visit.give_up, "cannot_complete", by=by, at=at, reason=visit.end_note or reason, data=data)
    return visit


@transaction.atomic
def report_no_access(
    *, visit: Visit, note: str, by: Any, at: datetime, received_at: datetime | None = None
) -> Visit:
    """The visit, ended as nobody opened. Raises InvalidInput without a note, Conflict after the start.

    Also Conflict before the promised window begins, and until the engineer has waited for ten minutes.
    """
    visit = _own_with_day_locked(visit, by)
    if not note.strip():
        raise InvalidInput(_("Say what you tried: bell, calls, gate."), field="note", code="required")
    if visit.started_at is not None:
        raise Conflict(
            _("The work has already started, so somebody let you in."),
            code="already_started",
            next_step=_("Finish the visit, or report that it cannot be completed."),
        )
    _check_waited(visit, at)
    visit.end_note = note.strip()[:500]
    data = _received(received_at, at)
    _end(visit, visit.find_nobody, "no_access", by=by, at=at, reason=visit.end_note, data=data)
    return visit


@transaction.atomic
def cancel_visit(*, visit: Visit, reason: str, by: Any, at: datetime) -> Visit:
    """The visit, cancelled, its time free again. Raises Conflict once the engineer is on the way."""
    lock_city_day(visit.city, visit.on)
    visit = locked_visit(visit)
    if visit.status == VisitStatus.CANCELLED:
        return visit
    _end(visit, visit.cancel, "cancelled", by=by, at=at, reason=reason)
    return visit


def mark_at_risk(*, visit_ids: Iterable[int], at: datetime) -> list[Visit]:
    """The visits among these that nobody is at the door of, now marked and announced as one batch.

    Those marked before are left out. The caller holds clocks, and whoever holds a visit may be waiting for
    its clock: so a visit that is locked now is not waited for, but marked once the caller has committed.
    """
    ids = list(visit_ids)
    with transaction.atomic():
        visits = _mark_at_risk(ids, at, skip_locked=True)
        locked = _not_at_risk(ids).values_list("pk", flat=True)
        if locked:
            transaction.on_commit(partial(_mark_at_risk, list(locked), at, skip_locked=False))
    return visits


def _not_at_risk(visit_ids: Iterable[int]) -> QuerySet[Visit]:
    return Visit.objects.filter(pk__in=visit_ids, status__in=AWAITED, at_risk_at=None).order_by("pk")


@transaction.atomic
def _mark_at_risk(visit_ids: Iterable[int], at: datetime, *, skip_locked: bool) -> list[Visit]:
    visits = list(_not_at_risk(visit_ids).select_for_update(skip_locked=skip_locked))
    for visit in visits:
        visit.at_risk_at = at
        visit.save(update_fields=["at_risk_at"])
        record(visit, "at_risk", by=None, at=at, from_status=visit.status)
    if visits:
        visits_at_risk.send(sender=Visit, visits=visits, at=at)
    return visits


def check_own_or_desk(visit: Visit, by: Any) -> None:
    """Raises NotAllowed unless it is said by the visit's engineer or at the desk of its city."""
    is_own = visit.engineer is not None and visit.engineer.user_id == by.pk
    if not is_own and not _is_desk_of(visit, by):
        raise _not_yours(visit)


def _received(received_at: datetime | None, at: datetime) -> dict[str, str]:
    return {"received_at": received_at.isoformat()} if received_at is not None and received_at != at else {}


def _no_longer_held_up(visit: Visit) -> None:
    HeldUp.objects.filter(engineer=visit.engineer_id).delete()


def _own(visit: Visit, by: Any) -> Visit:
    visit = locked_visit(visit)
    if visit.engineer_id is None or visit.engineer is None or visit.engineer.user_id != by.pk:
        raise _not_yours(visit)
    return visit


def _not_yours(visit: Visit) -> NotAllowed:
    return NotAllowed(
        _("Visit %(reference)s is not yours.") % {"reference": visit.reference},
        next_step=_("Reload your day: it may have been given to somebody else."),
    )


def _is_desk_of(visit: Visit, by: Any) -> bool:
    return sees_dispatch_board(by) and Visit.objects.for_dispatcher(by).filter(pk=visit.pk).exists()


def _own_with_day_locked(visit: Visit, by: Any) -> Visit:
    # what is under way changes the day's plan; and the day's lock comes before order and visit, everywhere
    lock_city_day(visit.city, visit.on)
    return _own(visit, by)


def _check_waited(visit: Visit, at: datetime) -> None:
    if visit.arrived_at is None:
        return  # not at the door: the move itself is refused
    if at < visit.window_start_at:
        raise Conflict(
            nobody_before(visit),
            code="before_window",
            next_step=_("Please wait until then, and ring again."),
        )
    if at < visit.arrived_at + NO_ACCESS_AFTER:
        patient_at = visit.arrived_at + NO_ACCESS_AFTER
        raise Conflict(
            _("You arrived at %(arrived)s: please give your customer ten minutes to come to the door.")
            % {"arrived": format_time(visit.arrived_at, visit.city)},
            code="not_waited",
            next_step=_("Ring and call again. From %(time)s on you can report that nobody opened.")
            % {"time": format_time(patient_at, visit.city)},
        )


def _check_qualified(visit: Visit, at: datetime) -> None:
    engineer = Engineer.objects.with_day(visit.on, visit.on).get(visits=visit)
    stop = stop_for(visit, CityClock.of(visit.city, visit.on), at)
    reasons = qualification(stop, engineer_day(engineer, visit.on))
    if reasons:
        raise Conflict(
            " ".join(sentences(reasons)),
            code="not_qualified",
            next_step=_("Do not open the phone. Call the dispatcher."),
            details={"reasons": [str(reason.code) for reason in reasons]},
        )


def _proceed(visit: Visit, move: Callable[[], None]) -> None:
    if not can_proceed(move):
        raise _wrong_state(visit)
    move()


def _wrong_state(visit: Visit) -> Conflict:
    return Conflict(
        _("Visit %(reference)s does not allow that now: %(status)s.")
        % {"reference": visit.reference, "status": visit.get_status_display()},
        code="wrong_state",
        next_step=_("Reload the page to see where it stands."),
    )


def _end(
    visit: Visit,
    move: Callable[[], None],
    kind: str,
    *,
    by: Any,
    at: datetime,
    reason: str = "",
    data: dict[str, str] | None = None,
) -> None:
    from_status = visit.status
    _proceed(visit, move)
    visit.ended_at = at
    visit.save(update_fields=["status", "ended_at", "end_reason", "end_note"])
    stop_clock(subject=visit, target_key=ASSIGN_WITHIN, at=at)
    stop_clock(subject=visit, target_key=ARRIVE_WITHIN_WINDOW, at=at)
    record(visit, kind, by=by, at=at, from_status=from_status, reason=reason, data=data)
    visit_ended.send(sender=Visit, visit=visit, by=by, at=at)
