"""What holds for any problem: drawn at random, checked against plain recomputation."""

from dataclasses import replace
from datetime import date

from hypothesis import given, settings
from hypothesis import strategies as st

from engineers.dispatch import (
    Clock,
    PlannedVisit,
    Timetable,
    best_insertion,
    candidates,
    check_change,
    check_plan,
    feasible_windows,
    insert,
)
from engineers.dispatch.check import ViolationCode
from engineers.dispatch.explain import no_gap
from engineers.dispatch.insertion import best_position
from engineers.dispatch.windows import Window
from tests.engineers.dispatch.builders import cities, stops, timetabled

TIME_CODES = {
    ViolationCode.LATE,
    ViolationCode.HOME_LATE,
    ViolationCode.UNREACHABLE,
    ViolationCode.BEFORE_WINDOW,
    ViolationCode.IN_BREAK,
    ViolationCode.OVERLAP,
    ViolationCode.TOO_SHORT,
}
SLACKS = st.sampled_from([0, 0, 300, 900])
EARLIEST = st.sampled_from([0, 0, 36_000, 47_000])
few = settings(max_examples=150, deadline=None)


def delays(timetable, changed, position):
    """Whether the stop put in at the position makes the next node be reached later than before."""
    return changed.arrivals[position + 2] > timetable.arrivals[position + 1]


def holds_with_a_delay(timetable, node, delay):
    """Drive on from the node, reached so much later: does everything from there on hold?"""
    stops, travel, clock = timetable.route.stops, timetable.travel, timetable.clock or Clock()
    now, place = timetable.arrivals[node] + delay, timetable.places[node]
    for number in range(node, len(stops) + 1):
        stop = stops[number - 1]
        if number > node:
            now = clock.arrival(now, travel.seconds(place, stop.place))
        start = clock.service_start(max(now, stop.window_start), stop.service)
        if start > stop.deadline:
            return False
        now, place = clock.service_end(start, stop.service), stop.place
    if node <= len(stops):
        now = clock.arrival(now, travel.seconds(place, timetable.day.base))
    return now <= timetable.home_by


class TestOneInsertion:
    @settings(max_examples=400, deadline=None)
    @given(timetabled(), stops(picky=False), SLACKS, EARLIEST, st.data())
    def test_answered_in_constant_time_is_answered_as_by_driving_it_all_through(
        self, drawn, stop, slack, earliest, data
    ):
        day, route, travel = drawn
        timetable = Timetable(day, route, travel)
        position = data.draw(st.integers(route.first_free, len(route.stops)))
        changed = Timetable(day, route.with_stop(stop, position), travel)
        node = position + 1
        clock = timetable.clock or Clock()
        start = clock.service_start(max(changed.starts[node], earliest), stop.service)
        # put in with its start no sooner than `earliest`: as if its window began there
        late_window = replace(stop, window_start=start, window_end=max(start, stop.window_end))
        changed = Timetable(day, route.with_stop(late_window, position), travel)
        expected = start <= stop.deadline - slack and (
            not delays(timetable, changed, position) or holds_with_a_delay(changed, node + 1, slack)
        )
        found = timetable.fit(stop, position, slack=slack, earliest=earliest)
        assert (found is not None) == expected
        if found is not None:
            driven = sum(changed.legs) - sum(timetable.legs)
            assert found == (driven, changed.starts[node])

    @few
    @given(timetabled(), stops(picky=False), SLACKS, EARLIEST)
    def test_the_best_position_is_the_best_of_all_positions(self, drawn, stop, slack, earliest):
        day, route, travel = drawn
        timetable = Timetable(day, route, travel)
        every = [
            (*found, position)
            for position in range(route.first_free, len(route.stops) + 1)
            if (found := timetable.fit(stop, position, slack=slack, earliest=earliest)) is not None
        ]
        assert best_position(timetable, stop, slack=slack, earliest=earliest) == min(every, default=None)

    @few
    @given(cities(), st.lists(st.tuples(stops(), SLACKS), max_size=12))
    def test_never_breaks_a_window_that_was_promised(self, plan, bookings):
        for number, (stop, slack) in enumerate(bookings):
            stop = replace(stop, visit_id=number)
            candidate = best_insertion(stop, plan, slack=slack)
            if candidate is None:
                continue
            changed = insert(stop, plan, candidate)
            assert changed.late() == {}
            assert check_change(plan, changed, new=[stop]) == []
            assert PlannedVisit(number, candidate.start, candidate.end) in changed.planned(
                candidate.engineer_id
            )
            assert changed.travel_seconds - plan.travel_seconds == candidate.extra_travel
            plan = changed

    @few
    @given(cities(), stops(), SLACKS, EARLIEST)
    def test_every_engineer_is_answered_once_with_a_reason(self, plan, stop, slack, earliest):
        found = candidates(stop, plan, slack=slack, earliest=earliest)
        assert sorted(c.engineer_id for c in found) == sorted(day.engineer_id for day in plan)
        assert all(c.reasons for c in found)
        assert [c.feasible for c in found] == sorted((c.feasible for c in found), reverse=True)
        extras = [c.extra_travel for c in found if c.feasible]
        assert extras == sorted(extras)

    @few
    @given(timetabled(), stops(picky=False), SLACKS)
    def test_a_refusal_says_by_how_much_it_misses(self, drawn, stop, slack):
        timetable = Timetable(*drawn)
        if best_position(timetable, stop, slack=slack) is None:
            reason = no_gap(stop, timetable, slack=slack)
            assert reason.data.get("late_by", 1) > 0


