"""Booking through the API, and looking at an order with its token."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from engineers.models import Engineer, Visit
from engineers.services.dispatching import dispatch_visit
from orders.links import order_pin, order_token
from orders.models import OrderContact, Quote, QuoteApproval, RepairOrder
from orders.services.visits import choose_window
from parts.models import Part
from repairhub.accounts.models import AddressProof, User
from repairhub.places.models import City
from tests.factories.accounts import DispatcherFactory, EngineerUserFactory
from tests.factories.door import booked
from tests.factories.engineers import MORNING, clock
from tests.orders.api.caller import BATTERY, PHONE, SCREEN, book, get, order_body, post, proof_of, refusal


class TestBooking:
    def test_the_answer_holds_what_was_promised(self, city: City, proof: str) -> None:
        response = book(order_body(city, proof))
        assert response.status_code == 201
        answer = response.json()
        assert (answer["status"], answer["total"], answer["currency"]) == ("booked", "2149.00", "CNY")
        (line,) = answer["lines"]
        assert (line["grade"], line["part_price"], line["labour"], line["term_days"]) == (
            "original",
            "2049.00",
            "100.00",
            180,
        )
        (visit,) = answer["visits"]
        assert (visit["status"], visit["engineer"]) == ("planned", None)
        order = RepairOrder.objects.get(reference=answer["reference"])
        assert (answer["pin"], answer["link_token"]) == (order_pin(order), order_token(order))
        assert answer["url"].endswith(f"/{order.reference}/{order_token(order)}/")

    def test_the_visit_stands_in_a_real_route(self, city: City, proof: str) -> None:
        book(order_body(city, proof))
        visit = Visit.objects.get()
        assert visit.engineer == Engineer.objects.get()
        assert visit.window_start_at == clock("10:00")

    def test_the_price_is_locked_and_approved_by_the_proved_contact(self, city: City, proof: str) -> None:
        book(order_body(city, proof))
        Part.objects.update(price=Decimal(9999))
        approval = QuoteApproval.objects.get(quote=Quote.objects.get(total=Decimal(2149)))
        assert (approval.how, approval.contact.address) == (QuoteApproval.How.API, PHONE)

    def test_several_repairs_in_one_visit(self, city: City, proof: str) -> None:
        repairs = [{"repair": SCREEN, "grade": "certified"}, {"repair": BATTERY, "grade": "original"}]
        answer = book(order_body(city, proof, repairs=repairs, total=None)).json()
        assert answer["total"] == "1669.00"
        assert len(answer["visits"]) == 1

    def test_a_second_contact_approves_nothing_without_a_proof(self, city: City, proof: str) -> None:
        second = {"name": "Li Na", "email": "na@example.com"}
        assert book(order_body(city, proof, second_contact=second)).status_code == 201
        contact = OrderContact.objects.get(position=2)
        assert (contact.address, contact.may_approve, contact.proved_at) == ("na@example.com", False, None)

    def test_a_second_contact_with_its_own_proof_may_approve(self, city: City, proof: str) -> None:
        theirs = proof_of("na@example.com", "email")
        second = {"name": "Li Na", "email": "Na@Example.com", "proof": theirs}
        book(order_body(city, proof, second_contact=second))
        assert OrderContact.objects.get(position=2).may_approve

    def test_a_proof_of_another_address_proves_nothing_of_the_second_contact(
        self, city: City, proof: str
    ) -> None:
        second = {"name": "Li Na", "email": "na@example.com", "proof": proof}
        book(order_body(city, proof, second_contact=second))
        assert not OrderContact.objects.get(position=2).may_approve

    def test_an_engineers_phone_books_without_opening_anything_of_the_staff(self, city: City) -> None:
        user = EngineerUserFactory(phone=PHONE)
        assert book(order_body(city, proof_of())).status_code == 201
        assert RepairOrder.objects.get().customer == user
        assert User.objects.get(pk=user.pk).role == "engineer"

    def test_it_is_kept_by_no_cache(self, city: City, proof: str) -> None:
        assert "no-store" in book(order_body(city, proof))["Cache-Control"]

    def test_messages_to_the_customer_are_in_the_language_asked_for(self, city: City, proof: str) -> None:
        book(order_body(city, proof), **{"Accept-Language": "zh-CN"})
        assert RepairOrder.objects.get().language == "zh-hans"


def span(start_at: str, end_at: str) -> dict[str, str]:
    """A window as the API takes it."""
    return {"start_at": start_at, "end_at": end_at}


DEEP = "[" * 100_000


def nested(levels: int) -> str:
    """An object in an object in an object."""
    return '{"a":' * levels + "1" + "}" * levels


BAD: list[tuple[dict[str, Any], str]] = [
    ({"proof": None}, "proof"),
    ({"proof": ""}, "proof"),
    ({"proof": "guessed"}, "proof"),
    ({"proof": ["x"]}, "proof"),
    ({"name": None}, "name"),
    ({"name": "   "}, "name"),
    ({"name": "x" * 81}, "name"),
    ({"name": "a\x00b"}, "name"),
    ({"name": "\ud800"}, "name"),
    ({"repairs": None}, "repairs"),
    ({"repairs": []}, "repairs"),
    ({"repairs": "screen"}, "repairs"),
    ({"repairs": [{}]}, "repairs.0.repair"),
    ({"repairs": [{"repair": SCREEN, "grade": "golden"}]}, "repairs.0.grade"),
    ({"repairs": [{"repair": "screen", "grade": "original"}]}, "repairs"),
    ({"repairs": [{"repair": "nokia.screen", "grade": "original"}]}, "repairs"),
    ({"repairs": [{"repair": "iphone-12.engine", "grade": "original"}]}, "repairs"),
    ({"repairs": [{"repair": SCREEN, "grade": "original"}] * 2}, "repairs"),
    ({"repairs": [{"repair": SCREEN, "grade": "original"}] * 11}, "repairs"),
    ({"city": None}, "city"),
    ({"city": "XX"}, "city"),
    ({"city": "\x00"}, "city"),
    ({"latitude": None}, "latitude"),
    ({"latitude": "north"}, "latitude"),
    ({"latitude": 90.1}, "latitude"),
    ({"latitude": "nan"}, "latitude"),
    ({"latitude": 31.23}, "latitude"),
    ({"longitude": -181}, "longitude"),
    ({"address": None}, "address"),
    ({"address": " "}, "address"),
    ({"address": "x" * 201}, "address"),
    ({"access_note": "x" * 201}, "access_note"),
    ({"window": None}, "window"),
    ({"window": {}}, "window.start_at"),
    ({"window": span("soon", "later")}, "window.start_at"),
    ({"window": span("2026-11-23T10:30:00+08:00", "2026-11-23T12:30:00+08:00")}, "window"),
    ({"window": span("0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z")}, "window.end_at"),
    ({"window": span("1970-01-01T10:00:00Z", "1970-01-01T12:00:00Z")}, "window"),
    ({"window": span("2126-11-23T10:00:00+08:00", "2126-11-23T12:00:00+08:00")}, "window"),
    ({"total": "much"}, "total"),
    ({"total": "NaN"}, "total"),
    ({"second_contact": {"name": "Li Na"}}, "second_contact.phone"),
    ({"second_contact": {"name": "Li Na", "phone": "1"}}, "second_contact.phone"),
    ({"second_contact": {"phone": "+8613800138001"}}, "second_contact.name"),
    ({"second_contact": {"name": "Li Na", "phone": PHONE}}, "second_contact"),
]


class TestBadInput:
    def test_is_400_with_its_name_and_books_nothing(
        self, city: City, proof: str, subtests: pytest.Subtests
    ) -> None:
        for changes, field in BAD:
            with subtests.test(**changes):
                response = book(order_body(city, proof, **changes))
                assert response.status_code == 400
                assert response.json()["type"] == "validation_error"
                refusal(response)
                assert field in [error["attr"] for error in response.json()["errors"]]
        assert not RepairOrder.objects.exists()

    def test_a_proof_that_ran_out_says_where_to_get_one(self, city: City, proof: str) -> None:
        AddressProof.objects.update(created_at=MORNING - timedelta(hours=12), expires_at=MORNING)
        response = book(order_body(city, proof))
        assert response.status_code == 400
        assert "/api/v1/phone-codes/" in refusal(response)["detail"]

    @pytest.mark.parametrize("body", ["[]", '"text"', "1", "null", "true"])
    def test_a_body_that_is_no_object_is_400(self, body: str, db: None) -> None:
        assert book_raw(body).status_code == 400

    @pytest.mark.parametrize(
        "body",
        [
            "",
            "{",
            b"\xff\xfe",
            '{"total": NaN}',
            '{"total": Infinity}',
            DEEP,
            nested(50),
            nested(800),
        ],
        ids=["empty", "half", "no text", "nan", "infinity", "very deep list", "deep", "very deep"],
    )
    def test_what_is_no_json_is_400(self, body: str | bytes, db: None) -> None:
        response = book_raw(body)
        assert response.status_code == 400
        refusal(response)

    def test_an_unknown_field_disturbs_nobody_however_odd(self, city: City, proof: str) -> None:
        odd = {"\ud800": "\udfff", "deep": [[[[1]]]]}
        assert book(order_body(city, proof, **odd)).status_code == 201


def book_raw(body: str | bytes) -> Any:
    """POST that text."""
    return post("orders/", body, **{"Idempotency-Key": "some-key-that-is-good"})


class TestConflicts:
    def test_a_window_that_was_taken_answers_409_with_the_three_nearest(self, city: City, proof: str) -> None:
        for _order in range(3):
            booked(city, window="10:00")
        response = book(order_body(city, proof))
        assert response.status_code == 409
        found = refusal(response)
        assert (found["code"], found["attr"]) == ("window_shut", "window")
        assert "taken a moment ago" in found["detail"]
        nearest = response.json()["details"]["nearest"]
        assert [window["start_at"][11:16] for window in nearest] == ["08:00", "12:00", "14:00"]
        again = book(order_body(city, proof, window=nearest[0]))
        assert again.status_code == 201

    def test_a_price_that_changed_answers_409_with_the_new_one(self, city: City, proof: str) -> None:
        response = book(order_body(city, proof, total="1.00"))
        assert response.status_code == 409
        assert refusal(response)["attr"] == "total"
        assert response.json()["details"]["total"] == "2149.00"
        assert not RepairOrder.objects.exists()

    def test_a_repair_for_which_the_city_lacks_the_authorisation_points_to_the_maker(
        self, city: City, proof: str
    ) -> None:
        Part.objects.update(needs_brand_authorisation=True)
        response = book(order_body(city, proof))
        assert response.status_code == 409
        assert (refusal(response)["code"], refusal(response)["attr"]) == (
            "no_authorisation_in_city",
            "repairs",
        )
        assert response.json()["details"]["support_url"].startswith("https://")


class TestOrderDetail:
    def look(self, order: RepairOrder, token: str | None = None, **query: str) -> Any:
        """GET with the token in the header."""
        headers = {"Order-Token": token} if token is not None else {}
        return Client().get(f"/api/v1/orders/{order.reference}/", query, headers=headers)

    def test_the_token_opens_it_by_header_or_by_query(self, city: City) -> None:
        order = booked(city)
        by_header = self.look(order, order_token(order))
        by_query = self.look(order, token=order_token(order))
        assert by_header.status_code == by_query.status_code == 200
        assert by_header.json() == by_query.json()
        assert by_header.json()["reference"] == order.reference
        assert "no-store" in by_header["Cache-Control"]

    def test_it_says_nothing_about_the_person_and_gives_no_secret_back(self, city: City) -> None:
        order = booked(city)
        page = self.look(order, order_token(order)).content.decode()
        contact = order.contacts.get(position=1)
        for secret in (order_pin(order), order_token(order), "Li Wei", contact.address, "Jianguo"):
            assert secret not in page

    def test_the_engineer_is_named_once_confirmed(self, city: City) -> None:
        order = booked(city)
        visit = order.visits.get()
        assert visit.engineer is not None

        def named() -> str | None:
            visits: list[dict[str, str | None]] = self.look(order, order_token(order)).json()["visits"]
            return visits[0]["engineer"]

        assert named() is None
        dispatch_visit(visit=visit, engineer=visit.engineer, by=DispatcherFactory(), at=MORNING)
        assert named() == visit.engineer.user.name

    @pytest.mark.parametrize("token", [None, "", "wrong", "x" * 32, "\xe9" * 32])
    def test_a_wrong_token_is_404_as_for_an_order_that_is_not_there(
        self, token: str | None, city: City
    ) -> None:
        order = booked(city)
        wrong = self.look(order, token)
        assert wrong.status_code == 404
        found = refusal(wrong)
        order.reference = "RH-00000000"
        assert refusal(self.look(order, token)) == found

    def test_the_token_of_another_order_is_wrong(self, city: City) -> None:
        one, other = booked(city), booked(city)
        assert self.look(one, order_token(other)).status_code == 404

    def test_a_link_that_was_revoked_is_wrong(self, city: City) -> None:
        order = booked(city)
        token = order_token(order)
        RepairOrder.objects.update(link_version=2)
        assert self.look(order, token).status_code == 404

    @pytest.mark.parametrize("reference", ["%00", "..%2f", "RH-'", "\u5c4f"])
    def test_a_reference_that_is_none_of_ours_is_404(self, reference: str, db: None) -> None:
        assert get(f"orders/{reference}/").status_code == 404

    def test_as_many_queries_for_many_visits_as_for_one(self, city: City) -> None:
        order = booked(city)

        def queries() -> int:
            with CaptureQueriesContext(connection) as found:
                assert self.look(order, order_token(order)).status_code == 200
            return len(found)

        queries()
        before = queries()
        for window in ("12:00", "14:00", "16:00"):
            choose_window(
                order=order,
                window_start_at=clock(window),
                window_end_at=clock(window) + timedelta(hours=2),
                purpose="repair",
                line_ids=None,
                by=None,
                at=MORNING,
            )
        assert order.visits.count() == 4
        assert queries() == before <= 9
