"""The verbs of the stock: the ledger is the truth, a unit is fitted once."""

from datetime import UTC, datetime
from unittest.mock import patch

import pytest
from django.db import IntegrityError, connection, models, transaction

from parts.models import StockMovement, StockUnit, UnitStatus
from parts.services.stock import find_unit, fit_unit, put_back_unit, quarantine_unit, receive_units
from repairhub.core.errors import Conflict, InvalidInput
from tests.connections import both_at_once
from tests.factories.accounts import EngineerUserFactory, PartsAdminFactory
from tests.factories.parts import RECEIVED_AT, LotFactory, StockLocationFactory, received_unit
from tests.factories.places import CityFactory

AT = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)


def receive(serials: list[str], by=None) -> list[StockUnit]:
    return receive_units(
        lot=LotFactory(), location=StockLocationFactory(), serials=serials, by=by, at=RECEIVED_AT
    )


@pytest.mark.django_db
class TestReceiveUnits:
    def test_every_unit_lies_in_stock_with_one_line_in_the_ledger(self):
        clerk = PartsAdminFactory()
        units = receive(["A-1", "A-2"], by=clerk)
        assert [unit.status for unit in units] == [UnitStatus.IN_STOCK] * 2
        lines = StockMovement.objects.order_by("id")
        assert [(line.unit.serial, line.kind, line.from_location) for line in lines] == [
            ("A-1", "received", None),
            ("A-2", "received", None),
        ]
        assert {(line.to_location, line.by, line.at) for line in lines} == {
            (units[0].location, clerk, RECEIVED_AT)
        }

    def test_serials_are_kept_in_capitals_without_blanks(self):
        assert receive([" ab-1 "])[0].serial == "AB-1"

    @pytest.mark.parametrize(
        ("serials", "code", "named"),
        [
            (["A-1", "B-1"], "serial_known", "B-1"),
            (["A-1", "a-1"], "serial_twice", "A-1"),
            (["A-1", "  "], "serial_missing", ""),
        ],
    )
    def test_a_serial_known_given_twice_or_empty_is_refused_by_name(self, serials, code, named):
        receive(["B-1"])
        with pytest.raises(InvalidInput) as refusal:
            receive(serials)
        assert (refusal.value.code, refusal.value.field) == (code, "serials")
        assert named in str(refusal.value)
        assert list(StockUnit.objects.values_list("serial", flat=True)) == ["B-1"]
        assert StockMovement.objects.count() == 1


@pytest.mark.django_db
class TestFindUnit:
    def test_however_the_serial_is_typed(self):
        unit = received_unit("IPHONE12-SCR-O-0001")
        assert find_unit(" iphone12-scr-o-0001\n") == unit

    def test_an_unknown_serial_is_refused_with_what_to_do_next(self):
        with pytest.raises(InvalidInput) as refusal:
            find_unit("X-9")
        assert (refusal.value.code, refusal.value.field) == ("unknown_serial", "serial")
        assert str(refusal.value) == (
            "No part with serial X-9 is in our books. Check the number on the label, or take another part."
        )


@pytest.mark.django_db
class TestFitUnit:
    def test_it_leaves_the_stock_with_a_line_in_the_ledger(self):
        unit, engineer = received_unit(), EngineerUserFactory()
        store = unit.location
        fitted = fit_unit(unit=unit, reference="RH-1", by=engineer, at=AT)
        assert (fitted.status, fitted.location) == (UnitStatus.FITTED, None)
        line = unit.movements.first()
        assert (line.kind, line.from_location, line.to_location) == ("fitted", store, None)
        assert (line.reference, line.by, line.at) == ("RH-1", engineer, AT)

    @pytest.mark.parametrize("status", [status for status in UnitStatus if status != UnitStatus.IN_STOCK])
    def test_a_unit_that_is_not_in_stock_is_refused(self, status):
        unit = received_unit()
        unit.status = status
        unit.location = None if status == UnitStatus.FITTED else unit.location
        unit.save()
        with pytest.raises(Conflict) as refusal:
            fit_unit(unit=unit, reference="RH-1", by=None, at=AT)
        assert (refusal.value.code, refusal.value.field) == ("unit_not_in_stock", "serial")
        assert str(UnitStatus(status).label) in str(refusal.value)
        assert unit.movements.count() == 1

    def test_what_the_caller_read_before_does_not_count(self):
        unit = received_unit()
        read_before = StockUnit.objects.get(pk=unit.pk)
        fit_unit(unit=unit, reference="RH-1", by=None, at=AT)
        with pytest.raises(Conflict):
            fit_unit(unit=read_before, reference="RH-2", by=None, at=AT)


@pytest.mark.django_db
class TestPutBackUnit:
    def put_back(self, unit: StockUnit) -> StockUnit:
        return put_back_unit(unit=unit, reference="RH-1", by=None, at=AT)

    def test_a_fitted_unit_lies_again_where_it_was_taken_from(self):
        unit = received_unit()
        store = unit.location
        back = self.put_back(fit_unit(unit=unit, reference="RH-1", by=None, at=AT))
        assert (back.status, back.location) == (UnitStatus.IN_STOCK, store)
        last = unit.movements.latest("id")
        assert (last.kind, last.from_location, last.to_location, last.reference) == (
            "received",
            None,
            store,
            "RH-1",
        )

    def test_it_can_be_fitted_again(self):
        unit = received_unit()
        for _time in range(2):
            unit = self.put_back(fit_unit(unit=unit, reference="RH-1", by=None, at=AT))
        assert unit.movements.count() == 5

    def test_one_that_is_in_no_phone_stays_as_it_is(self):
        unit = received_unit()
        assert self.put_back(unit) == unit
        gone = quarantine_unit(unit=unit, city=CityFactory(), reference="RH-1", by=None, at=AT)
        assert self.put_back(unit).status == gone.status == UnitStatus.QUARANTINED
        assert unit.movements.count() == 2


