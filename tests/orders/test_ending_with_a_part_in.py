"""A visit that ends without the repair: of every new part it is known whether it is in the phone."""

from typing import Any
from unittest.mock import patch

import pytest

from engineers.models import Visit
from engineers.services import doorstep
from engineers.states import CannotCompleteReason, VisitStatus
from orders.models import Fitting, RepairOrder
from orders.order_page import OrderPage
from orders.selectors import door_work, next_step
from orders.services.door import fit_part, lines_to_fit, take_out_part
from orders.services.taking_back import put_back_part, report_dead_part
from orders.services.visits import cancel_order
from orders.states import OrderStatus, VoidReason
from parts.models import StockUnit, UnitStatus
from repairhub.core.errors import Conflict
from repairhub.ops.audit import audit
from tests.factories.parts import LotFactory, StockLocationFactory, received_unit
from tests.factories.warranty import Workshop
from warranty.models import Warranty

BOTH = ("screen-replacement", "battery-replacement")
FAULTY = CannotCompleteReason.PART_FAULTY

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def photos_elsewhere(settings: Any, tmp_path: Any) -> None:
    """No photo lands in the checkout."""
    settings.MEDIA_ROOT = tmp_path


class AtWork:
    """An order of that workshop at whose door the engineer is at work."""

    def __init__(self, *repairs: str, rework: bool = False) -> None:
        self.shop = Workshop.open()
        if rework:
            self.order = self.shop.completed(*repairs)
            self.shop.book_rework(self.shop.approved(self.order))
        else:
            self.order = self.shop.book(*repairs)
        self.visit = self.shop.go_to_the_door(self.order)

    @property
    def now(self) -> dict[str, Any]:
        return {"visit": self.visit, "by": self.shop.user, "at": self.shop.clock}

    def scan(self, serial: str, line: int = 0) -> Fitting:
        """A part of the city's store scanned for that line, the old part not recorded."""
        wanted = lines_to_fit(self.order, self.visit)[line]
        received_unit(serial, lot=LotFactory(part=wanted.part), location=StockLocationFactory())
        return fit_part(order=self.order, line=wanted, serial=serial, **self.now)

    def done(self, serial: str, line: int = 0) -> Fitting:
        """The old part out as well."""
        return take_out_part(fitting=self.scan(serial, line), serial="none", fate="keep", **self.now)

    def put_back(self, fitting: Fitting) -> Fitting:
        return put_back_part(fitting=fitting, **self.now)

    def report_dead(self, fitting: Fitting) -> Fitting:
        return report_dead_part(fitting=fitting, **self.now)

    def end(self, reason: str) -> RepairOrder:
        """The visit ends without the repair."""
        doorstep.report_cannot_complete(reason=reason, note="Look.", **self.now)
        self.visit.refresh_from_db()
        self.order.refresh_from_db()
        return self.order

    def end_as_before_the_rule(self, reason: str) -> None:
        """What rows of the past may look like: a scan whose old part was never recorded."""
        with patch("orders.receivers.settle_parts"):
            self.end(reason)

    def come_again(self) -> Visit:
        """The customer chose another window, and the engineer is at work again."""
        self.order.refresh_from_db()
        self.shop.book_again(self.order)
        self.visit = self.shop.go_to_the_door(self.order)
        return self.visit

    def step(self) -> tuple[str, Fitting | None]:
        step = next_step(self.visit, door_work(self.order, self.visit))
        return step.name, step.fitting

    def violations(self) -> list[str]:
        """What the audit says of parts."""
        rules = ("fitting", "stock")
        return [str(one) for one in audit(self.shop.clock) if any(word in one.rule for word in rules)]


def status_of(serial: str) -> str:
    """Where the unit stands."""
    return StockUnit.objects.get(serial=serial).status


