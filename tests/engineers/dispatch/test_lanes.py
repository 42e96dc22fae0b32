"""Lanes are routes by numbers: whatever they answer, the timetable answers too."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engineers.dispatch import DayPlan, Pace, Prices, Route, Timetable, best_insertion
from engineers.dispatch.insertion import best_position
from engineers.dispatch.lanes import NOWHERE, Lanes
from tests.engineers.dispatch.builders import cities, engineer, plan_of, stops, timetabled, visit

few = settings(max_examples=150, deadline=None)
NO_CHANGES = Prices(change=0)


def numbered(lanes: Lanes, visit_id: object) -> int:
    """The number of a visit."""
    return next(n for n, stop in enumerate(lanes.stops) if stop.visit_id == visit_id)


class TestAsk:
    @settings(max_examples=300, deadline=None)
    @given(timetabled(), stops(picky=False))
    def test_the_cheapest_place_is_that_of_the_timetable(self, drawn, stop):
        day, route, travel = drawn
        timetable = Timetable(day, route, travel)
        if not timetable.feasible:
            return
        lanes = Lanes(DayPlan([day], [route], travel), [stop], NO_CHANGES)
        (lane,), waiting = lanes.present()
        assert waiting == [lanes.count - 1]
        found = best_position(timetable, stop)
        answer = lanes.ask(lane, waiting[0])
        if found is None:
            assert answer == NOWHERE
        else:
            extra, _start, position = found
            before = 0 if route.stops else timetable.legs[0]  # a day without visits is no driving
            assert answer == (extra, position - route.first_free)
            assert lanes.lane(0, (*lane.visits[: answer[1]], waiting[0], *lane.visits[answer[1] :])).cost == (
                timetable.travel_seconds + before + extra
            )

    def test_answers_are_kept_on_the_lane(self):
        lanes = Lanes(plan_of(engineer()), [visit("a", 5)])
        (lane,), _waiting = lanes.present()
        assert lanes.ask(lane, 0) == lane.answers[0] == (600, 0)
        assert lanes.lane(0, ()) is lane

    def test_another_engineer_than_the_named_one_has_its_price(self):
        plan = plan_of(engineer("ann"), engineer("ben"))
        lanes = Lanes(plan, [visit("a", 5, named="ann")], Prices(change=700))
        ann, ben = lanes.present()[0]
        assert lanes.ask(ann, 0) == (600, 0)
        assert lanes.ask(ben, 0) == (1300, 0)
        assert lanes.lane(1, (0,)).cost == 1300

    def test_a_van_gives_each_piece_once(self):
        plan = plan_of(engineer(van={"screen-12": 1}), ann=[visit("a", 5, parts={"screen-12": 1})])
        lanes = Lanes(plan, [visit("b", 5, parts={"screen-12": 1}), visit("c", 5)])
        (lane,), _waiting = lanes.present()
        assert lanes.ask(lane, numbered(lanes, "b")) == NOWHERE
        assert lanes.ask(lane, numbered(lanes, "c")) != NOWHERE


class TestAble:
    def test_pinned_visits_stay_with_their_engineer(self):
        plan = plan_of(engineer("ann"), engineer("ben"), ann=[visit("a", pinned=True), visit("b")])
        assert Lanes(plan).able == [[0], [0, 1]]

    def test_unqualified_absent_unequipped_and_unreachable_engineers_are_left_out(self):
        plan = plan_of(
            engineer("able", van={"p": 1}),
            engineer("unskilled", skills={}, van={"p": 1}),
            engineer("away", ("00:00", "00:00"), van={"p": 1}),
            engineer("empty", van={}),
            engineer("late", ("11:00", "17:00"), van={"p": 1}),
        )
        assert Lanes(plan, [visit("a", 5, ("09:00", "10:00"), parts={"p": 1})]).able == [[0]]


class TestPresent:
    @few
    @given(cities(), st.lists(stops(), max_size=8))
    def test_a_plan_goes_in_and_comes_out_the_same(self, plan, bookings):
        for number, stop in enumerate(bookings):
            stop = replace(stop, visit_id=number)
            found = best_insertion(stop, plan)
            if found is not None:
                plan = plan.with_stop(stop, found.engineer_id, found.position)
        lanes = Lanes(plan)
        now, waiting = lanes.present()
        assert waiting == []
        assert lanes.as_plan(now) is plan
        driven = {lane.engineer: lane.cost for lane in now if lane.visits}
        assert sum(driven.values()) == plan.travel_seconds

    def test_what_a_late_route_cannot_keep_waits(self):
        plan = plan_of(
            engineer(), ann=[visit("a", 5, ("08:00", "08:30")), visit("b", 30, ("08:00", "08:45"))]
        )
        now, waiting = Lanes(plan).present()
        assert [lane.visits for lane in now] == [(0,)]
        assert waiting == [1]

    def test_closed_stops_are_no_part_of_it(self):
        route = Route("ann", (visit("a", 5, fixed_start=30_000), visit("b", 6)), not_before=30_600)
        lanes = Lanes(plan_of(engineer(van={"p": 1}), ann=route), [visit("c", 7)])
        _now, waiting = lanes.present()
        assert [stop.visit_id for stop in lanes.stops] == ["b", "c"]
        assert waiting == [1]
        changed = lanes.as_plan([lanes.lane(0, (1, 0))])
        assert [stop.visit_id for stop in changed.routes["ann"].stops] == ["a", "c", "b"]


class TestSlack:
    def test_is_kept_where_it_is_there_and_asks_nobody_to_be_earlier(self):
        tight = visit("tight", 60, ("08:00", "09:05"))  # reached at nine: five minutes are left
        lanes = Lanes(
            plan_of(engineer(), ann=[tight]), [visit("new", 0, ("08:00", "10:00"))], Prices(slack=600)
        )
        assert lanes.closes == [9 * 3600, 9 * 3600 + 50 * 60]

    def test_a_control_without_slack_lets_the_start_slip_to_the_end_of_the_window(self):
        lanes = Lanes(plan_of(engineer(), ann=[visit("tight", 60, ("08:00", "09:05"))]))
        assert lanes.closes == [9 * 3600 + 5 * 60]


@pytest.mark.parametrize("pace", [None, Pace((100,) * 11 + (170, 60) + (100,) * 11, (130,) * 24)], ids=str)
@pytest.mark.parametrize("breaks", [(), ((12 * 3600, 12 * 3600 + 1800),)], ids=["no break", "a break"])
def test_asking_never_offers_a_place_that_does_not_hold(breaks, pace):
    plan = plan_of(
        engineer(breaks=breaks, pace=pace),
        ann=[visit("a", 5, ("11:00", "11:30")), visit("b", 9, ("13:00", "13:10"))],
    )
    lanes = Lanes(plan, [visit("c", 7, ("10:00", "14:00"), minutes=40)])
    (lane,), _waiting = lanes.present()
    extra, position = lanes.ask(lane, 2)
    longer = lanes.lane(0, (*lane.visits[:position], 2, *lane.visits[position:]))
    assert lanes.holds(longer)
    assert longer.cost == lane.cost + extra
