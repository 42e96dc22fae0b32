from datetime import date, timedelta

import pytest

from engineers.services.doorstep import report_cannot_complete
from orders.services.timeline import chain_faults
from orders.signals import order_completed
from orders.states import OrderStatus
from repairhub.core.errors import Conflict
from repairhub.notifications.models import Message
from tests.factories.warranty import Workshop, force_status
from warranty.models import Warranty, WarrantyTerms
from warranty.services.issuing import issue_warranties

pytestmark = pytest.mark.django_db


class TestIssueWarranties:
    def test_every_fitting_is_warranted_when_the_order_is_completed(self, workshop: Workshop) -> None:
        order = workshop.completed("screen-replacement", "battery-replacement")

        warranties = Warranty.objects.filter(fitting__order=order)
        assert warranties.count() == order.fittings.count() == 2
        for warranty in warranties:
            assert (warranty.starts_on, warranty.ends_on) == (date(2026, 11, 24), date(2027, 5, 23))
            assert warranty.terms.version == "2026-1"
            assert warranty.replaces is None

    def test_the_days_are_those_of_the_approved_line(self, workshop: Workshop) -> None:
        order = workshop.book()
        WarrantyTerms.objects.create(
            version="2027-1",
            grade="original",
            days=90,
            text_en="-",
            text_zh="-",
            valid_from_on=workshop.clock.date(),
        )
        order = workshop.do_the_work(order)

        warranty = Warranty.objects.get(fitting__order=order)
        assert warranty.terms.version == "2026-1"
        assert (warranty.ends_on - warranty.starts_on).days == 180

    def test_the_contacts_are_told_once_and_the_timeline_says_so(self, workshop: Workshop) -> None:
        order = workshop.completed()

        assert Message.objects.filter(template="warranty_issued").count() == 2
        assert [e.kind for e in order.events.all()][-2:] == ["completed", "warranty_issued"]
        assert chain_faults(order) == []

    def test_once_more_issues_nothing_more(self, workshop: Workshop) -> None:
        order = workshop.completed()
        visit = order.visits.get()

        assert issue_warranties(order=order, visit=visit, by=None, at=workshop.clock) == []
        assert Warranty.objects.count() == 1
        assert Message.objects.filter(template="warranty_issued").count() == 2

    def test_a_part_fitted_on_an_earlier_visit_is_warranted_from_the_completion(
        self, workshop: Workshop
    ) -> None:
        order = workshop.book("screen-replacement", "battery-replacement")
        visit = workshop.go_to_the_door(order)
        workshop.fit(order, visit, lines=1)
        report_cannot_complete(visit=visit, reason="wrong_part", note="", by=workshop.user, at=workshop.clock)
        order.refresh_from_db()
        assert Warranty.objects.count() == 0
        workshop.book_again(order)
        workshop.do_the_work(order)

        assert Warranty.objects.filter(fitting__order=order).count() == 2
        assert set(Warranty.objects.values_list("starts_on", flat=True)) == {date(2026, 11, 25)}

    @pytest.mark.parametrize("status", [s for s in OrderStatus if s != OrderStatus.COMPLETED])
    def test_nothing_is_warranted_before_the_completion(self, workshop: Workshop, status: str) -> None:
        order = workshop.book()
        visit = order.visits.get()
        force_status(order, status)

        with pytest.raises(Conflict, match="not completed"):
            issue_warranties(order=order, visit=visit, by=None, at=workshop.clock)
        assert Warranty.objects.count() == 0


class TestSameTransaction:
    def test_a_receiver_that_refuses_rolls_the_completion_back(self, workshop: Workshop) -> None:
        def refuse(**kwargs: object) -> None:
            raise Conflict("No.")

        order = workshop.book()
        visit = workshop.go_to_the_door(order)
        workshop.fit(order, visit)
        order_completed.connect(refuse)
        try:
            with pytest.raises(Conflict):
                workshop.finish(order, visit)
        finally:
            order_completed.disconnect(refuse)

        order.refresh_from_db()
        visit.refresh_from_db()
        assert (order.status, visit.status) == ("in_repair", "on_site")
        assert Warranty.objects.count() == 0


class TestAfterARework:
    def test_the_new_part_takes_over_the_promise_of_the_part_before(self, workshop: Workshop) -> None:
        order = workshop.completed()
        claim = workshop.approved(order)
        workshop.book_rework(claim)
        workshop.do_the_work(order)

        first, second = Warranty.objects.order_by("issued_at")
        assert second.replaces == first
        assert second.starts_on == date(2026, 11, 25)
        assert second.ends_on == first.ends_on
        assert second.terms == first.terms
        assert list(Warranty.objects.in_force(date(2026, 12, 1))) == [second]
        assert list(Warranty.objects.newest()) == [second]

    def test_a_part_replaced_in_the_last_days_has_30_more(self, workshop: Workshop) -> None:
        order = workshop.completed()
        workshop.clock += timedelta(days=175)
        claim = workshop.approved(order)
        workshop.book_rework(claim)
        workshop.do_the_work(order)

        first, second = Warranty.objects.order_by("issued_at")
        assert second.ends_on == second.starts_on + timedelta(days=30)
        assert second.ends_on > first.ends_on

    def test_other_parts_keep_their_warranty(self, workshop: Workshop) -> None:
        order = workshop.completed("screen-replacement", "battery-replacement")
        screen, battery = order.fittings.order_by("line__position")
        workshop.book_rework(workshop.approved(order, fitting=screen))
        workshop.do_the_work(order)

        assert order.fittings.count() == 3
        assert set(Warranty.objects.newest().values_list("fitting__line", flat=True)) == {
            screen.line_id,
            battery.line_id,
        }
        assert not hasattr(battery.warranty, "replaced_by")
