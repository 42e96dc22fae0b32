"""A new part that is dead on arrival: quarantined, another one fitted, and no warranty for the dead one."""

from typing import Any

import pytest

from engineers.models import Visit
from engineers.services import doorstep
from engineers.states import CannotCompleteReason
from orders.models import Fitting, RepairOrder
from orders.selectors import door_work, next_step
from orders.services.door import fit_part, lines_to_fit
from orders.states import OrderStatus
from parts.models import StockLocation, StockMovement, UnitStatus
from repairhub.core.errors import Conflict
from tests.factories.parts import LotFactory, received_unit
from tests.factories.warranty import Workshop
from warranty.models import Warranty

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def photos_elsewhere(settings: Any, tmp_path: Any) -> None:
    """No photo lands in the checkout."""
    settings.MEDIA_ROOT = tmp_path


def give_up(shop: Workshop, visit: Visit, reason: str) -> None:
    """The visit ends without the repair."""
    doorstep.report_cannot_complete(visit=visit, reason=reason, note="Look.", by=shop.user, at=shop.clock)


def scan(shop: Workshop, order: RepairOrder, visit: Visit, serial: str) -> Fitting:
    """A new part in for the visit's first line, the old one not recorded yet."""
    line = lines_to_fit(order, visit)[0]
    unit = received_unit(serial, lot=LotFactory(part=line.part))
    return fit_part(order=order, visit=visit, line=line, serial=unit.serial, by=shop.user, at=shop.clock)


def second_visit(shop: Workshop, order: RepairOrder) -> Visit:
    """The customer chose again, and the engineer stands at the door, started."""
    order.refresh_from_db()
    shop.book_again(order)
    return shop.go_to_the_door(order)


class TestDeadOnArrival:
    def shop_with_dead_part(self) -> tuple[Workshop, RepairOrder, Fitting]:
        shop = Workshop.open()
        order = shop.book()
        visit = shop.go_to_the_door(order)
        (dead,) = shop.fit(order, visit)
        give_up(shop, visit, CannotCompleteReason.PART_FAULTY)
        return shop, order, dead

    def test_the_unit_lies_in_the_citys_quarantine_and_the_ledger_adds_up(self) -> None:
        shop, _order, dead = self.shop_with_dead_part()
        unit = dead.unit
        unit.refresh_from_db()
        assert unit.status == UnitStatus.QUARANTINED
        assert unit.location is not None
        assert (unit.location.kind, unit.location.city) == (StockLocation.Kind.QUARANTINE, shop.city)
        moves = list(unit.movements.order_by("id"))
        assert moves[-1].kind == StockMovement.Kind.QUARANTINED
        assert moves[-1].reference == dead.order.reference
        balance: dict[int, int] = {}
        for move in moves:
            for place, sign in ((move.to_location_id, 1), (move.from_location_id, -1)):
                if place is not None:
                    balance[place] = balance.get(place, 0) + sign
        assert {place: count for place, count in balance.items() if count} == {unit.location.pk: 1}

    def test_two_dead_parts_share_one_quarantine(self) -> None:
        shop, order, _dead = self.shop_with_dead_part()
        visit = second_visit(shop, order)
        scan(shop, order, visit, "SN-DEAD-2")
        give_up(shop, visit, CannotCompleteReason.PART_FAULTY)
        assert StockLocation.objects.filter(kind=StockLocation.Kind.QUARANTINE).count() == 1

    def test_the_line_is_fitted_anew_and_only_the_good_part_is_warranted(self) -> None:
        shop, order, dead = self.shop_with_dead_part()
        visit = second_visit(shop, order)
        step = next_step(visit, door_work(order, visit))
        assert (step.name, step.line) == ("fit", dead.line)
        with pytest.raises(Conflict, match="No part is in yet"):
            shop.finish(order, visit)
        (good,) = shop.fit(order, visit)
        assert shop.finish(order, visit).status == OrderStatus.COMPLETED
        assert [warranty.fitting for warranty in Warranty.objects.filter(fitting__order=order)] == [good]

    def test_a_dead_part_of_a_rework_is_not_warranted_either(self) -> None:
        shop = Workshop.open()
        order = shop.completed()
        shop.book_rework(shop.approved(order))
        visit = shop.go_to_the_door(order)
        (dead,) = shop.fit(order, visit)
        give_up(shop, visit, CannotCompleteReason.PART_FAULTY)
        assert not Warranty.objects.filter(fitting=dead).exists()
        dead.unit.refresh_from_db()
        assert dead.unit.status == UnitStatus.QUARANTINED

    def test_a_part_that_is_in_stays_in_where_the_visit_ended_for_another_reason(self) -> None:
        shop = Workshop.open()
        order = shop.book()
        visit = shop.go_to_the_door(order)
        (good,) = shop.fit(order, visit)
        give_up(shop, visit, CannotCompleteReason.OTHER)
        good.unit.refresh_from_db()
        assert good.unit.status == UnitStatus.FITTED
