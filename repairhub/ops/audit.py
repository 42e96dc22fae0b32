"""Proves on the live database that nothing is lost or broken. Each check yields one line per violation."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby

from django.contrib.contenttypes.models import ContentType
from django.db.models import Count, Exists, F, Max, OuterRef, Q, Subquery, Sum

from engineers.dispatch import qualification
from engineers.models import Engineer, Visit
from engineers.planning import CityClock, engineer_day, stop_for
from engineers.selectors.keeping import beyond_keeping
from engineers.services.planning import ARRIVE_WITHIN_WINDOW
from engineers.states import AWAITED, MOVABLE, OPEN, VisitStatus
from orders.models import (
    Credit,
    Fitting,
    OrderEvent,
    OrderVisit,
    Proposal,
    Quote,
    QuoteApproval,
    RepairOrder,
)
from orders.services.credits import late_credit_due, policy_of
from orders.services.timeline import faults_of
from orders.states import OrderStatus, ProposalStatus
from parts.models import StockMovement, StockUnit, UnitStatus
from repairhub.notifications.models import Message
from repairhub.notifications.states import MessageStatus
from repairhub.sla.models import SlaClock
from warranty.models import Claim

OUTBOX_LIMIT = timedelta(minutes=15)
FAILED_SHOWN_FOR = timedelta(days=1)
SWEEP_LIMIT = timedelta(minutes=5)


@dataclass(frozen=True)
class Violation:
    """A rule that does not hold: the rule's name, and a line that says where."""

    rule: str
    where: str


def audit(at: datetime) -> list[Violation]:
    """Every violation at that moment; an empty list for a house in order."""
    return [Violation(rule, where) for rule, check in CHECKS.items() for where in check(at)]


def stock_is_what_the_ledger_adds_up_to(at: datetime) -> Iterator[str]:
    """A unit lies where its last movement put it; a fitted one lies nowhere."""
    last = StockMovement.objects.filter(unit=OuterRef("pk")).order_by("-at", "-id")
    units = StockUnit.objects.annotate(
        last_kind=Subquery(last.values("kind")[:1]), last_place=Subquery(last.values("to_location")[:1])
    )
    same_place = Q(location=F("last_place")) | Q(location=None, last_place=None)
    fitted = Q(status=UnitStatus.FITTED, last_kind=StockMovement.Kind.FITTED)
    elsewhere = ~Q(status=UnitStatus.FITTED) & ~Q(last_kind=StockMovement.Kind.FITTED)
    wrong = units.exclude(same_place & (fitted | elsewhere)) | units.filter(last_kind=None)
    yield from wrong.values_list("serial", flat=True).iterator()


def nobody_is_booked_twice(at: datetime) -> Iterator[str]:
    """The planned spans of an engineer's open visits do not overlap."""
    visits = Visit.objects.filter(status__in=OPEN, engineer__isnull=False)
    previous: Visit | None = None
    for visit in visits.order_by("engineer_id", "planned_start_at").iterator():
        if (
            previous is not None
            and previous.engineer_id == visit.engineer_id
            and visit.planned_start_at < previous.planned_end_at  # type: ignore[operator]  # never None here
        ):
            yield f"{previous.reference} and {visit.reference}"
        previous = visit


def visits_lie_with_the_qualified(at: datetime) -> Iterator[str]:
    """Nobody holds a visit to come, or is on the way to one, without a certificate that it takes."""
    visits = Visit.objects.filter(status__in=AWAITED, engineer__isnull=False, on__gte=at.date())
    for city_id, on in visits.order_by("city_id", "on").values_list("city_id", "on").distinct():
        of_day = visits.filter(city_id=city_id, on=on).select_related("city")
        people = Engineer.objects.with_day(on, on).in_bulk([visit.engineer_id for visit in of_day])
        for visit in of_day:
            engineer = people[visit.engineer_id]  # type: ignore[index]  # none is without one
            stop = stop_for(visit, CityClock.of(visit.city, on), at)
            if qualification(stop, engineer_day(engineer, on)):
                yield f"{visit.reference}: {engineer.number}"