@pytest.mark.django_db
class TestQuarantineUnit:
    def quarantine(self, unit: StockUnit) -> StockUnit:
        return quarantine_unit(unit=unit, city=CityFactory(), reference="RH-1", by=None, at=AT)

    def kinds(self, unit: StockUnit) -> list[str]:
        return list(unit.movements.order_by("id").values_list("kind", flat=True))

    def test_a_unit_in_stock_moves_to_the_citys_quarantine(self):
        unit = received_unit()
        gone = self.quarantine(unit)
        assert (gone.status, gone.location.kind) == (UnitStatus.QUARANTINED, "quarantine")
        assert self.kinds(unit) == ["received", "quarantined"]

    def test_a_fitted_unit_comes_back_into_our_hands_first(self):
        unit = received_unit()
        store = unit.location
        gone = self.quarantine(fit_unit(unit=unit, reference="RH-1", by=None, at=AT))
        assert gone.status == UnitStatus.QUARANTINED
        assert self.kinds(unit) == ["received", "fitted", "received", "quarantined"]
        assert unit.movements.first().from_location == store

    def test_once_there_it_stays_as_it_is(self):
        unit = received_unit()
        first, again = self.quarantine(unit), self.quarantine(unit)
        assert first == again
        assert self.kinds(unit) == ["received", "quarantined"]

    def test_a_city_has_one_quarantine(self):
        places = {self.quarantine(received_unit(f"A-{number}")).location for number in range(2)}
        assert len(places) == 1


@pytest.mark.django_db(transaction=True)
class TestTwoEngineersFitTheSameUnit:
    def fit_at_once(self) -> list[object]:
        unit = received_unit()

        def fit() -> StockUnit:
            return fit_unit(unit=unit, reference="RH-1", by=None, at=AT)

        return both_at_once(fit)

    def test_one_gets_it_and_the_other_a_refusal(self):
        results = self.fit_at_once()
        assert sorted(type(result).__name__ for result in results) == ["Conflict", "StockUnit"]
        assert StockMovement.objects.filter(kind="fitted").count() == 1

    def test_control_without_the_lock_both_get_it(self):
        """Shows that the test above can fail: with the lock taken away, one unit goes into two phones."""
        pause = "SELECT pg_sleep(0.3)"
        really_save = StockUnit.save

        def save_late(unit, **options):
            with connection.cursor() as cursor:
                cursor.execute(pause)
            really_save(unit, **options)

        no_lock = patch.object(models.QuerySet, "select_for_update", lambda rows, **options: rows)
        with no_lock, patch.object(StockUnit, "save", save_late):
            results = self.fit_at_once()
        assert [type(result).__name__ for result in results] == ["StockUnit", "StockUnit"]
        assert StockMovement.objects.filter(kind="fitted").count() == 2


@pytest.mark.django_db
class TestTheLedger:
    def test_no_line_is_ever_changed(self):
        received_unit()
        with pytest.raises(IntegrityError, match="parts_stockmovement is append-only"), transaction.atomic():
            StockMovement.objects.update(reference="another one")

    def test_no_line_is_ever_deleted(self):
        received_unit()
        with pytest.raises(IntegrityError, match="parts_stockmovement is append-only"), transaction.atomic():
            StockMovement.objects.get().delete()

    @pytest.mark.parametrize(
        ("kind", "has_from", "has_to"),
        [
            ("received", True, True),
            ("received", False, False),
            ("fitted", True, True),
            ("fitted", False, False),
            ("moved", True, False),
            ("moved", False, True),
            ("quarantined", False, True),
        ],
    )
    def test_a_line_whose_ends_do_not_match_its_kind_is_refused(self, kind, has_from, has_to):
        unit = received_unit()
        with pytest.raises(IntegrityError, match="movement_ends_match_kind"), transaction.atomic():
            StockMovement.objects.create(
                unit=unit,
                kind=kind,
                from_location=unit.location if has_from else None,
                to_location=unit.location if has_to else None,
                at=AT,
            )

    def test_a_unit_in_stock_lies_somewhere(self):
        unit = received_unit()
        with pytest.raises(IntegrityError, match="unit_lies_somewhere"), transaction.atomic():
            StockUnit.objects.filter(pk=unit.pk).update(location=None)


@pytest.mark.django_db
class TestAtHand:
    def test_the_van_first_then_the_citys_store_and_nothing_of_others(self):
        city = CityFactory()
        engineer, colleague = EngineerUserFactory(), EngineerUserFactory()
        places = {
            "S-1": StockLocationFactory(),
            "V-1": StockLocationFactory(van=True, custodian=engineer),
            "C-1": StockLocationFactory(van=True, custodian=colleague),
            "Q-1": StockLocationFactory(kind="quarantine", name="Quarantine"),
            "H-1": StockLocationFactory(name="Shanghai store", city=CityFactory(shanghai=True)),
        }
        for serial, place in places.items():
            received_unit(serial, location=place)
        at_hand = StockUnit.objects.at_hand(engineer.pk, city.pk)
        assert [unit.serial for unit in at_hand] == ["V-1", "S-1"]

    def test_a_fitted_unit_is_gone(self):
        unit = received_unit()
        fit_unit(unit=unit, reference="RH-1", by=None, at=AT)
        assert not StockUnit.objects.at_hand(0, unit.lot.part_id).exists()
