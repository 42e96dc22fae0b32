"""An engineer who runs late says so: the route is reckoned with it, and what it cannot keep is at risk."""

from datetime import timedelta
from typing import Any

import pytest

from engineers.dispatch import check_plan
from engineers.models import CityDay, Engineer, HeldUp, Visit
from engineers.planning import CityClock, load_plans
from engineers.services import doorstep, lateness
from engineers.services.dispatching import dispatch_visit
from engineers.services.lateness import report_running_late
from engineers.services.moving import pin_visit, unpin_visit
from engineers.services.pressing import pressed_moment
from engineers.services.replanning import replan_day
from engineers.signals import visit_in_time_again, visit_running_late
from engineers.states import EventKind, VisitStatus
from repairhub.accounts.models import User
from repairhub.core.errors import Conflict, InvalidInput, NotAllowed
from repairhub.places.models import City
from tests.factories.accounts import DispatcherFactory
from tests.factories.engineers import (
    DAY,
    MORNING,
    EngineerFactory,
    clock,
    confirmed_visit,
    north,
    planned_visit,
    visit_in,
)
from tests.factories.places import CityFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def news() -> Any:
    """(reference, minutes, HH:MM expected) of every announcement."""
    heard: list[tuple[str, int, str]] = []

    def hear(*, visit: Visit, minutes: int, expected_at: Any, **kwargs: Any) -> None:
        heard.append((visit.reference, minutes, expected_at.astimezone(visit.city.zone).strftime("%H:%M")))

    visit_running_late.connect(hear)
    yield heard
    visit_running_late.disconnect(hear)


def late(visit: Visit, minutes: int, at: str = "09:00", by: Any = None) -> Visit:
    """What its engineer says at that time."""
    assert visit.engineer is not None
    return report_running_late(visit=visit, minutes=minutes, by=by or visit.engineer.user, at=clock(at))


def starts(visit: Visit, at: str = "09:00") -> dict[int, str]:
    """When each visit of its engineer's route begins, as a plan made at that time reckons."""
    plan = load_plans(visit.city, DAY, DAY, clock(at))[DAY]
    of_day = CityClock.of(visit.city, DAY)
    return {
        int(str(p.visit_id)): of_day.moment(p.start).astimezone(visit.city.zone).strftime("%H:%M")
        for p in plan.planned(visit.engineer_id)
    }


class TestSayingSo:
    def test_of_the_next_visit_moves_its_expected_start_and_never_the_planned_one(
        self, city: City, engineer: Engineer
    ) -> None:
        visit = confirmed_visit(city=city, place=north(5))
        planned = visit.planned_start_at
        visit = late(visit, 20)
        assert visit.expected_start_at == clock("10:20")
        assert (visit.planned_start_at, visit.status) == (planned, VisitStatus.CONFIRMED)
        assert starts(visit) == {visit.pk: "10:20"}

    def test_of_a_visit_on_the_way_to_moves_its_start(self, city: City, engineer: Engineer) -> None:
        visit = late(visit_in(VisitStatus.EN_ROUTE, city=city), 30, at="09:40")
        assert visit.expected_start_at == clock("10:30")
        assert starts(visit, "09:45") == {visit.pk: "10:30"}

    def test_of_a_visit_at_work_moves_its_end(self, city: City, engineer: Engineer) -> None:
        first = visit_in(VisitStatus.ON_SITE, city=city)
        second = confirmed_visit(city=city, window="12:00", place=north(5))
        first = late(first, 90, at="10:30")
        assert (first.expected_end_at, first.expected_start_at) == (clock("12:30"), None)
        # five kilometres at the city's speed come on top
        assert starts(second, "10:30")[second.pk] > "12:40"

    def test_counts_from_now_where_the_planned_time_has_passed(self, city: City, engineer: Engineer) -> None:
        visit = visit_in(VisitStatus.EN_ROUTE, city=city)
        assert late(visit, 10, at="10:15").expected_start_at == clock("10:25")

    def test_the_buttons_show_the_times_that_they_say(self, city: City, engineer: Engineer) -> None:
        visit = confirmed_visit(city=city)
        assert lateness.expected_choices(visit, clock("09:00")) == {
            minutes: clock("10:00") + timedelta(minutes=minutes) for minutes in (10, 20, 30)
        }

    def test_is_recorded_with_who_said_it(self, city: City, engineer: Engineer, dispatcher: User) -> None:
        visit = late(confirmed_visit(city=city), 20, by=dispatcher)
        event = visit.events.get(kind=EventKind.RUNNING_LATE)
        assert (event.by, event.data["minutes"]) == (dispatcher, 20)

    def test_twice_changes_nothing_twice(self, city: City, engineer: Engineer, news: Any) -> None:
        visit = late(late(confirmed_visit(city=city), 20), 20)
        assert visit.events.filter(kind=EventKind.RUNNING_LATE).count() == 1
        assert len(news) == 1

    @pytest.mark.parametrize("minutes", [0, -5, 241])
    def test_takes_minutes_that_make_sense(self, minutes: int, city: City, engineer: Engineer) -> None:
        with pytest.raises(InvalidInput) as refusal:
            late(confirmed_visit(city=city), minutes)
        assert refusal.value.field == "minutes"

    def test_is_for_its_engineer_and_the_desk_of_its_city(self, city: City, engineer: Engineer) -> None:
        visit = confirmed_visit(city=city)
        elsewhere = DispatcherFactory(cities=[CityFactory(shanghai=True)])
        for stranger in (EngineerFactory(city=city).user, elsewhere):
            with pytest.raises(NotAllowed):
                late(visit, 10, by=stranger)

    @pytest.mark.parametrize("status", [VisitStatus.DONE, VisitStatus.CANCELLED, VisitStatus.PLANNED])
    def test_is_refused_where_nobody_is_awaited(self, status: str, city: City, engineer: Engineer) -> None:
        visit = visit_in(status, city=city)
        with pytest.raises(Conflict, match="does not allow that now"):
            late(visit, 10, by=DispatcherFactory())

    def test_is_said_of_the_visit_that_comes_first(self, city: City, engineer: Engineer) -> None:
        first = confirmed_visit(city=city)
        second = confirmed_visit(city=city, window="14:00")
        with pytest.raises(Conflict) as refusal:
            late(second, 10)
        assert (refusal.value.code, refusal.value.details["reference"]) == ("not_next", first.reference)

    def test_is_not_said_of_another_day(self, city: City, engineer: Engineer) -> None:
        visit = confirmed_visit(city=city, on=DAY + timedelta(days=1))
        with pytest.raises(Conflict, match="today's route"):
            late(visit, 10)


