"""Windows opened by moving others."""

import random
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from engineers.dispatch import Prices, best_insertion, check_change
from engineers.dispatch.opening import open_by_moving
from tests.engineers.dispatch.builders import cities, engineer, plan_of, stops, visit

ONLY_ANN = {"board": 1}


def full():
    """Ann alone can do boards, and at nine she has what ben could do as well."""
    return plan_of(
        engineer("ann", skills={"screen": 2, "board": 1}),
        engineer("ben"),
        ann=[visit("movable", 5, ("09:00", "09:30"), 60)],
    )


def wish(**more):
    """A visit at nine that only ann can do."""
    return visit("new", 5, ("09:00", "09:30"), 60, skills=ONLY_ANN, **more)


def opened(plan, stop, **given):
    """The plan with the visit, or None."""
    return open_by_moving(plan, stop, draw=random.Random(1), **given)


class TestOpenByMoving:
    def test_moves_another_to_whoever_can_have_it(self):
        assert best_insertion(wish(), full()) is None
        plan = opened(full(), wish())
        assert plan.engineer_of("new") == "ann"
        assert plan.engineer_of("movable") == "ben"

    def test_the_visit_in_the_plan_is_the_one_asked_for(self):
        stop = wish(weight=1)
        assert stop in opened(full(), stop).routes["ann"].stops

    def test_drops_nobody_for_it(self):
        plan = plan_of(
            engineer("ann", skills={"screen": 2, "board": 1}), ann=[visit("a", 5, ("09:00", "09:30"), 60)]
        )
        assert opened(plan, wish()) is None

    def test_what_fits_anyway_moves_nobody(self):
        plan = opened(full(), visit("easy", 5, ("14:00", "15:00")))
        assert plan.engineer_of("movable") == "ann"

    def test_a_pin_is_no_candidate_for_moving(self):
        plan = plan_of(
            engineer("ann", skills={"screen": 2, "board": 1}),
            engineer("ben"),
            ann=[visit("pinned", 5, ("09:00", "09:30"), 60, pinned=True)],
        )
        assert opened(plan, wish()) is None

    def test_slack_is_kept_for_what_is_opened(self):
        plan = plan_of(engineer("ann", skills=ONLY_ANN))
        tight = visit("tight", 60, ("08:00", "09:05"), skills=ONLY_ANN)
        assert opened(plan, tight) is not None
        assert opened(plan, tight, prices=Prices(slack=600)) is None

    @settings(max_examples=60, deadline=None)
    @given(cities(), st.lists(stops(), max_size=7), stops())
    def test_whatever_is_opened_the_checker_lets_pass(self, plan, bookings, wanted):
        for number, stop in enumerate(bookings):
            stop = replace(stop, visit_id=number)
            found = best_insertion(stop, plan)
            if found is not None:
                plan = plan.with_stop(stop, found.engineer_id, found.position)
        after = opened(plan, wanted, rounds=40)
        if after is not None:
            assert check_change(plan, after, new=[wanted]) == []
            assert after.engineer_of(wanted.visit_id) is not None
