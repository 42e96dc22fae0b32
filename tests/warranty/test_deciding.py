from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, transaction

from orders.services.timeline import chain_faults
from repairhub.accounts.models import User
from repairhub.core.errors import Conflict, InvalidInput, NotAllowed
from repairhub.notifications.models import Message
from repairhub.notifications.rendering import render
from repairhub.sla.models import SlaClock
from tests.factories.accounts import (
    CaseOfficerFactory,
    DispatcherFactory,
    EngineerUserFactory,
    ManagerFactory,
    PartsAdminFactory,
    UserFactory,
)
from tests.factories.places import CityFactory
from tests.factories.warranty import REASON, Workshop
from warranty.models import Claim, Decision, Remedy
from warranty.services.deciding import decide_claim
from warranty.states import ClaimStatus, Outcome, RemedyStatus

pytestmark = pytest.mark.django_db


@pytest.fixture
def officer(workshop: Workshop) -> User:
    """A case officer of Beijing."""
    return CaseOfficerFactory(name="Min Zhao", cities=[workshop.city])


@pytest.fixture
def claim(workshop: Workshop, officer: User) -> Claim:
    """A claim that waits for its answer."""
    return workshop.claim()


class TestDecideClaim:
    def test_approving_offers_a_rework_and_stops_the_clock(self, claim: Claim, officer: User) -> None:
        at = claim.filed_at + timedelta(hours=3)
        claim = decide_claim(claim=claim, outcome=Outcome.APPROVED, reason="", by=officer, at=at)

        assert (claim.status, claim.answered_at) == (ClaimStatus.APPROVED, at)
        assert (claim.decision.by, claim.decision.at) == (officer, at)
        assert claim.remedy.status == RemedyStatus.OFFERED
        assert claim.remedy.visit is None
        assert SlaClock.objects.for_subjects([claim]).get().shown_state(at) == "kept"
        assert claim.order.events.last().kind == "claim_approved"
        assert chain_faults(claim.order) == []
        message = Message.objects.filter(template="claim_approved").first()
        assert "choose a window" in body(message)

    def test_refusing_says_why_and_what_next(self, claim: Claim, officer: User) -> None:
        claim = decide_claim(
            claim=claim, outcome=Outcome.REFUSED, reason=f"  {REASON} ", by=officer, at=claim.filed_at
        )

        assert claim.status == ClaimStatus.REFUSED
        assert claim.decision.reason == REASON
        assert not Remedy.objects.exists()
        said = body(Message.objects.filter(template="claim_refused").first())
        assert REASON in said
        assert "Min Zhao" in said
        assert "You may file another claim" in said

    @pytest.mark.parametrize("reason", ["", "   ", "no", "123456789", "\x00" * 20])
    def test_a_refusal_needs_a_reason(self, claim: Claim, officer: User, reason: str) -> None:
        with pytest.raises(InvalidInput, match="Give the reason") as refusal:
            decide_claim(claim=claim, outcome=Outcome.REFUSED, reason=reason, by=officer, at=claim.filed_at)
        assert refusal.value.field == "reason"
        claim.refresh_from_db()
        assert claim.status == ClaimStatus.FILED

    def test_a_short_chinese_reason_is_enough(self, claim: Claim, officer: User) -> None:
        decide_claim(
            claim=claim,
            outcome=Outcome.REFUSED,
            reason="维修后手机进液，见照片二。",
            by=officer,
            at=claim.filed_at,
        )
        assert Decision.objects.count() == 1

    def test_too_long_a_reason_and_an_unknown_outcome_are_refused(self, claim: Claim, officer: User) -> None:
        with pytest.raises(InvalidInput, match="longer than"):
            decide_claim(claim=claim, outcome="refused", reason="x" * 2001, by=officer, at=claim.filed_at)
        with pytest.raises(InvalidInput, match="Approve the claim or refuse it"):
            decide_claim(claim=claim, outcome="perhaps", reason=REASON, by=officer, at=claim.filed_at)

    def test_the_same_answer_again_changes_nothing(self, claim: Claim, officer: User) -> None:
        for _ in range(2):
            decide_claim(claim=claim, outcome="approved", reason="", by=officer, at=claim.filed_at)
        assert (Decision.objects.count(), Remedy.objects.count()) == (1, 1)
        assert Message.objects.filter(template="claim_approved").count() == 2

    @pytest.mark.parametrize("first", Outcome.values)
    @pytest.mark.parametrize("second", Outcome.values)
    def test_an_answered_claim_is_not_answered_again(
        self, claim: Claim, officer: User, first: str, second: str
    ) -> None:
        decide_claim(claim=claim, outcome=first, reason=REASON, by=officer, at=claim.filed_at)
        with pytest.raises(Conflict, match="Min Zhao has answered this claim already"):
            decide_claim(claim=claim, outcome=second, reason=REASON, by=ManagerFactory(), at=claim.filed_at)
        assert Decision.objects.get().outcome == first

    def test_not_even_by_the_same_person_with_another_answer(self, claim: Claim, officer: User) -> None:
        decide_claim(claim=claim, outcome="approved", reason="", by=officer, at=claim.filed_at)
        with pytest.raises(Conflict):
            decide_claim(claim=claim, outcome="refused", reason=REASON, by=officer, at=claim.filed_at)

    @pytest.mark.parametrize(
        "factory", [UserFactory, EngineerUserFactory, DispatcherFactory, PartsAdminFactory]
    )
    def test_nobody_else_decides(self, claim: Claim, factory: type) -> None:
        with pytest.raises(NotAllowed):
            decide_claim(claim=claim, outcome="approved", reason="", by=factory(), at=claim.filed_at)

    def test_nor_somebody_who_left_or_works_elsewhere(self, claim: Claim) -> None:
        for stranger in (
            CaseOfficerFactory(is_active=False),
            CaseOfficerFactory(cities=[CityFactory(shanghai=True)]),
        ):
            with pytest.raises(NotAllowed):
                decide_claim(claim=claim, outcome="approved", reason="", by=stranger, at=claim.filed_at)

    def test_a_colleague_of_the_owner_may(self, claim: Claim, workshop: Workshop) -> None:
        colleague = CaseOfficerFactory(cities=[workshop.city])
        claim = decide_claim(claim=claim, outcome="approved", reason="", by=colleague, at=claim.filed_at)
        assert claim.owner != colleague
        assert claim.decision.by == colleague

    def test_an_answer_too_late_stands_as_missed(self, claim: Claim, officer: User) -> None:
        at = claim.filed_at + timedelta(hours=49)
        decide_claim(claim=claim, outcome="approved", reason="", by=officer, at=at)
        assert SlaClock.objects.for_subjects([claim]).get().shown_state(at) == "missed"


