"""The checker: a good plan passes, and each way of breaking one is found out."""

from dataclasses import replace

import pytest

from engineers.dispatch import (
    EngineerDay,
    HaversineTravel,
    PlannedVisit,
    Route,
    Violation,
    ViolationCode,
    check_change,
    check_plan,
)
from tests.engineers.dispatch.builders import Street, clock, engineer, plan_of, spot, visit

Code = ViolationCode
LUNCH = ((clock("12:00"), clock("13:00")),)
DAYS = [
    engineer("ann", brands=frozenset({"apple"}), breaks=LUNCH),
    engineer("bob", skills={"screen": 1}, van={"lens": 1}),
    EngineerDay.off("off", spot(0), skills={"screen": 3}),
]
STARTED = visit("started", at=10, window=("08:00", "10:00"), fixed_start=clock("08:20"))
LEVEL = visit("level", at=30, window=("08:00", "10:00"), skills={"screen": 2}, pinned=True)
BRAND = visit("brand", at=30, window=("10:00", "12:00"), brands=frozenset({"apple"}))
PLAIN = visit("plain", at=20, window=("14:00", "16:00"))
LENS = visit("lens", at=20, window=("14:00", "16:00"), parts={"lens": 1})
TWO_LENSES = visit("two lenses", at=20, window=("10:00", "12:00"), parts={"lens": 2})
STOPS = [STARTED, LEVEL, BRAND, PLAIN, LENS, TWO_LENSES]
BEFORE = [Route("ann", (STARTED, LEVEL, BRAND)), Route("bob", (PLAIN,))]


def span(visit_id, start, minutes=30):
    return PlannedVisit(visit_id, clock(start), clock(start) + minutes * 60)


GOOD = {
    "ann": [span("started", "08:20"), span("level", "09:10"), span("brand", "10:00")],
    "bob": [span("plain", "14:00")],
}


def faults(planned, *, days=DAYS, stops=STOPS, routes=BEFORE, unserved=()):
    return check_plan(planned, days=days, stops=stops, travel=Street(), routes=routes, unserved=unserved)


def ann(*visits):
    return {**GOOD, "ann": list(visits)}


def bob(*visits):
    return {**GOOD, "bob": list(visits)}


STARTED_OK, LEVEL_OK, BRAND_OK = GOOD["ann"]
BROKEN = {
    "given to an engineer who does not exist": (
        {**GOOD, "bob": [], "eve": GOOD["bob"]},
        Violation(Code.UNKNOWN_ENGINEER, "eve"),
    ),
    "a visit nobody booked": (
        bob(*GOOD["bob"], span("ghost", "16:00")),
        Violation(Code.UNKNOWN_VISIT, "bob", "ghost"),
    ),
    "one visit for two engineers": (
        ann(STARTED_OK, LEVEL_OK, BRAND_OK, span("plain", "14:00")),
        Violation(Code.DUPLICATE_VISIT, "bob", "plain"),
    ),
    "one visit twice on a route": (
        bob(span("plain", "14:00"), span("plain", "15:00")),
        Violation(Code.DUPLICATE_VISIT, "bob", "plain"),
    ),
    "a visit forgotten": (bob(), Violation(Code.MISSING_VISIT, "bob", "plain")),
    "a pinned visit given away": (
        {"ann": [STARTED_OK, BRAND_OK], "bob": [span("level", "09:10"), *GOOD["bob"]]},
        Violation(Code.MOVED_PIN, "ann", "level"),
    ),
    "a pinned visit dropped": (ann(STARTED_OK, BRAND_OK), Violation(Code.MOVED_PIN, "ann", "level")),
    "a started visit given away": (
        {"ann": [LEVEL_OK, BRAND_OK], "bob": [STARTED_OK, *GOOD["bob"]]},
        Violation(Code.MOVED_STARTED, "ann", "started"),
    ),
    "a started visit dropped": (ann(), Violation(Code.MOVED_STARTED, "ann", "started")),
    "something put before a started visit": (
        {"ann": [span("level", "08:30"), span("started", "09:20"), BRAND_OK], "bob": GOOD["bob"]},
        Violation(Code.MOVED_STARTED, "ann", "started"),
    ),
    "a started visit at another time": (
        ann(span("started", "08:25"), LEVEL_OK, BRAND_OK),
        Violation(Code.MOVED_STARTED, "ann", "started", 5 * 60),
    ),
    "an engineer of too low a level": (
        {"ann": [STARTED_OK, BRAND_OK], "bob": [span("level", "09:10"), *GOOD["bob"]]},
        Violation(Code.UNQUALIFIED, "bob", "level"),
    ),
    "an engineer without the brand's authorisation": (
        {"ann": [STARTED_OK, LEVEL_OK], "bob": [span("brand", "10:00"), *GOOD["bob"]]},
        Violation(Code.UNAUTHORISED, "bob", "brand"),
    ),
    "a van without the part": (
        bob(span("two lenses", "10:00"), *GOOD["bob"]),
        Violation(Code.NO_PARTS, "bob", "two lenses", 1),
    ),
    "the van's only piece taken twice": (
        bob(span("two lenses", "10:00"), *GOOD["bob"], span("lens", "15:00")),
        Violation(Code.NO_PARTS, "bob", "lens", 2),
    ),
    "an engineer on a day off": (
        {**GOOD, "bob": [], "off": GOOD["bob"]},
        Violation(Code.OFF_SHIFT, "off", "plain", clock("14:30")),
    ),
    "no time to drive there": (
        ann(STARTED_OK, span("level", "09:00"), BRAND_OK),
        Violation(Code.UNREACHABLE, "ann", "level", 10 * 60),
    ),
    "two visits at once": (
        ann(STARTED_OK, span("level", "09:40"), BRAND_OK),
        Violation(Code.OVERLAP, "ann", "brand", 10 * 60),
    ),
    "before the window": (bob(span("plain", "13:55")), Violation(Code.BEFORE_WINDOW, "bob", "plain", 5 * 60)),
    "after the window": (bob(span("plain", "16:01")), Violation(Code.LATE, "bob", "plain", 60)),
    "less time than the service takes": (
        bob(span("plain", "14:00", 29)),
        Violation(Code.TOO_SHORT, "bob", "plain", 60),
    ),
    "a service in the break": (
        ann(STARTED_OK, LEVEL_OK, span("brand", "11:45")),
        Violation(Code.IN_BREAK, "ann", "brand"),
    ),
    "home after the shift": (
        {**GOOD, "bob": [span("plain", "16:00", 50)]},
        Violation(Code.HOME_LATE, "bob", None, 10 * 60),
    ),
}