class TestAnOfferedWindow:
    @few
    @given(cities(), st.lists(stops(), max_size=6), stops(), SLACKS)
    def test_is_one_that_booking_then_gets(self, plan, booked, wanted, slack):
        for number, stop in enumerate(booked):
            stop = replace(stop, visit_id=number, skills={}, brands=frozenset())
            candidate = best_insertion(stop, plan)
            plan = plan if candidate is None else insert(stop, plan, candidate)
        windows = [Window(date(2026, 11, 23), h * 3600, (h + 2) * 3600) for h in range(8, 20, 2)]
        answers = feasible_windows(
            plan,
            windows,
            place=wanted.place,
            service=wanted.service,
            skills=wanted.skills,
            brands=wanted.brands,
            slack=slack,
        )
        for answer in answers:
            stop = replace(wanted, window_start=answer.window.start, window_end=answer.window.end)
            assert answer.best == best_insertion(stop, plan, slack=slack)
            assert answer.feasible == (answer.best is not None) == (answer.reason is None)


class TestTheChecker:
    @settings(max_examples=300, deadline=None)
    @given(timetabled())
    def test_agrees_with_the_timetable_on_any_route(self, drawn):
        day, route, travel = drawn
        timetable = Timetable(day, route, travel)
        found = check_plan(
            {day.engineer_id: timetable.planned()},
            days=[day],
            stops=route.stops,
            travel=travel,
            routes=[route],
        )
        times = {(f.code, f.visit_id): f.by for f in found if f.code in TIME_CODES}
        expected = {(ViolationCode.LATE, visit_id): by for visit_id, by in timetable.late().items()}
        if timetable.overrun():
            expected[ViolationCode.HOME_LATE, None] = timetable.overrun()
        assert times == expected

    @few
    @given(timetabled(), st.integers(1, 1800), st.data())
    def test_finds_any_span_that_is_sooner_than_can_be(self, drawn, by, data):
        day, route, travel = drawn
        planned = list(Timetable(day, route, travel).planned())
        if not planned:
            return
        number = data.draw(st.integers(0, len(planned) - 1))
        visit = planned[number]
        planned[number] = PlannedVisit(visit.visit_id, visit.start - by, visit.end - by)
        found = check_plan(
            {day.engineer_id: planned}, days=[day], stops=route.stops, travel=travel, routes=[route]
        )
        assert {f.code for f in found if f.visit_id == visit.visit_id} & {
            ViolationCode.UNREACHABLE,
            ViolationCode.BEFORE_WINDOW,
            ViolationCode.IN_BREAK,
        }
