"""Proposals of another window: the old promise binds until the customer agrees, whoever asks and whenever."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from engineers.models import Engineer, Visit
from engineers.services.planning import WindowShut
from engineers.states import VisitStatus
from orders.models import Credit, Proposal, RepairOrder
from orders.services.accepting import accept_proposal, accept_with_code, counter_proposal, send_proposal_code
from orders.services.proposals import decline_proposal, expire_proposal, propose_window, withdraw_proposal
from orders.services.timeline import chain_faults
from orders.services.visits import cancel_order, choose_window
from orders.states import AnsweredHow, ProposalReason, ProposalStatus, Side, WithdrawnBecause
from repairhub.accounts.models import OneTimeCode
from repairhub.core.errors import Conflict, DomainError, InvalidInput, NotAllowed
from repairhub.notifications.models import Message
from repairhub.notifications.sealing import unseal
from repairhub.places.models import City
from tests.factories.accounts import DispatcherFactory, EngineerUserFactory
from tests.factories.door import booked, bring
from tests.factories.engineers import MORNING, clock
from tests.factories.places import CityFactory
from tests.factories.proposals import (
    NEXT_TEN,
    NEXT_TWO,
    TOMORROW,
    agreed,
    proposal_in,
    proposed,
    served,
    visit_of,
    window,
)

pytestmark = pytest.mark.django_db
LATER = clock("16:00", TOMORROW)
PAGE = AnsweredHow.PAGE


@pytest.fixture
def order(city: City) -> RepairOrder:
    """Today from ten to twelve, with the city's only engineer."""
    return booked(city)


def told(order: RepairOrder, template: str) -> int:
    """How many contacts were told so."""
    return Message.objects.filter(template=template, key__startswith=f"order:{order.pk}:").count()


def standing(order: RepairOrder) -> Any:
    """What is promised: the open visit's window and the proposals' states."""
    states = list(Proposal.objects.filter(order=order).order_by("pk").values_list("status", flat=True))
    return visit_of(order).window_start_at, states


class TestProposing:
    def test_offers_what_the_engine_finds_and_says_so(self, order: RepairOrder) -> None:
        proposal = proposed(order)
        assert proposal.options == [window(NEXT_TEN), window(NEXT_TWO)]
        assert proposal.credit == Decimal("20.00")  # 20 per cent of 100 yuan of labour
        assert proposal.expires_at == MORNING + timedelta(hours=24)
        assert (proposal.raised_by, proposal.is_of_system) == (Side.US, False)
        assert told(order, "window_proposed") == 2
        assert order.events.filter(kind="window_proposed").count() == 1
        assert standing(order) == (clock("10:00"), ["open"])

    def test_the_same_again_is_the_same_proposal(self, order: RepairOrder) -> None:
        by = DispatcherFactory()
        assert proposed(order, by=by) == proposed(order, by=by)

    def test_another_one_waits_until_the_first_is_answered(self, order: RepairOrder) -> None:
        proposed(order)
        with pytest.raises(Conflict, match="already"):
            proposed(order, LATER)

    def test_a_window_that_nobody_can_keep_is_not_offered(self, order: RepairOrder) -> None:
        engineer = Engineer.objects.get()
        engineer.shifts.filter(weekday=TOMORROW.weekday()).delete()
        with pytest.raises(WindowShut) as refused:
            proposed(order)
        assert refused.value.field == "windows"
        assert len(refused.value.nearest) == 3

    @pytest.mark.parametrize(
        ("fields", "field"),
        [
            ({"reason": ""}, "reason"),
            ({"reason": "whim"}, "reason"),
            ({"reason": ProposalReason.CUSTOMER_ASKED}, "reason"),
            ({"reason": ProposalReason.OTHER, "note": " "}, "note"),
            ({"note": "x" * 301}, "note"),
            ({"windows": []}, "windows"),
            ({"windows": [window(clock("10:00"))]}, "windows"),
            ({"windows": [window(NEXT_TEN + timedelta(minutes=7))]}, "windows"),
            ({"windows": [(NEXT_TEN, NEXT_TEN + timedelta(hours=5))]}, "windows"),
        ],
    )
    def test_what_cannot_be_said_or_offered_names_its_field(
        self, order: RepairOrder, fields: dict[str, Any], field: str
    ) -> None:
        with pytest.raises(DomainError) as refused:
            proposed(order, **fields)
        assert refused.value.field == field
        assert not Proposal.objects.exists()

    def test_only_the_desk_of_the_city_asks(self, order: RepairOrder) -> None:
        elsewhere = DispatcherFactory(cities=[CityFactory(shanghai=True)])
        for by in (elsewhere, EngineerUserFactory(), order.customer):
            with pytest.raises(NotAllowed):
                proposed(order, by=by)

    @pytest.mark.parametrize("status", [s for s in VisitStatus if s not in ("planned", "confirmed")])
    def test_not_once_somebody_is_on_the_way_or_it_is_over(self, order: RepairOrder, status: str) -> None:
        visit = visit_of(order)
        bring(visit, status)
        with pytest.raises(Conflict):
            propose_window(
                visit=visit,
                windows=[window(NEXT_TEN)],
                reason=ProposalReason.ROADS,
                note="",
                by=DispatcherFactory(),
                at=MORNING,
            )

    def test_it_can_be_answered_only_while_its_last_window_can_be_promised(self, order: RepairOrder) -> None:
        proposal = proposed(order, clock("12:00"), clock("14:00"))
        assert proposal.expires_at == clock("14:00") - timedelta(minutes=90)


