"""The demo's example orders: at whatever time of day it starts, the boards have something to show."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import connection, transaction
from django.test import override_settings

from engineers.models import Visit
from engineers.states import VisitStatus
from orders.models import RepairOrder
from orders.states import OrderStatus
from repairhub.notifications.models import DemoDelivery, Message
from repairhub.ops.audit import audit
from repairhub.ops.demo import tables
from repairhub.ops.demo.example_orders import load_example_orders
from repairhub.ops.demo.loading import load_data
from repairhub.ops.demo.people import DEMO_ENGINEER
from repairhub.ops.demo.stories import stories
from repairhub.sla.services.clocks import sweep
from warranty.models import Claim, Warranty

ON = date(2026, 11, 23)
TIMES = {"03:10": 3 * 60 + 10, "17:45": 17 * 60 + 45, "23:50": 23 * 60 + 50}
NEAR_NOON = 11 * 60 + 30
ENGINEERS = 16  # instead of 62: the stories are the same, and told faster
pytestmark = pytest.mark.django_db


def local(minutes: int) -> datetime:
    """That many minutes after midnight in Shanghai."""
    return datetime(2026, 11, 22, 16, tzinfo=UTC) + timedelta(minutes=minutes)


@contextmanager
def taken_back() -> Iterator[None]:
    """What happens inside is rolled back. Verbs that must be outermost take it for the test's transaction."""
    block = transaction.atomic()
    block._from_testcase = True  # as django.test.TestCase marks its own
    with block:
        yield
        transaction.set_rollback(True)


@pytest.fixture(scope="module")
def shanghai(django_db_setup, django_db_blocker, tmp_path_factory) -> Iterator[None]:
    """The demo with one city, loaded once for the tests below."""
    (row,) = (replace(row, engineers=ENGINEERS) for row in tables.cities() if row.code == "SH")
    media = override_settings(MEDIA_ROOT=tmp_path_factory.mktemp("photos"))
    with pytest.MonkeyPatch.context() as patch, media, django_db_blocker.unblock(), taken_back():
        patch.setattr(tables, "cities", lambda: [row])
        load_data(on=ON, at=local(0), say=lambda line: None)
        connection.check_constraints()
        yield


def tell(at: datetime) -> None:
    said: list[str] = []
    assert load_example_orders(at=at, say=said.append) == 25
    assert said == [f"example orders {number}/25" for number in (5, 10, 15, 20, 25)]  # none is left out


@pytest.fixture(scope="class")
def told(shanghai, django_db_blocker) -> Iterator[datetime]:
    """The orders of a start at 11:30, told once for a class of tests; gives that moment."""
    at = local(NEAR_NOON)
    with django_db_blocker.unblock(), taken_back():
        tell(at)
        connection.check_constraints()
        yield at


def orders_that_are(then: str) -> list[RepairOrder]:
    drafts = [story.draft_id for story in stories() if story.then.value == then]
    return list(RepairOrder.objects.filter(draft_id__in=drafts))


@pytest.mark.usefixtures("shanghai")
class TestAtAnyTimeOfDay:
    @pytest.mark.parametrize("minutes", TIMES.values(), ids=TIMES.keys())
    def test_every_story_is_told_and_nothing_is_wrong_with_it(self, minutes):
        at = local(minutes)
        tell(at)
        assert RepairOrder.objects.count() == 25
        assert audit(at) == []
        open_visits = Visit.objects.open()
        assert not open_visits.filter(engineer=None).exists()
        assert not open_visits.filter(window_end_at__lt=at).exists()
        of_demo_engineer = open_visits.filter(engineer__number=DEMO_ENGINEER, status=VisitStatus.CONFIRMED)
        assert of_demo_engineer.filter(on=ON + timedelta(days=1)).count() >= 2
        assert of_demo_engineer.filter(on__lte=ON + timedelta(days=1)).count() >= 4
        result = sweep(at=at)
        assert (result.warned, result.breached) == (1, 0)


class TestTheStories:
    def test_claims_wait_are_refused_and_lead_to_a_rework(self, told):
        assert sorted(Claim.objects.values_list("status", flat=True)) == ["approved", "filed", "refused"]
        waiting = Claim.objects.get(status="filed")
        assert waiting.owner is not None
        assert waiting.photos.exists()
        rework = Claim.objects.get(status="approved").remedy
        assert (rework.status, rework.visit.status) == ("booked", VisitStatus.PLANNED)

    def test_who_was_repaired_has_a_warranty_for_every_part(self, told):
        done = RepairOrder.objects.filter(status=OrderStatus.COMPLETED)
        assert done.count() == 6
        assert Warranty.objects.count() == sum(order.fittings.count() for order in done) == 7

    def test_somebody_is_on_the_way_and_somebody_at_work(self, told):
        (on_the_way,) = orders_that_are("en_route")
        (at_work,) = orders_that_are("at_work")
        assert on_the_way.visits.get().status == VisitStatus.EN_ROUTE
        assert (at_work.status, at_work.visits.get().status) == ("in_repair", VisitStatus.ON_SITE)

    def test_two_customers_have_to_choose_another_window(self, told):
        for then in ("no_access", "other_fault"):
            (order,) = orders_that_are(then)
            assert order.status == OrderStatus.BOOKED
            assert order.visits.get().status == then.replace("other_fault", "cannot_complete")

    def test_every_message_of_the_past_has_left_at_its_moment(self, told):
        assert not Message.objects.due(told).exists()
        moments = DemoDelivery.objects.order_by("created_at").values_list("created_at", flat=True)
        assert moments[0] < told - timedelta(days=20)
        assert max(moments) <= told

    def test_a_second_run_tells_none_again(self, told):
        assert load_example_orders(at=told + timedelta(days=3), say=pytest.fail) == 0