class TestAPlan:
    def test_that_holds_has_no_faults(self):
        assert faults(GOOD) == []

    @pytest.mark.parametrize("way", BROKEN)
    def test_that_is_broken_is_found_out(self, way):
        planned, expected = BROKEN[way]
        assert expected in faults(planned)

    def test_every_code_is_broken_by_some_plan(self):
        assert {expected.code for _, expected in BROKEN.values()} == set(Code)

    def test_before_the_shift_nobody_can_be_anywhere(self):
        early = replace(PLAIN, window_start=clock("07:00"))
        found = faults(bob(span("plain", "07:30")), stops=[*STOPS[:3], early])
        assert found == [
            Violation(Code.UNREACHABLE, "bob", "plain", 50 * 60),
            Violation(Code.OFF_SHIFT, "bob", "plain", 30 * 60),
        ]

    def test_a_visit_said_to_be_unserved_is_not_forgotten(self):
        assert faults(bob(), unserved={"plain"}) == []

    def test_today_starts_where_the_engineer_is_and_not_before_now(self):
        away = [BEFORE[0], Route("bob", (PLAIN,), not_before=clock("13:50"), start_place=spot(45))]
        assert faults(GOOD, routes=away) == [Violation(Code.UNREACHABLE, "bob", "plain", 15 * 60)]

    def test_a_started_visit_that_drags_on_holds_the_engineer_until_now_at_least(self):
        planned = ann(STARTED_OK, span("level", "09:40"), span("brand", "10:10"))
        assert faults(planned) == []
        dragging = [replace(BEFORE[0], not_before=clock("09:30")), BEFORE[1]]
        assert faults(planned, routes=dragging) == [Violation(Code.UNREACHABLE, "ann", "level", 10 * 60)]

    def test_a_drive_rests_in_the_break(self):
        far = replace(PLAIN, place=spot(60))
        planned = {"ann": [STARTED_OK, LEVEL_OK, span("brand", "11:15"), span("plain", "14:00")]}
        assert [f.code for f in faults(planned, stops=[*STOPS[:3], far], routes=[BEFORE[0]])] == []
        planned["ann"][3] = span("plain", "13:10")
        assert Violation(Code.UNREACHABLE, "ann", "plain", 5 * 60) in faults(
            planned, stops=[*STOPS[:3], far], routes=[BEFORE[0]]
        )

    def test_the_straight_line_is_worked_out_afresh(self):
        class Broken(HaversineTravel):
            def seconds(self, a, b, /):
                return 0

        stop = replace(PLAIN, place=(39.9, 116.5), window_start=0)
        day = engineer("ann", base=(39.9, 116.4))
        [fault] = check_plan({"ann": [span("plain", "08:00")]}, days=[day], stops=[stop], travel=Broken(25))
        assert fault == Violation(
            Code.UNREACHABLE, "ann", "plain", HaversineTravel(25).seconds(day.base, stop.place)
        )