class TestAccepting:
    def test_moves_the_visit_and_gives_the_credit(self, order: RepairOrder) -> None:
        before = visit_of(order)
        proposal = agreed(proposed(order), NEXT_TWO)
        before.refresh_from_db()
        after = visit_of(order)
        assert (before.status, before.window_start_at) == (VisitStatus.CANCELLED, clock("10:00"))
        assert (after.window_start_at, after.pk) == (NEXT_TWO, proposal.new_visit_id)
        assert after.engineer is not None
        assert (after.service_minutes, after.required_skills) == (
            before.service_minutes,
            before.required_skills,
        )
        credit = Credit.objects.get(order=order)
        assert (credit.amount, credit.visit_id, credit.proposal_id) == (Decimal(20), before.pk, proposal.pk)
        kinds = list(order.events.values_list("kind", flat=True))
        assert kinds == ["booked", "window_proposed", "credited", "proposal_accepted"]
        assert told(order, "proposal_accepted") == told(order, "credit_granted") == 2
        assert chain_faults(order) == []

    def test_pressed_twice_it_is_one_visit(self, order: RepairOrder) -> None:
        proposal = proposed(order)
        assert agreed(proposal) == agreed(proposal)
        assert Visit.objects.filter(orders=order).count() == 2
        assert Credit.objects.count() == 1

    def test_another_choice_in_another_tab_is_refused(self, order: RepairOrder) -> None:
        proposal = proposed(order)
        agreed(proposal, NEXT_TEN)
        with pytest.raises(Conflict, match="accepted already"):
            agreed(proposal, NEXT_TWO)
        assert standing(order) == (NEXT_TEN, ["accepted"])

    def test_a_window_that_was_not_proposed_names_its_field(self, order: RepairOrder) -> None:
        with pytest.raises(InvalidInput) as refused:
            agreed(proposed(order), LATER)
        assert refused.value.field == "window"

    def test_a_window_taken_meanwhile_leaves_the_old_promise_and_the_proposal(
        self, order: RepairOrder
    ) -> None:
        proposal = proposed(order, NEXT_TEN)
        while True:  # whoever books meanwhile fills the hours until nobody can come at ten
            try:
                booked(
                    order.city, window="10:00", window_start_at=NEXT_TEN, window_end_at=window(NEXT_TEN)[1]
                )
            except WindowShut:
                break
        with pytest.raises(WindowShut) as refused:
            agreed(proposal)
        assert len(refused.value.nearest) == 3
        assert standing(order) == (clock("10:00"), ["open"])
        assert not Credit.objects.exists()

    def test_a_contact_who_may_not_approve_cannot(self, order: RepairOrder) -> None:
        contact = order.contacts.get(position=2)
        contact.may_approve = False
        contact.save()
        with pytest.raises(NotAllowed):
            accept_proposal(
                proposal=proposed(order),
                choice=NEXT_TEN,
                by=order.customer,
                at=MORNING,
                how=PAGE,
                contact=contact,
            )

    def test_nor_one_of_another_order(self, order: RepairOrder) -> None:
        other = booked(order.city, window="16:00")
        with pytest.raises(NotAllowed):
            decline_proposal(
                proposal=proposed(order), by=None, at=MORNING, how=PAGE, contact=other.contacts.first()
            )


