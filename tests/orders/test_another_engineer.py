"""The engineer named cannot come: the customer's page shows nobody, and says that another one will come."""

import pytest

from engineers.services.dispatching import dispatch_visit
from engineers.states import VisitStatus
from orders.order_page import OrderPage
from orders.wording import words_of
from repairhub.notifications.models import Message
from tests.factories.accounts import DispatcherFactory
from tests.factories.door import Door, door
from tests.factories.engineers import MORNING, fall_ill

pytestmark = pytest.mark.django_db


def lose_the_engineer(place: Door) -> None:
    """Absent on the day of the visit."""
    assert place.visit.engineer is not None
    fall_ill(place.visit.engineer)


class TestTheEngineerCannotCome:
    def test_the_card_goes_and_the_timeline_says_so_without_saying_why(self) -> None:
        place = door(VisitStatus.CONFIRMED)
        lose_the_engineer(place)
        page = OrderPage(place.order, None, MORNING)
        assert page.card is None
        event = place.order.events.get(kind="engineer_off")
        assert words_of(event).what == "Another engineer will be named"
        assert "flu" not in str(event.payload)

    def test_every_proved_contact_is_told_once(self) -> None:
        place = door(VisitStatus.CONFIRMED)
        lose_the_engineer(place)
        contacts = place.order.contacts.exclude(proved_at=None).count()
        assert Message.objects.filter(template="visit_reassigned").count() == contacts

    def test_nobody_is_told_who_had_not_been_told_a_name(self) -> None:
        lose_the_engineer(door(VisitStatus.PLANNED))
        assert not Message.objects.filter(template="visit_reassigned").exists()

    def test_the_same_engineer_named_again_is_news(self) -> None:
        place = door(VisitStatus.CONFIRMED)
        engineer = place.visit.engineer
        assert engineer is not None
        lose_the_engineer(place)
        before = Message.objects.filter(template="engineer_named").count()
        engineer.absences.all().delete()
        later = MORNING.replace(minute=45)
        dispatch_visit(visit=place.visit, engineer=engineer, by=DispatcherFactory(), at=later)
        assert Message.objects.filter(template="engineer_named").count() == 2 * before
