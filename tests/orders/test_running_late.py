"""What the customer of a late visit is told, when, and what is taken back."""

from datetime import timedelta

import pytest

from engineers.services import doorstep
from engineers.services.dispatching import dispatch_visit
from engineers.services.lateness import report_running_late
from engineers.states import VisitStatus
from orders.wording import words_of
from repairhub.notifications.models import Message
from repairhub.notifications.rendering import render
from repairhub.notifications.states import MessageStatus
from tests.factories.accounts import DispatcherFactory
from tests.factories.door import Door, door, qualified_engineer
from tests.factories.engineers import clock

pytestmark = pytest.mark.django_db


def late(place: Door, minutes: int, at: str = "09:00") -> None:
    """What the engineer says at that time."""
    report_running_late(visit=place.visit, minutes=minutes, by=place.by, at=clock(at))


def told(*templates: str) -> list[Message]:
    """What of these is in the outbox for the phone."""
    return list(Message.objects.filter(template__in=templates, channel="sms").order_by("pk"))


class TestInsideTheWindow:
    def test_whoever_was_told_nothing_is_told_nothing(self) -> None:
        late(door(VisitStatus.CONFIRMED), 30)
        assert told("visit_later", "visit_late") == []

    def test_whoever_waits_for_an_engineer_on_the_way_is_told_the_time(self) -> None:
        place = door(VisitStatus.EN_ROUTE)
        late(place, 30, at="10:00")
        [message] = told("visit_later")
        assert message.context["expected_at"].endswith("10:30:00+08:00")
        assert message.not_before_at <= clock("10:00")
        words = words_of(place.order.events.get(kind="running_late"))
        assert (words.more, words.is_bad) == ("Expected at about 10:30, within the promised window.", False)

    def test_a_few_minutes_more_are_no_news(self) -> None:
        place = door(VisitStatus.EN_ROUTE)
        late(place, 30, at="10:00")
        late(place, 31, at="10:03")
        assert len(told("visit_later")) == 1
        late(place, 50, at="10:10")
        assert [m.status for m in told("visit_later")] == [MessageStatus.CANCELLED, MessageStatus.QUEUED]


class TestAfterTheWindow:
    def test_of_an_engineer_on_the_way_is_told_at_once(self) -> None:
        place = door(VisitStatus.EN_ROUTE)
        late(place, 150, at="10:00")
        [message] = told("visit_late")
        assert message.not_before_at <= clock("10:00")
        assert words_of(place.order.events.get(kind="running_late")).is_bad

    def test_of_another_waits_a_little_for_somebody_else(self) -> None:
        late(door(VisitStatus.CONFIRMED), 150)
        [message] = told("visit_late")
        assert message.not_before_at == clock("09:05")

    def test_is_not_said_where_somebody_else_comes_in_time(self) -> None:
        place = door(VisitStatus.CONFIRMED)
        late(place, 150)
        other = qualified_engineer(place.visit.city)
        dispatch_visit(visit=place.visit, engineer=other, by=DispatcherFactory(), at=clock("09:02"))
        assert [m.status for m in told("visit_late")] == [MessageStatus.CANCELLED]
        assert told("visit_in_time_again") == []
        assert place.order.events.filter(kind="in_time_again").exists()

    def test_is_taken_back_where_it_was_said(self) -> None:
        place = door(VisitStatus.CONFIRMED)
        late(place, 150)
        for message in Message.objects.filter(template="visit_late"):
            message.mark_sent(clock("09:06"))
            message.save()
        other = qualified_engineer(place.visit.city)
        dispatch_visit(visit=place.visit, engineer=other, by=DispatcherFactory(), at=clock("09:10"))
        assert len(told("visit_in_time_again")) == 1

    def test_is_out_of_date_once_the_engineer_is_there(self) -> None:
        place = door(VisitStatus.CONFIRMED)
        late(place, 150)
        doorstep.set_out(visit=place.visit, by=place.by, at=clock("09:01"))
        doorstep.arrive(visit=place.visit, by=place.by, at=clock("09:04"))
        assert [m.status for m in told("visit_late")] == [MessageStatus.CANCELLED]


class TestWords:
    @pytest.mark.parametrize("template", ["visit_later", "visit_late", "visit_in_time_again"])
    @pytest.mark.parametrize("language", ["en", "zh-hans"])
    def test_say_the_times_of_the_city(self, template: str, language: str) -> None:
        start = clock("10:00")
        context = {
            "reference": "RH-1",
            "window_start_at": start.isoformat(),
            "window_end_at": (start + timedelta(hours=2)).isoformat(),
            "expected_at": clock("12:30").isoformat(),
            "time_zone": "Asia/Shanghai",
        }
        wording = render(template=template, language=language, channel="sms", context=context, secret="LINK")
        assert "12:00" in wording.body
        assert ("12:30" in wording.body) == (template != "visit_in_time_again")
        assert "LINK" in wording.body


class TestAPressThatWaited:
    def test_says_nothing_of_an_engineer_who_left_long_ago(self) -> None:
        place = door(VisitStatus.CONFIRMED)
        doorstep.set_out(visit=place.visit, by=place.by, at=clock("09:00"), received_at=clock("09:40"))
        assert told("engineer_on_the_way") == []
        assert place.order.events.filter(kind="on_the_way").exists()
