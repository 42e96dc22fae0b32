"""Candidates with their reasons, and the windows that can be promised."""

from dataclasses import replace
from datetime import date

import pytest

from engineers.dispatch import (
    Candidate,
    EngineerDay,
    ReasonCode,
    Route,
    Window,
    arrival_windows,
    best_insertion,
    candidate_for,
    candidates,
    check_change,
    feasible_windows,
    insert,
)
from tests.engineers.dispatch.builders import clock, engineer, plan_of, spot, visit

ON = date(2026, 11, 23)
MORNING = ("08:00", "10:00")
NOON = ("10:00", "12:00")


def codes(candidate):
    return [reason.code for reason in candidate.reasons]


def only_reason(stop, day, route=(), **more):
    [found] = candidates(stop, plan_of(day, **{day.engineer_id: list(route)}), **more)
    [reason] = found.reasons
    assert found.feasible == (reason.code is ReasonCode.FITS)
    return reason.code, dict(reason.data)


class TestCandidates:
    def test_come_with_the_least_extra_travel_first(self):
        plan = plan_of(
            engineer("far", base=spot(60)),
            engineer("near", base=spot(25)),
            engineer("nearest", base=spot(19)),
        )
        found = candidates(visit("new", at=20), plan)
        assert [(c.engineer_id, c.extra_minutes) for c in found] == [
            ("nearest", 2),
            ("near", 10),
            ("far", 80),
        ]
        assert found[0] == Candidate(
            "nearest", True, found[0].reasons, 0, clock("08:01"), clock("08:31"), 2 * 60
        )

    def test_of_equal_travel_the_earlier_start_comes_first_then_the_order_given(self):
        plan = plan_of(engineer("late", shift=("09:00", "17:00")), engineer("b"), engineer("a"))
        assert [c.engineer_id for c in candidates(visit("new", at=5), plan)] == ["b", "a", "late"]

    def test_fitting_ones_come_before_busy_ones_before_absent_ones_before_unqualified_ones(self):
        full = [visit("x", window=("08:00", "20:00"), minutes=500)]
        plan = plan_of(
            engineer("unqualified", skills={}),
            EngineerDay.off("absent", spot(0), skills={"screen": 1}),
            engineer("busy"),
            engineer("fitting"),
            busy=full,
        )
        found = candidates(visit("new", window=NOON, minutes=60), plan)
        assert [c.engineer_id for c in found] == ["fitting", "busy", "absent", "unqualified"]
        assert [c.feasible for c in found] == [True, False, False, False]

    def test_busy_ones_come_with_the_nearest_miss_first(self):
        plan = plan_of(
            engineer("far", base=spot(200)), engineer("near", base=spot(130)), engineer("mid", base=spot(150))
        )
        found = candidates(visit("new", window=MORNING), plan)
        assert [c.engineer_id for c in found] == ["near", "mid", "far"]

    def test_a_limit_keeps_the_best(self):
        plan = plan_of(*(engineer(f"e{n}", base=spot(n)) for n in range(9)))
        assert [c.engineer_id for c in candidates(visit("new"), plan, limit=2)] == ["e0", "e1"]
        blocked = candidates(visit("new", skills={"board": 1}), plan, limit=2)
        assert [c.feasible for c in blocked] == [False, False]

    def test_a_visit_that_has_an_engineer_is_looked_at_as_if_it_had_none(self):
        stop = visit("a", at=20, minutes=300)
        plan = plan_of(engineer("ann"), engineer("bob", base=spot(5)), ann=[stop])
        assert [(c.engineer_id, c.feasible) for c in candidates(stop, plan)] == [("bob", True), ("ann", True)]
        assert insert(stop, plan, candidates(stop, plan)[0]).engineer_of("a") == "bob"

    def test_among_keeps_to_some(self):
        plan = plan_of(engineer("ann"), engineer("bob"))
        assert [c.engineer_id for c in candidates(visit("new"), plan, among={"bob"})] == ["bob"]

    def test_no_engineers_no_candidates(self):
        assert candidates(visit("new"), plan_of()) == []
        assert best_insertion(visit("new"), plan_of()) is None

    def test_the_cheapest_place_of_the_route_is_taken(self):
        plan = plan_of(engineer(), ann=[visit("a", at=20), visit("b", at=50)])
        found = best_insertion(visit("new", at=30), plan)
        assert (found.position, found.extra_travel) == (1, 0)
        assert dict(found.reasons[0].data) == {
            "extra_travel": 0,
            "start": clock("09:00"),
            "after": "a",
            "before": "b",
        }

    def test_nobody_is_put_before_a_started_visit(self):
        route = Route("ann", (visit("a", at=20, fixed_start=clock("09:00")),), start_place=spot(20))
        found = best_insertion(visit("new", at=20), plan_of(engineer(), ann=route))
        assert (found.position, found.start) == (1, clock("09:30"))

    def test_one_engineers_answer_can_be_asked_alone(self):
        plan = plan_of(engineer("ann"), engineer("bob", skills={}))
        assert candidate_for(visit("new"), plan, "ann").feasible
        assert codes(candidate_for(visit("new"), plan, "bob")) == [ReasonCode.NOT_QUALIFIED]
        with pytest.raises(KeyError):
            candidate_for(visit("new"), plan, "eve")


