"""News from below: what the customer's timeline and messages make of it."""

from datetime import datetime, timedelta
from typing import Any

from django.db import OperationalError, transaction
from django.db.models import QuerySet
from django.dispatch import receiver
from django.utils.translation import gettext_lazy as _

from engineers import signals
from engineers.models import Visit
from engineers.states import CannotCompleteReason, VisitStatus
from orders.models import OrderVisit, RepairOrder
from orders.services.credits import credit_late_arrival, credit_missed_window
from orders.services.lateness import late_word, saved_word
from orders.services.pins import renew_pin
from orders.services.proposals import withdraw_open_proposal
from orders.services.taking_back import settle_parts
from orders.services.telling import call_off_late_word, call_off_reminder, tell_contacts, visit_context
from orders.services.timeline import append_event
from orders.signals import rework_failed
from orders.states import OrderStatus, VisitPurpose, WithdrawnBecause
from orders.tasks import propose_windows
from repairhub.core.errors import Conflict
from repairhub.notifications.doorbell import ring_on_commit
from repairhub.sla.signals import clocks_breached

ARRIVE_WITHIN_WINDOW = "arrive_within_window"
ON_THE_WAY_IS_NEWS = timedelta(minutes=15)


def _links(visit: Visit) -> QuerySet[OrderVisit]:
    return OrderVisit.objects.filter(visit=visit).order_by("order_id")


def _locked(link: OrderVisit) -> RepairOrder:
    return RepairOrder.objects.select_for_update(of=("self",)).select_related("city").get(pk=link.order_id)


def _locked_at_once(link: OrderVisit) -> RepairOrder:
    # The sweep holds clocks before it comes here, while a customer's cancellation holds the order and wants
    # its clock. Who waits here could stand in a deadlock: the sweep does not, and comes again in a minute.
    orders = RepairOrder.objects.select_for_update(of=("self",), nowait=True).select_related("city")
    try:
        with transaction.atomic():
            return orders.get(pk=link.order_id)
    except OperationalError as error:
        raise Conflict(_("This order is being changed at the moment."), code="order_busy") from error


def _visit_locked_at_once(link: OrderVisit) -> Visit:
    # A credit refers to the visit. Its engineer may hold it at the door and want the clock that the sweep
    # holds: again the sweep does not wait.
    visits = Visit.objects.select_for_update(of=("self",), nowait=True).select_related("city")
    try:
        with transaction.atomic():
            return visits.get(pk=link.visit_id)
    except OperationalError as error:
        raise Conflict(_("This visit is being changed at the moment."), code="visit_busy") from error


def _engineer_context(visit: Visit) -> dict[str, Any]:
    assert visit.engineer is not None  # noqa: S101 - a confirmed visit has one, by constraint
    return {"engineer": visit.engineer.user.name, **visit_context(visit)}


@receiver(signals.visit_confirmed)
def engineer_named(*, visit: Visit, by: Any, at: datetime, **_kwargs: Any) -> None:
    """The customer learns who comes."""
    for link in _links(visit):
        order = _locked(link)
        context = _engineer_context(visit)
        append_event(order, "engineer_named", by=by, at=at, payload={"engineer": context["engineer"]})
        # the same engineer may be named again after another one: that is news as well
        key = f"visit:{visit.reference}:engineer:{visit.engineer_id}:{int(at.timestamp())}"
        tell_contacts(order, "engineer_named", key=key, at=at, context=context)
        if visit.at_risk_at is None:  # the window can be kept: what the system proposed has no sense any more
            withdraw_open_proposal(
                order=order,
                visit=visit,
                because=WithdrawnBecause.KEPT,
                by=None,
                at=at,
                of_system_only=True,
            )


@receiver(signals.visit_unconfirmed)
def engineer_taken_off(*, visit: Visit, was_confirmed: bool, by: Any, at: datetime, **_kwargs: Any) -> None:
    """Whoever was told a name learns that another engineer will be named; why is nobody's business."""
    if visit.at_risk_at is not None:  # not announced as at risk again, so it is looked at by itself
        ring_on_commit(propose_windows, [visit.pk])
    if not was_confirmed:
        return
    for link in _links(visit):
        order = _locked(link)
        append_event(order, "engineer_off", by=by, at=at)
        key = f"visit:{visit.reference}:reassigned:{int(at.timestamp())}"
        tell_contacts(order, "visit_reassigned", key=key, at=at, context=visit_context(visit))


@receiver(signals.visit_set_out)
def engineer_on_the_way(
    *, visit: Visit, by: Any, at: datetime, received_at: datetime | None = None, **_kwargs: Any
) -> None:
    """The customer learns that the engineer has left; not of one who left long ago, without a network."""
    is_news = received_at is None or received_at - at < ON_THE_WAY_IS_NEWS
    for link in _links(visit):
        order = _locked(link)
        append_event(order, "on_the_way", by=by, at=at)
        withdraw_open_proposal(order=order, visit=visit, because=WithdrawnBecause.UNDER_WAY, by=None, at=at)
        if not is_news:
            continue
        key = f"visit:{visit.reference}:on_the_way:{int(at.timestamp())}"
        tell_contacts(order, "engineer_on_the_way", key=key, at=at, context=_engineer_context(visit))


