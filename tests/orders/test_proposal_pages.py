"""A proposal on the order's page, behind the PIN, in the API and on the board's panel."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from orders.links import order_pin, order_token
from orders.models import LatePolicy, Proposal, RepairOrder
from orders.states import AnsweredHow, ProposalStatus
from repairhub.notifications.models import Message
from repairhub.notifications.sealing import unseal
from repairhub.places.models import City
from tests.factories.accounts import DispatcherFactory, ManagerFactory
from tests.factories.door import booked
from tests.factories.engineers import clock
from tests.factories.places import CityFactory
from tests.factories.proposals import (
    NEXT_TEN,
    NEXT_TWO,
    TOMORROW,
    agreed,
    proposed,
    proposed_by_the_system,
    served,
    visit_of,
)
from tests.orders.browser import Browser

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("monday_morning")]
LATER = clock("16:00", TOMORROW)


@pytest.fixture
def order(city: City) -> RepairOrder:
    """Today from ten to twelve, with the city's only engineer."""
    return booked(city)


@pytest.fixture
def proposal(order: RepairOrder) -> Proposal:
    """Tomorrow at ten or at two."""
    return proposed(order)


@pytest.fixture
def at_home(customer: Browser, order: RepairOrder) -> Browser:
    """The customer's browser, with the phone proved."""
    customer.prove_on_order(order)
    return customer


def page(browser: Browser, order: RepairOrder) -> Any:
    return browser.client.get(reverse("order", args=[order.reference, order_token(order)]))


def answer(browser: Browser, proposal: Proposal, **data: Any) -> Any:
    order = proposal.order
    path = reverse("order_proposal", args=[order.reference, order_token(order), proposal.pk])
    return browser.client.post(path, data)


def now(proposal: Proposal) -> Proposal:
    """As it stands."""
    return Proposal.objects.get(pk=proposal.pk)


class TestTheOrdersPage:
    def test_shows_the_old_window_the_reason_the_credit_and_the_options(
        self, customer: Browser, order: RepairOrder, proposal: Proposal
    ) -> None:
        text = page(customer, order).text
        for shown in [
            "May we come at another time?",
            "The visits before yours take longer than planned.",
            "Mon 23 Nov, 10:00–12:00",
            "Tue 24 Nov, 10:00–12:00",
            "Tue 24 Nov, 14:00–16:00",
            "¥20",
            "Keep the promised window",
        ]:
            assert shown in text, shown

    def test_what_was_typed_is_for_a_proved_contact(self, at_home: Browser, order: RepairOrder) -> None:
        proposed(order, note="The van of Mr Zhao broke down.")
        assert "Mr Zhao" in page(at_home, order).text
        assert "Mr Zhao" not in page(Browser(), order).text

    def test_says_what_is_credited_and_what_is_owed(
        self, at_home: Browser, order: RepairOrder, proposal: Proposal
    ) -> None:
        agreed(proposal)
        text = page(at_home, order).text
        for shown in ["Credited to you", "You agreed to another window", "−¥20", "You pay", "¥2,129"]:
            assert shown in text, shown

    def test_costs_no_more_queries_with_it(
        self, customer: Browser, order: RepairOrder, proposal: Proposal, django_assert_max_num_queries: Any
    ) -> None:
        with django_assert_max_num_queries(12):
            assert page(customer, order).status_code == 200

    def test_windows_that_begin_too_soon_by_now_are_left_out(
        self, at_home: Browser, order: RepairOrder, monday_morning: Any
    ) -> None:
        proposed(order, clock("12:00"), NEXT_TEN)
        assert "Mon 23 Nov, 12:00–14:00" in page(at_home, order).text
        monday_morning.move_to(clock("10:31"))
        assert "Mon 23 Nov, 12:00–14:00" not in page(at_home, order).text

    def test_where_none_is_free_it_says_so(self, at_home: Browser, order: RepairOrder) -> None:
        visit = visit_of(order)
        assert visit.engineer is not None
        visit.engineer.shifts.all().delete()
        proposed_by_the_system(order)
        text = page(at_home, order).text
        assert "No window is free in the next days." in text
        assert "Agree to this window" not in text


