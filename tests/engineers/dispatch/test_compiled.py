"""The compiled rounds: the same plan as the plain ones, from the same draws."""

import random
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engineers.dispatch import (
    DayPlan,
    EngineerDay,
    HaversineTravel,
    Prices,
    Route,
    Stop,
    check_change,
    search,
)
from engineers.dispatch.kept import is_kept, keep
from tests.engineers.dispatch.builders import cities, stops

CHECKOUT = Path(__file__).resolve().parents[3]
PLACE = (39.9, 116.4)


def routes_of(plan):
    """The visits of every route, in order."""
    return {key: [stop.visit_id for stop in route.stops] for key, route in plan.routes.items()}


def both(plan, waiting, **given):
    """The plain and the compiled search from the same seed."""
    seed = given.pop("seed", 1)
    return [search(plan, waiting, draw=random.Random(seed), compiled=c, **given) for c in (False, True)]


def full_day(engineers=6, visits=40) -> tuple[DayPlan, list[Stop]]:
    """A day with vans, parts, names, weights and pins, and more visits than it can hold."""
    draw = random.Random(7)
    place = lambda: (39.8 + draw.random() / 5, 116.3 + draw.random() / 5)  # noqa: E731
    days = [
        EngineerDay(
            n, place(), 8 * 3600, (15 + n % 5) * 3600, {"screen": 1 + n % 3}, van={"a": 3, "b": n % 4}
        )
        for n in range(engineers)
    ]
    waiting = []
    for number in range(visits):
        start = draw.choice([8, 10, 12, 14, 16]) * 3600
        waiting.append(
            Stop(
                number,
                place(),
                start,
                start + 7200,
                draw.choice([1800, 2700, 3600]),
                {"screen": draw.choice([1, 1, 2, 3])},
                weight=draw.choice([1, 3, 10]),
                parts={draw.choice("ab"): 1} if draw.random() < 0.5 else {},
                promised=draw.random() < 0.7,
                named=draw.choice([None, None, 0, 3]),
            )
        )
    return DayPlan(days, [], HaversineTravel()), waiting


class TestRounds:
    @settings(max_examples=60, deadline=None)
    @given(cities(), st.lists(stops(), min_size=1, max_size=9), st.integers(0, 5))
    def test_find_the_plan_that_the_plain_ones_find(self, plan, bookings, seed):
        waiting = [replace(stop, visit_id=number) for number, stop in enumerate(bookings)]
        plain, compiled = both(plan, waiting, rounds=64, seed=seed)
        assert routes_of(compiled.plan) == routes_of(plain.plan)
        assert (compiled.cost, compiled.rounds, compiled.unserved) == (
            plain.cost,
            plain.rounds,
            plain.unserved,
        )

    def test_do_so_with_vans_names_and_weights(self):
        plan, waiting = full_day()
        plain, compiled = both(plan, waiting, rounds=2000, prices=Prices(change=1200, slack=600))
        assert routes_of(compiled.plan) == routes_of(plain.plan)
        assert (compiled.cost, compiled.unserved) == (plain.cost, plain.unserved)
        assert plain.unserved, "the day holds not all of them, so leaving out is compared as well"
        faults = check_change(
            plan, compiled.plan, new=waiting, unserved={s.visit_id for s in compiled.unserved}
        )
        assert faults == []

    def test_other_draws_find_another_plan(self):
        """The control: were routes compared that hardly differ, the tests above would say nothing."""
        plan, waiting = full_day()
        plain = search(plan, waiting, draw=random.Random(1), rounds=2000)
        other = search(plan, waiting, draw=random.Random(2), rounds=2000, compiled=True)
        assert routes_of(other.plan) != routes_of(plain.plan)

    def test_go_on_where_the_draws_stand(self):
        plan, waiting = full_day()
        draws = [random.Random(3), random.Random(3)]
        for draw, compiled in zip(draws, (False, True), strict=True):
            search(plan, waiting, draw=draw, rounds=320, compiled=compiled)
        assert draws[0].random() == draws[1].random()

    def test_keep_pins_and_started_visits(self):
        plan, waiting = full_day(visits=12)
        started = replace(waiting[0], skills={}, parts={}, fixed_start=waiting[0].window_start)
        pinned = replace(
            waiting[1], skills={}, parts={}, pinned=True, window_end=waiting[1].window_end + 9000
        )
        plan = plan.with_route(Route(0, (started,))).with_route(Route(1, (pinned,)))
        found = search(plan, waiting[2:], draw=random.Random(1), rounds=800, compiled=True)
        assert found.plan.routes[0].stops[0] == started
        assert found.plan.engineer_of(pinned.visit_id) == 1

    def test_end_as_soon_as_nobody_waits(self):
        plan, waiting = full_day(engineers=12, visits=6)
        for each in both(plan, waiting, rounds=5000, stop_when_served=True):
            assert each.unserved == ()
            assert each.rounds == 0

    def test_end_when_the_seconds_are_used_up(self):
        plan, waiting = full_day()
        ticks = iter(range(1000))
        found = search(
            plan, waiting, draw=random.Random(1), seconds=5, spent=lambda: float(next(ticks)), compiled=True
        )
        assert 0 < found.rounds <= 5 * 4096


class TestKeep:
    def test_once_kept_they_load_at_once(self):
        assert keep()
        assert is_kept()

    def test_without_a_change_of_source_nothing_is_compiled_again(self):
        keep()
        code = "import sys; from engineers.dispatch.kept import keep; keep(); print('numba' in sys.modules)"
        said = subprocess.run(
            [sys.executable, "-c", code], cwd=CHECKOUT, capture_output=True, text=True, check=True
        )
        assert said.stdout.strip() == "False"

    @pytest.mark.parametrize(
        "module", ["engineers.dispatch", "engineers.services.replanning", "repairhub.wsgi"]
    )
    def test_a_web_process_does_not_load_the_compiler(self, module):
        code = f"import sys, django; django.setup(); import {module}; print('numba' in sys.modules)"
        said = subprocess.run(
            [sys.executable, "-c", code],
            cwd=CHECKOUT,
            env={"DJANGO_SETTINGS_MODULE": "repairhub.settings.test", "PATH": ""},
            capture_output=True,
            text=True,
            check=True,
        )
        assert said.stdout.strip() == "False"
