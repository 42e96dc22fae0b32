"""Timetables: when an engineer is where, and how much later each stop could begin."""

import pytest

from engineers.dispatch import EngineerDay, PlannedVisit, Route, Timetable
from engineers.dispatch.schedule import ALWAYS, NEVER
from tests.engineers.dispatch.builders import Street, clock, engineer, plan_of, spot, visit

MORNING = ("08:00", "10:00")
NOON = ("10:00", "12:00")


def timetable(*stops, day=None, **route):
    day = day or engineer()
    return Timetable(day, Route(day.engineer_id, stops, **route), Street())


class TestDriving:
    def test_leaves_the_base_when_the_shift_begins(self):
        assert timetable(visit("a", at=20)).starts[1] == clock("08:20")

    def test_waits_for_the_window(self):
        found = timetable(visit("a", at=20, window=NOON))
        assert (found.arrivals[1], found.starts[1]) == (clock("08:20"), clock("10:00"))

    def test_goes_on_after_the_service_and_home_at_the_end(self):
        found = timetable(visit("a", at=20), visit("b", at=50))
        assert found.planned() == (
            PlannedVisit("a", clock("08:20"), clock("08:50")),
            PlannedVisit("b", clock("09:20"), clock("09:50")),
        )
        assert found.arrivals[-1] == clock("10:40")
        assert found.travel_seconds == 100 * 60

    def test_a_day_without_visits_has_no_driving(self):
        found = timetable()
        assert (found.travel_seconds, found.planned(), found.late(), found.overrun()) == (0, (), {}, 0)
        assert found.feasible

    def test_starts_today_from_where_the_engineer_is_and_not_before_now(self):
        found = timetable(visit("a", at=20), not_before=clock("13:05"), start_place=spot(15))
        assert found.starts[1] == clock("13:10")

    def test_a_started_visit_ends_when_its_service_does_but_not_before_now(self):
        started = visit("a", at=20, fixed_start=clock("09:00"))
        assert timetable(started, visit("b", at=20)).starts[2] == clock("09:30")
        assert timetable(started, visit("b", at=20), not_before=clock("09:45")).starts[2] == clock("09:45")

    def test_says_who_is_late_and_by_how_much(self):
        found = timetable(visit("a", at=20, minutes=120, window=MORNING), visit("b", at=20, window=MORNING))
        assert found.late() == {"b": 20 * 60}
        assert not found.feasible

    def test_says_how_long_after_the_shift_the_engineer_is_home(self):
        found = timetable(visit("a", at=20, window=("16:00", "18:00")))
        assert (found.late(), found.overrun(), found.feasible) == ({}, 0, True)
        longer = timetable(visit("a", at=20, window=("16:00", "18:00"), minutes=45))
        assert (longer.overrun(), longer.feasible) == (5 * 60, False)

    def test_a_started_visit_is_never_called_late(self):
        found = timetable(visit("a", at=20, window=MORNING, fixed_start=clock("11:00")))
        assert found.late() == {}


class TestTheLatestArrival:
    def test_is_the_windows_end_where_nothing_follows(self):
        assert timetable(visit("a", at=20, window=NOON)).latest[1] == clock("12:00")

    def test_leaves_time_for_what_follows(self):
        found = timetable(visit("a", at=20), visit("b", at=50, window=NOON))
        assert found.latest[1] == clock("12:00") - 30 * 60 - 30 * 60

    def test_leaves_time_to_be_home_before_the_shift_ends(self):
        assert timetable(visit("a", at=20)).latest[1] == clock("17:00") - 20 * 60 - 30 * 60

    def test_is_never_where_a_later_stop_cannot_be_kept(self):
        found = timetable(visit("a", at=20, minutes=300, window=NOON), visit("b", at=50, window=NOON))
        assert found.latest[1:3] == [NEVER, clock("12:00")]

    def test_of_a_started_visit_is_no_matter(self):
        found = timetable(visit("a", fixed_start=clock("09:00")), visit("b", window=NOON))
        assert found.latest[1:3] == [ALWAYS, clock("12:00")]

    def test_of_a_late_visit_is_its_present_start(self):
        late = visit("a", at=20, window=MORNING, late_until=clock("10:25"))
        assert timetable(late).latest[1] == clock("10:25")

    def test_is_not_loosened_by_a_lateness_inside_the_window(self):
        assert visit("a", window=NOON, late_until=clock("11:00")).deadline == clock("12:00")