class TestAnswering:
    def test_yes_moves_the_visit(self, at_home: Browser, order: RepairOrder, proposal: Proposal) -> None:
        for _time in range(2):  # a double click
            reply = answer(at_home, proposal, answer="accept", window=NEXT_TEN.isoformat())
            assert reply.status_code == 302
        assert (now(proposal).status, now(proposal).how) == (ProposalStatus.ACCEPTED, AnsweredHow.PAGE)
        assert now(proposal).contact == order.contacts.get(position=1)
        text = page(at_home, order).text
        assert "Tue 24 Nov, 10:00–12:00" in text
        assert "May we come at another time?" not in text

    def test_no_keeps_the_window(self, at_home: Browser, order: RepairOrder, proposal: Proposal) -> None:
        for _time in range(2):
            assert answer(at_home, proposal, answer="decline").status_code == 302
        assert now(proposal).status == ProposalStatus.DECLINED
        assert visit_of(order).window_start_at == clock("10:00")

    def test_another_window_is_a_counter_offer(
        self, at_home: Browser, order: RepairOrder, proposal: Proposal
    ) -> None:
        path = reverse("order_window", args=[order.reference, order_token(order)])
        assert at_home.client.post(path, {"window": LATER.isoformat()}).status_code == 302
        assert visit_of(order).window_start_at == LATER
        assert now(proposal).counters.get().status == ProposalStatus.ACCEPTED

    def test_the_pin_answers_on_any_device(self, order: RepairOrder, proposal: Proposal) -> None:
        stranger = Browser()
        yes = {"answer": "accept", "window": NEXT_TWO.isoformat()}
        refused = answer(stranger, proposal, **yes)
        assert refused.status_code == 400
        assert "Enter the six digits of your PIN." in refused.text
        reply = answer(stranger, proposal, **yes, pin=order_pin(order))
        assert reply.status_code == 302
        assert (now(proposal).how, now(proposal).contact) == (AnsweredHow.PIN, None)

    @pytest.mark.parametrize("typed", ["", "12345", "abcdef", "1234567"])
    def test_what_is_no_pin_costs_no_try(self, order: RepairOrder, proposal: Proposal, typed: str) -> None:
        assert answer(Browser(), proposal, answer="decline", pin=typed).status_code == 400
        order.refresh_from_db()
        assert (order.pin_failures, now(proposal).status) == (0, ProposalStatus.OPEN)

    @pytest.mark.parametrize(
        "data",
        [
            {},
            {"answer": "perhaps"},
            {"answer": "accept"},
            {"answer": "accept", "window": "x"},
            {"answer": "accept", "window": "\x00"},
            {"answer": "accept", "window": LATER.isoformat()},
            {"answer": "accept", "window": "9999-12-31T23:00:00+00:00"},
        ],
    )
    def test_what_cannot_be_read_is_said_and_nothing_moves(
        self, at_home: Browser, order: RepairOrder, proposal: Proposal, data: dict[str, str]
    ) -> None:
        assert answer(at_home, proposal, **data).status_code == 400
        assert now(proposal).is_open
        assert visit_of(order).window_start_at == clock("10:00")

    def test_closed_meanwhile_the_page_says_so(self, at_home: Browser, proposal: Proposal) -> None:
        agreed(proposal, NEXT_TWO)
        reply = answer(at_home, proposal, answer="accept", window=NEXT_TEN.isoformat())
        assert "This proposal has been accepted already." in at_home.client.get(reply.url).text

    def test_one_of_another_order_is_not_found(self, at_home: Browser, order: RepairOrder) -> None:
        other = proposed(booked(order.city, window="16:00"))
        path = reverse("order_proposal", args=[order.reference, order_token(order), other.pk])
        assert at_home.client.post(path, {"answer": "decline"}).status_code == 404

    def test_who_may_not_approve_answers_nothing(
        self, at_home: Browser, order: RepairOrder, proposal: Proposal
    ) -> None:
        order.contacts.update(may_approve=False)
        assert answer(at_home, proposal, answer="decline").status_code == 403
        assert now(proposal).is_open


@pytest.mark.django_db(transaction=True)
class TestAWrongPin:
    def test_is_counted_and_closed_after_five(self, monday_morning: Any) -> None:
        proposal = proposed(served(CityFactory()))
        wrong = "000000" if order_pin(proposal.order) != "000000" else "111111"
        statuses = [answer(Browser(), proposal, answer="decline", pin=wrong).status_code for _n in range(6)]
        assert statuses == [400, 400, 400, 400, 429, 429]
        assert answer(Browser(), proposal, answer="decline", pin=order_pin(proposal.order)).status_code == 429
        assert now(proposal).is_open