class TestWhatTheRouteCannotKeep:
    def test_is_at_risk_and_announced_with_its_time(self, city: City, engineer: Engineer, news: Any) -> None:
        first = visit_in(VisitStatus.EN_ROUTE, city=city, window="08:00")
        second = confirmed_visit(city=city, window="10:00")
        third = confirmed_visit(city=city, window="16:00")
        late(first, 240, at="08:10")
        at_risk = set(Visit.objects.exclude(at_risk_at=None).values_list("reference", flat=True))
        assert at_risk == {first.reference, second.reference}
        assert [reference for reference, *_rest in news] == [first.reference, second.reference]
        assert third.reference not in at_risk

    def test_is_nothing_while_the_windows_hold(self, city: City, engineer: Engineer, news: Any) -> None:
        visit = confirmed_visit(city=city)
        late(visit, 90)
        assert not Visit.objects.exclude(at_risk_at=None).exists()
        assert news == [(visit.reference, 90, "11:30")]

    def test_rings_for_a_new_plan_once_committed(
        self,
        city: City,
        engineer: Engineer,
        monkeypatch: pytest.MonkeyPatch,
        django_capture_on_commit_callbacks: Any,
    ) -> None:
        rung: list[Any] = []
        monkeypatch.setattr(lateness, "ring_on_commit", lambda task, *args: rung.append(args))
        visit = confirmed_visit(city=city)
        late(visit, 60)
        assert rung == []
        late(visit, 180)
        assert rung == [(city.pk, DAY.isoformat())]

    def test_is_taken_over_by_somebody_else(self, city: City, engineer: Engineer) -> None:
        visit = late(confirmed_visit(city=city), 180)
        other = EngineerFactory(city=city)
        saved: list[str] = []

        def hear(*, visit: Visit, **kwargs: Any) -> None:
            saved.append(visit.reference)

        visit_in_time_again.connect(hear)
        replan_day(city=city, on=DAY, by=None, at=clock("09:01"), rounds=20)
        visit_in_time_again.disconnect(hear)
        visit.refresh_from_db()
        assert (visit.engineer, visit.at_risk_at, visit.expected_start_at) == (other, None, None)
        assert saved == [visit.reference]

    def test_given_to_another_by_the_desk_is_in_time_and_the_late_one_stays_held_up(
        self, city: City, engineer: Engineer, dispatcher: User
    ) -> None:
        visit = late(confirmed_visit(city=city), 180)
        other = EngineerFactory(city=city)
        visit = dispatch_visit(visit=visit, engineer=other, by=dispatcher, at=clock("09:01"))
        assert (visit.at_risk_at, visit.expected_start_at) == (None, None)
        assert HeldUp.objects.get(engineer=engineer).until_at == clock("13:00")
        with pytest.raises(Conflict):  # not before 13:00, so not in this window
            dispatch_visit(visit=visit, engineer=engineer, by=dispatcher, at=clock("09:02"))

    def test_that_nobody_can_take_stays_as_late_as_it_is(self, city: City, engineer: Engineer) -> None:
        visit = late(confirmed_visit(city=city), 180)
        plan = load_plans(city, DAY, DAY, clock("09:01"))[DAY]
        stop = plan.routes[engineer.pk].stops[0]
        assert (stop.late_until, stop.window_end) == (13 * 3600, 12 * 3600)
        replan_day(city=city, on=DAY, by=None, at=clock("09:01"), rounds=20)
        visit.refresh_from_db()
        assert visit.engineer == engineer
        assert starts(visit, "09:02") == {visit.pk: "13:00"}


