"""A route in rush hours: what is planned, what is offered, what the checker finds; numbers made by hand."""

from dataclasses import replace
from datetime import date

from engineers.dispatch import Pace, PlannedVisit, best_insertion, check_plan, feasible_windows
from engineers.dispatch.check import ViolationCode
from engineers.dispatch.explain import ReasonCode, no_gap
from engineers.dispatch.windows import Window
from tests.engineers.dispatch.builders import Street, clock, engineer, plan_of, spot, visit

RUSH = Pace(
    travel=(100,) * 8 + (200,) + (100,) * 15,
    service=(100,) * 9 + (150,) + (100,) * 14,
)


def spans(plan):
    """The planned spans of Ann's route."""
    return [(span.start, span.end) for span in plan.planned("ann")]


def test_a_drive_takes_longer_in_its_hour_and_a_service_in_its_own():
    plan = plan_of(engineer(pace=RUSH), ann=[visit("a", 20, minutes=40)])
    # 20 minutes at half the speed from 08:00; then 20 of the 40 minutes until nine, and 20 at 150 per cent
    assert spans(plan) == [(clock("08:40"), clock("09:30"))]


def test_the_latest_arrival_leaves_room_for_the_slow_hours_behind_it():
    plan = plan_of(engineer(pace=RUSH), ann=[visit("a", 10, minutes=10), visit("b", 30, ("08:00", "09:10"))])
    # to be there at 09:10, half of the 20 minutes' drive is left at nine, and the other half took from 08:40
    table = plan.timetable("ann")
    assert table.latest[1] == clock("08:30")
    assert table.feasible


def test_a_window_that_only_a_quick_drive_would_keep_is_shut_with_the_reason():
    wanted = visit("a", 25, ("08:00", "08:30"))
    quick, slow = plan_of(engineer()), plan_of(engineer(pace=RUSH))
    assert best_insertion(wanted, quick) is not None
    assert best_insertion(wanted, slow) is None
    reason = no_gap(wanted, slow.timetable("ann"))
    assert (reason.code, reason.data["late_by"]) == (ReasonCode.ARRIVES_LATE, 20 * 60)


def test_travel_is_counted_as_on_a_day_like_any_other():
    plan = plan_of(engineer(pace=RUSH), ann=[visit("a", 20)])
    assert plan.travel_seconds == 40 * 60


def test_the_checker_finds_who_plans_as_if_there_were_no_rush_hour():
    day = engineer(pace=RUSH)
    stop = visit("a", 20, minutes=40)
    hasty = {"ann": [PlannedVisit("a", clock("08:20"), clock("09:00"))]}
    found = check_plan(hasty, days=[day], stops=[stop], travel=Street())
    assert {(fault.code, fault.by) for fault in found} == {(ViolationCode.UNREACHABLE, 20 * 60)}
    short = {"ann": [PlannedVisit("a", clock("08:40"), clock("09:20"))]}
    (fault,) = check_plan(short, days=[day], stops=[stop], travel=Street())
    assert (fault.code, fault.by) == (ViolationCode.TOO_SHORT, 10 * 60)
    usual = check_plan(hasty, days=[replace(day, pace=None)], stops=[stop], travel=Street())
    assert usual == []


def test_a_window_offered_in_the_rush_hour_is_the_one_that_is_then_planned():
    plan = plan_of(engineer(pace=RUSH))
    (answer,) = feasible_windows(
        plan, [Window(date(2026, 11, 23), clock("08:00"), clock("10:00"))], place=spot(20), service=40 * 60
    )
    assert answer.best is not None
    assert (answer.best.start, answer.best.end) == (clock("08:40"), clock("09:30"))
