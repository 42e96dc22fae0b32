"""Requests of engineers: asked, withdrawn, decided at the desk; a yes is in force in the same transaction."""

from datetime import date, datetime, time, timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django_fsm import can_proceed

from engineers.models import Absence, Engineer, EngineerRequest, Visit, WeeklyShift
from engineers.planning import city_today
from engineers.services.review import review_engineer
from engineers.states import RequestKind, RequestStatus
from repairhub.accounts.rules import sees_dispatch_board
from repairhub.core.errors import Conflict, DomainError, InvalidInput, NotAllowed
from repairhub.notifications.services import enqueue

FARTHEST = timedelta(days=400)


@transaction.atomic
def ask_absence(
    *, engineer: Engineer, from_on: date, until_on: date, reason: str, by: Any, at: datetime
) -> EngineerRequest:
    """The request to be away on these days, both included.

    Raises InvalidInput (fields "from_on", "until_on", "reason"), Conflict where one for some of these days
    waits already, NotAllowed for anybody but the engineer.
    """
    _check_own(engineer, by)
    _check_day(engineer, from_on, "from_on", at)
    _check_day(engineer, until_on, "until_on", at)
    if until_on < from_on:
        raise InvalidInput(
            _("The last day lies before the first one."), field="until_on", code="ends_before_start"
        )
    return _ask(
        EngineerRequest(
            engineer=engineer,
            kind=RequestKind.ABSENCE,
            from_on=from_on,
            until_on=until_on,
            reason=_said(reason),
            asked_at=at,
        )
    )


@transaction.atomic
def ask_shift(
    *,
    engineer: Engineer,
    starts_at: time,
    ends_at: time,
    reason: str,
    by: Any,
    at: datetime,
    weekday: int | None = None,
    on: date | None = None,
) -> EngineerRequest:
    """The request for other hours, on that weekday from the decision on, or on that one day.

    Raises InvalidInput (fields "weekday", "on", "ends_at", "reason"), Conflict where one for that day waits
    already, NotAllowed for anybody but the engineer.
    """
    _check_own(engineer, by)
    if (weekday is None) == (on is None):
        raise InvalidInput(_("Choose a weekday or one day."), field="weekday", code="required")
    if weekday is not None and weekday not in WeeklyShift.Weekday.values:
        raise InvalidInput(_("Choose a weekday or one day."), field="weekday", code="invalid")
    if on is not None:
        _check_day(engineer, on, "on", at)
    if ends_at <= starts_at:
        raise InvalidInput(_("The shift ends before it starts."), field="ends_at", code="ends_before_start")
    return _ask(
        EngineerRequest(
            engineer=engineer,
            kind=RequestKind.WEEKLY_SHIFT if on is None else RequestKind.ONE_SHIFT,
            weekday=weekday,
            from_on=on,
            until_on=on,
            starts_at=starts_at,
            ends_at=ends_at,
            reason=_said(reason),
            asked_at=at,
        )
    )


@transaction.atomic
def withdraw_request(*, request: EngineerRequest, by: Any, at: datetime) -> EngineerRequest:
    """The request, not asked any more; withdrawn before, it stays so. Raises NotAllowed, Conflict."""
    request = _locked(request)
    _check_own(request.engineer, by)
    if request.status == RequestStatus.WITHDRAWN:
        return request
    _check_pending(request)
    request.withdraw()
    request.decided_at, request.decided_by = at, by
    request.save(update_fields=["status", "decided_at", "decided_by"])
    return request


@transaction.atomic
def approve_request(
    *, request: EngineerRequest, answer: str = "", by: Any, at: datetime
) -> tuple[EngineerRequest, list[Visit]]:
    """The request, approved and in force, and the visits that have lost their engineer by it.

    Those keep their promised windows, are at risk, and wait for somebody else on the board. Approved before,
    nothing changes. Raises NotAllowed for whoever is not at the city's desk, Conflict where it was decided
    otherwise or its days are over.
    """
    request = _locked(request)
    _check_desk(request, by)
    if request.status == RequestStatus.APPROVED:
        return request, []
    _check_pending(request)
    if request.until_on is not None and request.until_on < city_today(request.engineer.city, at):
        raise Conflict(
            _("These days are over."),
            code="days_over",
            next_step=_("Refuse the request, and enter what was in the engineer's absences."),
        )
    request.approve()
    request.decided_at, request.decided_by, request.answer = at, by, answer.strip()[:300]
    request.save(update_fields=["status", "decided_at", "decided_by", "answer"])
    _put_in_force(request)
    lost = review_engineer(engineer=request.engineer, by=by, at=at)
    _tell(request, at)
    return request, lost