class TestReasons:
    def test_no_certificate(self):
        assert only_reason(visit("new"), engineer(skills={"board": 3})) == (
            ReasonCode.NOT_QUALIFIED,
            {"skill": "screen", "level": 1},
        )

    def test_level_too_low(self):
        assert only_reason(visit("new", skills={"screen": 3}), engineer()) == (
            ReasonCode.LEVEL_TOO_LOW,
            {"skill": "screen", "level": 3, "held": 2},
        )

    @pytest.mark.parametrize("why", ["expired", "suspended", "not_yet_valid"])
    def test_lapsed_certificate(self, why):
        day = engineer(skills={}, lapsed={"screen": why})
        assert only_reason(visit("new"), day) == (
            ReasonCode.CERTIFICATE_LAPSED,
            {"skill": "screen", "level": 1, "why": why},
        )

    def test_a_lapsed_certificate_does_not_matter_beside_a_valid_one(self):
        assert candidate_for(visit("new"), plan_of(engineer(lapsed={"screen": "expired"})), "ann").feasible

    def test_no_authorisation(self):
        assert only_reason(visit("new", brands=frozenset({"apple"})), engineer()) == (
            ReasonCode.NOT_AUTHORISED,
            {"brand": "apple"},
        )

    def test_all_that_is_lacking_is_said_at_once(self):
        stop = visit("new", skills={"board": 1, "screen": 3}, brands=frozenset({"b", "a"}))
        [found] = candidates(stop, plan_of(EngineerDay.off("ann", spot(0), skills={"screen": 1})))
        assert codes(found) == [
            ReasonCode.NOT_QUALIFIED,
            ReasonCode.LEVEL_TOO_LOW,
            ReasonCode.NOT_AUTHORISED,
            ReasonCode.NOT_AUTHORISED,
            ReasonCode.NOT_ON_SHIFT,
        ]
        assert [r.data["brand"] for r in found.reasons[2:4]] == ["a", "b"]

    @pytest.mark.parametrize("why", ["absent", "no_shift"])
    def test_day_off(self, why):
        day = EngineerDay.off("ann", spot(0), because=why, skills={"screen": 1})
        assert only_reason(visit("new"), day) == (ReasonCode.NOT_ON_SHIFT, {"why": why})

    @pytest.mark.parametrize("window", [("17:00", "19:00"), ("06:00", "07:59")])
    def test_outside_the_shift(self, window):
        assert only_reason(visit("new", window=window), engineer()) == (
            ReasonCode.OUTSIDE_SHIFT,
            {"shift_start": clock("08:00"), "shift_end": clock("17:00")},
        )

    def test_too_soon(self):
        code, data = only_reason(visit("new", window=MORNING), engineer(), earliest=clock("10:30"))
        assert (code, data) == (
            ReasonCode.TOO_SOON,
            {"earliest": clock("10:30"), "window_end": clock("10:00")},
        )

    def test_too_far_even_as_the_first(self):
        assert only_reason(visit("new", window=MORNING), engineer(base=spot(125))) == (
            ReasonCode.ARRIVES_LATE,
            {"late_by": 5 * 60, "after": None},
        )

    def test_reached_too_late_after_what_comes_before(self):
        started = visit("a", minutes=130, window=MORNING, fixed_start=clock("08:00"))
        assert only_reason(visit("new", window=MORNING), engineer(), [started]) == (
            ReasonCode.ARRIVES_LATE,
            {"late_by": 10 * 60, "after": "a"},
        )

    def test_the_promised_visit_that_would_break_is_named_wherever_it_stands(self):
        route = [visit("a", window=MORNING), visit("b", window=NOON, minutes=110), visit("c", window=NOON)]
        stop = visit("new", window=("08:00", "08:05"), minutes=120)
        assert only_reason(stop, engineer(), route) == (
            ReasonCode.BREAKS_PROMISE,
            {"late_by": 20 * 60, "visit": "c"},
        )

    def test_the_slack_that_would_be_missing_is_counted_in(self):
        route = [visit("a", at=0, window=MORNING)]
        stop = visit("new", window=("08:00", "08:20"), minutes=100)
        assert candidate_for(stop, plan_of(engineer(), ann=route), "ann", slack=20 * 60).feasible
        assert only_reason(stop, engineer(), route, slack=21 * 60) == (
            ReasonCode.ARRIVES_LATE,
            {"late_by": 60, "after": None},
        )

    def test_shift_overrun(self):
        assert only_reason(visit("new", at=10, window=("16:00", "18:00"), minutes=60), engineer()) == (
            ReasonCode.OVERRUNS_SHIFT,
            {"late_by": 10 * 60, "shift_end": clock("17:00")},
        )