class TestCountering:
    def counter(self, proposal: Proposal, *starts: Any, at: Any = MORNING) -> Proposal:
        return counter_proposal(
            proposal=proposal, windows=starts, by=proposal.order.customer, at=at, how=PAGE
        )

    def test_the_first_wish_that_can_be_kept_is_promised_with_the_credit(self, order: RepairOrder) -> None:
        proposal = proposed(order)
        counter = self.counter(proposal, LATER, NEXT_TWO)
        assert (counter.answers_id, counter.raised_by, counter.status) == (
            proposal.pk,
            Side.CUSTOMER,
            ProposalStatus.ACCEPTED,
        )
        assert counter.options == [window(LATER), window(NEXT_TWO)]
        assert standing(order) == (LATER, ["declined", "accepted"])
        assert Credit.objects.get().amount == Decimal(20)

    def test_a_wish_that_nobody_can_keep_gives_way_to_the_next(self, order: RepairOrder) -> None:
        proposal = proposed(order, clock("16:00", TOMORROW))
        Engineer.objects.get().shifts.filter(weekday=TOMORROW.weekday()).update(starts_at="13:30")
        counter = self.counter(proposal, NEXT_TEN, NEXT_TWO)
        assert counter.choice == window(NEXT_TWO)
        assert Visit.objects.filter(orders=order).count() == 2

    def test_where_none_can_be_kept_everything_stands(self, order: RepairOrder) -> None:
        proposal = proposed(order, NEXT_TEN)
        Engineer.objects.get().shifts.filter(weekday=TOMORROW.weekday()).delete()
        with pytest.raises(WindowShut):
            self.counter(proposal, NEXT_TWO, LATER)
        assert standing(order) == (clock("10:00"), ["open"])

    def test_pressed_twice_it_is_one_counter_offer(self, order: RepairOrder) -> None:
        proposal = proposed(order)
        assert self.counter(proposal, LATER) == self.counter(proposal, LATER)
        assert Visit.objects.filter(orders=order).count() == 2

    @pytest.mark.parametrize(
        "starts",
        [
            [],
            [LATER + timedelta(minutes=1)],
            [clock("10:00")],
            [LATER + timedelta(days=40)],
            [datetime.min.replace(tzinfo=UTC)],
            [datetime.max.replace(tzinfo=UTC)],
            [LATER + timedelta(hours=2 * n) for n in range(-3, 1)],
        ],
    )
    def test_what_is_no_window_of_ours_names_its_field(self, order: RepairOrder, starts: list[Any]) -> None:
        with pytest.raises(InvalidInput) as refused:
            self.counter(proposed(order), *starts)
        assert refused.value.field == "window"

    def test_choosing_on_the_page_of_windows_answers_it_too(self, order: RepairOrder) -> None:
        proposal = proposed(order)
        choose_window(
            order=order,
            window_start_at=LATER,
            window_end_at=window(LATER)[1],
            purpose="repair",
            line_ids=None,
            by=order.customer,
            at=MORNING,
        )
        proposal.refresh_from_db()
        assert proposal.status == ProposalStatus.DECLINED
        assert Credit.objects.get().proposal_id == proposal.pk


class TestClosing:
    def test_a_no_keeps_the_old_promise(self, order: RepairOrder) -> None:
        proposal = decline_proposal(proposal=proposed(order), by=order.customer, at=MORNING, how=PAGE)
        assert decline_proposal(proposal=proposal, by=order.customer, at=MORNING, how=PAGE) == proposal
        assert standing(order) == (clock("10:00"), ["declined"])
        assert told(order, "proposal_declined") == 2

    def test_taking_it_back_needs_a_reason(self, order: RepairOrder) -> None:
        proposal, by = proposed(order), DispatcherFactory()
        for note in ("", "x" * 301):
            with pytest.raises(InvalidInput) as refused:
                withdraw_proposal(proposal=proposal, note=note, by=by, at=MORNING)
            assert refused.value.field == "note"
        withdrawn = withdraw_proposal(proposal=proposal, note="Min can come", by=by, at=MORNING)
        assert (withdrawn.withdrawn_because, withdrawn.end_note) == (WithdrawnBecause.DESK, "Min can come")
        assert (
            withdraw_proposal(proposal=proposal, note="again", by=by, at=MORNING).end_note == "Min can come"
        )
        assert told(order, "proposal_withdrawn") == 2

    def test_a_stranger_cannot_take_it_back(self, order: RepairOrder) -> None:
        with pytest.raises(NotAllowed):
            withdraw_proposal(proposal=proposed(order), note="x", by=EngineerUserFactory(), at=MORNING)

    def test_it_expires_at_its_time_and_not_before(self, order: RepairOrder) -> None:
        proposal = proposed(order)
        early = expire_proposal(proposal=proposal, at=proposal.expires_at - timedelta(seconds=1))
        assert early.status == ProposalStatus.OPEN
        assert expire_proposal(proposal=proposal, at=proposal.expires_at).status == ProposalStatus.EXPIRED
        assert standing(order) == (clock("10:00"), ["expired"])

    def test_over_time_it_cannot_be_accepted_though_no_sweep_has_passed(self, order: RepairOrder) -> None:
        proposal = proposed(order)
        with pytest.raises(Conflict, match="time to answer"):
            agreed(proposal, at=proposal.expires_at)

    def test_setting_out_takes_it_back(self, order: RepairOrder) -> None:
        proposal = proposed(order)
        bring(visit_of(order), VisitStatus.EN_ROUTE)
        proposal.refresh_from_db()
        assert proposal.withdrawn_because == WithdrawnBecause.UNDER_WAY

    def test_so_does_the_end_of_the_order(self, order: RepairOrder) -> None:
        proposal = proposed(order)
        cancel_order(order=order, by=order.customer, at=MORNING)
        proposal.refresh_from_db()
        assert proposal.withdrawn_because == WithdrawnBecause.VISIT_OVER
        assert not Credit.objects.exists()
        assert told(order, "proposal_withdrawn") == 0


