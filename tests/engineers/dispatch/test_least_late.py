"""A visit in no route whose window nobody can keep: it goes to whoever arrives first, and no later."""

from dataclasses import replace

from engineers.dispatch import (
    EngineerDay,
    ReasonCode,
    Route,
    ViolationCode,
    candidates,
    check_change,
    earliest_arrival,
    insert,
    least_late,
)
from tests.engineers.dispatch.builders import clock, engineer, plan_of, spot, visit

PASSED = ("08:00", "10:00")
NOW = clock("10:30")


def afternoon(*days: EngineerDay, **routes: Route):
    """A plan of engineers who are at their bases at half past ten."""
    waiting = {day.engineer_id: Route(day.engineer_id, not_before=NOW) for day in days}
    return plan_of(*days, **{**waiting, **routes})


class TestEarliestArrival:
    def test_is_that_of_the_nearest_who_can_come(self) -> None:
        plan = afternoon(engineer("far", base=spot(60)), engineer("near", base=spot(25)))
        assert earliest_arrival(visit("v", at=20, window=PASSED), plan) == clock("10:35")

    def test_asks_only_the_qualified_and_those_at_work(self) -> None:
        plan = afternoon(
            engineer("apprentice", base=spot(20), skills={}),
            EngineerDay.off("off", spot(20), skills={"screen": 2}),
        )
        assert earliest_arrival(visit("v", at=20, window=PASSED), plan) is None

    def test_breaks_no_promise_and_no_shift(self) -> None:
        promised = visit("promised", at=60, window=("11:00", "11:30"))
        route = Route("ann", (promised,), not_before=NOW)
        plan = afternoon(engineer("ann"), ann=route)
        # first there in time, then back: 10:30 + 60 minutes' drive, half an hour of work, 40 minutes back
        assert earliest_arrival(visit("v", at=20, window=PASSED), plan) == clock("12:40")
        short = afternoon(engineer("ann", shift=("08:00", "13:00")), ann=route)
        assert earliest_arrival(visit("v", at=20, window=PASSED), short) is None


class TestLeastLate:
    def test_leaves_a_window_that_somebody_can_keep(self) -> None:
        stop = visit("v", at=20, window=("10:00", "12:00"))
        assert least_late(stop, afternoon(engineer("near"))) is stop

    def test_leaves_what_stands_in_a_route(self) -> None:
        stop = visit("v", at=20, window=PASSED)
        plan = afternoon(engineer("ann"), ann=Route("ann", (stop,), not_before=NOW))
        assert least_late(stop, plan) is stop

    def test_leaves_what_nobody_can_come_to(self) -> None:
        stop = visit("v", at=20, window=PASSED)
        assert least_late(stop, afternoon(engineer("apprentice", skills={}))) is stop

    def test_makes_whoever_arrives_first_the_only_candidate_and_says_how_late(self) -> None:
        plan = afternoon(engineer("far", base=spot(60)), engineer("near", base=spot(25)))
        first, second = candidates(least_late(visit("v", at=20, window=PASSED), plan), plan)
        assert (first.engineer_id, first.feasible, first.start) == ("near", True, clock("10:35"))
        assert first.reasons[0].data["late_by"] == 35 * 60
        assert [reason.code for reason in second.reasons] == [ReasonCode.ARRIVES_LATE]


class TestTheChecker:
    def test_accepts_the_least_lateness_and_none_beyond_it(self) -> None:
        plan = afternoon(engineer("ann"))
        stop = visit("v", at=20, window=PASSED)
        late = least_late(stop, plan)
        best = candidates(late, plan)[0]
        after = insert(late, plan, best)
        assert check_change(plan, after, new=[late]) == []
        [fault] = check_change(plan, after, new=[replace(late, late_until=clock("10:40"))])
        assert (fault.code, fault.by) == (ViolationCode.LATE, 50 * 60)

    def test_keeps_a_booking_to_its_window(self) -> None:
        plan = afternoon(engineer("ann"))
        stop = visit("v", at=20, window=PASSED)
        after = plan.with_stop(stop, "ann", 0)
        assert [fault.code for fault in check_change(plan, after, new=[stop])] == [ViolationCode.LATE]
