"""Start, stop, pause, resume and move a clock."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction

from repairhub.core.errors import Conflict
from repairhub.notifications.models import Message
from repairhub.notifications.states import MessageStatus
from repairhub.sla.models import Escalation, SlaClock
from repairhub.sla.services.clocks import (
    move_due,
    pause_clock,
    resume_clock,
    start_clock,
    stop_clock,
    sweep,
)
from repairhub.sla.states import ShownState
from tests.factories.accounts import NOON, DispatcherFactory
from tests.factories.places import CityFactory
from tests.factories.sla import standard_target

pytestmark = pytest.mark.django_db
ASSIGN = {"target_key": "assign_within"}
ARRIVE = {"target_key": "arrive_within_window"}


def after(minutes: float):
    return NOON + timedelta(minutes=minutes)


@pytest.fixture
def subject():
    return CityFactory()


class TestStart:
    def test_without_a_due_moment_the_targets_minutes_count(self, subject):
        clock = start_clock(subject=subject, at=NOON, scope="BJ", label="RH-1", link="/x/", **ASSIGN)
        assert (clock.due_at, clock.warn_at) == (after(30), after(20))
        assert (clock.scope, clock.label, clock.link) == ("BJ", "RH-1", "/x/")
        assert clock.subject == subject

    def test_a_given_due_moment_is_used_as_it_is(self, subject):
        clock = start_clock(subject=subject, at=NOON, due_at=after(120), **ARRIVE)
        assert (clock.due_at, clock.warn_at) == (after(120), after(105))

    def test_a_target_without_minutes_needs_a_due_moment(self, subject):
        with pytest.raises(ValueError, match="needs a due_at"):
            start_clock(subject=subject, at=NOON, **ARRIVE)

    def test_an_open_clock_is_never_restarted(self, subject):
        first = start_clock(subject=subject, at=NOON, **ASSIGN)
        again = start_clock(subject=subject, at=after(10), **ASSIGN)
        assert again == first
        assert again.due_at == after(30)

    def test_after_a_stop_another_one_may_start(self, subject):
        first = start_clock(subject=subject, at=NOON, **ASSIGN)
        stop_clock(subject=subject, at=after(5), **ASSIGN)
        assert start_clock(subject=subject, at=after(6), **ASSIGN) != first

    def test_the_database_itself_refuses_a_second_open_clock(self, subject):
        clock = start_clock(subject=subject, at=NOON, **ASSIGN)
        clock.pk = None
        with pytest.raises(IntegrityError, match="sla_clock_one_open"), transaction.atomic():
            clock.save(force_insert=True)


class TestStop:
    def test_in_time_the_promise_is_kept(self, subject):
        start_clock(subject=subject, at=NOON, **ASSIGN)
        clock = stop_clock(subject=subject, at=after(29), **ASSIGN)
        assert clock.shown_state(after(99)) == ShownState.KEPT
        assert not Escalation.objects.exists()

    def test_late_the_breach_is_recorded_though_no_sweep_came_by(self, subject):
        DispatcherFactory()
        start_clock(subject=subject, at=NOON, **ASSIGN)
        clock = stop_clock(subject=subject, at=after(31), **ASSIGN)
        assert clock.shown_state(after(31)) == ShownState.MISSED
        assert clock.escalations.get().level == "breach"
        assert Message.objects.get().template == "sla_breach"

    def test_twice_is_no_mistake(self, subject):
        start_clock(subject=subject, at=NOON, **ASSIGN)
        stop_clock(subject=subject, at=after(1), **ASSIGN)
        assert stop_clock(subject=subject, at=after(2), **ASSIGN) is None

    def test_a_warning_that_has_not_left_is_called_off(self, subject):
        DispatcherFactory()
        start_clock(subject=subject, at=NOON, **ASSIGN)
        sweep(at=after(21))
        stop_clock(subject=subject, at=after(22), **ASSIGN)
        assert Message.objects.get().status == MessageStatus.CANCELLED

    def test_clocks_of_other_things_and_other_targets_go_on(self, subject):
        other = CityFactory(shanghai=True)
        start_clock(subject=other, at=NOON, **ASSIGN)
        start_clock(subject=subject, at=NOON, due_at=after(60), **ARRIVE)
        start_clock(subject=subject, at=NOON, **ASSIGN)
        stop_clock(subject=subject, at=after(1), **ASSIGN)
        assert SlaClock.objects.open().count() == 2


class TestPause:
    def test_a_paused_clock_keeps_what_remains_and_is_due_never(self, subject):
        start_clock(subject=subject, at=NOON, **ASSIGN)
        clock = pause_clock(subject=subject, at=after(12), **ASSIGN)
        assert (clock.due_at, clock.warn_at, clock.remaining) == (None, None, timedelta(minutes=18))
        assert clock.shown_state(after(500)) == ShownState.PAUSED
        assert sweep(at=after(500)).breached == 0

    def test_pausing_a_paused_clock_changes_nothing(self, subject):
        start_clock(subject=subject, at=NOON, **ASSIGN)
        pause_clock(subject=subject, at=after(12), **ASSIGN)
        assert pause_clock(subject=subject, at=after(20), **ASSIGN).remaining == timedelta(minutes=18)

    def test_without_an_open_clock_it_is_refused(self, subject):
        with pytest.raises(Conflict, match="No deadline is running"):
            pause_clock(subject=subject, at=NOON, **ASSIGN)

    def test_pausing_does_not_hide_a_breach(self, subject):
        start_clock(subject=subject, at=NOON, **ASSIGN)
        clock = pause_clock(subject=subject, at=after(31), **ASSIGN)
        assert clock.breached_at == after(31)
        assert clock.shown_state(after(40)) == ShownState.BREACHED


class TestResume:
    def test_what_remained_runs_on(self, subject):
        start_clock(subject=subject, at=NOON, **ASSIGN)
        pause_clock(subject=subject, at=after(12), **ASSIGN)
        clock = resume_clock(subject=subject, at=after(100), **ASSIGN)
        assert (clock.due_at, clock.warn_at, clock.remaining) == (after(118), after(108), None)
        assert clock.paused_at is None

    def test_a_running_clock_stays_as_it_is(self, subject):
        start_clock(subject=subject, at=NOON, **ASSIGN)
        assert resume_clock(subject=subject, at=after(9), **ASSIGN).due_at == after(30)

    def test_without_an_open_clock_it_is_refused(self, subject):
        with pytest.raises(Conflict):
            resume_clock(subject=subject, at=NOON, **ASSIGN)


class TestMoveDue:
    def test_the_new_moment_counts_and_is_warned_of_anew(self, subject):
        DispatcherFactory()
        start_clock(subject=subject, at=NOON, due_at=after(60), **ARRIVE)
        assert sweep(at=after(50)).warned == 1
        clock = move_due(subject=subject, due_at=after(180), at=after(55), **ARRIVE)
        assert (clock.due_at, clock.warn_at, clock.warned_at) == (after(180), after(165), None)
        assert sweep(at=after(70)) == sweep(at=after(71))
        assert sweep(at=after(170)).warned == 1
        assert list(Message.objects.order_by("id").values_list("status", flat=True)) == [
            "cancelled",
            "queued",
        ]

    def test_a_breach_stays_on_record_and_another_clock_starts(self, subject):
        start_clock(subject=subject, at=NOON, due_at=after(60), scope="BJ", label="RH-1", **ARRIVE)
        moved = move_due(subject=subject, due_at=after(180), at=after(61), **ARRIVE)
        old, new = SlaClock.objects.order_by("id")
        assert moved == new
        assert (old.shown_state(after(70)), new.shown_state(after(70))) == (
            ShownState.MISSED,
            ShownState.RUNNING,
        )
        assert (new.scope, new.label, new.due_at) == ("BJ", "RH-1", after(180))

    def test_to_where_it_stands_changes_nothing(self, subject):
        start_clock(subject=subject, at=NOON, due_at=after(60), **ARRIVE)
        assert move_due(subject=subject, due_at=after(60), at=after(5), **ARRIVE).moves == 0

    def test_a_paused_clock_is_refused(self, subject):
        start_clock(subject=subject, at=NOON, **ASSIGN)
        pause_clock(subject=subject, at=after(1), **ASSIGN)
        with pytest.raises(Conflict, match="paused"):
            move_due(subject=subject, due_at=after(60), at=after(2), **ASSIGN)

    def test_without_an_open_clock_it_is_refused(self, subject):
        with pytest.raises(Conflict):
            move_due(subject=subject, due_at=after(60), at=NOON, **ASSIGN)


class TestShownState:
    @pytest.mark.parametrize(
        ("minutes", "state"),
        [
            (0, ShownState.RUNNING),
            (19.9, ShownState.RUNNING),
            (20, ShownState.WARNING),
            (29.9, ShownState.WARNING),
            (30, ShownState.BREACHED),
            (600, ShownState.BREACHED),
        ],
    )
    def test_it_follows_from_the_clock_alone_whether_or_not_a_sweep_came_by(self, subject, minutes, state):
        clock = start_clock(subject=subject, at=NOON, **ASSIGN)
        assert clock.shown_state(after(minutes)) == state


class TestStandardPolicy:
    @pytest.mark.parametrize(
        ("key", "minutes", "warn_before", "role"),
        [
            ("assign_within", 30, 10, "dispatcher"),
            ("arrive_within_window", None, 15, "dispatcher"),
            ("answer_claim", 2880, 240, "case_officer"),
        ],
    )
    def test_it_holds_what_is_promised_from_the_first_day(self, key, minutes, warn_before, role):
        target = standard_target(key)
        assert (target.minutes, target.warn_before_minutes, target.notify_role) == (
            minutes,
            warn_before,
            role,
        )
