"""A suspension and a dispatch at the same moment: no visit is left with an engineer who may not do it."""

import time
from collections.abc import Callable
from threading import Event
from typing import Any

import pytest
from django.db import transaction

from engineers.models import CityDay, Engineer, SkillSuspension, Visit
from engineers.planning import load_plans
from engineers.services import dispatching, lateness, review
from engineers.services.dispatching import dispatch_visit
from engineers.services.lateness import report_running_late
from engineers.services.qualification import Suspended, suspend_skill
from engineers.services.routes import lock_city_day
from engineers.states import OPEN
from repairhub.core.errors import Conflict
from repairhub.places.models import City
from tests.connections import both_at_once
from tests.engineers.test_races import somebody_waits_for_a_lock
from tests.factories.accounts import DispatcherFactory
from tests.factories.engineers import DAY, MORNING, EngineerFactory, SkillFactory, planned_visit
from tests.factories.places import CityFactory

pytestmark = pytest.mark.django_db(transaction=True)


class Meeting:
    """Dispatch and suspension of one engineer, one in the middle of its work when the other begins.

    Whoever is in the middle goes on once the other has ended, or waits for a lock.
    """

    def __init__(self) -> None:
        self.city = CityFactory()
        EngineerFactory(city=self.city)
        self.visit = planned_visit(city=self.city)  # with the only engineer there is so far
        self.engineer = EngineerFactory(city=self.city)
        self.skill = SkillFactory()
        self.by = DispatcherFactory()
        self.in_the_middle, self.other_ended = Event(), Event()

    def stand_still(self) -> None:
        """In the middle: the other begins, and ends or waits for a lock of ours."""
        self.in_the_middle.set()
        deadline = time.monotonic() + 10
        while not self.other_ended.wait(timeout=0.02) and time.monotonic() < deadline:
            if somebody_waits_for_a_lock():
                return

    def dispatch(self) -> Visit:
        """The dispatcher names the engineer."""
        return dispatch_visit(visit=self.visit, engineer=self.engineer, by=self.by, at=MORNING)

    def suspend(self) -> Suspended:
        """The system takes the skill away."""
        return suspend_skill(engineer=self.engineer, skill=self.skill, reason="Dropped a phone.", at=MORNING)

    def then(self, call: Callable[[], Any]) -> Callable[[], Any]:
        """The call, once the other is in the middle."""

        def late() -> Any:
            assert self.in_the_middle.wait(timeout=10)
            try:
                return call()
            finally:
                self.other_ended.set()

        return late

    def open_visits_of_the_suspended(self) -> list[Visit]:
        """What must not be."""
        suspended = SkillSuspension.objects.filter(lifted_at=None).values("engineer")
        return list(Visit.objects.filter(status__in=OPEN, engineer__in=suspended))


@pytest.fixture
def meeting() -> Meeting:
    """A visit with one engineer, and another who is named for it and suspended at the same moment."""
    return Meeting()


def without_its_lock(monkeypatch: pytest.MonkeyPatch, module: Any) -> None:
    """The module reads the day's row as always, but waits for nobody."""

    def unlocked(city: City, on: Any, **_how: Any) -> CityDay:
        return CityDay.objects.get_or_create(city=city, on=on)[0]

    monkeypatch.setattr(module, "lock_city_day", unlocked)


class TestASuspensionWhileADispatchIsUnderWay:
    @pytest.fixture(autouse=True)
    def in_the_middle_of_the_dispatch(self, meeting: Meeting, monkeypatch: pytest.MonkeyPatch) -> None:
        """The dispatch has read the plan, with certificates that count, and has written nothing yet."""

        def met(*args: Any, **kwargs: Any) -> Any:
            plans = load_plans(*args, **kwargs)
            meeting.stand_still()
            return plans

        monkeypatch.setattr(dispatching, "load_plans", met)

    def test_takes_the_visit_away_again(self, meeting: Meeting) -> None:
        named, suspended = both_at_once(meeting.dispatch, meeting.then(meeting.suspend))
        assert isinstance(named, Visit), named
        assert isinstance(suspended, Suspended), suspended
        assert suspended.lost == [meeting.visit]
        assert meeting.open_visits_of_the_suspended() == []

    def test_control_without_the_lock_the_visit_stays_with_the_suspended(
        self, meeting: Meeting, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        without_its_lock(monkeypatch, review)
        named, suspended = both_at_once(meeting.dispatch, meeting.then(meeting.suspend))
        assert isinstance(named, Visit), named
        assert suspended.lost == []
        assert meeting.open_visits_of_the_suspended() == [meeting.visit]


class TestADispatchWhileASuspensionIsUnderWay:
    def slow_suspension(self, meeting: Meeting) -> Suspended:
        """Decided and reviewed, but not committed yet."""
        with transaction.atomic():
            suspended = meeting.suspend()
            meeting.stand_still()
        return suspended

    def test_is_refused(self, meeting: Meeting) -> None:
        suspended, refused = both_at_once(
            lambda: self.slow_suspension(meeting), meeting.then(meeting.dispatch)
        )
        assert isinstance(suspended, Suspended), suspended
        assert isinstance(refused, Conflict), refused
        assert refused.details["reasons"] == ["certificate_lapsed"]
        assert meeting.open_visits_of_the_suspended() == []

    def test_control_without_the_lock_the_suspended_is_named(
        self, meeting: Meeting, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        without_its_lock(monkeypatch, dispatching)
        suspended, named = both_at_once(lambda: self.slow_suspension(meeting), meeting.then(meeting.dispatch))
        assert isinstance(suspended, Suspended), suspended
        assert isinstance(named, Visit), named
        assert meeting.open_visits_of_the_suspended() == [meeting.visit]


def test_neither_stands_in_the_way_of_the_other_s_being_late(
    meeting: Meeting, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The suspension holds the engineer and comes to wait for the day, which whoever is late holds."""
    visit = dispatch_visit(visit=meeting.visit, engineer=meeting.engineer, by=meeting.by, at=MORNING)

    def met(*args: Any, **kwargs: Any) -> CityDay:
        day = lock_city_day(*args, **kwargs)
        meeting.stand_still()
        return day

    monkeypatch.setattr(lateness, "lock_city_day", met)
    told, suspended = both_at_once(
        lambda: report_running_late(visit=visit, minutes=20, by=meeting.engineer.user, at=MORNING),
        meeting.then(meeting.suspend),
    )
    assert isinstance(told, Visit), told
    assert isinstance(suspended, Suspended), suspended
    assert suspended.lost == [visit]


def test_two_suspensions_at_once_are_one(meeting: Meeting) -> None:
    first, second = both_at_once(meeting.suspend)
    assert first.suspension == second.suspension
    assert SkillSuspension.objects.count() == 1
    assert Engineer.objects.get(pk=meeting.engineer.pk).certificates.get().suspension == first.suspension
    assert CityDay.objects.filter(city=meeting.city, on=DAY).exists()