class TestBreaks:
    LUNCH = ((clock("12:00"), clock("13:00")),)

    def test_a_service_that_would_run_into_the_break_waits_for_its_end(self):
        found = timetable(visit("a", at=20, window=("11:40", "14:00")), day=engineer(breaks=self.LUNCH))
        assert found.starts[1] == clock("13:00")

    def test_a_drive_is_continued_after_the_break(self):
        day = engineer(shift=("11:50", "17:00"), breaks=self.LUNCH)
        assert timetable(visit("a", at=20), day=day).arrivals[1] == clock("13:10")

    def test_the_latest_arrival_does_not_let_the_service_run_into_the_break(self):
        day = engineer(breaks=self.LUNCH)
        found = timetable(visit("a", at=0), visit("b", at=0, window=("08:00", "12:30")), day=day)
        assert found.latest[2] == clock("11:30")
        assert found.latest[1] == clock("11:00")


class TestFit:
    def test_gives_the_extra_driving_and_the_start(self):
        found = timetable(visit("a", at=20), visit("b", at=50))
        assert found.fit(visit("new", at=30), 1) == (0, clock("09:00"))
        assert found.fit(visit("new", at=60), 2) == (20 * 60, clock("10:00"))

    def test_refuses_where_a_promised_window_would_break(self):
        found = timetable(visit("a", at=20, window=MORNING), visit("b", at=50, window=MORNING))
        assert found.fit(visit("new", at=30, minutes=40), 1) is not None
        assert found.fit(visit("new", at=30, minutes=41), 1) is None

    def test_refuses_where_its_own_window_would_break(self):
        found = timetable(visit("a", at=20, minutes=119))
        assert found.fit(visit("new", at=20, window=MORNING), 1) is None

    def test_refuses_where_the_shift_would_be_overrun(self):
        found = timetable(visit("a", at=20, window=("15:30", "17:00")))
        assert found.fit(visit("new", at=20, minutes=40), 1) == (0, clock("16:00"))
        assert found.fit(visit("new", at=20, minutes=41), 1) is None

    def test_slack_is_left_before_its_own_deadline(self):
        stop = visit("new", at=110, window=MORNING)
        assert timetable().fit(stop, 0, slack=10 * 60) is not None
        assert timetable().fit(stop, 0, slack=10 * 60 + 1) is None

    def test_slack_is_left_before_every_promise_that_it_delays(self):
        found = timetable(visit("a", at=20, window=MORNING), visit("b", at=50, window=MORNING))
        stop = visit("new", at=30, minutes=30)
        assert found.fit(stop, 1, slack=10 * 60) is not None
        assert found.fit(stop, 1, slack=10 * 60 + 1) is None

    def test_slack_is_not_asked_of_a_promise_that_it_does_not_delay(self):
        tight = timetable(visit("a", at=0, window=("08:00", "08:05"), minutes=30), not_before=clock("08:05"))
        assert tight.fit(visit("new", at=0, minutes=0), 0, slack=10 * 60) == (0, clock("08:05"))

    def test_starts_no_sooner_than_allowed(self):
        assert timetable().fit(visit("new", at=20), 0, earliest=clock("09:10")) == (40 * 60, clock("09:10"))
        assert timetable().fit(visit("new", at=20, window=MORNING), 0, earliest=clock("10:01")) is None

    @pytest.mark.parametrize("position", [-1, 0, 3])
    def test_a_position_before_a_started_visit_or_outside_is_not_open(self, position):
        found = timetable(visit("a", fixed_start=clock("08:30")), visit("b"))
        with pytest.raises(ValueError, match="not open"):
            found.fit(visit("new"), position)

    def test_a_late_visit_may_stay_as_late_but_get_no_later(self):
        late = visit("a", at=20, window=("08:00", "08:10"))
        assert timetable(late).fit(visit("new", at=20, minutes=1), 0) is None
        accepted = plan_of(engineer(), ann=[late]).accepting_present_lateness().timetable("ann")
        assert accepted.feasible
        assert accepted.fit(visit("new", at=20, minutes=1), 0) is None
        assert accepted.fit(visit("new", at=10, minutes=0), 0) == (0, clock("08:10"))
        assert accepted.fit(visit("new", at=20, minutes=1), 1) == (0, clock("08:50"))


