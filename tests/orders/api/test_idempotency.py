"""Sent twice, booked once: whatever happens in between."""

from typing import Any
from unittest.mock import patch

import pytest
from django.db import connection

from orders.links import order_pin, order_token
from orders.models import RepairOrder
from orders.services.visits import cancel_order
from repairhub.core.models import IdempotentRequest
from repairhub.places.models import City
from tests.connections import both_at_once
from tests.factories.door import booked
from tests.factories.engineers import MORNING
from tests.orders.api.caller import KEY, book, order_body, post, proof_of, refusal


class TestRepetition:
    def test_the_same_key_and_body_get_the_same_answer_byte_for_byte(self, city: City, proof: str) -> None:
        first = book(order_body(city, proof))
        again = book(order_body(city, proof))
        assert (first.status_code, first.content) == (again.status_code, again.content)
        assert RepairOrder.objects.count() == 1

    def test_also_when_the_order_has_moved_on(self, city: City, proof: str) -> None:
        first = book(order_body(city, proof))
        cancel_order(order=RepairOrder.objects.get(), by=None, at=MORNING)
        assert book(order_body(city, proof)).content == first.content

    def test_also_when_the_city_has_closed(self, city: City, proof: str) -> None:
        first = book(order_body(city, proof))
        City.objects.update(is_open=False)
        again = book(order_body(city, proof))
        assert (again.status_code, again.content) == (201, first.content)
        new = book(order_body(city, proof), key="another-key")
        assert new.status_code == 400
        assert (refusal(new)["code"], refusal(new)["attr"]) == ("city_closed", "city")
        assert RepairOrder.objects.count() == 1

    def test_the_order_of_the_fields_makes_no_other_body(self, city: City, proof: str) -> None:
        first = book(order_body(city, proof))
        turned = dict(reversed(order_body(city, proof).items()))
        assert book(turned).content == first.content

    @pytest.mark.parametrize("changes", [{"name": "Li Na"}, {"total": None}, {"unknown": 1}])
    def test_the_same_key_with_another_body_is_422(
        self, changes: dict[str, Any], city: City, proof: str
    ) -> None:
        book(order_body(city, proof))
        response = book(order_body(city, proof, **changes))
        assert response.status_code == 422
        assert (refusal(response)["code"], refusal(response)["attr"]) == ("key_reused", "Idempotency-Key")
        assert RepairOrder.objects.count() == 1

    def test_another_key_is_another_order(self, city: City, proof: str) -> None:
        book(order_body(city, proof))
        assert book(order_body(city, proof), key="another-key").status_code == 201
        assert RepairOrder.objects.count() == 2

    def test_a_key_belongs_to_its_proof(self, city: City, proof: str) -> None:
        first = book(order_body(city, proof)).json()
        other = book(order_body(city, proof_of("+8613800138002"))).json()
        assert first["reference"] != other["reference"]

    def test_a_refusal_is_not_kept_so_the_same_key_may_try_again(self, city: City, proof: str) -> None:
        others = [booked(city, window="10:00") for _order in range(3)]
        assert book(order_body(city, proof)).status_code == 409
        assert not IdempotentRequest.objects.exists()
        for order in others:
            cancel_order(order=order, by=None, at=MORNING)
        assert book(order_body(city, proof)).status_code == 201


class TestKey:
    @pytest.mark.parametrize("key", ["", "short", "x" * 121, "schl\xfcssel-8", "with\ttab-in-it"])
    def test_a_key_that_is_none_is_400_with_its_name(self, key: str, city: City, proof: str) -> None:
        response = book(order_body(city, proof), key=key)
        assert response.status_code == 400
        assert refusal(response)["attr"] == "Idempotency-Key"
        assert not RepairOrder.objects.exists()

    def test_a_missing_key_is_400_with_its_name(self, city: City, proof: str) -> None:
        response = post("orders/", order_body(city, proof))
        assert response.status_code == 400
        assert refusal(response)["attr"] == "Idempotency-Key"


class TestSecrets:
    def test_nothing_in_the_database_holds_pin_or_token_in_clear(self, city: City, proof: str) -> None:
        book(order_body(city, proof))
        order = RepairOrder.objects.get()
        found = []
        with connection.cursor() as cursor:
            for table in connection.introspection.table_names(cursor):
                # digits that stand alone: a PIN inside a longer number is no PIN
                cursor.execute(
                    f'SELECT count(*) FROM "{table}" t WHERE t::text ~ %s OR t::text LIKE %s',  # noqa: S608
                    [rf"(^|[^0-9]){order_pin(order)}([^0-9]|$)", f"%{order_token(order)}%"],
                )
                if cursor.fetchone()[0]:
                    found.append(table)
        assert found == []

    def test_the_proof_is_not_in_the_database_either(self, city: City, proof: str) -> None:
        book(order_body(city, proof))
        with connection.cursor() as cursor:
            for table in connection.introspection.table_names(cursor):
                cursor.execute(f'SELECT count(*) FROM "{table}" t WHERE t::text LIKE %s', [f"%{proof}%"])  # noqa: S608
                assert cursor.fetchone()[0] == 0, table


@pytest.mark.django_db(transaction=True)
class TestCrash:
    def test_between_order_and_key_neither_stays(self, city: City, proof: str) -> None:
        with (
            patch.object(IdempotentRequest.objects, "create", side_effect=RuntimeError("the power went")),
            pytest.raises(RuntimeError),
        ):
            book(order_body(city, proof))
        assert not RepairOrder.objects.exists()
        assert not IdempotentRequest.objects.exists()
        assert book(order_body(city, proof)).status_code == 201

    def test_after_the_commit_the_client_asks_again_and_gets_its_order(self, city: City, proof: str) -> None:
        with (
            patch("orders.api.orders.order_pin", side_effect=RuntimeError("the power went")),
            pytest.raises(RuntimeError),
        ):
            book(order_body(city, proof))
        assert RepairOrder.objects.count() == 1
        again = book(order_body(city, proof))
        assert again.status_code == 201
        assert again.json()["reference"] == RepairOrder.objects.get().reference


@pytest.mark.django_db(transaction=True)
class TestTwoAtOnce:
    def test_one_key_on_two_connections_makes_one_order(self, city: City, proof: str) -> None:
        body = order_body(city, proof)
        first, second = both_at_once(lambda: book(body))
        assert first.status_code == second.status_code == 201
        assert first.content == second.content
        assert RepairOrder.objects.count() == 1

    def test_without_the_lock_both_would_have_booked(self, city: City, proof: str) -> None:
        body = order_body(city, proof)
        with patch("repairhub.core.idempotency._lock"):
            answers = both_at_once(lambda: book(body))
        statuses = [getattr(answer, "status_code", 500) for answer in answers]
        assert statuses != [201, 201], "the unique key alone cannot answer both"

    def test_two_keys_are_two_orders(self, city: City, proof: str) -> None:
        body = order_body(city, proof)
        both_at_once(lambda: book(body, key=KEY), lambda: book(body, key="another-key"))
        assert RepairOrder.objects.count() == 2
