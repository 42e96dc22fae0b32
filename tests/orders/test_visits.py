"""After booking: windows move by the customer's word alone; cancelling is free until they set out."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from engineers.models import Visit
from engineers.services import doorstep
from engineers.services.planning import WindowShut
from engineers.states import MOVABLE, UNDER_WAY, VisitStatus
from orders.models import OrderVisit, RepairOrder
from orders.services.timeline import chain_faults
from orders.services.visits import approved_quote, cancel_order, choose_window, needs_of, open_visit
from orders.states import OrderStatus, VisitPurpose
from repairhub.core.errors import Conflict
from repairhub.notifications.models import Message
from repairhub.notifications.states import MessageStatus
from repairhub.sla.models import SlaClock
from tests.connections import both_at_once
from tests.factories.door import Door, booked, bring, door, put_order
from tests.factories.engineers import MORNING, clock
from tests.orders.browser import open_city

pytestmark = pytest.mark.django_db
ENDED_BADLY = [VisitStatus.NO_ACCESS, VisitStatus.CANNOT_COMPLETE]


def choose(order: RepairOrder, window: str = "14:00", *, at: datetime = MORNING, days: int = 0) -> Visit:
    """The customer chooses the window of two hours from that time."""
    start_at = clock(window) + timedelta(days=days)
    return choose_window(
        order=order,
        window_start_at=start_at,
        window_end_at=start_at + timedelta(hours=2),
        purpose=VisitPurpose.REPAIR,
        line_ids=None,
        by=order.customer,
        at=at,
    )


def fill_the_day(place: Door, window: str) -> None:
    """Others book that window until nothing fits."""
    try:
        for _number in range(100):
            booked(place.order.city, window=window)
    except WindowShut:
        return
    raise AssertionError("the window never filled")


class TestChooseWindow:
    @pytest.mark.parametrize("status", MOVABLE)
    def test_moves_a_visit_that_is_not_under_way(self, status: str) -> None:
        place = door(status)
        visit = choose(place.order)
        place.refresh()
        assert place.visit.status == VisitStatus.CANCELLED
        assert (visit.window_start_at, visit.status) == (clock("14:00"), VisitStatus.PLANNED)
        assert open_visit(place.order).visit == visit  # type: ignore[union-attr]

    def test_another_day(self) -> None:
        place = door(VisitStatus.PLANNED)
        assert choose(place.order, "10:00", days=3).on.isoformat() == "2026-11-26"

    def test_is_on_the_timeline_and_told_and_reminded_anew(self) -> None:
        place = door(VisitStatus.PLANNED)
        visit = choose(place.order)
        event = place.order.events.last()
        assert event is not None
        assert (event.kind, event.payload["moved"], event.by) == ("window_chosen", True, place.order.customer)
        assert Message.objects.filter(template="window_chosen").count() == 2
        reminders = Message.objects.filter(template="visit_reminder", channel="sms")
        assert dict(reminders.values_list("key", "status")) == {
            f"order:{place.order.pk}:visit:{place.visit.reference}:reminder:1": MessageStatus.CANCELLED,
            f"order:{place.order.pk}:visit:{visit.reference}:reminder:1": MessageStatus.QUEUED,
        }
        assert chain_faults(place.order) == []

    def test_the_same_window_again_changes_nothing(self) -> None:
        place = door(VisitStatus.CONFIRMED)
        assert choose(place.order, "10:00") == place.visit
        assert place.order.events.filter(kind="window_chosen").count() == 0
        assert place.refresh().visit.status == VisitStatus.CONFIRMED

    def test_a_window_that_is_taken_leaves_the_old_promise_as_it_was(self) -> None:
        place = door(VisitStatus.CONFIRMED)
        fill_the_day(place, "14:00")
        before = (place.visit.window_start_at, place.visit.engineer_id, place.visit.planned_start_at)
        with pytest.raises(WindowShut) as refused:
            choose(place.order, "14:00")
        assert len(refused.value.nearest) == 3
        place.refresh()
        assert place.visit.status == VisitStatus.CONFIRMED
        assert (place.visit.window_start_at, place.visit.engineer_id, place.visit.planned_start_at) == before
        assert place.order.events.filter(kind="window_chosen").count() == 0
        assert SlaClock.objects.open().filter(object_id=place.visit.pk).exists()

    @pytest.mark.parametrize("status", UNDER_WAY)
    def test_not_once_the_engineer_is_on_the_way(self, status: str) -> None:
        place = door(status)
        with pytest.raises(Conflict) as refused:
            choose(place.order)
        assert refused.value.code == "under_way"
        assert place.refresh().visit.status == status

    @pytest.mark.parametrize("status", ENDED_BADLY)
    def test_again_after_a_visit_that_failed(self, status: str) -> None:
        place = door(status)
        visit = choose(place.order, "16:00", at=clock("12:00"))
        assert visit.status == VisitStatus.PLANNED
        event = place.order.events.last()
        assert event is not None
        assert event.payload["moved"] is False

    def test_again_after_a_repair_that_was_begun_and_given_up(self) -> None:
        place = door(started=True)
        assert place.order.status == OrderStatus.IN_REPAIR
        doorstep.report_cannot_complete(
            visit=place.visit, reason="wrong_part", note="", by=place.by, at=place.at
        )
        assert place.refresh().order.status == OrderStatus.BOOKED
        assert choose(place.order, "18:00", at=clock("12:00")).status == VisitStatus.PLANNED

    def test_after_we_missed_the_promised_window(self) -> None:
        place = door(VisitStatus.PLANNED)
        visit = choose(place.order, "16:00", at=clock("12:30"))
        assert place.refresh().visit.status == VisitStatus.CANCELLED
        assert visit.window_start_at == clock("16:00")

    def test_a_pin_of_the_desk_does_not_hold_the_customer(self) -> None:
        place = door(VisitStatus.CONFIRMED)
        Visit.objects.filter(pk=place.visit.pk).update(is_pinned=True)
        assert choose(place.order).window_start_at == clock("14:00")

    @pytest.mark.parametrize(
        "status", [OrderStatus.COMPLETED, OrderStatus.CANCELLED, OrderStatus.UNREPAIRABLE]
    )
    def test_not_of_an_order_that_is_closed(self, status: str) -> None:
        place = door(VisitStatus.CANCELLED)
        put_order(place.order, status)
        with pytest.raises(Conflict) as refused:
            choose(place.order)
        assert refused.value.code == "order_closed"

    def test_price_and_grade_stay(self) -> None:
        place = door(VisitStatus.PLANNED)
        quote = approved_quote(place.order)
        choose(place.order)
        assert approved_quote(place.order) == quote
        assert place.order.quotes.count() == 1


class TestCancelOrder:
    @pytest.mark.parametrize("status", MOVABLE)
    def test_before_the_engineer_sets_out_costs_nothing(self, status: str) -> None:
        place = door(status)
        order = cancel_order(order=place.order, by=place.order.customer, at=MORNING)
        assert (order.status, order.ended_at) == (OrderStatus.CANCELLED, MORNING)
        assert place.refresh().visit.status == VisitStatus.CANCELLED
        assert not SlaClock.objects.open().exists()
        assert Message.objects.filter(template="order_cancelled").count() == 2
        assert not Message.objects.filter(template="visit_reminder", status=MessageStatus.QUEUED).exists()

    def test_frees_the_engineers_time_for_others(self) -> None:
        place = door(VisitStatus.PLANNED)
        fill_the_day(place, "10:00")
        cancel_order(order=place.order, by=None, at=MORNING)
        assert booked(place.order.city, window="10:00").status == OrderStatus.BOOKED

    @pytest.mark.parametrize("status", ENDED_BADLY)
    def test_after_a_visit_that_failed(self, status: str) -> None:
        place = door(status)
        assert cancel_order(order=place.order, by=None, at=MORNING).status == OrderStatus.CANCELLED

    def test_twice_changes_nothing(self) -> None:
        place = door(VisitStatus.PLANNED)
        cancel_order(order=place.order, by=None, at=MORNING)
        again = cancel_order(order=place.order, by=None, at=MORNING + timedelta(hours=1))
        assert again.ended_at == MORNING
        assert place.order.events.filter(kind="cancelled").count() == 1

    @pytest.mark.parametrize("status", UNDER_WAY)
    def test_not_once_the_engineer_is_on_the_way(self, status: str) -> None:
        place = door(status)
        with pytest.raises(Conflict) as refused:
            cancel_order(order=place.order, by=None, at=MORNING)
        assert refused.value.code == "under_way"
        assert place.refresh().order.status == OrderStatus.BOOKED

    @pytest.mark.parametrize(
        "status", [OrderStatus.IN_REPAIR, OrderStatus.COMPLETED, OrderStatus.UNREPAIRABLE]
    )
    def test_not_in_another_state(self, status: str) -> None:
        place = door(VisitStatus.CANCELLED)
        put_order(place.order, status)
        with pytest.raises(Conflict) as refused:
            cancel_order(order=place.order, by=None, at=MORNING)
        assert refused.value.code == "order_not_cancellable"


class TestNeedsOf:
    def test_some_lines_need_less(self) -> None:
        place = door(VisitStatus.PLANNED, repairs=[("screen", "original"), ("battery", "original")])
        battery = approved_quote(place.order).lines.get(repair__key="battery")
        needs = needs_of(place.order, frozenset([battery.pk]))
        assert (needs.service_minutes, needs.skills) == (30, {"battery": 2})


@pytest.mark.django_db(transaction=True)
class TestTwoConnections:
    """The customer moves or cancels while the engineer sets out: one of them is refused, neither hangs."""

    @pytest.mark.parametrize("what", ["move", "cancel"])
    def test_the_customer_and_the_engineer_at_once(self, what: str) -> None:
        place = door(VisitStatus.CONFIRMED)

        def customer() -> Any:
            if what == "move":
                return choose(place.order)
            return cancel_order(order=place.order, by=None, at=MORNING)

        def engineer() -> Any:
            return doorstep.set_out(visit=place.visit, by=place.by, at=clock("09:30"))

        results = both_at_once(customer, engineer)
        refused = [result for result in results if isinstance(result, Exception)]
        assert len(refused) == 1
        assert isinstance(refused[0], Conflict)

    def test_two_windows_chosen_at_once_leave_one_visit(self) -> None:
        city, _engineer = open_city()
        order = booked(city)
        bring(order.visits.get(), VisitStatus.CONFIRMED)
        results = both_at_once(lambda: choose(order, "14:00"), lambda: choose(order, "10:00", days=2))
        assert all(isinstance(result, Visit | Conflict) for result in results)
        assert OrderVisit.objects.filter(order=order, visit__in=Visit.objects.open()).count() == 1
        assert chain_faults(order) == []