class TestInsert:
    def test_the_written_plan_passes_the_checker_and_shifts_others_inside_their_windows(self):
        plan = plan_of(engineer(), ann=[visit("a", at=20), visit("b", at=50)])
        stop = visit("new", at=30)
        changed = insert(stop, plan, best_insertion(stop, plan))
        assert [p.visit_id for p in changed.planned("ann")] == ["a", "new", "b"]
        assert changed.planned("ann")[2].start == clock("09:50")
        assert check_change(plan, changed, new=[stop]) == []

    def test_who_does_not_fit_cannot_be_written(self):
        plan = plan_of(engineer(skills={}))
        with pytest.raises(ValueError, match="no fitting candidate"):
            insert(visit("new"), plan, candidates(visit("new"), plan)[0])


class TestFeasibleWindows:
    def ask(self, plan, windows=None, **more):
        more = {"place": spot(10), "service": 1800, "skills": {"screen": 1}} | more
        return feasible_windows(plan, arrival_windows(ON) if windows is None else windows, **more)

    def test_are_open_where_somebody_can_be_there(self):
        answers = self.ask(plan_of(engineer("ann"), engineer("bob", shift=("12:00", "20:00"))))
        assert [a.feasible for a in answers] == [True] * 6
        assert [a.best.engineer_id for a in answers] == ["ann", "ann", "ann", "ann", "ann", "bob"]
        assert answers[1].window == Window(ON, clock("10:00"), clock("12:00"))

    def test_are_shut_outside_every_shift_with_the_reason(self):
        answers = self.ask(plan_of(engineer("ann", shift=("08:00", "12:00"))))
        assert [a.feasible for a in answers] == [True, True, False, False, False, False]
        assert (answers[5].reason.code, answers[5].reason.data) == (
            ReasonCode.NOBODY_ON_SHIFT,
            {"qualified": 1},
        )
        assert answers[5].best is None

    def test_are_shut_where_all_are_busy(self):
        plan = plan_of(engineer(), ann=[visit("a", window=("08:00", "08:05"), minutes=115)])
        first = self.ask(plan)[0]
        assert (first.reason.code, first.reason.data) == (
            ReasonCode.ALL_BUSY,
            {"on_shift": 1, "late_by": 5 * 60},
        )

    def test_are_shut_where_nobody_is_certified(self):
        answer = self.ask(plan_of(engineer()), skills={"board": 1})[0]
        assert (answer.reason.code, answer.reason.data) == (
            ReasonCode.NOBODY_QUALIFIED,
            {"skills": {"board": 1}},
        )

    def test_are_shut_where_nobody_is_authorised(self):
        answer = self.ask(plan_of(engineer()), brands=frozenset({"apple"}))[0]
        assert (answer.reason.code, answer.reason.data) == (
            ReasonCode.NOBODY_AUTHORISED,
            {"brands": ["apple"]},
        )

    def test_are_shut_where_it_is_too_soon(self):
        answer = self.ask(plan_of(engineer()), earliest=clock("11:00"))[0]
        assert answer.reason.code is ReasonCode.TOO_SOON

    def test_reasons_can_be_left_away(self):
        answer = self.ask(plan_of(engineer()), skills={"board": 1}, explain=False)[0]
        assert (answer.feasible, answer.reason) == (False, None)

    def test_need_the_slack(self):
        plan = plan_of(engineer(base=spot(110), shift=("08:00", "20:00")))
        assert self.ask(plan, place=spot(0), slack=10 * 60)[0].feasible
        assert not self.ask(plan, place=spot(0), slack=11 * 60)[0].feasible

    def test_an_offer_is_what_booking_gets(self):
        plan = plan_of(engineer("ann"), engineer("bob", base=spot(30)), ann=[visit("a", at=40)])
        for answer in self.ask(plan, slack=600):
            stop = replace(
                visit("new", at=10), window_start=answer.window.start, window_end=answer.window.end
            )
            assert best_insertion(stop, plan, slack=600) == answer.best
