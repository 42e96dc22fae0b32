"""Two connections at the same moment: the last free window is sold once, and only because of the lock."""

import time
from collections.abc import Callable
from contextlib import suppress
from datetime import time as shift_time
from datetime import timedelta
from threading import Barrier, BrokenBarrierError, Event, Lock
from typing import Any

import pytest
from django.db import OperationalError, connection, transaction

from engineers.dispatch import ViolationCode, check_change, check_plan
from engineers.dispatch.opening import open_by_moving
from engineers.models import CityDay, Engineer, Visit
from engineers.planning import load_plans
from engineers.selectors.windows import VisitNeeds
from engineers.services import dispatching, moving, planning, routes
from engineers.services import opening as opening_service
from engineers.services.dispatching import dispatch_visit
from engineers.services.moving import move_visit
from engineers.services.opening import Wish, promise
from engineers.services.planning import Opening, WindowShut, plan_visit, promise_visit
from engineers.states import VisitStatus
from repairhub.core.errors import Conflict
from repairhub.places.models import City
from tests.connections import both_at_once
from tests.factories.accounts import DispatcherFactory
from tests.factories.engineers import (
    CENTRE,
    DAY,
    MORNING,
    SCREEN,
    CertificateFactory,
    EngineerFactory,
    SkillFactory,
    clock,
    fall_ill,
    north,
    planned_visit,
)
from tests.factories.places import CityFactory

pytestmark = pytest.mark.django_db(transaction=True)

# One engineer in the middle whose shift begins at 10, a short piece of work 9 km to the north or 22 km to the
# south: 28 and 69 minutes of driving. Each alone can be promised for 10-12, at 10:29 and at 11:09, and the
# two spans do not even touch. But from one place to the other it takes 97 minutes: nobody can keep both.
SHORT = VisitNeeds(service_minutes=15, skills={"screen": 2}, brands=frozenset())
NEAR, FAR = north(9), north(-22)
FROM_TEN = (shift_time(10), shift_time(20))


def sell(city: City, place: tuple[float, float], window: str = "10:00") -> Visit:
    """Promises that window at the place."""
    return plan_visit(
        city=city,
        latitude=place[0],
        longitude=place[1],
        window_start_at=clock(window),
        window_end_at=clock(window) + timedelta(hours=2),
        needs=SHORT,
        by=None,
        at=MORNING,
    )


def somebody_waits_for_a_lock() -> bool:
    """Whether a connection to this database is waiting for another's lock right now."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity "
            "WHERE datname = current_database() AND wait_event_type = 'Lock'"
        )
        return cursor.fetchone()[0] > 0  # type: ignore[no-any-return, index]


class Meeting:
    """Holds whoever has read the plan until the other has read it too, or is waiting for the first to end.

    So both really run at once, however fast the machine: without the lock both decide on the same plan, with
    it the second cannot even read.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._readers = 0
        self._both = Event()
        self.read_the_same_plan = False

    def after(self, load: Callable[..., Any]) -> Callable[..., Any]:
        """`load`, and then the meeting."""

        def met(*args: Any, **kwargs: Any) -> Any:
            plans = load(*args, **kwargs)
            with self._lock:
                self._readers += 1
                if self._readers == 2 and not self._both.is_set():
                    self.read_the_same_plan = True
                    self._both.set()
            deadline = time.monotonic() + 10
            while not self._both.wait(timeout=0.02) and time.monotonic() < deadline:
                if somebody_waits_for_a_lock():
                    self._both.set()
            return plans

        return met


@pytest.fixture
def meeting(monkeypatch: pytest.MonkeyPatch) -> Meeting:
    """Both connections meet between reading the plan and writing it."""
    met = Meeting()
    for module in (planning, dispatching, moving):
        monkeypatch.setattr(module, "load_plans", met.after(load_plans))
    return met


def take_the_lock_away(monkeypatch: pytest.MonkeyPatch) -> None:
    """The day's row is read as always, but nobody waits for it."""

    def unlocked(city: City, on: Any) -> CityDay:
        return CityDay.objects.get(city=city, on=on)

    for module in (planning, dispatching, moving):
        monkeypatch.setattr(module, "lock_city_day", unlocked)


