"""Suppositions about a day: they free, delay and place what they say, and touch nothing else."""

import random
from dataclasses import replace

import pytest

from engineers.dispatch import Prices, Route, check_change
from engineers.dispatch.replan import replan
from engineers.dispatch.search import search
from engineers.dispatch.what_if import around_it, held_up, with_a_place, without_engineer
from tests.engineers.dispatch.builders import MINUTE, clock, engineer, plan_of, visit


def starts(plan, engineer_id="ann"):
    """Planned starts of the engineer's route by visit."""
    return {planned.visit_id: planned.start for planned in plan.planned(engineer_id)}


class TestWithoutEngineer:
    def test_frees_what_is_not_under_way_and_keeps_the_rest(self):
        begun = visit("a", 5, ("09:00", "10:00"), fixed_start=clock("09:10"))
        route = Route("ann", (begun, visit("b", 10), visit("c", 15)), not_before=clock("09:20"))
        plan, freed = without_engineer(plan_of(engineer("ann"), engineer("ben"), ann=route), "ann")
        assert [stop.visit_id for stop in freed] == ["b", "c"]
        assert [stop.visit_id for stop in plan.routes["ann"].stops] == ["a"]
        assert not plan.day("ann").on_shift
        assert plan.day("ann").off_because == "absent"
        assert plan.day("ben").on_shift

    def test_takes_pins_and_accepted_lateness_off(self):
        stop = visit("b", 10, pinned=True, late_until=clock("21:00"))
        _plan, freed = without_engineer(plan_of(engineer("ann"), ann=[stop]), "ann")
        assert freed == (replace(stop, pinned=False, late_until=None),)

    def test_whoever_is_under_way_past_the_end_may_still_end_it(self):
        begun = visit("a", 5, ("09:00", "10:00"), fixed_start=clock("09:10"))
        plan, _freed = without_engineer(plan_of(engineer("ann"), ann=[begun]), "ann")
        assert plan.late() == {}
        assert check_change(plan, plan) == []

    def test_an_unknown_engineer_is_refused(self):
        with pytest.raises(KeyError):
            without_engineer(plan_of(engineer("ann")), "zoe")


class TestHeldUp:
    def test_on_the_way_the_visit_starts_later(self):
        stop = visit("a", 5, ("09:00", "10:00"), fixed_start=clock("09:00"))
        late = held_up(plan_of(engineer(), ann=[stop, visit("b", 5)]), "a", clock("10:00"))
        assert starts(late) == {"a": clock("09:30"), "b": clock("10:00")}

    def test_at_the_door_the_work_takes_longer(self):
        stop = visit("a", 5, ("09:00", "10:00"), fixed_start=clock("09:00"))
        late = held_up(plan_of(engineer(), ann=[stop, visit("b", 5)]), "a", clock("10:00"), at_the_door=True)
        assert starts(late) == {"a": clock("09:00"), "b": clock("10:00")}

    def test_before_that_the_engineer_comes_free_later(self):
        late = held_up(
            plan_of(engineer(), ann=[visit("a", 5, ("08:00", "10:00")), visit("b", 5)]), "a", clock("10:00")
        )
        assert starts(late) == {"a": clock("09:30"), "b": clock("10:00")}

    def test_what_becomes_late_by_it_is_accepted_as_late_as_it_is(self):
        late = held_up(
            plan_of(engineer(), ann=[visit("a", 5), visit("b", 5, ("08:00", "09:00"))]), "a", clock("10:00")
        )
        assert late.late() == {}
        assert late.routes["ann"].stops[1].deadline == clock("10:00")

    def test_asked_again_it_changes_nothing_more(self):
        for stop in (visit("a", 5), visit("a", 5, fixed_start=clock("09:00"))):
            once = held_up(plan_of(engineer(), ann=[stop]), "a", clock("11:00"))
            assert held_up(once, "a", clock("11:00")) is once

    def test_a_visit_that_ends_later_anyhow_changes_nothing(self):
        plan = plan_of(engineer(), ann=[visit("a", 5)])
        assert held_up(plan, "a", clock("08:10")) is plan
        assert held_up(plan, "nowhere", clock("11:00")) is plan


