"""The audit: clean after a whole story, and each rule finds what somebody planted past the product."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection

from engineers.models import Visit
from engineers.services.doorstep import report_cannot_complete
from orders.models import Credit, Fitting, LatePolicy, Quote, RepairOrder
from orders.services.taking_back import put_back_part, report_dead_part
from orders.services.visits import cancel_order
from orders.states import OrderStatus
from repairhub.notifications.services import send_due
from repairhub.ops.audit import CHECKS, audit
from repairhub.sla.services.clocks import sweep
from tests.factories.accounts import CaseOfficerFactory
from tests.factories.credits import NEW_YEAR
from tests.factories.notifications import FailedMessageFactory, MessageFactory
from tests.factories.proposals import agreed, left_alone, proposed_by_the_system
from tests.factories.warranty import Workshop
from tests.triggers import past_the_triggers

pytestmark = pytest.mark.django_db


@pytest.fixture
def workshop() -> Workshop:
    """After a whole story: a repair, a claim, its rework, another order that is booked."""
    workshop = Workshop.open()
    CaseOfficerFactory(cities=[workshop.city])
    order = workshop.completed()
    claim = workshop.approved(order)
    workshop.clock = claim.filed_at
    workshop.book_rework(claim)
    workshop.do_the_work(order)
    workshop.book()
    send_due(at=workshop.clock)
    sweep(at=workshop.clock)
    return workshop


def found(at: datetime) -> set[str]:
    """The rules that do not hold."""
    return {violation.rule for violation in audit(at)}


def plant(statement: str) -> Callable[[Workshop], None]:
    """A statement that the product never makes."""

    def run(workshop: Workshop) -> None:
        with past_the_triggers(), connection.cursor() as cursor:
            cursor.execute(statement)

    return run


def give_up_a_message(workshop: Workshop) -> None:
    FailedMessageFactory(closed_at=workshop.clock - timedelta(hours=23))


def forget_a_message(workshop: Workshop) -> None:
    MessageFactory(created_at=workshop.clock - timedelta(minutes=16))


def add_an_order_without_approval(workshop: Workshop) -> None:
    workshop.book()
    plant("DELETE FROM orders_quoteapproval WHERE id = (SELECT max(id) FROM orders_quoteapproval)")(workshop)


def lose_an_engineer(workshop: Workshop) -> None:
    """The newest booking in no route, at risk for an hour, and nobody who could come."""
    order = workshop.book()
    visit = left_alone(order, at=workshop.clock)
    Visit.objects.filter(pk=visit.pk).update(at_risk_at=workshop.clock - timedelta(hours=1))


def accept_without_moving(workshop: Workshop) -> None:
    """An accepted proposal that names no visit."""
    proposed_by_the_system(workshop.book(), at=workshop.clock)
    plant(
        "UPDATE orders_proposal SET status = 'accepted', chosen = windows[1], closed_at = created_at, "
        "how = 'page'"
    )(workshop)


def break_a_window(workshop: Workshop) -> None:
    """A window that passed with its breach recorded and its credit gone."""
    visit = left_alone(workshop.book(), at=workshop.clock)
    sweep(at=visit.window_end_at)
    plant("DELETE FROM orders_credit")(workshop)


def credit_too_much(workshop: Workshop) -> None:
    visit = left_alone(workshop.book(), at=workshop.clock)
    sweep(at=visit.window_end_at)
    plant("UPDATE orders_credit SET amount = 99999")(workshop)


PLANTED: dict[str, Any] = {
    "visits in no route are at risk": plant(
        "UPDATE engineers_visit SET engineer_id = NULL, planned_start_at = NULL, planned_end_at = NULL "
        "WHERE id = (SELECT max(id) FROM engineers_visit)"
    ),
    "windows beyond keeping are proposed anew": lose_an_engineer,
    "accepted proposals stand": accept_without_moving,
    "broken windows are credited": break_a_window,
    "no order is credited more than it costs": credit_too_much,
    "stock is what the ledger adds up to": plant(
        "DELETE FROM parts_stockmovement WHERE id = (SELECT max(id) FROM parts_stockmovement)"
    ),
    "every visit lies with a qualified engineer": plant(
        "UPDATE engineers_engineercertificate SET suspended_at = now()"
    ),
    "planned arrivals lie inside the promised window": plant(
        "UPDATE engineers_visit SET window_start_at = window_start_at + interval '1 day', "
        "window_end_at = window_end_at + interval '1 day' WHERE id = (SELECT max(id) FROM engineers_visit)"
    ),
    "missed deadlines are recorded": plant(
        "UPDATE sla_slaclock SET due_at = started_at + interval '1 minute', "
        "warn_at = started_at + interval '1 minute', started_at = started_at - interval '1 day', "
        "warned_at = NULL, breached_at = NULL WHERE stopped_at IS NULL"
    ),
    "every order has an approved quote": add_an_order_without_approval,
    "no order costs more than its quote": plant("UPDATE orders_quote SET total = total - 1"),
    "every timeline's chain holds": plant("UPDATE orders_orderevent SET kind = 'x' WHERE sequence = 2"),
    "every timeline is complete": plant("DELETE FROM orders_orderevent WHERE sequence = 2"),
    "every fitting has its warranty": plant(
        "DELETE FROM warranty_warranty WHERE id = (SELECT max(id) FROM warranty_warranty)"
    ),
    "no cancelled order has a fitting": plant(
        "UPDATE orders_repairorder SET status = 'cancelled', ended_at = completed_at, completed_at = NULL "
        "WHERE status = 'completed'"
    ),
    "every claim has an owner": plant("UPDATE warranty_claim SET owner_id = NULL"),
    "no message is overdue": forget_a_message,
    "no message was given up in the last day": give_up_a_message,
}


class TestAudit:
    def test_is_clean_after_a_whole_story(self, workshop: Workshop) -> None:
        assert RepairOrder.objects.count() == Fitting.objects.count() == 2
        assert audit(workshop.clock) == []

    @pytest.mark.parametrize("rule", PLANTED)
    def test_finds_what_was_planted(self, workshop: Workshop, rule: str) -> None:
        PLANTED[rule](workshop)
        assert rule in found(workshop.clock + timedelta(minutes=10))

    def test_every_rule_but_the_one_that_the_database_holds_is_tried_here(self) -> None:
        # the exclusion constraint on visits lets nobody plant a double booking
        assert set(CHECKS) - set(PLANTED) == {"nobody is booked twice"}

    def at_the_door(self, workshop: Workshop) -> tuple[RepairOrder, Visit, Fitting]:
        """The order that is booked, with its new part in."""
        order = RepairOrder.objects.latest("pk")
        visit = workshop.go_to_the_door(order)
        return order, visit, workshop.fit(order, visit)[0]

    def test_a_dead_part_of_an_order_that_was_called_off_is_no_fault(self, workshop: Workshop) -> None:
        order, visit, _dead = self.at_the_door(workshop)
        report_cannot_complete(
            visit=visit, reason="part_faulty", note="", by=workshop.user, at=workshop.clock
        )
        cancel_order(order=order, by=None, at=workshop.clock)
        send_due(at=workshop.clock)
        assert audit(workshop.clock) == []

    @pytest.mark.parametrize("verb", [put_back_part, report_dead_part])
    def test_a_part_that_did_not_stay_in_needs_no_warranty(
        self, workshop: Workshop, verb: Any, settings: Any, tmp_path: Any
    ) -> None:
        settings.MEDIA_ROOT = tmp_path
        order, visit, fitting = self.at_the_door(workshop)
        verb(fitting=fitting, visit=visit, by=workshop.user, at=workshop.clock)
        workshop.fit(order, visit)
        assert workshop.finish(order, visit).status == OrderStatus.COMPLETED
        send_due(at=workshop.clock)
        assert audit(workshop.clock) == []

    def test_a_second_version_that_waits_for_its_approval_is_no_fault(self, workshop: Workshop) -> None:
        order = RepairOrder.objects.latest("pk")
        Quote.objects.create(order=order, version=2, total=0, offered_at=workshop.clock)
        assert "every order has an approved quote" not in found(workshop.clock)

    def test_a_window_that_nobody_can_keep_is_clean_from_the_proposal_to_the_yes(
        self, workshop: Workshop
    ) -> None:
        order = workshop.book()
        proposal = proposed_by_the_system(order, at=workshop.clock)
        send_due(at=workshop.clock)
        assert audit(workshop.clock + timedelta(minutes=10)) == []
        agreed(proposal, proposal.options[0][0], at=workshop.clock)
        send_due(at=workshop.clock)
        assert audit(workshop.clock + timedelta(minutes=10)) == []
        assert Credit.objects.filter(order=order).count() == 1

    def test_a_broken_window_with_its_breach_and_credit_is_no_fault(self, workshop: Workshop) -> None:
        proposal = proposed_by_the_system(workshop.book(), at=workshop.clock)
        missed_at = proposal.old_window_end_at
        assert missed_at is not None
        for at in (proposal.old_window_start_at, missed_at):  # the reminder leaves in its time
            assert at is not None
            sweep(at=at)
            send_due(at=at)
        assert audit(missed_at) == []

    def test_what_was_broken_before_the_policy_is_no_fault(self, workshop: Workshop) -> None:
        LatePolicy.objects.update(starts_at=workshop.clock + timedelta(days=30))
        visit = left_alone(workshop.book(), at=workshop.clock)
        for at in (visit.window_start_at, visit.window_end_at):
            sweep(at=at)
            send_due(at=at)
        assert not Credit.objects.exists()
        assert audit(visit.window_end_at + timedelta(minutes=10)) == []
        LatePolicy.objects.update(starts_at=NEW_YEAR)
        assert found(visit.window_end_at + timedelta(minutes=10)) == {
            "broken windows are credited",
            "windows beyond keeping are proposed anew",
        }

    def test_a_message_given_up_long_ago_is_history(self, workshop: Workshop) -> None:
        FailedMessageFactory(closed_at=workshop.clock - timedelta(hours=25))
        FailedMessageFactory(closed_at=workshop.clock, is_urgent=True)
        assert audit(workshop.clock) == []

    def test_chains_cost_one_query_however_many_orders(
        self, workshop: Workshop, django_assert_num_queries: Any
    ) -> None:
        with django_assert_num_queries(1):
            assert list(CHECKS["every timeline's chain holds"](workshop.clock)) == []