def faults_of(city: City) -> list[ViolationCode]:
    """What the independent checker finds wrong with the day as it is stored, driven through afresh."""
    plan = load_plans(city, DAY, DAY, MORNING)[DAY]
    stops = [stop for route in plan.routes.values() for stop in route.stops]
    planned = {day.engineer_id: plan.planned(day.engineer_id) for day in plan}
    return [fault.code for fault in check_plan(planned, days=list(plan), stops=stops, travel=plan.travel)]


@pytest.fixture
def day() -> City:
    """A city with one engineer, its day opened."""
    city = CityFactory()
    EngineerFactory(city=city, shift=FROM_TEN)
    CityDay.objects.create(city=city, on=DAY)
    return city


class TestTheLastFreeWindow:
    def test_is_sold_once(self, day: City, meeting: Meeting) -> None:
        results = both_at_once(lambda: sell(day, NEAR), lambda: sell(day, FAR))
        assert sorted(type(r).__name__ for r in results) == ["Visit", "WindowShut"], results
        assert not meeting.read_the_same_plan
        assert Visit.objects.count() == 1
        assert faults_of(day) == []

    def test_the_loser_is_offered_what_is_still_free(self, day: City, meeting: Meeting) -> None:
        results = both_at_once(lambda: sell(day, NEAR), lambda: sell(day, FAR))
        (refused,) = [r for r in results if isinstance(r, WindowShut)]
        assert len(refused.nearest) == 3
        assert clock("10:00") not in [window.start_at for window in refused.nearest]

    def test_control_without_the_lock_it_is_sold_twice(
        self, day: City, meeting: Meeting, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        take_the_lock_away(monkeypatch)
        results = both_at_once(lambda: sell(day, NEAR), lambda: sell(day, FAR))
        assert meeting.read_the_same_plan
        assert [type(r).__name__ for r in results] == ["Visit", "Visit"], results
        # two customers hold the same promise, and no route in the world keeps both
        assert Visit.objects.filter(status=VisitStatus.PLANNED, window_start_at=clock("10:00")).count() == 2
        assert faults_of(day) == [ViolationCode.LATE]

    def test_control_without_the_lock_the_constraint_stops_what_overlaps(
        self, day: City, meeting: Meeting, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        # at one place both spans begin at 10:00: here the database itself refuses the second
        take_the_lock_away(monkeypatch)
        results = both_at_once(lambda: sell(day, NEAR))
        assert meeting.read_the_same_plan
        (refused,) = [r for r in results if isinstance(r, Exception)]
        assert isinstance(refused, Conflict)
        assert refused.code == "engineer_busy"
        assert Visit.objects.count() == 1

    def test_a_day_that_nobody_has_opened_yet_is_locked_as_well(self, meeting: Meeting) -> None:
        city = CityFactory()
        EngineerFactory(city=city, shift=FROM_TEN)
        results = both_at_once(lambda: sell(city, NEAR), lambda: sell(city, FAR))
        assert sorted(type(r).__name__ for r in results) == ["Visit", "WindowShut"], results
        assert CityDay.objects.get(city=city, on=DAY).version == 1

    def test_other_days_and_cities_are_not_held_up(self, day: City, meeting: Meeting) -> None:
        other = CityFactory(shanghai=True, latitude=day.latitude, longitude=day.longitude)
        EngineerFactory(city=other)
        results = both_at_once(lambda: sell(day, NEAR), lambda: sell(other, FAR))
        assert [type(r).__name__ for r in results] == ["Visit", "Visit"], results
        assert meeting.read_the_same_plan  # of two cities: both were read before either was written


class TestTwoDispatchersAtOnce:
    @pytest.fixture
    def visit(self, day: City) -> Visit:
        """Planned, with three engineers who could come."""
        EngineerFactory.create_batch(2, city=day)
        return planned_visit(city=day, needs=SCREEN)

    def test_one_wins_and_the_other_hears_who(self, visit: Visit, meeting: Meeting) -> None:
        others = Engineer.objects.exclude(pk=visit.engineer_id).order_by("pk")
        seen = visit.standing

        def name(engineer: Engineer) -> Callable[[], Visit]:
            by = DispatcherFactory()
            return lambda: dispatch_visit(visit=visit, engineer=engineer, by=by, at=MORNING, seen=seen)

        results = both_at_once(*[name(engineer) for engineer in others])
        assert sorted(type(r).__name__ for r in results) == ["Conflict", "Visit"], results
        (refused,) = [r for r in results if isinstance(r, Conflict)]
        assert refused.code == "decided_meanwhile"
        (won,) = [r for r in results if isinstance(r, Visit)]
        fresh = Visit.objects.get(pk=visit.pk)
        assert (fresh.engineer_id, fresh.status) == (won.engineer_id, VisitStatus.CONFIRMED)
        assert fresh.events.filter(kind="confirmed").count() == 1

    def test_moving_the_same_visit_one_wins_and_the_other_hears_who(
        self, day: City, visit: Visit, meeting: Meeting
    ) -> None:
        results = both_at_once(*self.moves(visit))
        assert sorted(type(r).__name__ for r in results) == ["Conflict", "Moved"], results
        (refused,) = [r for r in results if isinstance(r, Conflict)]
        assert refused.code == "decided_meanwhile"
        assert visit.events.filter(kind="confirmed").count() == 1
        assert faults_of(day) == []

    def test_control_without_the_locks_both_moves_pass_and_the_first_is_lost(
        self, day: City, visit: Visit, meeting: Meeting, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        take_the_lock_away(monkeypatch)
        for module in (dispatching, moving):
            monkeypatch.setattr(module, "locked_visit", lambda visit: Visit.objects.get(pk=visit.pk))
        results = both_at_once(*self.moves(visit))
        assert sorted(type(r).__name__ for r in results) == ["Moved", "Moved"], results
        # both were told that their engineer comes, and one of the two does not
        assert visit.events.filter(kind="confirmed").count() == 2

    def test_changing_places_in_one_route_one_wins_and_the_other_hears_who(
        self, day: City, meeting: Meeting
    ) -> None:
        (middle,) = Engineer.objects.all()
        for _visit in range(3):
            planned_visit(city=day, needs=SHORT)
        visit = Visit.objects.order_by("planned_start_at")[0]
        seen = visit.place_in_route

        def to(time: str) -> Callable[[], object]:
            by = DispatcherFactory()
            return lambda: move_visit(
                visit=visit, engineer=middle, start_at=clock(time), by=by, at=MORNING, seen=seen
            )

        results = both_at_once(to("10:15"), to("10:30"))
        assert sorted(type(r).__name__ for r in results) == ["Conflict", "Moved"], results
        (refused,) = [r for r in results if isinstance(r, Conflict)]
        assert "has moved visit" in str(refused.message)
        assert visit.events.filter(kind="moved").count() == 1
        assert faults_of(day) == []

    def moves(self, visit: Visit) -> list[Callable[[], object]]:
        """Two dispatchers who saw the same board and move the visit to one engineer each."""
        others = Engineer.objects.exclude(pk=visit.engineer_id).order_by("pk")
        seen = visit.place_in_route

        def to(engineer: Engineer) -> Callable[[], object]:
            by = DispatcherFactory()
            return lambda: move_visit(
                visit=visit, engineer=engineer, start_at=clock("10:30"), by=by, at=MORNING, seen=seen
            )

        return [to(engineer) for engineer in others]

    def test_one_engineer_is_not_given_two_visits_that_exclude_each_other(
        self, day: City, meeting: Meeting
    ) -> None:
        (middle,) = Engineer.objects.all()
        by = DispatcherFactory()
        visits = [_stored(day, place) for place in (NEAR, FAR)]

        def give(visit: Visit) -> Callable[[], Visit]:
            return lambda: dispatch_visit(visit=visit, engineer=middle, by=by, at=MORNING)

        results = both_at_once(*[give(visit) for visit in visits])
        assert sorted(type(r).__name__ for r in results) == ["Conflict", "Visit"], results
        assert faults_of(day) == []


def _stored(city: City, place: tuple[float, float]) -> Visit:
    """A promised visit without an engineer."""
    return Visit.objects.create(
        reference=f"V-{place[0]:.4f}",
        city=city,
        on=DAY,
        latitude=place[0],
        longitude=place[1],
        window_start_at=clock("10:00"),
        window_end_at=clock("12:00"),
        service_minutes=15,
        required_skills={"screen": 2},
        required_brands=[],
        created_at=MORNING,
    )


def test_no_booking_slips_past_an_absence_recorded_at_the_same_moment(day: City) -> None:
    engineer = Engineer.objects.get()
    sold, lost = both_at_once(
        lambda: sell(day, NEAR),
        lambda: fall_ill(engineer),
    )
    assert isinstance(sold, WindowShut) or [visit.pk for visit in lost] == [sold.pk]
    assert not Visit.objects.exclude(engineer=None).exists()


def test_the_connections_of_a_race_are_two() -> None:
    pids = both_at_once(lambda: connection.connection.info.backend_pid)
    assert len(set(pids)) == 2


# Ann alone does boards, and has a screen at ten that Ben could do: one board can be had at ten, by moving it
BOARD = VisitNeeds(service_minutes=115, skills={"board": 1}, brands=frozenset())
LONG_SCREEN = VisitNeeds(service_minutes=115, skills={"screen": 2}, brands=frozenset())


@pytest.fixture
def openable() -> City:
    """A city in which ten to twelve is opened by moving a screen from Ann to Ben."""
    city = CityFactory()
    ann = EngineerFactory(city=city)
    CertificateFactory(engineer=ann, skill=SkillFactory(key="board"), level=1)
    planned_visit(city=city, needs=LONG_SCREEN)
    EngineerFactory(city=city)
    return city


def open_and_sell(city: City, looked: Callable[[], None] = lambda: None) -> Visit:
    """The board at ten, by whatever way is left; `looked` comes after each search."""

    def attempt(opening: Opening | None) -> Visit:
        if opening is not None:
            looked()
        return promise_visit(
            city=city,
            latitude=CENTRE[0],
            longitude=CENTRE[1],
            window_start_at=clock("10:00"),
            window_end_at=clock("12:00"),
            needs=BOARD,
            by=None,
            at=MORNING,
            opening=opening,
        )

    wish = Wish(city, *CENTRE, clock("10:00"), clock("12:00"), BOARD)
    return promise(attempt, wish=lambda: wish, at=MORNING)


class TestAWindowOpenedByMoving:
    def race(self, city: City) -> list[Any]:
        """Two buyers who have both found the same opening before either writes it."""
        both = Barrier(2)

        def meet() -> None:
            with suppress(BrokenBarrierError):
                both.wait(timeout=5)
            both.abort()  # whoever searches again comes alone

        return both_at_once(lambda: open_and_sell(city, meet))

    def test_is_sold_once(self, openable: City) -> None:
        results = self.race(openable)
        assert sorted(type(r).__name__ for r in results) == ["Visit", "WindowShut"], results
        assert Visit.objects.count() == 2
        assert faults_of(openable) == []

    def test_control_without_the_version_the_second_finds_a_broken_day(
        self, openable: City, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        # the checker stands behind the version: it refuses what the version should have refused
        refused = []

        def kept(*args: Any, **kwargs: Any) -> Any:
            faults = check_change(*args, **kwargs)
            refused.extend(faults)
            return faults

        monkeypatch.setattr(planning, "_still_holds", lambda opening, day, stop: True)
        monkeypatch.setattr(routes, "check_change", kept)
        results = self.race(openable)
        assert sorted(type(r).__name__ for r in results) == ["Visit", "WindowShut"], results
        assert [fault.code for fault in refused] != []

    def test_control_without_version_and_checker_somebody_loses_a_place(
        self, openable: City, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(planning, "_still_holds", lambda opening, day, stop: True)
        monkeypatch.setattr(routes, "check_change", lambda *args, **kwargs: [])
        results = self.race(openable)
        assert "WindowShut" not in [type(r).__name__ for r in results], results

    def test_the_day_is_locked_by_nobody_while_it_is_searched(
        self, openable: City, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        free: list[bool] = []

        def search(*args: Any, **kwargs: Any) -> Any:
            # a connection of its own, as another customer's would be
            taken = both_at_once(lambda: _lock_at_once(openable), lambda: None)[0]
            free.append(taken is None)
            return open_by_moving(*args, **kwargs)

        monkeypatch.setattr(opening_service, "open_by_moving", search)
        with transaction.atomic():  # as under an idempotency key
            open_and_sell(openable)
            assert _taken(openable)
        assert free == [True]


def _lock_at_once(city: City) -> None:
    with transaction.atomic():
        CityDay.objects.select_for_update(nowait=True).get(city=city, on=DAY)


def _taken(city: City) -> bool:
    """Control: whether another connection finds the day locked."""
    return isinstance(both_at_once(lambda: _lock_at_once(city), lambda: None)[0], OperationalError)