class TestInTimeAgain:
    """Marked as late by what the engineer said, and in time after all with the same engineer."""

    @pytest.fixture
    def saved(self) -> Any:
        """The references of every announcement that a visit is in time again."""
        heard: list[str] = []

        def hear(*, visit: Visit, **kwargs: Any) -> None:
            heard.append(visit.reference)

        visit_in_time_again.connect(hear)
        yield heard
        visit_in_time_again.disconnect(hear)

    @pytest.fixture
    def route(self, city: City, engineer: Engineer) -> list[Visit]:
        """Three of one window: the second and the third miss it where the first is two hours late."""
        for window in ("08:00", "10:00", "10:00"):
            confirmed_visit(city=city, window=window)
        rows = Visit.objects.select_related("city", "engineer__user").order_by("planned_start_at")
        assert {visit.engineer_id for visit in rows} == {engineer.pk}
        return list(rows)

    def at_risk(self) -> set[int]:
        return set(Visit.objects.exclude(at_risk_at=None).values_list("pk", flat=True))

    def test_by_a_plan_that_takes_another_off_the_route(
        self, city: City, route: list[Visit], engineer: Engineer, saved: list[str]
    ) -> None:
        first, second, third = route
        doorstep.set_out(visit=first, by=engineer.user, at=clock("07:50"))
        late(first, 210, at="07:55")  # 11:30 with an hour of work: the others come at 12:30 and 13:30
        late(first, 150, at="07:56")  # 10:30: at 11:30 and 12:30
        assert self.at_risk() == {first.pk, third.pk}
        assert saved == [second.reference]
        del saved[:]
        late(first, 210, at="07:57")
        assert self.at_risk() == {visit.pk for visit in route}
        late(first, 180, at="07:58")
        assert self.at_risk() == {first.pk, third.pk}
        other = EngineerFactory(city=city)
        replan_day(city=city, on=DAY, by=None, at=clock("08:00"), rounds=64)
        taken = Visit.objects.filter(engineer=other)
        assert taken.exists()
        assert self.at_risk() == {first.pk}
        assert set(saved) == {second.reference, third.reference}

    def test_by_the_desk_that_gives_another_to_a_colleague(
        self, city: City, route: list[Visit], engineer: Engineer, dispatcher: User, saved: list[str]
    ) -> None:
        first, second, third = route
        late(first, 150, at="07:55")
        assert third.pk in self.at_risk()
        dispatch_visit(visit=second, engineer=EngineerFactory(city=city), by=dispatcher, at=clock("07:56"))
        assert third.pk not in self.at_risk()
        assert third.reference in saved

    def test_by_what_the_engineer_corrects(
        self, route: list[Visit], engineer: Engineer, saved: list[str]
    ) -> None:
        late(route[0], 240, at="07:55")
        assert self.at_risk() == {visit.pk for visit in route}
        late(route[0], 10, at="07:56")
        assert self.at_risk() == set()
        assert set(saved) == {visit.reference for visit in route}

    def test_never_what_is_at_risk_for_another_reason(
        self, route: list[Visit], engineer: Engineer, saved: list[str]
    ) -> None:
        doorstep.mark_at_risk(visit_ids=[route[2].pk], at=clock("07:50"))
        late(route[0], 60, at="07:55")
        late(route[0], 10, at="07:56")
        assert self.at_risk() == {route[2].pk}
        assert saved == []


class TestTheDaysVersion:
    """Raised by what changes a route, and by nothing else: previews computed on it stand."""

    def version(self) -> int:
        return CityDay.objects.get(on=DAY).version

    def test_stays_where_the_same_is_said_again(
        self, city: City, engineer: Engineer, dispatcher: User
    ) -> None:
        visit = late(confirmed_visit(city=city), 20)
        version = self.version()
        late(visit, 20)
        assert self.version() == version
        pin_visit(visit=visit, by=dispatcher, at=MORNING)
        assert self.version() == version + 1
        pin_visit(visit=visit, by=dispatcher, at=MORNING)
        assert self.version() == version + 1
        unpin_visit(visit=visit, by=dispatcher, at=MORNING)
        unpin_visit(visit=visit, by=dispatcher, at=MORNING)
        assert self.version() == version + 2


