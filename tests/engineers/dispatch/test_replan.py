"""Planning a day afresh: late ones first, nobody dropped who can be kept, and every move said."""

import random
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from engineers.dispatch import DayPlan, Route, best_insertion, check_change
from engineers.dispatch.replan import Move, moves, replan
from tests.engineers.dispatch.builders import cities, clock, engineer, plan_of, stops, visit


def again(plan, waiting=(), *, rounds=200, seed=1):
    """A new plan with a few rounds."""
    return replan(plan, waiting, draw=random.Random(seed), rounds=rounds)


def delayed() -> DayPlan:
    """Ann is held up until 10:00, and her visit promised until 09:30 will be late."""
    held_up = Route("ann", (visit("a", 5, ("09:00", "09:30")),), not_before=clock("10:00"))
    return plan_of(
        engineer("ann"), engineer("ben", base=(0.0, 20.0)), ann=held_up
    ).accepting_present_lateness()


class TestReplan:
    def test_a_late_visit_goes_to_whoever_is_in_time(self):
        found = again(delayed())
        assert found.unserved == ()
        assert moves(found.before, found.after) == [
            Move("a", "ann", "ben", clock("10:05"), clock("09:00")),
        ]

    def test_where_nobody_is_in_time_it_stays_as_late_as_it_is(self):
        plan = plan_of(
            engineer("ann"),
            ann=Route("ann", (visit("a", 5, ("09:00", "09:30")),), not_before=clock("10:00")),
        ).accepting_present_lateness()
        found = again(plan)
        assert (found.unserved, moves(found.before, found.after)) == ((), [])

    def test_visits_of_an_engineer_who_fell_ill_are_spread_over_the_others(self):
        plan = plan_of(engineer("ben"), engineer("cat"), ben=[visit("b", 5)])
        waiting = [visit(f"w{n}", n, ("09:00", "12:00")) for n in range(4)]
        found = again(plan, waiting)
        assert found.unserved == ()
        assert {move.from_engineer for move in moves(found.before, found.after)} == {None}

    def test_what_nobody_can_keep_is_unserved(self):
        found = again(plan_of(engineer()), [visit("far", 400, ("08:00", "08:30"))])
        assert [stop.visit_id for stop in found.unserved] == ["far"]

    def test_a_plan_that_cannot_be_better_stays_as_it_is(self):
        plan = plan_of(engineer(), ann=[visit("a", 5)])
        found = again(plan)
        assert found.after is plan
        assert found.saved_seconds == 0

    @settings(max_examples=60, deadline=None)
    @given(cities(), st.lists(stops(), max_size=8), st.sampled_from([0, clock("09:40"), clock("13:05")]))
    def test_breaks_nothing_that_was_not_broken_and_loses_nobody(self, plan, bookings, now):
        for number, stop in enumerate(bookings):
            stop = replace(stop, visit_id=number)
            found = best_insertion(stop, plan)
            if found is not None:
                plan = plan.with_stop(stop, found.engineer_id, found.position)
        held_up = [replace(route, not_before=now) for route in plan.routes.values()]
        before = DayPlan(list(plan), held_up, plan.travel).accepting_present_lateness()
        found = again(before, rounds=40)
        unserved = {stop.visit_id for stop in found.unserved}
        assert check_change(before, found.after, unserved=unserved) == []
        assert unserved == set(), "what was in a route can at least stay as it is"
