"""Arrival windows cut from opening hours, the lead time, and the nearest ones."""

from datetime import date, timedelta

import pytest

from engineers.dispatch import Window, arrival_windows, earliest_start, nearest_windows
from tests.engineers.dispatch.builders import HOUR, clock

ON = date(2026, 11, 23)
TODAY = date(2026, 11, 22)


def hours(windows):
    return [(w.start / HOUR, w.end / HOUR) for w in windows]


def window(start, on=ON):
    return Window(on, clock(start), clock(start) + 2 * HOUR)


class TestArrivalWindows:
    def test_are_two_hours_from_eight_to_twenty(self):
        assert hours(arrival_windows(ON)) == [(8, 10), (10, 12), (12, 14), (14, 16), (16, 18), (18, 20)]
        assert {w.on for w in arrival_windows(ON)} == {ON}

    def test_are_cut_from_each_opening_span_and_a_short_rest_is_none(self):
        opening = [(9 * HOUR, 12 * HOUR), (14 * HOUR, 18 * HOUR)]
        assert hours(arrival_windows(ON, opening)) == [(9, 11), (14, 16), (16, 18)]

    def test_are_none_on_a_closed_day(self):
        assert arrival_windows(ON, []) == []

    def test_can_be_of_another_length(self):
        assert len(arrival_windows(ON, length=3 * HOUR)) == 4

    def test_need_a_length(self):
        with pytest.raises(ValueError, match="above zero"):
            arrival_windows(ON, length=0)

    def test_begin_after_the_lead_time(self):
        assert hours(arrival_windows(TODAY, earliest=clock("14:00"))) == [(14, 16), (16, 18), (18, 20)]
        assert hours(arrival_windows(TODAY, earliest=clock("14:01"))) == [(16, 18), (18, 20)]


class TestEarliestStart:
    def test_is_now_and_the_lead_time_today(self):
        assert earliest_start(TODAY, TODAY, clock("13:00"), lead=HOUR) == clock("14:00")

    def test_is_free_tomorrow_unless_the_lead_time_reaches_into_it(self):
        assert earliest_start(ON, TODAY, clock("13:00"), lead=HOUR) == 0
        assert earliest_start(ON, TODAY, clock("22:00"), lead=12 * HOUR) == clock("10:00")

    def test_leaves_nothing_of_yesterday(self):
        assert arrival_windows(TODAY, earliest=earliest_start(TODAY, ON, 0, lead=0)) == []


class TestNearestWindows:
    def test_are_the_nearest_in_time_the_earlier_of_two_equals_first(self):
        shut = window("12:00")
        found = nearest_windows(shut, [window(f"{h:02d}:00") for h in (8, 10, 14, 16, 18)])
        assert found == [window("10:00"), window("14:00"), window("08:00")]

    def test_reach_over_days(self):
        tomorrow = ON + timedelta(days=1)
        found = nearest_windows(window("18:00"), [window("08:00", tomorrow), window("10:00")], n=1)
        assert found == [window("10:00")]
        assert nearest_windows(window("18:00"), [window("08:00", tomorrow)]) == [window("08:00", tomorrow)]

    def test_never_hold_the_wanted_one(self):
        assert nearest_windows(window("12:00"), [window("12:00")]) == []