class TestAPartThatIsScannedAndNoMore:
    @pytest.mark.parametrize("rework", [False, True])
    @pytest.mark.parametrize("reason", [reason for reason in CannotCompleteReason if reason != FAULTY])
    def test_the_visit_does_not_end_before_its_place_is_known(self, reason: str, rework: bool) -> None:
        work = AtWork(rework=rework)
        work.scan("SN-1")
        events = work.order.events.count()
        with pytest.raises(Conflict, match="Is SN-1 in the phone") as refusal:
            work.end(reason)
        assert (refusal.value.code, refusal.value.field) == ("part_undecided", "reason")
        assert refusal.value.next_step == "Record the old part, or put the new one back."
        work.visit.refresh_from_db()
        assert work.visit.status == VisitStatus.ON_SITE
        assert work.visit.end_reason == ""
        assert work.order.events.count() == events

    def test_the_phone_was_wet_and_the_part_is_in_stock_again(self) -> None:
        work = AtWork()
        work.put_back(work.scan("SN-1"))
        assert work.end(CannotCompleteReason.LIQUID_OR_BENT).status == OrderStatus.UNREPAIRABLE
        assert status_of("SN-1") == UnitStatus.IN_STOCK
        assert work.violations() == []

    def test_the_customer_can_cancel_as_the_page_says(self) -> None:
        work = AtWork()
        work.put_back(work.scan("SN-1"))
        order = work.end(CannotCompleteReason.OTHER_FAULT)
        page = OrderPage(RepairOrder.objects.with_page_data().get(pk=order.pk), None, work.shop.clock)
        assert page.can_cancel
        assert cancel_order(order=order, by=None, at=work.shop.clock).status == OrderStatus.CANCELLED
        assert work.violations() == []

    def test_the_next_visit_scans_whatever_is_at_hand(self) -> None:
        work = AtWork()
        work.put_back(work.scan("SN-1"))
        work.end(CannotCompleteReason.OTHER)
        visit = work.come_again()
        assert work.step()[0] == "fit"
        good = work.done("SN-2")
        assert work.shop.finish(work.order, visit).status == OrderStatus.COMPLETED
        assert [warranty.fitting for warranty in Warranty.objects.all()] == [good]
        assert work.violations() == []

    def test_a_rework_that_stops_leaves_the_warranty_where_it_was(self) -> None:
        work = AtWork(rework=True)
        before = list(Warranty.objects.newest())
        work.put_back(work.scan("SN-1"))
        work.end(CannotCompleteReason.OTHER)
        assert list(Warranty.objects.newest()) == before
        assert work.violations() == []

    def test_a_part_that_is_in_stays_in(self) -> None:
        work = AtWork(*BOTH)
        work.done("SN-1")
        work.end(CannotCompleteReason.WRONG_PART)
        assert status_of("SN-1") == UnitStatus.FITTED

    def test_nothing_is_asked_where_nothing_was_scanned(self) -> None:
        assert AtWork().end(FAULTY).status == OrderStatus.BOOKED