def visits_lie_inside_their_window(at: datetime) -> Iterator[str]:
    """A planned arrival lies inside the promised window, or the visit is marked as at risk."""
    outside = Visit.objects.filter(status__in=[VisitStatus.PLANNED, VisitStatus.CONFIRMED], at_risk_at=None)
    outside = outside.exclude(planned_start_at=None).exclude(
        planned_start_at__gte=F("window_start_at"), planned_start_at__lte=F("window_end_at")
    )
    yield from outside.values_list("reference", flat=True).iterator()


def missed_windows_are_recorded(at: datetime) -> Iterator[str]:
    """A window that ended with nobody at the door has its breach once the sweep had its time."""
    due = SlaClock.objects.filter(
        stopped_at=None, paused_at=None, breached_at=None, due_at__lt=at - SWEEP_LIMIT
    )
    yield from due.values_list("label", flat=True).iterator()


def visits_in_no_route_are_at_risk(at: datetime) -> Iterator[str]:
    """A promised visit that stands in no engineer's route is marked as at risk."""
    bare = Visit.objects.filter(status__in=MOVABLE, engineer=None, at_risk_at=None)
    yield from bare.values_list("reference", flat=True).iterator()


def windows_beyond_keeping_are_renegotiated(at: datetime) -> Iterator[str]:
    """Where nobody can keep a promised window any more, its customer has been proposed another one."""
    asked = Proposal.objects.of_windows().filter(visit=OuterRef("pk"))
    waiting = Visit.objects.filter(
        Exists(OrderVisit.objects.filter(visit=OuterRef("pk"))),
        ~Exists(asked),
        status__in=MOVABLE,
        engineer=None,
        at_risk_at__lt=at - SWEEP_LIMIT,
    )
    for visit in beyond_keeping(waiting.select_related("city").order_by("pk"), at):
        if policy_of(visit) is not None:  # promised before there were proposals
            yield visit.reference


def accepted_proposals_stand(at: datetime) -> Iterator[str]:
    """An accepted proposal has the visit that was chosen, the old one is given up, its credit is given."""
    accepted = Proposal.objects.of_windows().filter(status=ProposalStatus.ACCEPTED)
    for proposal in accepted.select_related("order", "visit", "new_visit").iterator():
        new, name = proposal.new_visit, f"{proposal.order.reference}: proposal {proposal.pk}"
        if new is None or (new.window_start_at, new.window_end_at) != proposal.choice:
            yield f"{name} has another window than was chosen"
        elif proposal.visit is not None and proposal.visit.status != VisitStatus.CANCELLED:
            yield f"{name}: visit {proposal.visit.reference} was not given up"
        elif proposal.credit and not proposal.order.credits.filter(visit=proposal.visit).exists():
            yield f"{name} has no credit"


def broken_windows_are_credited(at: datetime) -> Iterator[str]:
    """A window that broke by our fault, since the policy holds, has its breach and its credit."""
    visit_type = ContentType.objects.get_for_model(Visit)
    breached = SlaClock.objects.filter(
        content_type=visit_type, target__key=ARRIVE_WITHIN_WINDOW, breached_at__isnull=False
    )
    late = Q(visit__arrived_at__gt=F("visit__window_end_at"))
    broken = OrderVisit.objects.filter(late | Q(visit__in=breached.values("object_id")))
    credited = Credit.objects.filter(order=OuterRef("order"), visit=OuterRef("visit"))
    bare = broken.exclude(Exists(credited)).select_related("order", "visit__city").order_by("pk")
    for link in bare.iterator():
        if late_credit_due(link.order, link.visit, timedelta(0)) > 0:
            yield f"{link.order.reference}: {link.visit.reference}"


def no_order_is_credited_more_than_it_costs(at: datetime) -> Iterator[str]:
    """Credits lower what is owed, to nothing at most."""
    approved = QuoteApproval.objects.filter(quote__order=OuterRef("pk")).order_by("-quote__version")
    orders = RepairOrder.objects.annotate(
        price=Subquery(approved.values("quote__total")[:1]), credited=Sum("credits__amount")
    )
    yield from orders.filter(credited__gt=F("price")).values_list("reference", flat=True).iterator()


def open_orders_have_an_approved_quote(at: datetime) -> Iterator[str]:
    """No order stands without a price that its customer approved."""
    yield from (
        RepairOrder.objects.filter(~Exists(QuoteApproval.objects.filter(quote__order=OuterRef("pk"))))
        .values_list("reference", flat=True)
        .iterator()
    )