class TestDayPlan:
    def test_refuses_an_engineer_who_comes_twice(self):
        with pytest.raises(ValueError, match="twice"):
            plan_of(engineer("ann"), engineer("ann"))

    def test_refuses_a_visit_planned_twice(self):
        with pytest.raises(ValueError, match="planned twice"):
            plan_of(engineer("ann"), engineer("bob"), ann=[visit("a")], bob=[visit("a")])

    def test_refuses_a_route_of_nobody(self):
        with pytest.raises(ValueError, match="no engineer's day"):
            plan_of(engineer("ann"), bob=[])

    def test_refuses_two_routes_of_one_engineer(self):
        with pytest.raises(ValueError, match="two routes"):
            plan_of(engineer("ann"), ann=[], again=Route("ann"))

    def test_a_change_leaves_the_plan_it_was_made_from(self):
        plan = plan_of(engineer("ann"), engineer("bob"), ann=[visit("a")])
        changed = plan.with_stop(visit("b"), "bob", 0).without("a")
        assert (plan.engineer_of("a"), plan.engineer_of("b")) == ("ann", None)
        assert (changed.engineer_of("a"), changed.engineer_of("b")) == (None, "bob")

    def test_a_visit_that_is_in_it_cannot_be_put_in_again(self):
        with pytest.raises(ValueError, match="planned already"):
            plan_of(engineer("ann"), ann=[visit("a")]).with_stop(visit("a"), "ann", 0)

    def test_adds_up_lateness_and_driving(self):
        plan = plan_of(
            engineer("ann"),
            engineer("bob"),
            ann=[visit("a", at=20, window=("08:00", "08:10"))],
            bob=[visit("b", at=5)],
        )
        assert plan.late() == {"a": 10 * 60}
        assert plan.travel_seconds == 50 * 60
        assert len(plan) == 2

    def test_accepts_the_present_lateness_and_overrun_once(self):
        day = engineer(shift=("08:00", "09:00"))
        plan = plan_of(day, ann=[visit("a", at=40, window=("08:00", "08:10"))])
        accepted = plan.accepting_present_lateness()
        assert accepted.late() == {}
        assert accepted.timetable("ann").feasible
        assert accepted.routes["ann"].return_until == clock("09:50")
        assert accepted.accepting_present_lateness().routes == accepted.routes

    def test_taking_out_a_visit_that_is_not_in_it_changes_nothing(self):
        plan = plan_of(engineer("ann"))
        assert plan.without("x") is plan
        with pytest.raises(KeyError):
            plan.routes["ann"].without("x")


class TestRoute:
    def test_is_closed_before_started_and_locked_stops(self):
        stops = (visit("a"), visit("b", fixed_start=clock("09:00")), visit("c"))
        assert Route("ann", stops).first_free == 2
        assert Route("ann", stops, locked=3).first_free == 3
        assert Route("ann", stops[:1], locked=3).first_free == 1
        with pytest.raises(ValueError, match="not open"):
            Route("ann", stops).with_stop(visit("d"), 1)

    def test_a_locked_stop_taken_out_shortens_what_is_locked(self):
        stops = (visit("a"), visit("b"), visit("c"))
        assert Route("ann", stops, locked=2).without("a").locked == 1
        assert Route("ann", stops, locked=2).without("c").locked == 2

    def test_a_day_off_says_why(self):
        day = EngineerDay.off("ann", spot(0), because="absent")
        assert (day.on_shift, day.off_because) == (False, "absent")