@transaction.atomic
def refuse_request(*, request: EngineerRequest, answer: str, by: Any, at: datetime) -> EngineerRequest:
    """The request, refused with its reason. Refused before, nothing changes.

    Raises InvalidInput (field "answer") without a reason, NotAllowed, Conflict.
    """
    request = _locked(request)
    _check_desk(request, by)
    if request.status == RequestStatus.REFUSED:
        return request
    _check_pending(request)
    if not answer.strip():
        raise InvalidInput(
            _("Say why it is refused: the engineer reads it."), field="answer", code="required"
        )
    request.refuse()
    request.decided_at, request.decided_by, request.answer = at, by, answer.strip()[:300]
    request.save(update_fields=["status", "decided_at", "decided_by", "answer"])
    _tell(request, at)
    return request


def _tell(request: EngineerRequest, at: datetime) -> None:
    """The engineer reads the answer in their own language; the request itself stands on their page."""
    user = request.engineer.user
    days = [on.isoformat() if on else "" for on in (request.from_on, request.until_on)]
    enqueue(
        key=f"request:{request.pk}:{request.status}",
        address=user.address,
        language=user.language,
        template="request_decided",
        context={
            "kind": request.kind,
            "is_approved": request.status == RequestStatus.APPROVED,
            "from_on": days[0],
            "until_on": days[1],
            "weekday": request.weekday,
            "answer": request.answer,
            "link": reverse("engineer_requests"),
        },
        at=at,
        city_code=request.engineer.city.code,
    )


def _put_in_force(request: EngineerRequest) -> None:
    engineer, on = request.engineer, request.from_on
    if request.kind == RequestKind.ABSENCE:
        days = {"from_on": on, "until_on": request.until_on}
        Absence.objects.create(engineer=engineer, reason=request.reason, **days)
        return
    weekday: dict[str, Any] = {"weekday": request.weekday if on is None else on.weekday()}
    hours: dict[str, time | None] = {"starts_at": request.starts_at, "ends_at": request.ends_at}
    shift = WeeklyShift.objects.filter(engineer=engineer, on=on, **weekday).first()
    if shift is not None and not _holds_break(request, shift):
        hours |= {"break_starts_at": None, "break_ends_at": None}
    WeeklyShift.objects.update_or_create(engineer=engineer, on=on, **weekday, defaults=hours)


def _holds_break(request: EngineerRequest, shift: WeeklyShift) -> bool:
    since, until = shift.break_starts_at, shift.break_ends_at
    if since is None or until is None or request.starts_at is None or request.ends_at is None:
        return True
    return request.starts_at < since and until < request.ends_at


def _ask(request: EngineerRequest) -> EngineerRequest:
    try:
        with transaction.atomic():
            request.save()
    except IntegrityError as error:
        raise _asked_already(request) from error
    return request


def _asked_already(request: EngineerRequest) -> DomainError:
    field = {RequestKind.ABSENCE: "from_on", RequestKind.ONE_SHIFT: "on"}.get(
        RequestKind(request.kind), "weekday"
    )
    return Conflict(
        _("You have already asked for that, and the answer is still to come."),
        field=field,
        code="asked_already",
        next_step=_("Withdraw the request below if you want to ask for something else."),
    )


def _said(reason: str) -> str:
    if not reason.strip():
        raise InvalidInput(_("Say in a few words why."), field="reason", code="required")
    return reason.strip()[:120]


def _check_day(engineer: Engineer, on: date, field: str, at: datetime) -> None:
    today = city_today(engineer.city, at)
    if on < today:
        raise InvalidInput(_("This day is over."), field=field, code="day_over")
    if on > today + FARTHEST:
        raise InvalidInput(_("This day is too far away to plan."), field=field, code="too_far")


def _locked(request: EngineerRequest) -> EngineerRequest:
    rows = EngineerRequest.objects.select_for_update(of=("self",))
    return rows.select_related("engineer__city", "engineer__user").get(pk=request.pk)


def _check_own(engineer: Engineer, by: Any) -> None:
    if engineer.user_id != by.pk:
        raise NotAllowed(
            _("Only the engineer can ask for that."), next_step=_("At the desk, enter it in the admin.")
        )


def _check_desk(request: EngineerRequest, by: Any) -> None:
    if not sees_dispatch_board(by) or not EngineerRequest.objects.for_desk(by).filter(pk=request.pk).exists():
        raise NotAllowed(
            _("This request is answered at the desk of the engineer's city."),
            next_step=_("Ask who looks after the city."),
        )


def _check_pending(request: EngineerRequest) -> None:
    if not can_proceed(request.approve):
        raise Conflict(
            _("This request has been answered meanwhile: %(status)s.")
            % {"status": request.get_status_display()},
            code="answered_already",
            next_step=_("Nothing was changed. Look at it as it stands now."),
        )