def no_order_costs_more_than_its_quote(at: datetime) -> Iterator[str]:
    """A quote's total is the sum of its lines."""
    sums = Quote.objects.annotate(lines_total=Sum(F("lines__part_price") + F("lines__labour")))
    for quote in sums.exclude(lines_total=F("total")).select_related("order").iterator():
        yield f"{quote.order.reference} v{quote.version}: {quote.total} is not {quote.lines_total}"


def timelines_hold(at: datetime) -> Iterator[str]:
    """Every order's hash chain is whole. One query, read in pieces: all orders' events in their order."""
    events = OrderEvent.objects.select_related("order").order_by("order_id", "sequence")
    for _order_id, of_order in groupby(events.iterator(), key=lambda event: event.order_id):
        whole = list(of_order)
        yield from faults_of(whole[0].order.reference, whole)


def fittings_have_their_warranty(at: datetime) -> Iterator[str]:
    """A part that a visit put into the phone of a completed order, and finished, has its warranty."""
    bare = Fitting.objects.standing().filter(
        order__status=OrderStatus.COMPLETED, visit__status=VisitStatus.DONE, warranty=None
    )
    for fitting in bare.select_related("order", "unit").iterator():
        yield f"{fitting.order.reference}: {fitting.unit.serial}"


def no_fitting_of_a_cancelled_order(at: datetime) -> Iterator[str]:
    """No part of ours is in the phone of an order that was called off; what was taken back is none."""
    fitted = Fitting.objects.standing().filter(order__status=OrderStatus.CANCELLED)
    for fitting in fitted.select_related("order", "unit").iterator():
        yield f"{fitting.order.reference}: {fitting.unit.serial}"


def claims_have_an_owner(at: datetime) -> Iterator[str]:
    """Somebody by name answers for every claim."""
    yield from Claim.objects.filter(owner=None).values_list("reference", flat=True).iterator()


def no_message_was_given_up(at: datetime) -> Iterator[str]:
    """No message was given up in the last day, but codes: whoever waited for one has asked again."""
    given_up = Message.objects.filter(
        status=MessageStatus.FAILED, is_urgent=False, closed_at__gt=at - FAILED_SHOWN_FOR
    )
    yield from given_up.values_list("key", flat=True).iterator()


def no_message_is_overdue(at: datetime) -> Iterator[str]:
    """No outbox row waits longer than its limit."""
    waiting = Message.objects.filter(status=MessageStatus.QUEUED, not_before_at__lt=at - OUTBOX_LIMIT)
    yield from waiting.values_list("key", flat=True).iterator()


def event_counts_match(at: datetime) -> Iterator[str]:
    """No timeline has a gap at its end: as many events as the last one's number."""
    counted = RepairOrder.objects.annotate(events_count=Count("events"), last=Max("events__sequence"))
    yield from (
        counted.exclude(events_count=F("last"), events_count__gte=1)
        .values_list("reference", flat=True)
        .iterator()
    )


CHECKS: dict[str, Callable[[datetime], Iterator[str]]] = {
    "stock is what the ledger adds up to": stock_is_what_the_ledger_adds_up_to,
    "nobody is booked twice": nobody_is_booked_twice,
    "every visit lies with a qualified engineer": visits_lie_with_the_qualified,
    "planned arrivals lie inside the promised window": visits_lie_inside_their_window,
    "visits in no route are at risk": visits_in_no_route_are_at_risk,
    "windows beyond keeping are proposed anew": windows_beyond_keeping_are_renegotiated,
    "accepted proposals stand": accepted_proposals_stand,
    "broken windows are credited": broken_windows_are_credited,
    "no order is credited more than it costs": no_order_is_credited_more_than_it_costs,
    "missed deadlines are recorded": missed_windows_are_recorded,
    "every order has an approved quote": open_orders_have_an_approved_quote,
    "no order costs more than its quote": no_order_costs_more_than_its_quote,
    "every timeline's chain holds": timelines_hold,
    "every timeline is complete": event_counts_match,
    "every fitting has its warranty": fittings_have_their_warranty,
    "no cancelled order has a fitting": no_fitting_of_a_cancelled_order,
    "every claim has an owner": claims_have_an_owner,
    "no message is overdue": no_message_is_overdue,
    "no message was given up in the last day": no_message_was_given_up,
}
