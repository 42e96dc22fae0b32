from datetime import datetime, timedelta

import pytest

from engineers.services import doorstep
from engineers.services.dispatching import dispatch_visit
from engineers.services.planning import WindowShut
from engineers.states import VisitStatus
from orders.models import RepairOrder
from orders.ports import rework_lines
from orders.services.timeline import chain_faults
from orders.services.visits import open_visit
from orders.states import OrderStatus, VisitPurpose
from repairhub.core.errors import Conflict, InvalidInput
from tests.factories.accounts import DispatcherFactory
from tests.factories.warranty import Workshop
from warranty.models import Remedy, Warranty
from warranty.services.remedies import choose_rework_window
from warranty.states import RemedyStatus

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)
TWO_HOURS = timedelta(hours=2)


class TestChooseReworkWindow:
    def test_a_visit_for_the_claimed_part_alone_in_the_customer_s_window(self, workshop: Workshop) -> None:
        order = workshop.completed("screen-replacement", "battery-replacement")
        battery = order.fittings.get(line__position=2)
        claim = workshop.approved(order, fitting=battery)
        visit = workshop.book_rework(claim)

        claim.remedy.refresh_from_db()
        assert (claim.remedy.status, claim.remedy.visit) == (RemedyStatus.BOOKED, visit)
        assert visit.order_visits.get().purpose == VisitPurpose.REWORK
        assert visit.service_minutes == 30
        assert rework_lines(order, visit) == {battery.line_id}
        order.refresh_from_db()
        assert order.status == OrderStatus.COMPLETED
        assert order.events.last().payload["purpose"] == "rework"
        assert order.quotes.count() == 1

    def test_a_claim_without_a_part_takes_everything(self, workshop: Workshop) -> None:
        order = workshop.completed("screen-replacement", "battery-replacement")
        visit = workshop.book_rework(workshop.approved(order, fitting=None))
        assert rework_lines(order, visit) == set(order.quotes.get().lines.values_list("pk", flat=True))
        assert visit.service_minutes == 70

    def test_another_window_takes_the_place_of_the_first(self, workshop: Workshop) -> None:
        claim = workshop.approved()
        first = workshop.book_rework(claim)
        workshop.clock += DAY
        second = workshop.book_rework(claim)

        first.refresh_from_db()
        claim.remedy.refresh_from_db()
        assert first.status == VisitStatus.CANCELLED
        assert claim.remedy.visit == second
        assert claim.remedy.status == RemedyStatus.BOOKED

    def test_the_same_window_again_changes_nothing(self, workshop: Workshop) -> None:
        claim = workshop.approved()
        assert workshop.book_rework(claim) == workshop.book_rework(claim)

    def test_one_visit_serves_two_claims(self, workshop: Workshop) -> None:
        order = workshop.completed("screen-replacement", "battery-replacement")
        screen, battery = order.fittings.order_by("line__position")
        workshop.book_rework(workshop.approved(order, fitting=screen))
        second = workshop.approved(order, fitting=battery)
        workshop.clock += DAY
        visit = workshop.book_rework(second)

        assert set(Remedy.objects.values_list("status", "visit")) == {(RemedyStatus.BOOKED, visit.pk)}
        assert rework_lines(order, visit) == {screen.line_id, battery.line_id}
        workshop.do_the_work(order)
        assert set(Remedy.objects.values_list("status", flat=True)) == {RemedyStatus.DONE}

    def test_a_visit_planned_for_less_is_not_filled_with_more(self, workshop: Workshop) -> None:
        order = workshop.completed("screen-replacement", "battery-replacement")
        screen, battery = order.fittings.order_by("line__position")
        workshop.book_rework(workshop.approved(order, fitting=screen))
        second = workshop.approved(order, fitting=battery)
        with pytest.raises(Conflict, match="planned for less work"):
            workshop.book_rework(second)
        second.remedy.refresh_from_db()
        assert second.remedy.status == RemedyStatus.OFFERED

    def test_a_window_that_nobody_can_keep_leaves_all_as_it_was(self, workshop: Workshop) -> None:
        claim = workshop.approved()
        visit = workshop.book_rework(claim)
        workshop.engineer.absences.create(
            from_on=workshop.clock.date() + 2 * DAY, until_on=workshop.clock.date() + 9 * DAY
        )
        start_at = visit.window_start_at + DAY
        with pytest.raises(WindowShut):
            choose(workshop, claim.remedy, start_at)
        claim.remedy.refresh_from_db()
        visit.refresh_from_db()
        assert (claim.remedy.visit, visit.is_open) == (visit, True)

    def test_a_window_that_we_do_not_offer_is_refused(self, workshop: Workshop) -> None:
        claim = workshop.approved()
        with pytest.raises(InvalidInput, match="not an arrival window that we offer"):
            choose(workshop, claim.remedy, workshop.clock + timedelta(minutes=7))

    def test_not_once_the_engineer_is_on_the_way(self, workshop: Workshop) -> None:
        claim = workshop.approved()
        workshop.book_rework(claim)
        workshop.go_to_the_door(claim.order)
        workshop.clock += DAY
        with pytest.raises(Conflict, match="already on the way"):
            workshop.book_rework(claim)

    def test_not_once_it_is_done(self, workshop: Workshop) -> None:
        claim = workshop.approved()
        workshop.book_rework(claim)
        workshop.do_the_work(claim.order)
        with pytest.raises(Conflict, match="is done"):
            workshop.book_rework(claim)