class Ticks:
    """A clock that moves on by a little with each look."""

    def __init__(self):
        self.looks = 0

    def __call__(self):
        self.looks += 1
        return self.looks / 100


class TestAroundIt:
    def around(self, plan, waiting, **given):
        """Replanned with some looks at the clock."""
        return around_it(plan, waiting, draw=random.Random(1), seconds=0.4, spent=Ticks(), **given)

    def test_rather_without_slack_than_not_at_all(self):
        plan = plan_of(engineer("ann"), engineer("ben"), ann=[visit("a", 30)])
        tight = visit("t", 5, ("08:00", "08:10"))
        slack = Prices(slack=10 * MINUTE)
        strict = search(plan, [tight], draw=random.Random(1), rounds=50, prices=slack)
        assert [stop.visit_id for stop in strict.unserved] == ["t"], "control: none with that slack"
        assert replan(plan, [tight], draw=random.Random(1), rounds=50, prices=slack).unserved == ()
        found = self.around(plan, [tight], prices=slack)
        assert found.unserved == ()
        assert found.after.engineer_of("t") is not None
        assert check_change(plan, found.after, new=[tight]) == []

    def test_what_nobody_can_keep_at_all_is_unserved(self):
        plan = plan_of(engineer("ann"), ann=[visit("a", 30)])
        found = self.around(plan, [visit("far", 400)], prices=Prices(slack=MINUTE))
        assert [stop.visit_id for stop in found.unserved] == ["far"]
        assert found.after is plan

    def test_where_everybody_is_kept_slack_is_kept_too(self):
        plan = plan_of(engineer("ann"), engineer("ben"), ann=[visit("a", 30)])
        found = self.around(plan, [visit("t", 5)], prices=Prices(slack=10 * MINUTE))
        assert found.unserved == ()


class TestWithAPlace:
    def place(self, plan, stop, **given):
        """Looks for it with a few rounds."""
        return with_a_place(plan, stop, draw=random.Random(1), rounds=300, **given)

    def test_another_moves_so_that_it_has_its_place(self):
        # ann alone may do boards, and has an easy visit at that hour which ben can take
        plan = plan_of(
            engineer("ann", skills={"screen": 2, "board": 2}),
            engineer("ben"),
            ann=[visit("easy", 5, ("09:00", "09:30"), 60)],
        )
        wished = visit("hard", 5, ("09:00", "09:30"), 60, skills={"board": 1})
        found = self.place(plan, wished)
        assert (found.after.engineer_of("hard"), found.after.engineer_of("easy")) == ("ann", "ben")
        assert found.unserved == ()
        assert check_change(plan, found.after, new=[wished]) == []

    def test_where_nobody_can_it_stays_without(self):
        plan = plan_of(engineer(), ann=[visit("a", 5, ("09:00", "09:30"), 60)])
        found = self.place(plan, visit("b", 5, ("09:00", "09:30"), 60))
        assert found.after is plan
        assert [stop.visit_id for stop in found.unserved] == ["b"]

    def test_a_late_one_in_a_route_goes_to_somebody_in_time(self):
        plan = held_up(
            plan_of(engineer("ann"), engineer("ben"), ann=[visit("a", 5), visit("b", 5, ("08:00", "09:00"))]),
            "a",
            clock("10:00"),
        )
        found = self.place(plan, plan.routes["ann"].stops[1])
        assert found.after.engineer_of("b") == "ben"

    def test_without_a_place_in_time_a_late_one_stays_where_it_is(self):
        plan = held_up(
            plan_of(engineer("ann"), ann=[visit("a", 5), visit("b", 5, ("08:00", "09:00"))]),
            "a",
            clock("10:00"),
        )
        found = self.place(plan, plan.routes["ann"].stops[1])
        assert (found.after, found.unserved) == (plan, ())

    def test_rather_without_slack_than_not_at_all(self):
        plan = plan_of(engineer("ann"))
        tight = visit("t", 5, ("08:00", "08:10"))
        found = self.place(plan, tight, prices=Prices(slack=10 * MINUTE))
        assert found.after.engineer_of("t") == "ann"