@receiver(signals.visit_turned_back)
def engineer_turned_back(*, visit: Visit, by: Any, at: datetime, **_kwargs: Any) -> None:
    """The customer is told that the engineer is held up, before anybody waits in vain."""
    for link in _links(visit):
        order = _locked(link)
        append_event(order, "turned_back", by=by, at=at)
        key = f"visit:{visit.reference}:turned_back:{int(at.timestamp())}"
        tell_contacts(order, "engineer_turned_back", key=key, at=at, context=_engineer_context(visit))


@receiver(signals.visit_running_late)
def engineer_late(*, visit: Visit, expected_at: datetime, by: Any, at: datetime, **_kwargs: Any) -> None:
    """The customer is told before they ask: of another time than announced, of a window that is missed."""
    for link in _links(visit):
        late_word(order=_locked(link), visit=visit, expected_at=expected_at, by=by, at=at)


@receiver(signals.visit_in_time_again)
def window_saved(*, visit: Visit, by: Any, at: datetime, **_kwargs: Any) -> None:
    """Somebody else keeps the window: what was to be said of its being missed is not said, or taken back."""
    for link in _links(visit):
        saved_word(order=_locked(link), visit=visit, by=by, at=at)


@receiver(signals.visit_arrived)
def engineer_arrived(*, visit: Visit, by: Any, at: datetime, **_kwargs: Any) -> None:
    """A line on the timeline, with how early it was, and the credit for how late; no reminder any more."""
    early = {"minutes_early": visit.minutes_early} if visit.minutes_early else None
    for link in _links(visit):
        order = _locked(link)
        append_event(order, "arrived", by=by, at=at, payload=early)
        call_off_reminder(order, visit, at=at)
        call_off_late_word(order, visit, at=at)
        credit_late_arrival(order=order, visit=visit, at=at)


@receiver(signals.visit_ended)
def visit_over(*, visit: Visit, by: Any, at: datetime, **_kwargs: Any) -> None:
    """A visit that did not bring the repair puts the order back, and the customer chooses a new window.

    Raises Conflict, and the visit does not end, while nobody knows of a new part whether it is in the phone.
    """
    for link in _links(visit):
        order = _locked(link)
        call_off_reminder(order, visit, at=at)
        call_off_late_word(order, visit, at=at)
        withdraw_open_proposal(order=order, visit=visit, because=WithdrawnBecause.VISIT_OVER, by=None, at=at)
        if visit.status not in (VisitStatus.CANNOT_COMPLETE, VisitStatus.NO_ACCESS):
            continue
        settle_parts(order=order, visit=visit, by=by, at=at)
        payload = {"reason": visit.end_reason, "note": visit.end_note}
        append_event(order, visit.status, by=by, at=at, payload=payload)
        renew_pin(order)
        if link.purpose == VisitPurpose.REWORK:
            rework_failed.send(sender=RepairOrder, order=order, visit=visit, by=by, at=at)
        elif visit.end_reason == CannotCompleteReason.LIQUID_OR_BENT and order.is_open:
            _declare_unrepairable(order, visit, by, at)
            continue
        elif order.status == OrderStatus.IN_REPAIR:
            order.put_back()
            order.save(update_fields=["status"])
        tell_contacts(
            order,
            "visit_failed",
            key=f"visit:{visit.reference}:failed",
            at=at,
            context={"no_access": visit.status == VisitStatus.NO_ACCESS, **visit_context(visit)},
        )


def _declare_unrepairable(order: RepairOrder, visit: Visit, by: Any, at: datetime) -> None:
    """Another visit would find the same: the order ends, at no cost, and its customer is told so."""
    order.declare_unrepairable()
    order.ended_at = at
    order.save(update_fields=["status", "ended_at"])
    append_event(order, "unrepairable", by=by, at=at)
    tell_contacts(order, "order_unrepairable", key=f"visit:{visit.reference}:unrepairable", at=at)


@receiver(clocks_breached)
def windows_missed(*, clocks: list[Any], at: datetime, **_kwargs: Any) -> None:
    """A promised window has passed: recorded on the timeline, and said before the customer asks."""
    ids = [clock.object_id for clock in clocks if clock.target.key == ARRIVE_WITHIN_WINDOW]
    for link in OrderVisit.objects.filter(visit_id__in=ids).order_by("order_id"):
        order = _locked_at_once(link)
        visit = _visit_locked_at_once(link)
        context = visit_context(visit)
        append_event(order, "window_missed", by=None, at=at, payload=context)
        credit = credit_missed_window(order=order, visit=visit, at=at)
        told = {**context, "credit": str(credit.amount) if credit else ""}
        tell_contacts(order, "window_missed", key=f"visit:{visit.reference}:missed", at=at, context=told)


@receiver(signals.visits_at_risk)
def windows_to_propose(*, visits: list[Visit], at: datetime, **_kwargs: Any) -> None:
    """Where nobody is left to come, the customer is proposed another window: looked at after the commit.

    Whoever marks visits holds days, clocks or visits, and a proposal has to lock the order before the visit.
    A lost bell costs a minute: the sweep of proposals reads the same from the rows.
    """
    ids = [visit.pk for visit in visits if visit.engineer_id is None]
    if ids:
        ring_on_commit(propose_windows, ids)