class TestAfterTheVisit:
    def test_a_finished_rework_is_done(self, workshop: Workshop) -> None:
        claim = workshop.approved()
        workshop.book_rework(claim)
        order = workshop.do_the_work(claim.order)

        claim.remedy.refresh_from_db()
        assert (claim.remedy.status, claim.remedy.done_at) == (RemedyStatus.DONE, workshop.clock)
        assert order.status == OrderStatus.COMPLETED
        assert chain_faults(order) == []

    @pytest.mark.parametrize("how", ["cannot_complete", "no_access"])
    def test_a_failed_visit_is_owed_again(self, workshop: Workshop, how: str) -> None:
        claim = workshop.approved()
        visit = workshop.book_rework(claim)
        if how == "no_access":
            fail_at_the_door(workshop, claim.order)
        else:
            visit = workshop.go_to_the_door(claim.order)
            doorstep.report_cannot_complete(
                visit=visit, reason="wrong_part", note="", by=workshop.user, at=workshop.clock
            )

        claim.remedy.refresh_from_db()
        assert (claim.remedy.status, claim.remedy.visit) == (RemedyStatus.OFFERED, None)
        assert Warranty.objects.count() == 1
        workshop.clock += DAY
        again = workshop.book_rework(claim)
        assert again != visit
        workshop.do_the_work(claim.order)
        assert Warranty.objects.count() == 2

    def test_a_part_that_did_go_in_is_warranted_although_the_visit_failed(self, workshop: Workshop) -> None:
        claim = workshop.approved()
        workshop.book_rework(claim)
        visit = workshop.go_to_the_door(claim.order)
        workshop.fit(claim.order, visit)
        doorstep.report_cannot_complete(
            visit=visit, reason="other_fault", note="", by=workshop.user, at=workshop.clock
        )
        assert not claim.order.fittings.filter(warranty=None).exists()
        assert Warranty.objects.newest().get().fitting.visit == visit


def choose(workshop: Workshop, remedy: Remedy, start_at: datetime) -> None:
    """The customer asks for the window that starts then."""
    choose_rework_window(
        remedy=remedy,
        window_start_at=start_at,
        window_end_at=start_at + TWO_HOURS,
        by=None,
        at=workshop.clock,
    )


def fail_at_the_door(workshop: Workshop, order: RepairOrder) -> None:
    """Nobody opens."""
    link = open_visit(order)
    assert link is not None
    visit = dispatch_visit(
        visit=link.visit, engineer=workshop.engineer, by=DispatcherFactory(), at=workshop.clock
    )
    workshop.clock = max(workshop.clock, visit.window_start_at)
    doorstep.set_out(visit=visit, by=workshop.user, at=workshop.clock)
    doorstep.arrive(visit=visit, by=workshop.user, at=workshop.clock)
    workshop.clock += doorstep.NO_ACCESS_AFTER
    doorstep.report_no_access(visit=visit, note="Rang twice.", by=workshop.user, at=workshop.clock)
