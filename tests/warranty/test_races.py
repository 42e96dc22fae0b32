"""Two people at the same moment, each on a connection of their own; every rule with a control."""

from collections.abc import Callable
from threading import Barrier, BrokenBarrierError
from types import SimpleNamespace
from typing import Any

import pytest
from django.db import IntegrityError

from orders.models import OrderVisit, RepairOrder
from repairhub.accounts.models import User
from repairhub.core.errors import Conflict, DomainError
from repairhub.notifications.models import Message
from tests.connections import both_at_once
from tests.factories.accounts import CaseOfficerFactory
from tests.factories.warranty import REASON, Workshop, form_id, photo
from warranty.models import Claim, ClaimPhoto, Decision, Remedy
from warranty.services import claims as claims_service
from warranty.services import deciding
from warranty.services.deciding import decide_claim

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def officers(workshop: Workshop) -> list[User]:
    """Two case officers of Beijing."""
    return CaseOfficerFactory.create_batch(2, cities=[workshop.city])


def answers(claim: Claim, officers: list[User]) -> tuple[Callable[[], Claim], Callable[[], Claim]]:
    """One approves, one refuses."""
    first, second = officers
    return (
        lambda: decide_claim(claim=claim, outcome="approved", reason="", by=first, at=claim.filed_at),
        lambda: decide_claim(claim=claim, outcome="refused", reason=REASON, by=second, at=claim.filed_at),
    )


class TestTwoCaseOfficers:
    def test_one_wins_and_the_other_is_told_who(self, workshop: Workshop, officers: list[User]) -> None:
        claim = workshop.claim()
        results = both_at_once(*answers(claim, officers))

        (winner,) = [result for result in results if isinstance(result, Claim)]
        (refusal,) = [result for result in results if isinstance(result, Conflict)]
        decision = Decision.objects.get()
        assert decision.outcome == winner.status
        assert decision.by.name in str(refusal)
        told = Message.objects.filter(template__in=["claim_approved", "claim_refused"])
        assert set(told.values_list("template", flat=True)) == {f"claim_{decision.outcome}"}
        assert Remedy.objects.count() == (decision.outcome == "approved")

    def test_control_without_the_lock_both_go_ahead_and_the_database_breaks_in(
        self, workshop: Workshop, officers: list[User], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        claim = workshop.claim()
        both_have_read = Barrier(2)

        def read_only(claim: Claim, by: User) -> Claim:
            found = Claim.objects.select_related("order__city").get(pk=claim.pk)
            both_have_read.wait(timeout=10)
            return found

        monkeypatch.setattr(deciding, "locked_claim", read_only)
        results = both_at_once(*answers(claim, officers))
        assert [type(r) for r in results if not isinstance(r, Claim | DomainError)] == [IntegrityError]


class TestOneFormTwice:
    def file(self, workshop: Workshop, order: RepairOrder) -> Callable[[], Claim]:
        """The same form, sent again."""
        return lambda: workshop.claim(order, form_id=form_id(1), photos=[photo()])

    def test_makes_one_claim(self, workshop: Workshop) -> None:
        order = workshop.completed()
        first, second = both_at_once(self.file(workshop, order))

        assert isinstance(first, Claim)
        assert first == second
        assert (Claim.objects.count(), ClaimPhoto.objects.count()) == (1, 1)
        assert Message.objects.filter(template="claim_filed").count() == 2

    def test_control_without_the_lock_the_second_sender_is_refused(
        self, workshop: Workshop, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        order = workshop.completed()
        both_have_looked = Barrier(2)
        unlocked = SimpleNamespace(
            objects=SimpleNamespace(select_for_update=lambda **_kwargs: RepairOrder.objects.all())
        )

        def wait_for_the_other(city_code: str) -> None:
            both_have_looked.wait(timeout=10)

        monkeypatch.setattr(claims_service, "RepairOrder", unlocked)
        monkeypatch.setattr(claims_service, "least_busy_officer", wait_for_the_other)
        results = both_at_once(self.file(workshop, order))
        assert len([result for result in results if isinstance(result, DomainError)]) == 1

    def test_control_the_barrier_shows_the_lock(
        self, workshop: Workshop, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        order = workshop.completed()
        both_have_looked = Barrier(2)
        waited: list[Any] = []

        def wait_for_the_other(city_code: str) -> None:
            try:
                both_have_looked.wait(timeout=1)
            except BrokenBarrierError as error:
                waited.append(error)

        monkeypatch.setattr(claims_service, "least_busy_officer", wait_for_the_other)
        both_at_once(self.file(workshop, order))
        assert len(waited) == 1  # with the lock, only one ever stands between looking and writing


class TestOneWindowTwice:
    def test_makes_one_visit(self, workshop: Workshop) -> None:
        claim = workshop.approved()
        first, second = both_at_once(lambda: workshop.book_rework(claim))

        assert first == second
        assert OrderVisit.objects.filter(purpose="rework").count() == 1
        claim.remedy.refresh_from_db()
        assert claim.remedy.visit == first
