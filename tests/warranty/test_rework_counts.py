"""Whose repairs had to be done again, and what it leads to: on orders really repaired and reworked."""

from datetime import datetime, timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from engineers.models import Engineer, QualificationPolicy, SkillSuspension
from engineers.ports import rework_counts
from engineers.services.qualification import lift_suspension
from engineers.services.rework_rate import ReviewedRates, review_rework_rates
from orders.models import RepairOrder
from orders.services.taking_back import report_dead_part
from repairhub.notifications.models import Message
from tests.factories.accounts import ManagerFactory
from tests.factories.engineers import CertificateFactory, EngineerFactory, SkillFactory
from tests.factories.warranty import Workshop

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)
Counts = dict[tuple[int, str], tuple[int, int]]


def counts(workshop: Workshop, *engineers: Engineer, since: datetime | None = None) -> Counts:
    """What the port answers now, for the last 90 days by default."""
    people = engineers or (workshop.engineer,)
    return rework_counts(
        [engineer.pk for engineer in people],
        since or workshop.clock - 90 * DAY,
        workshop.clock + DAY,
    )


def reworked(workshop: Workshop, order: RepairOrder, **about: object) -> None:
    """An approved claim about the order, and its rework done."""
    workshop.book_rework(workshop.approved(order, **about))
    workshop.do_the_work(order)
    workshop.clock += DAY


def screen(engineer: Engineer) -> tuple[int, str]:
    """The key of an engineer's screens."""
    return engineer.pk, "screen"


class TestCounts:
    def test_each_repaired_line_counts_for_its_skill(self, workshop: Workshop) -> None:
        workshop.completed("screen-replacement", "battery-replacement")
        workshop.completed()
        me = workshop.engineer.pk
        assert counts(workshop) == {(me, "screen"): (2, 0), (me, "battery"): (1, 0)}

    def test_a_rework_counts_once_it_is_done_and_is_no_repair_of_its_own(self, workshop: Workshop) -> None:
        order = workshop.completed()
        claim = workshop.approved(order)
        workshop.book_rework(claim)
        assert counts(workshop) == {screen(workshop.engineer): (1, 0)}
        workshop.do_the_work(order)
        assert counts(workshop) == {screen(workshop.engineer): (1, 1)}

    def test_done_again_twice_it_counts_once(self, workshop: Workshop) -> None:
        order = workshop.completed()
        reworked(workshop, order)
        reworked(workshop, order, fitting=order.fittings.latest("pk"))
        assert counts(workshop) == {screen(workshop.engineer): (1, 1)}

    def test_the_first_repairs_engineer_answers_for_it(self, workshop: Workshop) -> None:
        first, order = workshop.engineer, workshop.completed()
        workshop.book_rework(workshop.approved(order))
        workshop.engineer = EngineerFactory(
            city=workshop.city, base_latitude=first.base_latitude, base_longitude=first.base_longitude
        )
        workshop.do_the_work(order)
        assert order.fittings.latest("pk").engineer == workshop.engineer
        assert counts(workshop, first, workshop.engineer) == {screen(first): (1, 1)}

    def test_only_the_part_that_was_claimed(self, workshop: Workshop) -> None:
        order = workshop.completed("screen-replacement", "battery-replacement")
        reworked(workshop, order, fitting=order.fittings.get(line__position=2))
        me = workshop.engineer.pk
        assert counts(workshop) == {(me, "screen"): (1, 0), (me, "battery"): (1, 1)}

    def test_a_claim_about_the_whole_order_is_one_about_each_part(self, workshop: Workshop) -> None:
        order = workshop.completed("screen-replacement", "battery-replacement")
        reworked(workshop, order, fitting=None)
        assert set(counts(workshop).values()) == {(1, 1)}

    def test_a_part_dead_on_arrival_is_neither_repair_nor_rework(self, workshop: Workshop) -> None:
        order = workshop.book()
        visit = workshop.go_to_the_door(order)
        (dead,) = workshop.fit(order, visit)
        report_dead_part(fitting=dead, visit=visit, by=workshop.user, at=workshop.clock)
        assert counts(workshop) == {}
        workshop.fit(order, visit)
        workshop.finish(order, visit)
        assert counts(workshop) == {screen(workshop.engineer): (1, 0)}

    def test_a_claim_that_is_not_approved_counts_for_nothing(self, workshop: Workshop) -> None:
        workshop.claim()
        assert counts(workshop) == {screen(workshop.engineer): (1, 0)}

    def test_repairs_of_before_are_not_looked_at(self, workshop: Workshop) -> None:
        workshop.completed()
        workshop.clock += 3 * DAY
        workshop.completed()
        assert counts(workshop, since=workshop.clock - DAY) == {screen(workshop.engineer): (1, 0)}

    def test_of_others_nothing_is_said(self, workshop: Workshop) -> None:
        workshop.completed()
        assert counts(workshop, EngineerFactory(city=workshop.city)) == {}
        assert rework_counts([], workshop.clock - DAY, workshop.clock + DAY) == {}

    def test_one_query_for_any_number_of_engineers(self, workshop: Workshop) -> None:
        workshop.completed("screen-replacement", "battery-replacement")
        others = EngineerFactory.create_batch(3, city=workshop.city)
        with CaptureQueriesContext(connection) as queries:
            counts(workshop, workshop.engineer, *others)
        assert len(queries) == 1


