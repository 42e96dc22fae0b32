"""The fixed cities are all there, and no plan counts that the checker refuses."""

import pytest

from bench.afternoon import NEW_ORDERS, NOW, new_orders, under_way
from bench.cities import LOST, BrokenPlanError, best_known, from_routes, names, read, solve
from bench.rivals import reference_cities
from engineers.dispatch.explain import is_qualified
from repairhub.ops.start.bootstrap import CHECKOUT, SETS

SMALL = "city-100-20-s100"


class TestProblems:
    def test_there_are_38_with_a_best_plan_known_of_each(self):
        assert len(names()) == 38
        assert set(best_known()) == set(names())
        assert [len(names(size)) for size in ("100-20", "250-50", "500-100")] == [33, 3, 2]
        assert reference_cities() == [f"city-100-20-s{seed}" for seed in range(100, 130)]

    @pytest.mark.parametrize("name", names())
    def test_each_has_as_many_visits_and_engineers_as_its_name_says(self, name):
        city = read(name)
        _city, orders, engineers, _seed = name.split("-")
        assert (len(city.stops), len(city.plan)) == (int(orders), int(engineers))

    def test_the_best_known_score_is_travel_and_what_was_lost(self):
        assert best_known()[SMALL] == pytest.approx(630.9 * 60 + 3 * LOST)


class TestJudging:
    def test_an_empty_plan_loses_all_the_weight(self):
        found = from_routes(read(SMALL), {}, 0.0)
        assert (found.served, found.travel, found.score) == (0, 0, 218 * LOST)

    def test_a_plan_that_breaks_the_rules_has_no_score(self):
        city = read(SMALL)
        everything = {next(iter(city.plan)).engineer_id: [stop.visit_id for stop in city.stops]}
        with pytest.raises(BrokenPlanError, match=SMALL):
            from_routes(city, everything, 0.0)

    def test_our_search_is_judged_the_same_way(self):
        found = solve(SMALL, 0.2)
        routes = {key: [stop.visit_id for stop in route.stops] for key, route in found.plan.routes.items()}
        again = from_routes(read(SMALL), routes, 0.0)
        assert (again.served, again.score) == (found.served, found.score)
        assert found.served > 80


class TestAfternoon:
    def test_the_day_under_way_holds_as_it_stands(self):
        morning = solve(SMALL, 0.2).plan
        plan = under_way(morning, NOW)
        assert plan.late() == {}
        for day in plan:
            first, *others = plan.routes[day.engineer_id].stops or [None]
            assert all(stop.fixed_start is None for stop in others), "only the first can be under way"
            assert first is None or (first.promised, first.named) == (True, day.engineer_id)
            was = {p.visit_id: p for p in morning.planned(day.engineer_id)}
            now = {p.visit_id: p for p in plan.planned(day.engineer_id)}
            assert now == {key: p for key, p in was.items() if p.end > NOW}
            gone = [stop for stop in morning.routes[day.engineer_id].stops if stop.visit_id not in now]
            taken = sum(sum(stop.parts.values()) for stop in gone)
            assert sum(day.van.values()) == sum(morning.day(day.engineer_id).van.values()) - taken

    def test_new_orders_are_for_the_afternoon_and_for_somebody(self):
        city, elsewhere = read(SMALL), read("city-100-20-s104")
        new = new_orders(city, elsewhere, seed=1)
        assert len({stop.visit_id for stop in new}) == NEW_ORDERS
        assert new == new_orders(city, elsewhere, seed=1)
        for stop in new:
            assert stop.window_start >= NOW
            assert any(is_qualified(stop, day) for day in city.plan)
            # within the city, whose radius is at most 16 km and whose bases lie around its middle
            assert min(abs(stop.place[0] - day.base[0]) for day in city.plan) < 0.15


class TestRequirements:
    def test_every_set_that_can_be_installed_has_its_files(self):
        assert all((CHECKOUT / path).is_file() for paths in SETS.values() for path in paths)