class TestTheNewPartIsFaulty:
    @pytest.mark.parametrize("recorded", [False, True])
    def test_where_there_is_one_it_is_that_one(self, recorded: bool) -> None:
        work = AtWork()
        dead = work.done("SN-1") if recorded else work.scan("SN-1")
        work.end(FAULTY)
        dead.refresh_from_db()
        assert (dead.void_reason, dead.voided_at) == (VoidReason.DEAD_ON_ARRIVAL, work.shop.clock)
        assert status_of("SN-1") == UnitStatus.QUARANTINED
        kinds = list(work.order.events.values_list("kind", flat=True))
        assert kinds[-2:] == ["part_dead", "cannot_complete"]

    def test_the_one_at_hand_of_two_lines_is_meant(self) -> None:
        work = AtWork(*BOTH)
        work.scan("SN-1")
        work.end(FAULTY)
        assert status_of("SN-1") == UnitStatus.QUARANTINED

    def test_of_two_it_must_be_said_which(self) -> None:
        work = AtWork(*BOTH)
        good, dead = work.done("SN-GOOD", 0), work.scan("SN-DEAD", 1)
        with pytest.raises(Conflict, match="Which new part is faulty") as refusal:
            work.end(FAULTY)
        assert (refusal.value.code, refusal.value.field) == ("which_part", "reason")
        assert "dead on arrival" in str(refusal.value.next_step)
        work.report_dead(dead)
        work.end(FAULTY)
        good.refresh_from_db()
        assert not good.is_void
        assert (status_of("SN-GOOD"), status_of("SN-DEAD")) == (UnitStatus.FITTED, UnitStatus.QUARANTINED)
        work.come_again()
        assert [line.pk for line in lines_to_fit(work.order, work.visit)] == [dead.line_id]
        assert work.violations() == []

    def test_a_part_that_is_in_is_not_taken_for_one_that_was_never_scanned(self) -> None:
        work = AtWork(*BOTH)
        work.done("SN-GOOD")
        with pytest.raises(Conflict, match="Which new part is faulty"):
            work.end(FAULTY)
        work.report_dead(work.scan("SN-DEAD", 1))
        work.end(FAULTY)
        assert status_of("SN-GOOD") == UnitStatus.FITTED

    def test_the_one_after_a_dead_one_is_not_guessed_at(self) -> None:
        work = AtWork()
        work.report_dead(work.scan("SN-1"))
        second = work.done("SN-2")
        with pytest.raises(Conflict, match="Which new part is faulty"):
            work.end(FAULTY)
        work.report_dead(second)
        work.end(FAULTY)
        assert status_of("SN-2") == UnitStatus.QUARANTINED


class TestAScanOfThePast:
    """Rows from before the rule: the old part was not recorded, and the visit ended all the same."""

    def of_the_past(self) -> tuple[AtWork, Fitting]:
        work = AtWork()
        fitting = work.scan("SN-HALF")
        work.end_as_before_the_rule(CannotCompleteReason.OTHER)
        return work, fitting

    def test_the_next_visit_records_the_old_part(self) -> None:
        work, fitting = self.of_the_past()
        visit = work.come_again()
        assert work.step() == ("take_out", fitting)
        with pytest.raises(Conflict, match="old part is not recorded yet"):
            work.shop.finish(work.order, visit)
        for _press in range(2):
            take_out_part(fitting=fitting, serial="OLD-1", fate="keep", **work.now)
        assert work.step()[0] == "finish"
        assert work.shop.finish(work.order, visit).status == OrderStatus.COMPLETED
        assert Warranty.objects.get(fitting__order=work.order).fitting == fitting

    def test_a_second_part_for_that_line_takes_a_put_back_first(self) -> None:
        work, fitting = self.of_the_past()
        work.come_again()
        with pytest.raises(Conflict, match="SN-HALF is already in"):
            work.scan("SN-ELSE")
        work.put_back(fitting)
        unit = StockUnit.objects.get(serial="SN-ELSE")
        line = lines_to_fit(work.order, work.visit)[0]
        assert fit_part(order=work.order, line=line, serial=unit.serial, **work.now).unit == unit

    def test_it_does_not_cross_another_visit(self) -> None:
        work, _fitting = self.of_the_past()
        work.come_again()
        for reason in (CannotCompleteReason.OTHER, FAULTY):
            with pytest.raises(Conflict, match="Is SN-HALF in the phone"):
                work.end(reason)

    def test_before_the_start_nothing_can_be_recorded_so_nothing_is_asked(self) -> None:
        work, _fitting = self.of_the_past()
        work.shop.book_again(work.order)
        work.visit = work.shop.arrive(work.order)
        assert work.end(CannotCompleteReason.OTHER).status == OrderStatus.BOOKED

    def test_a_failed_rework_does_not_warrant_it(self) -> None:
        work = AtWork(rework=True)
        work.scan("SN-HALF")
        work.end_as_before_the_rule(CannotCompleteReason.OTHER)
        assert Warranty.objects.count() == 1
