"""A new part that was scanned and does not stay in the phone: put back, or dead on arrival."""

from collections.abc import Callable
from typing import Any

import pytest
from django.utils import translation

from engineers.states import VisitStatus
from orders.models import Fitting
from orders.selectors import door_work, next_step, old_parts_to_put_back
from orders.services.door import fit_part
from orders.services.taking_back import put_back_part, report_dead_part
from orders.services.timeline import chain_faults
from orders.states import OrderStatus, VoidReason
from orders.wording import words_of
from parts.models import Grade, StockLocation, StockUnit, UnitStatus
from repairhub.core.errors import Conflict, NotAllowed
from repairhub.ops.audit import audit
from tests.connections import both_at_once
from tests.factories.accounts import EngineerUserFactory
from tests.factories.door import Door, standing, working
from tests.factories.places import CityFactory
from tests.factories.warranty import Workshop
from warranty.models import Warranty

AWAY = [status for status in VisitStatus if status != VisitStatus.ON_SITE]
NOT_IN_REPAIR = [status for status in OrderStatus if status != OrderStatus.IN_REPAIR]
BOTH = (("screen", Grade.ORIGINAL), ("battery", Grade.ORIGINAL))
VERBS = [put_back_part, report_dead_part]

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def photos_elsewhere(settings: Any, tmp_path: Any) -> None:
    """No photo lands in the checkout."""
    settings.MEDIA_ROOT = tmp_path


def put_back(place: Door, fitting: Fitting, **other: Any) -> Fitting:
    """It does not go in after all."""
    return put_back_part(
        **{"fitting": fitting, "visit": place.visit, "by": place.by, "at": place.at, **other}
    )


def report_dead(place: Door, fitting: Fitting, **other: Any) -> Fitting:
    """It does not work."""
    return report_dead_part(
        **{"fitting": fitting, "visit": place.visit, "by": place.by, "at": place.at, **other}
    )


def kinds(unit: StockUnit) -> list[str]:
    """The unit's lines in the ledger, the oldest first."""
    return list(unit.movements.order_by("id").values_list("kind", flat=True))


def violations(place: Door) -> list[str]:
    """What the audit says of parts."""
    rules = ("fitting", "stock")
    return [str(one) for one in audit(place.at) if any(word in one.rule for word in rules)]


def step_of(place: Door) -> tuple[str, str]:
    """The next step and the repair that it is about."""
    step = next_step(place.visit, door_work(place.order, place.visit))
    return step.name, step.line.repair.key if step.line else ""