class TestAChange:
    EARLY = ("08:00", "08:10")

    def test_that_changes_nothing_is_good(self):
        plan = plan_of(*DAYS, ann=BEFORE[0], bob=BEFORE[1])
        assert check_change(plan, plan) == []

    def test_of_the_promise_itself_is_found_out(self):
        plan = plan_of(engineer(), ann=[visit("a", at=20, window=("08:00", "10:00"), minutes=180)])
        edited = plan_of(engineer(), ann=[visit("a", at=20, window=("12:00", "14:00"), minutes=180)])
        assert [f.code for f in check_change(plan, edited)] == [Code.LATE]

    def test_may_keep_what_is_late_already_but_not_make_it_later(self):
        before = plan_of(engineer(), ann=[visit("a", at=20, window=self.EARLY)])
        new = visit("new", at=20, minutes=5)
        after = before.with_stop(new, "ann", 1)
        assert check_change(before, after, new=[new]) == []
        worse = before.with_stop(new, "ann", 0)
        assert check_change(before, worse, new=[new]) == [Violation(Code.LATE, "ann", "a", 15 * 60)]

    def test_is_not_excused_by_a_lateness_that_is_only_claimed(self):
        claimed = visit("a", at=20, window=self.EARLY, late_until=clock("12:00"))
        before = plan_of(engineer(), ann=[claimed])
        new = visit("new", at=20, minutes=60)
        assert [f.code for f in check_change(before, before.with_stop(new, "ann", 0), new=[new])] == [
            Code.LATE
        ]

    def test_may_move_a_late_visit_to_whom_is_there_sooner(self):
        late = visit("a", at=20, window=self.EARLY)
        before = plan_of(
            engineer("ann"), engineer("bob", base=spot(5)), engineer("eve", base=spot(60)), ann=[late]
        )
        assert check_change(before, before.without("a").with_stop(late, "bob", 0)) == []
        [fault] = check_change(before, before.without("a").with_stop(late, "eve", 0))
        assert (fault.code, fault.by) == (Code.LATE, 30 * 60)

    def test_new_visits_get_no_such_leave(self):
        new = visit("new", at=20, window=self.EARLY)
        before = plan_of(engineer())
        assert [f.code for f in check_change(before, before.with_stop(new, "ann", 0), new=[new])] == [
            Code.LATE
        ]

    def test_a_lapsed_certificate_elsewhere_does_not_stop_it_but_a_new_one_does(self):
        lapsed = visit("a", skills={"board": 1})
        before = plan_of(engineer("ann"), engineer("bob"), ann=[lapsed])
        new = visit("new")
        assert check_change(before, before.with_stop(new, "bob", 0), new=[new]) == []
        moved = before.without("a").with_stop(lapsed, "bob", 0)
        assert check_change(before, moved) == [Violation(Code.UNQUALIFIED, "bob", "a")]

    def test_an_overrun_that_is_there_may_stay_but_not_grow(self):
        before = plan_of(engineer(), ann=[visit("a", at=20, window=("16:00", "18:00"), minutes=60)])
        kept = visit("kept", at=20, window=("08:00", "10:00"))
        assert check_change(before, before.with_stop(kept, "ann", 0), new=[kept]) == []
        more = visit("more", at=20, window=("16:00", "18:00"), minutes=10)
        found = check_change(before, before.with_stop(more, "ann", 1), new=[more])
        assert Violation(Code.HOME_LATE, "ann", None, 30 * 60) in found

    def test_a_visit_taken_out_has_to_be_named(self):
        before = plan_of(engineer(), ann=[visit("a")])
        assert check_change(before, before.without("a")) == [Violation(Code.MISSING_VISIT, "ann", "a")]
        assert check_change(before, before.without("a"), unserved=["a"]) == []
