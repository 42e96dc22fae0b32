"""What cannot be changed unseen, and links and PINs that nobody guesses."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction

from engineers.models import Visit
from engineers.states import VisitStatus
from orders.links import is_pin_of, is_token_of, order_path, order_pin, order_token, order_url
from orders.models import OrderEvent, Quote, QuoteApproval, QuoteLine, RepairOrder
from orders.services.timeline import append_event, chain_faults
from orders.services.visits import cancel_order
from tests.factories.door import booked, door
from tests.factories.engineers import MORNING
from tests.orders.browser import open_city
from tests.triggers import past_the_triggers

pytestmark = pytest.mark.django_db


@pytest.fixture
def order(city: Any) -> RepairOrder:
    """With three events."""
    order = booked(city)
    append_event(order, "engineer_named", by=None, at=MORNING, payload={"engineer": "Ying Chen"})
    append_event(order, "on_the_way", by=None, at=MORNING + timedelta(hours=4))
    return order


def unguarded(statement: str, *values: Any) -> None:
    """A statement as somebody with the database's keys would run it."""
    with past_the_triggers(), connection.cursor() as cursor:
        cursor.execute(statement, values)


class TestTimeline:
    def test_every_event_follows_on_the_one_before(self, order: RepairOrder) -> None:
        assert list(order.events.values_list("sequence", flat=True)) == [1, 2, 3]
        assert chain_faults(order) == []

    def test_a_changed_payload_is_found(self, order: RepairOrder) -> None:
        with past_the_triggers():
            OrderEvent.objects.filter(order=order, sequence=2).update(payload={"engineer": "Somebody Else"})
        assert chain_faults(order) == [f"{order.reference}: the payload of event 2 was changed"]

    def test_a_payload_changed_with_its_salt_taken_away_is_found(self, order: RepairOrder) -> None:
        with past_the_triggers():
            OrderEvent.objects.filter(order=order, sequence=2).update(payload={"engineer": "Else"}, salt=None)
        assert chain_faults(order) == [f"{order.reference}: the payload of event 2 was changed"]

    @pytest.mark.parametrize("column", ["kind", "at"])
    def test_a_changed_event_is_found(self, order: RepairOrder, column: str) -> None:
        value = {"kind": "arrived", "at": MORNING}[column]
        unguarded(f"UPDATE orders_orderevent SET {column} = %s WHERE sequence = 3", value)  # noqa: S608
        assert chain_faults(order) == [f"{order.reference}: the chain breaks at event 3"]

    def test_a_missing_event_is_found(self, order: RepairOrder) -> None:
        unguarded("DELETE FROM orders_orderevent WHERE sequence = 2")
        assert f"{order.reference}: event 2 is missing" in chain_faults(order)

    def test_erasing_a_persons_data_leaves_the_chain_whole(self, order: RepairOrder) -> None:
        OrderEvent.objects.filter(order=order).update(payload=None, salt=None)
        assert chain_faults(order) == []

    def test_the_same_payload_twice_has_two_digests(self, order: RepairOrder) -> None:
        again = append_event(order, "engineer_named", by=None, at=MORNING, payload={"engineer": "Ying Chen"})
        assert again.digest != order.events.get(sequence=2).digest