class TestPutBackPart:
    def test_the_unit_lies_again_where_it_was_taken_from(self) -> None:
        place = working()
        unit = place.unit("SN-1")
        van = unit.location
        fitting = put_back(place, place.fit(serial="SN-1"))
        unit.refresh_from_db()
        assert (unit.status, unit.location) == (UnitStatus.IN_STOCK, van)
        assert kinds(unit) == ["received", "fitted", "received"]
        assert unit.movements.latest("id").reference == place.order.reference
        assert (fitting.voided_at, fitting.void_reason) == (place.at, VoidReason.NOT_FITTED)
        assert violations(place) == []

    def test_the_customer_reads_that_it_was_not_used(self) -> None:
        place = working()
        put_back(place, place.fit(serial=place.unit("SN-1").serial))
        event = place.order.events.latest("sequence")
        assert (event.kind, event.by) == ("part_put_back", place.by)
        words = words_of(event)
        assert words.what == "New part not used"
        assert words.more == "iPhone 12 screen (original), serial SN-1, does not go in after all."
        with translation.override("zh-hans"):
            assert words_of(event).what == "新配件未使用"
        assert chain_faults(place.order) == []

    def test_a_mis_scan_is_mended_on_the_same_visit(self) -> None:
        place = working()
        put_back(place, place.fit(serial=place.unit("SN-WRONG").serial))
        assert step_of(place) == ("fit", "screen")
        right = place.fit(serial=place.unit("SN-RIGHT").serial)
        place.take_out(right)
        place.finish()
        assert place.order.status == OrderStatus.COMPLETED
        assert [warranty.fitting for warranty in Warranty.objects.all()] == [right]
        assert violations(place) == []

    def test_the_same_serial_goes_in_elsewhere_and_here_again(self) -> None:
        place, other = working(), working(city=CityFactory(shanghai=True))
        unit = place.unit("SN-1")
        put_back(place, place.fit(serial="SN-1"))
        put_back(place, place.fit(serial="SN-1"))
        StockUnit.objects.filter(pk=unit.pk).update(location=other.unit().location)
        assert other.fit(serial="SN-1").unit == unit
        with pytest.raises(Conflict, match="not in stock: Fitted"):
            place.fit(serial="SN-1")

    def test_an_old_part_that_was_out_already_goes_back_in(self) -> None:
        place = working(repairs=BOTH)
        fitting = put_back(place, place.take_out(place.fit()))
        assert fitting.removed_at is not None  # it had come out: the history says so
        assert step_of(place) == ("fit", "screen")
        assert old_parts_to_put_back(place.order, place.visit) == [fitting]
        assert "Your old part goes back in" in words_of(place.order.events.latest("sequence")).more
        again = place.fit()
        assert step_of(place) == ("take_out", "screen")
        assert old_parts_to_put_back(place.order, place.visit) == []
        assert again.removed_at is None

    def test_a_rework_takes_back_its_own_part_and_not_the_warranted_one(self) -> None:
        shop = Workshop.open()
        order = shop.completed()
        warranted = order.fittings.get()
        shop.book_rework(shop.approved(order))
        visit = shop.go_to_the_door(order)
        (new,) = shop.fit(order, visit)
        for verb in VERBS:
            with pytest.raises(Conflict) as refusal:
                verb(fitting=warranted, visit=visit, by=shop.user, at=shop.clock)
            assert refusal.value.code == "not_in_this_visit"
        put_back_part(fitting=new, visit=visit, by=shop.user, at=shop.clock)
        assert list(order.fittings.standing()) == [warranted]


class TestReportDeadPart:
    def test_it_is_quarantined_and_the_next_one_goes_in_on_the_same_visit(self) -> None:
        place = working()
        dead = report_dead(place, place.fit(serial=place.unit("SN-DEAD").serial))
        unit = StockUnit.objects.get(serial="SN-DEAD")
        assert unit.location is not None
        assert (unit.status, unit.location.kind) == (UnitStatus.QUARANTINED, StockLocation.Kind.QUARANTINE)
        assert kinds(unit) == ["received", "fitted", "received", "quarantined"]
        assert (dead.voided_at, dead.void_reason) == (place.at, VoidReason.DEAD_ON_ARRIVAL)
        assert step_of(place) == ("fit", "screen")
        with pytest.raises(Conflict, match="In quarantine"):
            place.fit(serial="SN-DEAD")
        good = place.fit()
        place.take_out(good)
        place.finish()
        assert [warranty.fitting for warranty in Warranty.objects.all()] == [good]
        assert violations(place) == []

    def test_the_customer_reads_that_it_did_not_work(self) -> None:
        place = working()
        report_dead(place, place.fit(serial=place.unit("SN-1").serial))
        event = place.order.events.latest("sequence")
        assert event.kind == "part_dead"
        assert words_of(event).what == "New part found faulty"
        with translation.override("zh-hans"):
            assert words_of(event).what == "新配件有故障"
            assert "iPhone 12 屏幕（原厂）" in words_of(event).more

    def test_of_two_parts_the_good_one_stays_in(self) -> None:
        place = working(repairs=BOTH)
        screen, battery = place.lines
        good = place.take_out(place.fit(screen))
        report_dead(place, place.fit(battery))
        assert step_of(place) == ("fit", "battery")
        good.refresh_from_db()
        assert not good.is_void
        assert StockUnit.objects.get(pk=good.unit_id).status == UnitStatus.FITTED