class TestTheDatabase:
    def test_a_decision_stays_as_written(self, claim: Claim, officer: User) -> None:
        decide_claim(claim=claim, outcome="refused", reason=REASON, by=officer, at=claim.filed_at)
        for sql in ("UPDATE warranty_decision SET reason = 'x'", "DELETE FROM warranty_decision"):
            with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
                cursor.execute(sql)

    def test_a_warranty_and_a_hand_over_stay_as_written(self, claim: Claim) -> None:
        for sql in (
            "UPDATE warranty_warranty SET ends_on = ends_on + 1",
            "UPDATE warranty_warranty SET starts_on = starts_on - 1",
            "DELETE FROM warranty_warranty",
            "UPDATE orders_handover SET note = 'x'",
        ):
            with (
                pytest.raises(IntegrityError, match="append-only"),
                transaction.atomic(),
                connection.cursor() as cursor,
            ):
                cursor.execute(sql)

    def test_a_refusal_without_a_reason_cannot_be_stored(self, claim: Claim, officer: User) -> None:
        with pytest.raises(IntegrityError, match="refusal_has_reason"), transaction.atomic():
            Decision.objects.create(claim=claim, outcome="refused", reason="", by=officer, at=claim.filed_at)

    def test_promised_terms_stay_as_written(self, claim: Claim) -> None:
        for sql in ("UPDATE warranty_warrantyterms SET days = 1", "DELETE FROM warranty_warrantyterms"):
            with (
                pytest.raises(IntegrityError, match="were promised"),
                transaction.atomic(),
                connection.cursor() as cursor,
            ):
                cursor.execute(sql)


def body(message: Message | None) -> str:
    """What its reader gets."""
    assert message is not None
    wording = render(
        template=message.template,
        language="en",
        channel=message.channel,
        context=message.context,
        secret="https://repairhub.example/o/x/",
    )
    return wording.body