class TestWhatWasPromisedStays:
    @pytest.mark.parametrize(
        ("model", "change"),
        [
            (Quote, {"total": 1}),
            (QuoteLine, {"part_price": 1}),
            (QuoteLine, {"term_days": 1}),
            (QuoteLine, {"grade": "certified"}),
            (QuoteApproval, {"shown_hash": "x"}),
            (OrderEvent, {"kind": "x"}),
            (OrderEvent, {"chain": "x"}),
            (OrderEvent, {"payload": {"engineer": "Else"}}),
            (OrderEvent, {"payload": None, "salt": "x"}),
            (Visit, {"window_start_at": MORNING}),
            (Visit, {"window_end_at": MORNING + timedelta(days=30)}),
            (Visit, {"latitude": 1}),
            (Visit, {"longitude": 1}),
        ],
    )
    def test_the_database_refuses_a_change(
        self, order: RepairOrder, model: Any, change: dict[str, Any]
    ) -> None:
        with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
            model.objects.update(**change)

    def test_the_database_refuses_a_line_once_the_quote_is_approved(self, order: RepairOrder) -> None:
        line = QuoteLine.objects.get(quote__order=order)
        line.pk, line.position = None, 9
        with pytest.raises(DatabaseError, match="is approved"), transaction.atomic():
            line.save(force_insert=True)

    def test_what_was_erased_does_not_come_back(self, order: RepairOrder) -> None:
        OrderEvent.objects.filter(order=order).update(payload=None, salt=None)
        with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
            OrderEvent.objects.filter(order=order).update(salt="x")

    @pytest.mark.parametrize("table", ["orders_quoteapproval", "orders_quoteline", "orders_orderevent"])
    def test_the_database_refuses_to_delete(self, order: RepairOrder, table: str) -> None:
        with (
            pytest.raises(DatabaseError, match="append-only"),
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute(f"DELETE FROM {table}")  # noqa: S608


class TestOrderLink:
    def test_opens_its_own_order_alone(self, order: RepairOrder) -> None:
        other = booked(order.city, window="14:00")
        assert is_token_of(order, order_token(order))
        assert not is_token_of(order, order_token(other))
        assert len(order_token(order)) == 32  # 192 bits

    def test_is_revoked_by_raising_the_version(self, order: RepairOrder) -> None:
        old = order_token(order)
        order.link_version += 1
        assert not is_token_of(order, old)
        assert is_token_of(order, order_token(order))

    def test_holds_under_a_key_that_was_rotated_out(self, order: RepairOrder, settings: Any) -> None:
        old, settings.SECRET_KEY_FALLBACKS = order_token(order), [settings.SECRET_KEY]
        settings.SECRET_KEY = "a new key of the server"
        assert order_token(order) != old
        assert is_token_of(order, old)
        settings.SECRET_KEY_FALLBACKS = []
        assert not is_token_of(order, old)

    @pytest.mark.parametrize("token", ["", "x" * 32, "ü" * 32, "x" * 5000])
    def test_nothing_else_opens_it(self, order: RepairOrder, token: str) -> None:
        assert not is_token_of(order, token)

    def test_the_address_in_messages_is_whole(self, order: RepairOrder, settings: Any) -> None:
        settings.PUBLIC_URL = "https://repair.example/"
        assert order_url(order) == f"https://repair.example{order_path(order)}"


class TestPin:
    def test_six_digits_that_stay(self, order: RepairOrder) -> None:
        assert len(order_pin(order)) == 6
        assert order_pin(order).isdecimal()
        assert order_pin(order) == order_pin(RepairOrder.objects.get(pk=order.pk))

    def test_is_told_apart_from_others_and_revoked_by_its_version(self, order: RepairOrder) -> None:
        pin = order_pin(order)
        assert is_pin_of(order, f"{pin[:3]} {pin[3:]}")
        order.pin_version += 1
        assert not is_pin_of(order, pin)


class TestReceivers:
    def test_a_confirmed_visit_names_the_engineer_to_every_proved_contact(self) -> None:
        place = door(VisitStatus.CONFIRMED)
        event = place.order.events.last()
        assert event is not None
        assert (event.kind, event.payload["engineer"]) == ("engineer_named", place.engineer.user.name)

    def test_a_cancelled_visit_of_a_cancelled_order_asks_for_no_new_window(self) -> None:
        city, _engineer = open_city()
        order = booked(city)
        cancel_order(order=order, by=None, at=MORNING)
        assert [event.kind for event in order.events.all()] == ["booked", "cancelled"]