class TestTheApi:
    def send(self, proposal: Proposal, token: str = "", **body: Any) -> Any:
        order = proposal.order
        return Client().post(
            f"/api/v1/orders/{order.reference}/proposals/{proposal.pk}/answer/",
            body,
            content_type="application/json",
            headers={"Order-Token": token or order_token(order)},
        )

    def test_shows_it_and_takes_the_answer(self, order: RepairOrder, proposal: Proposal) -> None:
        pin = order_pin(order)
        shown = (
            Client()
            .get(f"/api/v1/orders/{order.reference}/", headers={"Order-Token": order_token(order)})
            .json()
        )
        assert (shown["credit"], shown["proposals"][0]["status"]) == ("0.00", "open")
        assert len(shown["proposals"][0]["windows"]) == 2
        for _time in range(2):
            reply = self.send(proposal, answer="accept", windows=[NEXT_TEN.isoformat()], pin=pin)
            assert reply.status_code == 200, reply.json()
            assert (reply.json()["credit"], reply.json()["proposals"][0]["status"]) == ("20.00", "accepted")
        assert now(proposal).how == AnsweredHow.API

    def test_takes_a_counter_offer_and_a_no(self, order: RepairOrder, proposal: Proposal) -> None:
        pin = order_pin(order)
        reply = self.send(proposal, answer="counter", windows=[LATER.isoformat()], pin=pin)
        assert reply.status_code == 200
        assert visit_of(order).window_start_at == LATER
        assert self.send(proposal, answer="decline", pin=pin).status_code == 409

    @pytest.mark.parametrize(
        ("body", "field"),
        [
            ({}, "answer"),
            ({"answer": "accept"}, "proof"),
            ({"answer": "decline", "proof": "x"}, "proof"),
            ({"answer": "decline", "pin": "12"}, "pin"),
        ],
    )
    def test_names_the_field_at_fault(self, proposal: Proposal, body: dict[str, str], field: str) -> None:
        reply = self.send(proposal, **body)
        assert (reply.status_code, reply.json()["errors"][0]["attr"]) == (400, field)
        assert now(proposal).is_open

    def test_a_yes_names_one_window(self, order: RepairOrder, proposal: Proposal) -> None:
        reply = self.send(proposal, answer="accept", pin=order_pin(order))
        assert (reply.status_code, reply.json()["errors"][0]["attr"]) == (400, "windows")

    def test_a_wrong_token_is_not_found(self, proposal: Proposal) -> None:
        assert self.send(proposal, token="x" * 32, answer="decline").status_code == 404


class TestTheBoard:
    @pytest.fixture
    def desk(self, order: RepairOrder) -> Client:
        """A dispatcher of the city."""
        client = Client()
        client.force_login(DispatcherFactory(name="Fang Wang", cities=[order.city]))
        return client

    def step(self, desk: Client, proposal: Proposal, step: str, **data: Any) -> Any:
        assert proposal.visit is not None
        path = reverse("board_proposal_step", args=[proposal.visit.reference, step])
        return desk.post(path, {"proposal": proposal.pk, **data}, headers={"hx-request": "true"})

    def test_proposes_what_was_ticked(self, desk: Client, order: RepairOrder) -> None:
        path = reverse("board_proposal", args=[visit_of(order).reference])
        form = desk.get(path)
        assert form.text.count(" checked") == 3  # the nearest
        assert "¥20" in form.text
        data = {"reason": "roads", "note": "", "windows": [NEXT_TEN.isoformat(), NEXT_TWO.isoformat()]}
        answered = desk.post(path, data, headers={"hx-request": "true"})
        assert answered.status_code == 200
        assert answered.headers["HX-Trigger"] == "board-changed"
        assert "To be read out on the phone" in answered.text
        assert len(Proposal.objects.get().options) == 2

    @pytest.mark.parametrize(
        ("change", "said"),
        [
            ({"reason": ""}, "Say why another window is proposed."),
            ({"windows": []}, "Choose one window at least."),
            ({"windows": ["x"]}, "This is not one of the windows shown."),
            ({"windows": [clock("10:00").isoformat()]}, "This is the window that is promised already."),
            ({"windows": ["2026-11-24T10:07:00+08:00"]}, "This arrival window was taken a moment ago."),
            ({"reason": "other", "note": " "}, "Describe the reason in a few words."),
            ({"note": "x" * 301}, "Ensure this value has at most 300 characters"),
        ],
    )
    def test_a_refusal_names_the_field_and_keeps_the_form(
        self, desk: Client, order: RepairOrder, change: dict[str, Any], said: str
    ) -> None:
        path = reverse("board_proposal", args=[visit_of(order).reference])
        data = {"reason": "roads", "note": "kept", "windows": [NEXT_TEN.isoformat()], **change}
        answered = desk.post(path, data)
        assert answered.status_code in (400, 409)
        assert said in answered.text
        assert "note" in change or "kept" in answered.text
        assert not Proposal.objects.exists()

    def test_the_panel_has_the_text_in_both_languages_with_the_name_covered(
        self, desk: Client, order: RepairOrder
    ) -> None:
        RepairOrder.objects.filter(pk=order.pk).update(language="zh-hans")
        proposal = proposed(order)
        assert proposal.visit is not None
        text = desk.get(reverse("board_visit", args=[proposal.visit.reference])).text
        assert "请问您是预约维修的客户吗" in text
        assert "Am I speaking with the person who booked the repair?" in text
        assert "Li Wei" not in text
        assert "11月24日" in text

    def test_the_tray_says_until_when_it_is_open(self, desk: Client, order: RepairOrder) -> None:
        proposed_by_the_system(order)
        text = desk.get(reverse("board"), {"city": "BJ", "on": "2026-11-23"}).text
        assert "Another window proposed, open until Tue 24 Nov, 06:00" in text

    def test_withdrawing_takes_a_reason(self, desk: Client, proposal: Proposal) -> None:
        refused = self.step(desk, proposal, "withdraw", note=" ")
        assert (refused.status_code, now(proposal).status) == (400, ProposalStatus.OPEN)
        assert "Say why the proposal is taken back." in refused.text
        assert self.step(desk, proposal, "withdraw", note="Min can come").status_code == 200
        assert now(proposal).status == ProposalStatus.WITHDRAWN

    def test_nobody_agrees_for_the_customer_without_a_code(self, desk: Client, proposal: Proposal) -> None:
        for data in ({}, {"code": "123456"}, {"code": "12"}, {"window": "x", "code": "123456"}):
            sent = {"window": NEXT_TEN.isoformat(), **data}
            assert self.step(desk, proposal, "accept", **sent).status_code == 400
        assert now(proposal).is_open

    def test_of_another_visit_is_none(self, desk: Client, order: RepairOrder, proposal: Proposal) -> None:
        other = visit_of(booked(order.city, window="16:00"))
        path = reverse("board_proposal_step", args=[other.reference, "withdraw"])
        for number in (proposal.pk, "x", "9" * 30):
            assert desk.post(path, {"proposal": number, "note": "x"}).status_code == 409
        assert now(proposal).is_open

    def test_the_desk_of_another_city_finds_no_such_visit(self, proposal: Proposal) -> None:
        client = Client()
        client.force_login(DispatcherFactory(cities=[CityFactory(shanghai=True)]))
        assert self.step(client, proposal, "withdraw", note="x").status_code == 404
        assert proposal.visit is not None
        assert client.get(reverse("board_proposal", args=[proposal.visit.reference])).status_code == 404

    def test_reading_a_steps_address_leads_to_the_visit(self, desk: Client, proposal: Proposal) -> None:
        assert proposal.visit is not None
        reference = proposal.visit.reference
        assert desk.get(reverse("board_proposal_step", args=[reference, "code"])).status_code == 302
        assert desk.get(reverse("board_proposal_step", args=[reference, "nothing"])).status_code == 404