class TestOnceItHasMovedOn:
    def test_setting_out_ends_the_being_held_up_and_keeps_what_was_said(
        self, city: City, engineer: Engineer
    ) -> None:
        visit = late(confirmed_visit(city=city), 20)
        visit = doorstep.set_out(visit=visit, by=engineer.user, at=clock("09:50"))
        assert visit.expected_start_at == clock("10:20")
        assert not HeldUp.objects.exists()

    def test_arriving_makes_it_out_of_date(self, city: City, engineer: Engineer) -> None:
        visit = late(visit_in(VisitStatus.EN_ROUTE, city=city), 20, at="09:40")
        visit = doorstep.arrive(visit=visit, by=engineer.user, at=clock("10:15"))
        assert visit.expected_start_at is None
        assert starts(visit, "10:15") == {visit.pk: "10:15"}

    def test_turning_back_too(self, city: City, engineer: Engineer) -> None:
        visit = late(visit_in(VisitStatus.EN_ROUTE, city=city), 20, at="09:40")
        visit = doorstep.turn_back(visit=visit, reason="flat tyre", by=engineer.user, at=clock("09:45"))
        assert visit.expected_start_at is None

    def test_no_plan_made_after_it_gives_out_what_it_cannot_keep(
        self, city: City, engineer: Engineer
    ) -> None:
        late(confirmed_visit(city=city), 60)
        # 11:00 plus an hour of work: the window from 12 on is kept, the one from 10 is not
        from engineers.services.planning import WindowShut

        with pytest.raises(WindowShut):
            planned_visit(city=city, window="10:00", place=north(8), at=MORNING)
        planned_visit(city=city, window="12:00", place=north(8), at=MORNING)
        plan = load_plans(city, DAY, DAY, MORNING)[DAY]
        faults = check_plan(
            {engineer.pk: plan.planned(engineer.pk)},
            days=[plan.day(engineer.pk)],
            stops=plan.routes[engineer.pk].stops,
            travel=plan.travel,
            routes=[plan.routes[engineer.pk]],
        )
        assert faults == []


class TestAPressThatWaited:
    def test_counts_as_pressed_and_both_moments_are_on_record(self, city: City, engineer: Engineer) -> None:
        visit = confirmed_visit(city=city)
        visit = doorstep.set_out(visit=visit, by=engineer.user, at=clock("09:00"), received_at=clock("09:40"))
        event = visit.events.get(kind=EventKind.SET_OUT)
        assert (visit.en_route_at, event.at) == (clock("09:00"), clock("09:00"))
        assert event.data == {"received_at": clock("09:40").isoformat()}

    def test_is_reckoned_with_as_of_when_it_came_in(self, city: City, engineer: Engineer) -> None:
        visit = visit_in(VisitStatus.EN_ROUTE, city=city)
        visit = report_running_late(
            visit=visit, minutes=30, by=engineer.user, at=clock("09:40"), received_at=clock("12:30")
        )
        assert visit.expected_start_at == clock("10:30")
        assert visit.at_risk_at == clock("12:30")

    @pytest.mark.parametrize(
        ("pressed", "counts"), [("09:30", "09:30"), ("10:01", "10:00"), ("05:59", "06:00")]
    )
    def test_is_believed_inside_sane_bounds(
        self, pressed: str, counts: str, city: City, engineer: Engineer
    ) -> None:
        visit = confirmed_visit(city=city)  # named at six
        moment = pressed_moment(visit=visit, pressed_at=clock(pressed), at=clock("10:00"))
        assert moment == clock(counts)

    @pytest.mark.parametrize(
        ("pressed", "code"),
        [
            (clock("10:03"), "in_the_future"),
            (clock("05:00"), "pressed_before_the_last"),
            (clock("10:00") - timedelta(hours=13), "pressed_too_long_ago"),
        ],
    )
    def test_is_refused_outside_of_them(
        self, pressed: Any, code: str, city: City, engineer: Engineer
    ) -> None:
        visit = confirmed_visit(city=city)
        with pytest.raises((Conflict, InvalidInput)) as refusal:
            pressed_moment(visit=visit, pressed_at=pressed, at=clock("10:00"))
        assert refusal.value.code == code

    def test_what_the_system_noted_meanwhile_does_not_stand_in_its_way(
        self, city: City, engineer: Engineer
    ) -> None:
        visit = visit_in(VisitStatus.EN_ROUTE, city=city)
        doorstep.mark_at_risk(visit_ids=[visit.pk], at=clock("09:55"))
        assert pressed_moment(visit=visit, pressed_at=clock("09:50"), at=clock("10:00")) == clock("09:50")