@pytest.mark.parametrize("verb", [put_back, report_dead])
class TestBoth:
    def test_pressed_twice_it_is_done_once(self, verb: Callable[..., Fitting]) -> None:
        place = working()
        fitting = place.fit()
        assert verb(place, fitting) == verb(place, fitting)
        events, lines = place.order.events.count(), fitting.unit.movements.count()
        verb(place, Fitting.objects.get(pk=fitting.pk))
        assert (place.order.events.count(), fitting.unit.movements.count()) == (events, lines)

    def test_a_stale_press_does_not_touch_the_part_that_came_after(
        self, verb: Callable[..., Fitting]
    ) -> None:
        place = working()
        stale = verb(place, place.fit())
        after = place.fit()
        verb(place, stale)
        assert list(place.order.fittings.standing()) == [after]

    def test_what_is_void_for_another_reason_stays_so(self, verb: Callable[..., Fitting]) -> None:
        place = working()
        other = report_dead if verb is put_back else put_back
        fitting = other(place, place.fit())
        with pytest.raises(Conflict, match="is out already") as refusal:
            verb(place, fitting)
        assert refusal.value.code == "already_void"
        assert refusal.value.next_step
        fitting.refresh_from_db()
        assert fitting.void_reason != ""

    def test_the_same_line_is_scanned_anew_as_often_as_it_takes(self, verb: Callable[..., Fitting]) -> None:
        place = working()
        for number in range(3):
            verb(place, place.fit(serial=place.unit(f"SN-{number}").serial))
        assert place.order.fittings.void().count() == 3

    def test_refused_unless_the_engineer_stands_at_the_door(
        self, verb: Callable[..., Fitting], subtests: pytest.Subtests
    ) -> None:
        place = working()
        fitting = place.fit()
        for status in AWAY:
            standing(place, visit=status)
            with subtests.test(status=status), pytest.raises(Conflict) as refusal:
                verb(place, fitting)
            assert refusal.value.code == "wrong_state"
        assert place.order.fittings.standing().get() == fitting

    def test_refused_unless_the_order_is_in_repair(
        self, verb: Callable[..., Fitting], subtests: pytest.Subtests
    ) -> None:
        place = working()
        fitting = place.fit()
        for status in NOT_IN_REPAIR:
            standing(place, order=status)
            with subtests.test(status=status), pytest.raises(Conflict) as refusal:
                verb(place, fitting)
            assert refusal.value.code == "order_closed"

    def test_another_engineer_may_not(self, verb: Callable[..., Fitting]) -> None:
        place = working()
        with pytest.raises(NotAllowed):
            verb(place, place.fit(), by=EngineerUserFactory())
        assert place.order.fittings.standing().exists()

    def test_a_part_of_another_order_is_no_part_of_this_visit(self, verb: Callable[..., Fitting]) -> None:
        place, other = working(), working(city=CityFactory(shanghai=True))
        with pytest.raises(NotAllowed):
            verb(place, other.fit())
        assert other.order.fittings.standing().exists()


@pytest.mark.django_db(transaction=True)
class TestTwoPressesAtOnce:
    @pytest.mark.parametrize("verb", [put_back, report_dead])
    def test_the_unit_comes_back_once(self, verb: Callable[..., Fitting]) -> None:
        place = working()
        fitting = place.fit()
        results = both_at_once(lambda: verb(place, fitting))
        assert [result.pk for result in results] == [fitting.pk] * 2
        assert kinds(fitting.unit).count("received") == 2  # when it was bought, and now

    def test_of_a_put_back_and_a_scan_of_another_one_fitting_stands(self) -> None:
        place = working()
        fitting, other = place.fit(), place.unit("SN-2")
        back, scanned = both_at_once(
            lambda: put_back(place, fitting),
            lambda: fit_part(**place.who, line=fitting.line, serial=other.serial),
        )
        assert back.is_void
        assert isinstance(scanned, Fitting | Conflict)
        assert place.order.fittings.standing().count() == (1 if isinstance(scanned, Fitting) else 0)