VERBS: dict[str, Callable[[Proposal], Any]] = {
    "accept": agreed,
    "decline": lambda p: decline_proposal(proposal=p, by=p.order.customer, at=MORNING, how=PAGE),
    "counter": lambda p: counter_proposal(
        proposal=p, windows=[LATER], by=p.order.customer, at=MORNING, how=PAGE
    ),
    "withdraw": lambda p: withdraw_proposal(proposal=p, note="a mistake", by=DispatcherFactory(), at=MORNING),
    "send a code": lambda p: send_proposal_code(
        proposal=p, choice=NEXT_TEN, by=DispatcherFactory(), at=MORNING
    ),
}
# the state that each verb leads to; None: refused with a Conflict; the same state again: nothing changed
TABLE: dict[tuple[str, str], str | None] = {
    ("open", "accept"): "accepted",
    ("open", "decline"): "declined",
    ("open", "counter"): "declined",
    ("open", "withdraw"): "withdrawn",
    ("open", "send a code"): "open",
    ("accepted", "accept"): "accepted",
    ("declined", "decline"): "declined",
    ("withdrawn", "withdraw"): "withdrawn",
}


class TestStatesAndVerbs:
    @pytest.mark.parametrize("verb", VERBS)
    @pytest.mark.parametrize("status", ProposalStatus)
    def test_of_every_pair_the_table_says_what_comes(
        self, order: RepairOrder, status: str, verb: str
    ) -> None:
        proposal = proposal_in(status, order)
        before = standing(order)
        then = TABLE.get((status, verb))
        if then is None:
            with pytest.raises(Conflict):
                VERBS[verb](proposal)
            assert standing(order) == before
        else:
            VERBS[verb](proposal)
            assert Proposal.objects.get(pk=proposal.pk).status == then


def code_sent(order: RepairOrder, position: int = 1) -> str:
    """The digits on their way to that contact."""
    address = order.contacts.get(position=position).address
    message = Message.objects.filter(template="proposal_code", address=address).latest("pk")
    assert message.secret is not None
    return unseal(message.secret)


def read_out(proposal: Proposal, code: str, choice: Any = NEXT_TEN) -> Proposal:
    """What the dispatcher types while the customer reads it out."""
    return accept_with_code(proposal=proposal, choice=choice, code=code, by=DispatcherFactory(), at=MORNING)


@pytest.mark.django_db(transaction=True)
class TestOnThePhone:
    @pytest.fixture
    def proposal(self) -> Proposal:
        """With a code for tomorrow at ten on its way to both contacts."""
        proposal = proposed(served(CityFactory()))
        send_proposal_code(proposal=proposal, choice=NEXT_TEN, by=DispatcherFactory(), at=MORNING)
        return proposal

    @pytest.mark.parametrize("position", [1, 2])
    def test_what_the_customer_reads_out_agrees(self, proposal: Proposal, position: int) -> None:
        code = code_sent(proposal.order, position)
        accepted = read_out(proposal, code)
        assert (accepted.status, accepted.how) == (ProposalStatus.ACCEPTED, AnsweredHow.PHONE)
        assert accepted.contact is not None
        assert accepted.contact.position == position
        assert read_out(proposal, code) == accepted  # pressed twice

    def test_the_second_contact_s_code_is_no_wrong_guess_at_the_first_s(self, proposal: Proposal) -> None:
        read_out(proposal, code_sent(proposal.order, 2))
        assert sum(OneTimeCode.objects.values_list("attempts", flat=True)) == 0

    def test_a_wrong_code_agrees_to_nothing_and_is_counted(self, proposal: Proposal) -> None:
        wrong = "000000" if code_sent(proposal.order) != "000000" else "111111"
        with pytest.raises(InvalidInput) as refused:
            read_out(proposal, wrong)
        assert (refused.value.field, refused.value.details["attempts_left"]) == ("code", 4)
        assert standing(proposal.order) == (clock("10:00"), ["open"])

    def test_a_code_for_one_window_agrees_to_no_other(self, proposal: Proposal) -> None:
        with pytest.raises(InvalidInput):
            read_out(proposal, code_sent(proposal.order), NEXT_TWO)
        assert standing(proposal.order) == (clock("10:00"), ["open"])