@pytest.mark.django_db(transaction=True)
class TestTheTelephone:
    def test_the_code_that_is_read_out_moves_the_visit(self, monday_morning: Any) -> None:
        order = served(CityFactory())
        proposal = proposed(order)
        desk = Client()
        desk.force_login(DispatcherFactory())
        board = TestTheBoard()
        sent = board.step(desk, proposal, "code", window=NEXT_TWO.isoformat())
        assert "A code went to +86 139****" in sent.text
        message = Message.objects.filter(template="proposal_code").earliest("pk")
        assert message.secret is not None
        code = unseal(message.secret)
        assert code not in sent.text
        done = board.step(desk, proposal, "accept", window=NEXT_TWO.isoformat(), code=code)
        assert "The customer agreed." in done.text
        assert (now(proposal).how, visit_of(order).window_start_at) == (AnsweredHow.PHONE, NEXT_TWO)


class TestTheAdmin:
    def test_shows_proposals_and_credits_and_changes_none(
        self, order: RepairOrder, proposal: Proposal
    ) -> None:
        agreed(proposal)
        client = Client()
        client.force_login(ManagerFactory(is_staff=True))
        for model, key in (("proposal", proposal.pk), ("credit", order.credits.get().pk)):
            assert client.get(f"/admin/orders/{model}/").status_code == 200
            assert client.get(f"/admin/orders/{model}/{key}/change/").status_code == 200
            assert client.post(f"/admin/orders/{model}/{key}/change/", {"status": "open"}).status_code == 403
            assert client.get(f"/admin/orders/{model}/add/").status_code == 403
            assert client.post(f"/admin/orders/{model}/{key}/delete/").status_code == 403

    def test_keeps_the_policy_with_its_history(self, order: RepairOrder) -> None:
        policy = LatePolicy.objects.get()
        client = Client()
        client.force_login(ManagerFactory(is_staff=True))
        data = {
            "percent_per_hour": 15,
            "cap_percent": 60,
            "lost_window_percent": 30,
            "answer_hours": 12,
            "starts_at_0": "2027-01-01",
            "starts_at_1": "00:00",
        }
        before = policy.starts_at
        assert client.post(f"/admin/orders/latepolicy/{policy.pk}/change/", data).status_code == 302
        policy.refresh_from_db()
        assert (policy.percent_per_hour, policy.answer_hours, policy.starts_at) == (15, 12, before)
        assert policy.history.count() >= 1
        assert proposed(order).expires_at == clock("06:00") + timedelta(hours=12)
