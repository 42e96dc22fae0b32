"""The search: better plans, and never one that breaks a promise."""

import random
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engineers.dispatch import DayPlan, Prices, Route, best_insertion, check_change, search
from tests.engineers.dispatch.builders import cities, engineer, plan_of, stops, visit


def run(plan, waiting=(), *, rounds=300, seed=1, **given):
    """A search with a few rounds."""
    return search(plan, waiting, draw=random.Random(seed), rounds=rounds, **given)


def routes_of(plan):
    """The visits of every route that has any."""
    return {key: [stop.visit_id for stop in route.stops] for key, route in plan.routes.items() if route.stops}


def crossed() -> DayPlan:
    """Two engineers who each drive to the other's side of the street."""
    return plan_of(
        engineer("west", base=(0.0, 0.0)),
        engineer("east", base=(0.0, 60.0)),
        west=[visit("e1", 58), visit("e2", 59)],
        east=[visit("w1", 1), visit("w2", 2)],
    )


class TestSearch:
    def test_uncrosses_routes(self):
        found = run(crossed())
        assert {key: sorted(ids) for key, ids in routes_of(found.plan).items()} == {
            "west": ["w1", "w2"],
            "east": ["e1", "e2"],
        }
        assert found.cost < found.cost_before
        assert found.unserved == ()

    def test_the_same_seed_and_rounds_give_the_same_plan(self):
        waiting = [visit(f"v{n}", n * 7 % 60, minutes=40) for n in range(20)]
        plan = plan_of(engineer("ann"), engineer("ben"))
        assert routes_of(run(plan, waiting).plan) == routes_of(run(plan, waiting).plan)

    def test_a_customer_who_knows_the_name_keeps_the_engineer_for_a_small_gain(self):
        west, east = engineer("west", base=(0.0, 0.0)), engineer("east", base=(0.0, 10.0))
        plan = plan_of(west, east, west=[visit("a", 6, named="west")])
        assert routes_of(run(plan, prices=Prices(change=900)).plan) == {"west": ["a"]}
        assert routes_of(run(plan, prices=Prices(change=100)).plan) == {"east": ["a"]}

    def test_pins_and_started_visits_stay(self):
        plan = plan_of(
            engineer("west", base=(0.0, 0.0)),
            engineer("east", base=(0.0, 60.0)),
            west=Route(
                "west",
                (visit("begun", 50, fixed_start=30_000), visit("pinned", 55, pinned=True), visit("c", 70)),
            ),
        )
        found = run(plan)
        assert routes_of(found.plan)["west"][:1] == ["begun"]
        assert "pinned" in routes_of(found.plan)["west"]
        assert "c" in routes_of(found.plan)["east"]

    def test_the_heavier_of_two_that_exclude_each_other_is_served(self):
        light = visit("light", 20, ("09:00", "09:10"), 120, weight=1, promised=False)
        heavy = visit("heavy", 40, ("09:00", "09:10"), 120, weight=3, promised=False)
        found = run(plan_of(engineer()), [light, heavy])
        assert [stop.visit_id for stop in found.unserved] == ["light"]

    def test_a_promise_goes_before_any_weight(self):
        kept = visit("kept", 20, ("09:00", "09:10"), 120)
        heavy = visit("heavy", 40, ("09:00", "09:10"), 120, weight=50, promised=False)
        found = run(plan_of(engineer(), ann=[kept]), [heavy])
        assert [stop.visit_id for stop in found.unserved] == ["heavy"]

    def test_where_not_all_promises_can_be_kept_the_fewest_are_broken(self):
        long = visit("long", 0, ("09:00", "09:00"), 240)
        short = [visit(f"s{hour}", 0, (f"{hour:02}:00", f"{hour:02}:10"), 30) for hour in (9, 10, 11)]
        found = run(plan_of(engineer()), [long, *short])
        assert [stop.visit_id for stop in found.unserved] == ["long"]

    def test_of_two_equal_promises_the_one_that_is_planned_stays(self):
        planned = visit("planned", 40, ("09:00", "09:10"), 120)
        waiting = visit("waiting", 20, ("09:00", "09:10"), 120)
        found = run(plan_of(engineer(), ann=[planned]), [waiting])
        assert [stop.visit_id for stop in found.unserved] == ["waiting"]

    def test_a_window_that_insertion_calls_shut_is_opened_by_moving_others(self):
        # ben could have "movable" as well; only ann can do the new one, in the very same window
        plan = plan_of(
            engineer("ann", skills={"screen": 2, "board": 1}),
            engineer("ben"),
            ann=[visit("movable", 5, ("09:00", "09:30"), 60)],
        )
        new = visit("new", 5, ("09:00", "09:30"), 60, skills={"board": 1})
        assert best_insertion(new, plan) is None
        found = run(plan, [new], rounds=200, stop_when_served=True)
        assert routes_of(found.plan) == {"ann": ["new"], "ben": ["movable"]}

    def test_a_day_without_engineers_or_visits_is_no_trouble(self):
        assert run(plan_of()).unserved == ()
        assert run(plan_of(engineer())).rounds == 0
        assert len(run(plan_of(), [visit("a")]).unserved) == 1

    def test_it_ends_when_the_seconds_are_used_up(self):
        ticks = iter(range(10_000))
        found = search(crossed(), draw=random.Random(1), seconds=50, spent=lambda: float(next(ticks)))
        assert 0 < found.rounds <= 16 * 50

    def test_without_a_budget_it_does_not_begin(self):
        with pytest.raises(ValueError, match="rounds"):
            search(crossed(), draw=random.Random(1))
        with pytest.raises(ValueError, match="clock"):
            search(crossed(), draw=random.Random(1), seconds=1)

    @settings(max_examples=60, deadline=None)
    @given(cities(), st.lists(stops(), max_size=9), st.integers(0, 5))
    def test_whatever_it_finds_the_checker_lets_pass(self, plan, bookings, seed):
        waiting = []
        for number, stop in enumerate(bookings):
            stop = replace(stop, visit_id=number)
            found = best_insertion(stop, plan)
            if found is None:
                waiting.append(stop)
            else:
                plan = plan.with_stop(stop, found.engineer_id, found.position)
        found = run(plan, waiting, rounds=60, seed=seed)
        served = {stop.visit_id for route in found.plan.routes.values() for stop in route.stops}
        unserved = {stop.visit_id for stop in found.unserved}
        assert check_change(plan, found.plan, new=waiting, unserved=unserved) == []
        assert len(unserved) <= len(waiting), "whoever is left out makes room for more than one who was"
        assert served | unserved == set(range(len(bookings)))
        assert found.cost <= found.cost_before
        for stop in found.unserved:
            assert best_insertion(stop, found.plan) is None