class TestReviewReworkRates:
    @pytest.fixture(autouse=True)
    def few_are_enough(self, db: None) -> None:
        """Two repairs are enough to judge by; half of them done again are too many."""
        QualificationPolicy.objects.update(
            least_finished=2, warn_per_hundred=Decimal(30), suspend_per_hundred=Decimal(49)
        )

    def review(self, workshop: Workshop) -> ReviewedRates:
        return review_rework_rates(city=workshop.city, at=workshop.clock)

    def test_too_many_suspend_the_skill_with_their_counts(self, workshop: Workshop) -> None:
        ManagerFactory(cities=[workshop.city])
        workshop.completed()
        reworked(workshop, workshop.completed())
        assert self.review(workshop) == ReviewedRates(suspended=1, warned=0)
        row = SkillSuspension.objects.get()
        assert (row.engineer, row.skill.key, row.kind) == (workshop.engineer, "screen", "rework_rate")
        assert (row.finished, row.reworked, row.window_days) == (2, 1, 90)
        assert (row.suspended_by, row.suspended_at) == (None, workshop.clock)
        assert Message.objects.filter(template="skill_suspended").count() == 2
        battery = workshop.engineer.certificates.get(skill__key="battery")
        assert battery.suspended_at is None

    def test_the_next_night_changes_nothing(self, workshop: Workshop) -> None:
        workshop.completed()
        reworked(workshop, workshop.completed())
        self.review(workshop)
        workshop.clock += DAY
        assert self.review(workshop) == ReviewedRates(0, 0)

    def test_the_first_repairs_engineer_is_suspended_and_not_who_mended_it(self, workshop: Workshop) -> None:
        first, order = workshop.engineer, workshop.completed()
        workshop.completed()
        workshop.book_rework(workshop.approved(order))
        workshop.engineer = EngineerFactory(
            city=workshop.city, base_latitude=first.base_latitude, base_longitude=first.base_longitude
        )
        workshop.do_the_work(order)
        workshop.clock += DAY
        self.review(workshop)
        assert SkillSuspension.objects.get().engineer == first

    def test_many_are_a_warning_once_a_month(self, workshop: Workshop) -> None:
        manager = ManagerFactory(cities=[workshop.city])
        for _repair in range(2):
            workshop.completed()
        reworked(workshop, workshop.completed())
        assert self.review(workshop) == ReviewedRates(suspended=0, warned=1)
        workshop.clock += timedelta(hours=1)
        self.review(workshop)
        told = Message.objects.filter(template="many_reworks")
        assert {message.address for message in told} == {workshop.user.address.value, manager.address.value}
        assert told.count() == 2
        assert not SkillSuspension.objects.exists()

    def test_fewer_repairs_than_the_policy_asks_for_say_nothing(self, workshop: Workshop) -> None:
        reworked(workshop, workshop.completed())
        assert self.review(workshop) == ReviewedRates(0, 0)

    def test_a_row_for_the_skill_counts_before_the_general_one(self, workshop: Workshop) -> None:
        QualificationPolicy.objects.create(skill=SkillFactory(key="screen"), least_finished=50)
        workshop.completed()
        reworked(workshop, workshop.completed())
        assert self.review(workshop) == ReviewedRates(0, 0)

    def test_what_was_lifted_is_not_held_against_anybody_again(self, workshop: Workshop) -> None:
        workshop.completed()
        reworked(workshop, workshop.completed())
        self.review(workshop)
        lift_suspension(
            engineer=workshop.engineer,
            skill=SkillFactory(key="screen"),
            reason="Assessed at work, all in order.",
            by=ManagerFactory(),
            at=workshop.clock,
        )
        workshop.clock += DAY
        assert self.review(workshop) == ReviewedRates(0, 0)
        assert counts(workshop) == {}
        workshop.completed()
        assert counts(workshop) == {screen(workshop.engineer): (1, 0)}

    def test_whoever_left_and_another_city_are_left_alone(self, workshop: Workshop) -> None:
        workshop.completed()
        reworked(workshop, workshop.completed())
        shanghai = Workshop.open(shanghai=True)
        shanghai.clock = workshop.clock
        assert self.review(shanghai) == ReviewedRates(0, 0)
        Engineer.objects.filter(pk=workshop.engineer.pk).update(is_active=False)
        assert self.review(workshop) == ReviewedRates(0, 0)

    def test_a_certificate_that_has_run_out_is_not_suspended(self, workshop: Workshop) -> None:
        workshop.completed()
        reworked(workshop, workshop.completed())
        certificates = workshop.engineer.certificates.filter(skill__key="screen")
        certificates.update(valid_until_on=(workshop.clock - 2 * DAY).date())
        assert self.review(workshop) == ReviewedRates(0, 0)
        CertificateFactory(engineer=workshop.engineer)
        assert self.review(workshop) == ReviewedRates(1, 0)
