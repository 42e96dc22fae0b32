"""New parts in, old parts out: a promise about the grade is kept before the phone is opened."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from threading import Barrier, BrokenBarrierError
from typing import Any
from unittest.mock import patch

import pytest

from engineers.models import CityDay
from engineers.states import VisitStatus
from orders.models import Fitting
from orders.services import door as verbs
from orders.states import OrderStatus
from parts.models import Grade, Part, StockMovement, StockUnit, UnitStatus
from parts.querysets import StockUnitQuerySet
from repairhub.core.errors import Conflict, InvalidInput, NotAllowed
from tests.connections import both_at_once
from tests.factories.accounts import EngineerUserFactory
from tests.factories.door import (
    Door,
    battery_part,
    door,
    gave_up,
    screen_part,
    standing,
    unit_in_van,
    working,
)
from tests.factories.engineers import AuthorisationFactory
from tests.factories.parts import (
    BrandFactory,
    DeviceModelFactory,
    LotFactory,
    PartFactory,
    StockLocationFactory,
    received_unit,
)
from tests.factories.places import CityFactory

AWAY = [status for status in VisitStatus if status != VisitStatus.ON_SITE]
NOT_IN_REPAIR = [status for status in OrderStatus if status != OrderStatus.IN_REPAIR]
BOTH = (("screen", Grade.ORIGINAL), ("battery", Grade.ORIGINAL))

pytestmark = pytest.mark.django_db


def fit(place: Door, serial: str, **other: Any) -> Fitting:
    """The unit with that serial, scanned for the first line."""
    return verbs.fit_part(**{**place.who, "line": place.lines[0], "serial": serial, **other})


def untouched(place: Door, unit: StockUnit) -> bool:
    """Nothing was fitted and nothing booked out."""
    unit.refresh_from_db()
    fitted_here = unit.movements.filter(kind=StockMovement.Kind.FITTED, reference=place.order.reference)
    return not place.order.fittings.exists() and not fitted_here.exists()


class TestFitPart:
    def test_the_right_part_goes_in(self) -> None:
        place = working()
        unit = place.unit("SN-1")
        fitting = fit(place, "SN-1")
        unit.refresh_from_db()
        assert (fitting.unit, fitting.line, fitting.engineer) == (unit, place.lines[0], place.engineer)
        assert (unit.status, unit.location) == (UnitStatus.FITTED, None)
        movement = unit.movements.get(kind=StockMovement.Kind.FITTED)
        assert (movement.reference, movement.by) == (place.order.reference, place.by)
        event = place.order.events.latest("sequence")
        assert (event.kind, event.payload["serial"], event.payload["grade"]) == (
            "part_in",
            "SN-1",
            "original",
        )

    def test_a_serial_is_read_in_any_case_and_with_blanks(self) -> None:
        place = working()
        place.unit("SN-1")
        assert fit(place, "  sn-1 ").unit.serial == "SN-1"

    def test_scanned_twice_it_goes_in_once(self) -> None:
        place = working()
        place.unit("SN-1")
        assert fit(place, "SN-1") == fit(place, "SN-1")
        assert StockMovement.objects.filter(kind=StockMovement.Kind.FITTED).count() == 1
        assert place.order.events.filter(kind="part_in").count() == 1

    def test_a_plan_that_is_being_computed_is_not_thrown_away_for_a_scan(self) -> None:
        place = working()
        place.unit("SN-1")
        before = CityDay.objects.get(city=place.visit.city, on=place.visit.on).version
        fit(place, "SN-1")
        assert CityDay.objects.get(city=place.visit.city, on=place.visit.on).version == before

    @pytest.mark.parametrize(
        ("promised", "scanned"), [(Grade.ORIGINAL, Grade.CERTIFIED), (Grade.CERTIFIED, Grade.ORIGINAL)]
    )
    def test_another_grade_than_promised_is_refused_before_the_phone_is_opened(
        self, promised: str, scanned: str
    ) -> None:
        place = working(repairs=[("screen", promised)])
        unit = place.unit("SN-1", part=screen_part(scanned))
        with pytest.raises(InvalidInput, match="Do not open the phone") as refusal:
            fit(place, "SN-1")
        assert (refusal.value.field, refusal.value.code) == ("serial", "wrong_grade")
        assert untouched(place, unit)

    def test_a_part_for_another_component_is_refused(self) -> None:
        place = working()
        unit = place.unit("SN-1", part=battery_part())
        with pytest.raises(InvalidInput, match="it takes a part for screen of iPhone 12") as refusal:
            fit(place, "SN-1")
        assert (refusal.value.field, refusal.value.code) == ("serial", "does_not_fit")
        assert untouched(place, unit)

    def test_a_part_for_another_model_is_refused(self) -> None:
        place = working()
        pro = DeviceModelFactory(key="iphone-12-pro", name="iPhone 12 Pro")
        unit = place.unit("SN-1", part=PartFactory(sku="IPHONE12PRO-SCR-O", fits=[pro]))
        with pytest.raises(InvalidInput) as refusal:
            fit(place, "SN-1")
        assert refusal.value.code == "does_not_fit"
        assert untouched(place, unit)

    def test_an_unknown_serial_is_refused(self) -> None:
        place = working()
        with pytest.raises(InvalidInput, match="SN-404") as refusal:
            fit(place, "SN-404")
        assert (refusal.value.field, refusal.value.code) == ("serial", "unknown_serial")

    def test_a_unit_in_quarantine_is_refused(self) -> None:
        place = working()
        unit = place.unit("SN-1")
        StockUnit.objects.filter(pk=unit.pk).update(status=UnitStatus.QUARANTINED)
        with pytest.raises(Conflict, match="In quarantine") as refusal:
            fit(place, "SN-1")
        assert refusal.value.field == "serial"
        assert untouched(place, unit)

    def test_a_unit_that_went_into_another_phone_is_refused(self) -> None:
        other = working()
        other.unit("SN-1")
        fit(other, "SN-1")
        place = working(city=CityFactory(shanghai=True))
        with pytest.raises(Conflict, match="not in stock: Fitted") as refusal:
            fit(place, "SN-1")
        assert refusal.value.field == "serial"
        assert not place.order.fittings.exists()

    def test_a_unit_that_lies_where_the_engineer_cannot_be_is_refused(
        self, subtests: pytest.Subtests
    ) -> None:
        place = working()
        elsewhere = door(city=CityFactory(shanghai=True))
        part = place.lines[0].part
        far = StockLocationFactory(name="Shanghai store", city=elsewhere.order.city)
        units = [
            unit_in_van(elsewhere.engineer, part, "SN-VAN-2"),
            received_unit("SN-FAR", lot=LotFactory(part=part), location=far),
        ]
        for unit in units:
            with (
                subtests.test(serial=unit.serial),
                pytest.raises(Conflict, match="not in your van") as refusal,
            ):
                fit(place, unit.serial)
            assert (refusal.value.field, refusal.value.code) == ("serial", "not_at_hand")
            assert unit.location is not None
            assert unit.location.name in str(refusal.value)
            assert untouched(place, unit)

    def test_a_unit_of_the_citys_store_goes_in(self) -> None:
        place = working()
        received_unit("SN-STORE")
        assert fit(place, "SN-STORE").unit.serial == "SN-STORE"

    def test_a_second_unit_for_the_same_line_is_refused(self) -> None:
        place = working()
        place.unit("SN-1")
        second = place.unit("SN-2")
        fit(place, "SN-1")
        with pytest.raises(Conflict, match="SN-1 is already in") as refusal:
            fit(place, "SN-2")
        assert refusal.value.field == "serial"
        second.refresh_from_db()
        assert second.status == UnitStatus.IN_STOCK

    def test_each_line_takes_its_own_part(self) -> None:
        place = working(repairs=BOTH)
        screen, battery = place.lines
        place.fit(screen)
        unit = place.unit("SN-B", part=battery.part)
        with pytest.raises(Conflict):
            fit(place, unit.serial)
        assert fit(place, unit.serial, line=battery).line == battery

    def test_a_line_of_another_order_is_none_of_todays_work(self) -> None:
        place = working()
        other = working(city=CityFactory(shanghai=True))
        place.unit("SN-1")
        with pytest.raises(InvalidInput) as refusal:
            fit(place, "SN-1", line=other.lines[0])
        assert refusal.value.code == "not_in_this_visit"

    def test_a_part_that_needs_the_brands_authorisation_takes_one(self) -> None:
        place = working()
        Part.objects.update(needs_brand_authorisation=True)
        unit = place.unit("SN-1")
        with pytest.raises(Conflict, match="authorisation by Apple") as refusal:
            fit(place, "SN-1")
        assert refusal.value.field == "serial"
        assert untouched(place, unit)
        AuthorisationFactory(engineer=place.engineer, brand=BrandFactory())
        assert fit(place, "SN-1").unit == unit

    def test_an_authorisation_must_be_valid_on_the_day_of_the_visit(self) -> None:
        place = working()
        Part.objects.update(needs_brand_authorisation=True)
        for first, last in [
            (date(2026, 1, 1), date(2026, 11, 22)),
            (date(2026, 11, 24), date(2027, 1, 1)),
        ]:
            AuthorisationFactory(
                engineer=place.engineer, brand=BrandFactory(), valid_from_on=first, valid_until_on=last
            )
        place.unit("SN-1")
        with pytest.raises(Conflict, match="authorisation"):
            fit(place, "SN-1")

    def test_refused_unless_the_engineer_stands_at_the_door(self, subtests: pytest.Subtests) -> None:
        place = working()
        unit = place.unit("SN-1")
        for status in AWAY:
            with subtests.test(status=status), pytest.raises(Conflict) as refusal:
                fit(standing(place, visit=status), "SN-1")
            assert refusal.value.code == "wrong_state"
            assert untouched(place, unit)

    def test_refused_before_the_customer_let_the_engineer_begin(self) -> None:
        place = door()
        place.unit("SN-1")
        with pytest.raises(Conflict, match="PIN first") as refusal:
            fit(place, "SN-1")
        assert refusal.value.code == "not_started"

    def test_refused_unless_the_order_is_in_repair(self, subtests: pytest.Subtests) -> None:
        place = working()
        unit = place.unit("SN-1")
        for status in NOT_IN_REPAIR:
            with subtests.test(status=status), pytest.raises(Conflict) as refusal:
                fit(standing(place, order=status), "SN-1")
            assert refusal.value.code == "order_closed"
            assert untouched(place, unit)

    def test_another_engineer_may_not(self) -> None:
        place = working()
        unit = place.unit("SN-1")
        with pytest.raises(NotAllowed):
            fit(place, "SN-1", by=EngineerUserFactory())
        assert untouched(place, unit)


class TestTakeOutPart:
    def test_serial_and_fate_are_recorded(self) -> None:
        place = working()
        fitting = verbs.take_out_part(
            fitting=place.fit(), serial=" OLD-9 ", fate="keep", by=place.by, at=place.at
        )
        assert (fitting.old_part_serial, fitting.old_part_fate, fitting.removed_at) == (
            "OLD-9",
            "keep",
            place.at,
        )
        event = place.order.events.latest("sequence")
        assert (event.kind, event.payload) == ("part_out", {"serial": "OLD-9", "fate": "keep"})

    def test_pressed_twice_it_is_recorded_once(self) -> None:
        place = working()
        fitting = place.fit()
        for _press in range(2):
            verbs.take_out_part(fitting=fitting, serial="OLD-9", fate="keep", by=place.by, at=place.at)
        assert place.order.events.filter(kind="part_out").count() == 1

    def test_what_was_recorded_is_not_overwritten(self) -> None:
        place = working()
        fitting = place.take_out(place.fit())
        with pytest.raises(Conflict, match="recorded already: none") as refusal:
            verbs.take_out_part(fitting=fitting, serial="OLD-9", fate="keep", by=place.by, at=place.at)
        assert refusal.value.field == "old_serial"
        fitting.refresh_from_db()
        assert fitting.old_part_serial == "none"

    def test_the_new_parts_serial_is_not_the_old_ones(self) -> None:
        place = working()
        place.unit("SN-1")
        fitting = fit(place, "SN-1")
        with pytest.raises(InvalidInput, match="the new part") as refusal:
            verbs.take_out_part(fitting=fitting, serial="sn-1", fate="keep", by=place.by, at=place.at)
        assert refusal.value.field == "old_serial"

    def test_serial_and_fate_are_both_needed(self, subtests: pytest.Subtests) -> None:
        place = working()
        fitting = place.fit()
        for serial, fate, field in [
            ("", "keep", "old_serial"),
            ("   ", "keep", "old_serial"),
            ("none", "", "fate"),
            ("none", "sell", "fate"),
        ]:
            with subtests.test(serial=serial, fate=fate), pytest.raises(InvalidInput) as refusal:
                verbs.take_out_part(fitting=fitting, serial=serial, fate=fate, by=place.by, at=place.at)
            assert refusal.value.field == field
        fitting.refresh_from_db()
        assert fitting.removed_at is None

    def test_refused_unless_the_engineer_stands_at_the_door(self, subtests: pytest.Subtests) -> None:
        place = working()
        fitting = place.fit()
        for status in AWAY:
            standing(place, visit=status)
            with subtests.test(status=status), pytest.raises(Conflict) as refusal:
                place.take_out(Fitting.objects.get(pk=fitting.pk))
            assert refusal.value.code == "wrong_state"

    def test_refused_unless_the_order_is_in_repair(self, subtests: pytest.Subtests) -> None:
        place = working()
        fitting = place.fit()
        for status in NOT_IN_REPAIR:
            standing(place, order=status)
            with subtests.test(status=status), pytest.raises(Conflict) as refusal:
                place.take_out(Fitting.objects.get(pk=fitting.pk))
            assert refusal.value.code == "order_closed"

    def test_another_engineer_may_not(self) -> None:
        place = working()
        fitting = place.fit()
        with pytest.raises(NotAllowed):
            verbs.take_out_part(
                fitting=fitting, serial="none", fate="keep", by=EngineerUserFactory(), at=place.at
            )


@contextmanager
def meeting_before_the_ledger() -> Iterator[None]:
    """Two who fit at once meet after their checks; who is kept out by a lock lets the other go on alone."""
    meeting = Barrier(2)
    write = StockMovement.objects.create

    def wait(**line: Any) -> StockMovement:
        try:
            meeting.wait(timeout=1)
        except BrokenBarrierError:
            meeting.reset()
        return write(**line)

    with patch.object(StockMovement.objects, "create", wait):
        yield


@pytest.mark.django_db(transaction=True)
class TestOneUnitForTwoOrders:
    """The same screen, scanned at two doors in two cities at the same moment."""

    def scan_at_two_doors(self) -> list[Any]:
        beijing, shanghai = working(), working(city=CityFactory(shanghai=True))
        # the store of Beijing, in the care of the engineer from Shanghai: at hand for both
        received_unit("SN-1", location=StockLocationFactory(custodian=shanghai.by))
        with meeting_before_the_ledger():
            return both_at_once(lambda: fit(beijing, "SN-1"), lambda: fit(shanghai, "SN-1"))

    def test_one_gets_it_and_the_other_is_told_so(self) -> None:
        results = self.scan_at_two_doors()
        won = [result for result in results if isinstance(result, Fitting)]
        lost = [result for result in results if isinstance(result, Conflict)]
        assert (len(won), len(lost)) == (1, 1)
        assert (lost[0].status, lost[0].field) == (409, "serial")
        assert "not in stock: Fitted" in str(lost[0])
        assert StockMovement.objects.filter(kind=StockMovement.Kind.FITTED).count() == 1

    def test_without_the_lock_of_the_unit_nobody_would_be_told(self) -> None:
        with patch.object(StockUnitQuerySet, "select_for_update", lambda queryset: queryset):
            results = self.scan_at_two_doors()
        assert not any(isinstance(result, Conflict) for result in results)


@pytest.mark.django_db(transaction=True)
class TestScanAgainstGivingUp:
    def test_a_scan_and_an_end_at_once_do_not_wait_for_each_other_for_ever(self) -> None:
        place = working()
        place.unit("SN-1")
        scanned, ended = both_at_once(
            lambda: fit(place, "SN-1"), lambda: gave_up(visit=place.visit, by=place.by, at=place.at)
        )
        # whichever comes first, the other is told: no visit ends with a scan whose place nobody knows
        if ended is None:
            assert isinstance(scanned, Conflict)
            assert place.refresh().visit.status == VisitStatus.CANNOT_COMPLETE
        else:
            assert isinstance(scanned, Fitting)
            assert isinstance(ended, Conflict)
            assert place.refresh().visit.status == VisitStatus.ON_SITE


class TestUnitsAtHand:
    def test_the_van_comes_first_then_the_citys_store_and_nothing_that_would_be_refused(self) -> None:
        from orders.selectors import units_at_hand

        place = working()
        received_unit("SN-STORE")
        place.unit("SN-VAN")
        place.unit("SN-WRONG-GRADE", part=screen_part(Grade.CERTIFIED))
        place.unit("SN-BATTERY", part=battery_part())
        other = door(city=CityFactory(shanghai=True))
        unit_in_van(other.engineer, place.lines[0].part, "SN-OTHER-VAN")
        units = units_at_hand(place.lines[0], place.order, place.by)
        assert [unit.serial for unit in units] == ["SN-VAN", "SN-STORE"]
