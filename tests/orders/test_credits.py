"""A broken window is credited by policy, once for each occasion, before the customer asks."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction

from engineers.services import doorstep
from engineers.states import VisitStatus
from orders.models import Credit, LatePolicy, Proposal, RepairOrder
from orders.services.credits import credit_of, grant_credit
from orders.services.proposing import sweep_proposals
from orders.services.visits import cancel_order, choose_window
from orders.states import CreditReason
from repairhub.notifications.models import Message
from repairhub.places.models import City
from repairhub.sla.services.clocks import sweep
from tests.factories.door import booked, bring
from tests.factories.engineers import MORNING, clock, fall_ill
from tests.factories.proposals import NEXT_TEN, agreed, proposed_by_the_system, visit_of, window
from tests.factories.warranty import Workshop

pytestmark = pytest.mark.django_db
NOON = clock("12:00")  # the end of the window; the labour is 100 yuan


@pytest.fixture
def order(city: City) -> RepairOrder:
    """Today from ten to twelve, with the city's only engineer."""
    return booked(city)


def amounts(order: RepairOrder) -> list[tuple[str, Decimal]]:
    """Every credit of the order."""
    return list(Credit.objects.filter(order=order).values_list("reason", "amount"))


def arrive_at(order: RepairOrder, at: Any) -> None:
    """The engineer sets out in time and is at the door then."""
    visit = visit_of(order)
    bring(visit, VisitStatus.EN_ROUTE)
    assert visit.engineer is not None
    doorstep.arrive(visit=visit, by=visit.engineer.user, at=at)


class TestLateArrival:
    @pytest.mark.parametrize(
        ("minutes", "total"),
        [(-1, 0), (1, 10), (60, 10), (61, 20), (150, 30), (5 * 60, 50), (7 * 60, 50)],
    )
    def test_each_started_hour_up_to_the_cap(self, order: RepairOrder, minutes: int, total: int) -> None:
        arrive_at(order, NOON + timedelta(minutes=minutes))
        assert credit_of(order) == Decimal(total)

    def test_adds_only_the_difference_to_what_the_missed_window_brought(self, order: RepairOrder) -> None:
        sweep(at=NOON)
        assert amounts(order) == [("missed", Decimal(10))]
        arrive_at(order, NOON + timedelta(minutes=90))
        assert amounts(order) == [("missed", Decimal(10)), ("late", Decimal(10))]

    def test_is_told_to_both_contacts(self, order: RepairOrder) -> None:
        sweep(at=NOON)
        missed = Message.objects.filter(template="window_missed")
        assert [message.context["credit"] for message in missed] == ["10.00", "10.00"]
        arrive_at(order, NOON + timedelta(minutes=90))
        assert Message.objects.filter(template="credit_granted").count() == 2


class TestMissedWindow:
    def test_is_credited_once_however_often_the_sweep_comes(self, order: RepairOrder) -> None:
        for minute in range(3):
            sweep(at=NOON + timedelta(minutes=minute))
        assert amounts(order) == [("missed", Decimal(10))]

    def test_given_up_for_another_window_it_is_lost(self, order: RepairOrder) -> None:
        sweep(at=NOON)
        choose_window(
            order=order,
            window_start_at=NEXT_TEN,
            window_end_at=window(NEXT_TEN)[1],
            purpose="repair",
            line_ids=None,
            by=order.customer,
            at=NOON,
        )
        assert amounts(order) == [("missed", Decimal(10)), ("lost_window", Decimal(10))]

    def test_agreeing_after_it_brings_the_promised_credit_in_all(self, order: RepairOrder) -> None:
        proposal = proposed_by_the_system(order)
        sweep(at=NOON)
        agreed(proposal, NEXT_TEN, at=NOON)
        assert credit_of(order) == proposal.credit == Decimal(20)

    def test_moved_in_time_by_the_customer_nothing_was_broken(self, order: RepairOrder) -> None:
        choose_window(
            order=order,
            window_start_at=NEXT_TEN,
            window_end_at=window(NEXT_TEN)[1],
            purpose="repair",
            line_ids=None,
            by=order.customer,
            at=MORNING,
        )
        assert amounts(order) == []

    def test_a_cancelled_order_owes_nothing_and_is_owed_no_more(self, order: RepairOrder) -> None:
        sweep(at=NOON)
        cancel_order(order=order, by=order.customer, at=NOON)
        assert amounts(order) == [("missed", Decimal(10))]


class TestPolicy:
    def test_of_the_city_comes_before_the_general_one(self, order: RepairOrder) -> None:
        general = LatePolicy.objects.get()
        LatePolicy.objects.create(city=order.city, percent_per_hour=30, starts_at=general.starts_at)
        sweep(at=NOON)
        assert amounts(order) == [("missed", Decimal(30))]

    def test_one_that_begins_later_says_nothing_of_this_window(self, order: RepairOrder) -> None:
        LatePolicy.objects.update(starts_at=NOON + timedelta(seconds=1))
        sweep(at=NOON)
        assert amounts(order) == []
        assert Message.objects.filter(template="window_missed").count() == 2

    def test_nothing_in_the_hundred_is_no_credit(self, order: RepairOrder) -> None:
        LatePolicy.objects.update(percent_per_hour=0)
        sweep(at=NOON)
        assert amounts(order) == []

    def test_of_a_city_stands_once(self, city: City) -> None:
        with pytest.raises(IntegrityError, match="late_policy_once_per_city"), transaction.atomic():
            LatePolicy.objects.create(city=None, starts_at=MORNING)


class TestGranting:
    def grant(self, order: RepairOrder, due: int, reason: str = CreditReason.MISSED) -> Credit | None:
        return grant_credit(order=order, visit=visit_of(order), reason=reason, due=Decimal(due), at=MORNING)

    def test_all_credits_together_never_exceed_the_price(self, order: RepairOrder) -> None:
        assert self.grant(order, 100_000).amount == Decimal(2149)  # type: ignore[union-attr]
        assert self.grant(order, 100_001, CreditReason.LATE) is None

    def test_one_occasion_is_credited_once(self, order: RepairOrder) -> None:
        self.grant(order, 10)
        assert self.grant(order, 30) is None

    @pytest.mark.parametrize("verb", ["UPDATE orders_credit SET amount = 999", "DELETE FROM orders_credit"])
    def test_no_statement_changes_one(self, order: RepairOrder, verb: str) -> None:
        self.grant(order, 10)
        refused = pytest.raises(IntegrityError, match="append-only")
        with refused, transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(verb)


class TestARework:
    def test_agreed_to_another_window_keeps_its_remedy(self) -> None:
        workshop = Workshop.open()
        order = workshop.completed()
        claim = workshop.approved(order)
        visit = workshop.book_rework(claim)
        at = workshop.clock
        assert visit.engineer is not None
        fall_ill(visit.engineer, on=visit.on, at=at)
        sweep_proposals(at=at)
        proposal = Proposal.objects.open().get(order=order)
        agreed(proposal, proposal.options[0][0], at=at)
        claim.refresh_from_db()
        assert claim.remedy.visit == visit_of(order)
        assert claim.remedy.status == "booked"
