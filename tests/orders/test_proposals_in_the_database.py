"""What was proposed and what was answered stays as it was: by the database itself."""

from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction

from orders.models import Proposal, RepairOrder
from repairhub.places.models import City
from tests.factories.door import booked
from tests.factories.proposals import agreed, proposed

pytestmark = pytest.mark.django_db


@pytest.fixture
def order(city: City) -> RepairOrder:
    """Today from ten to twelve, with the city's only engineer."""
    return booked(city)


def refused(statement: str, match: str) -> None:
    """The statement runs against a constraint or a trigger of that name."""
    with pytest.raises(IntegrityError, match=match), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)


class TestAnOpenProposal:
    @pytest.mark.parametrize(
        "change",
        [
            "windows = windows || windows[1]",
            "credit = 0",
            "reason = 'roads'",
            "note = 'x'",
            "old_window_end_at = old_window_end_at + interval '1 hour'",
            "expires_at = expires_at + interval '1 hour'",
            "raised_by = 'customer'",
            "created_at = created_at - interval '1 hour'",
        ],
    )
    def test_keeps_what_was_offered(self, order: RepairOrder, change: str) -> None:
        proposed(order)
        refused(f"UPDATE orders_proposal SET {change}", "append-only")  # noqa: S608

    def test_is_not_deleted(self, order: RepairOrder) -> None:
        proposed(order)
        refused("DELETE FROM orders_proposal", "append-only")

    @pytest.mark.parametrize(
        ("change", "constraint"),
        [
            ("status = 'gone', closed_at = created_at", "proposal_status_known"),
            ("status = 'declined', how = 'page'", "proposal_closed_has_time"),
            ("status = 'declined', closed_at = created_at", "proposal_answered_says_how"),
            ("status = 'withdrawn', closed_at = created_at", "proposal_withdrawn_says_why"),
            ("status = 'accepted', closed_at = created_at, how = 'page'", "proposal_accepted_has_its_choice"),
            (
                "status = 'accepted', closed_at = created_at, how = 'page', "
                "chosen = tstzrange(old_window_start_at, old_window_end_at)",
                "proposal_choice_was_offered",
            ),
        ],
    )
    def test_is_closed_in_full_or_not_at_all(self, order: RepairOrder, change: str, constraint: str) -> None:
        proposed(order)
        refused(f"UPDATE orders_proposal SET {change}", constraint)  # noqa: S608

    def test_of_a_visit_stands_alone(self, order: RepairOrder) -> None:
        row = proposed(order)
        again: Any = Proposal.objects.get(pk=row.pk)
        again.pk = None
        with pytest.raises(IntegrityError, match="proposal_one_open_window_per_visit"), transaction.atomic():
            again.save(force_insert=True)


class TestAClosedProposal:
    @pytest.mark.parametrize(
        "change",
        ["status = 'open', closed_at = NULL, chosen = NULL, new_visit_id = NULL", "chosen = windows[2]",
         "new_visit_id = visit_id", "closed_at = created_at - interval '1 day'"],
    )  # fmt: skip
    def test_stays_as_it_was_answered(self, order: RepairOrder, change: str) -> None:
        agreed(proposed(order))
        refused(f"UPDATE orders_proposal SET {change}", "append-only")  # noqa: S608
