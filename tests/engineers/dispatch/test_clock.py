"""The clock of a day with breaks and a pace: forwards, backwards, and second by second beside it."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engineers.dispatch import Clock, Pace, clock_of
from tests.engineers.dispatch.builders import FACTORS, HOUR, PACES
from tests.engineers.dispatch.builders import clock as at

BREAKS = st.lists(
    st.tuples(st.integers(-1, 25 * 6), st.integers(1, 9)), max_size=3, unique_by=lambda b: b[0] // 2
).map(lambda drawn: tuple((s // 2 * 1200, s // 2 * 1200 + length * 120) for s, length in sorted(drawn)))
CLOCKS = st.builds(Clock, BREAKS, PACES)
MOMENTS = st.integers(-2 * HOUR, 27 * HOUR)
DRIVES = st.integers(0, 3 * HOUR)
many = settings(max_examples=400, deadline=None)

RUSH = Pace(travel=(100,) * 8 + (150,) + (100,) * 15, service=(100,) * 12 + (120,) * 12)


def walked(begin, work, factors, breaks):
    """The end of so much work, second by second: the rule of the clock in its plainest form."""
    now, left = begin, work * 1_000_000
    while left > 0:
        if not any(start <= now < end for start, end in breaks):
            hour = now // HOUR
            left -= -(-100_000_000 // factors[hour]) if 0 <= hour < 24 else 1_000_000
        now += 1
    return now


class TestArrival:
    def test_a_drive_in_the_rush_hour_takes_half_as_long_again(self):
        assert Clock(pace=RUSH).arrival(at("08:10"), 20 * 60) == at("08:40")

    def test_a_drive_out_of_the_rush_hour_is_slow_until_the_hour_ends(self):
        # 30 minutes at 150 per cent do 20 of the drive, the other 20 are driven as usual
        assert Clock(pace=RUSH).arrival(at("08:30"), 40 * 60) == at("09:20")

    def test_a_break_adds_its_length(self):
        lunch = ((at("08:10"), at("08:25")),)
        assert Clock(lunch, RUSH).arrival(at("08:00"), 20 * 60) == at("08:45")

    @settings(max_examples=60, deadline=None)
    @given(st.integers(6 * HOUR, 10 * HOUR), st.integers(0, HOUR), FACTORS, BREAKS)
    def test_is_where_a_walk_second_by_second_ends(self, leaving, drive, factors, breaks):
        assert Clock(breaks, Pace(travel=factors)).arrival(leaving, drive) == walked(
            leaving, drive, factors, breaks
        )

    @many
    @given(CLOCKS, MOMENTS, st.integers(0, HOUR), DRIVES)
    def test_nobody_overtakes_by_leaving_later(self, clock, leaving, later, drive):
        assert clock.arrival(leaving, drive) <= clock.arrival(leaving + later, drive)

    @many
    @given(MOMENTS, DRIVES)
    def test_without_breaks_and_factors_time_just_passes(self, leaving, drive):
        assert Clock((), Pace()).arrival(leaving, drive) == leaving + drive
        assert Clock((), Pace()).departure(leaving, drive) == leaving - drive
        assert Clock((), Pace()).service_begin(leaving, drive) == leaving - drive

    @settings(max_examples=100, deadline=None)
    @given(MOMENTS, st.integers(0, HOUR), BREAKS)
    def test_with_breaks_alone_a_drive_lasts_as_long_as_it_takes_outside_them(self, leaving, drive, breaks):
        arrived = Clock(breaks).arrival(leaving, drive)
        rested = [any(start <= now < end for start, end in breaks) for now in range(leaving, arrived)]
        assert rested.count(False) == drive
        assert not drive or not rested[-1]


class TestDeparture:
    @many
    @given(CLOCKS, MOMENTS, DRIVES)
    def test_is_the_latest_that_arrives_in_time(self, clock, latest, drive):
        leaving = clock.departure(latest, drive)
        assert clock.arrival(leaving, drive) <= latest
        assert clock.arrival(leaving + 1, drive) > latest


class TestService:
    @many
    @given(CLOCKS, MOMENTS, DRIVES)
    def test_begins_at_the_latest_where_one_second_later_would_end_too_late(self, clock, end, service):
        begin = clock.service_begin(end, service)
        assert clock.service_end(begin, service) <= end
        assert clock.service_end(begin + 1, service) > end

    @many
    @given(CLOCKS, MOMENTS, st.integers(0, HOUR), DRIVES)
    def test_begun_later_it_ends_no_sooner(self, clock, start, later, service):
        assert clock.service_end(start, service) <= clock.service_end(start + later, service)

    @many
    @given(CLOCKS, MOMENTS, st.integers(1, 3 * HOUR))
    def test_overlaps_no_break(self, clock, earliest, service):
        start = clock.service_start(earliest, service)
        end = clock.service_end(start, service)
        assert start >= earliest
        assert not any(start < until and since < end for since, until in clock.breaks)

    @many
    @given(CLOCKS, MOMENTS, st.integers(1, 3 * HOUR))
    def test_the_latest_start_is_the_last_that_overlaps_no_break(self, clock, latest, service):
        start = clock.latest_service_start(latest, service)
        assert start <= latest
        assert clock.service_start(start, service) == start
        assert clock.service_start(start + 1, service) > latest

    def test_takes_longer_in_an_hour_with_a_factor(self):
        assert Clock(pace=RUSH).service_end(at("12:30"), 30 * 60) == at("13:06")

    @settings(max_examples=60, deadline=None)
    @given(st.integers(6 * HOUR, 10 * HOUR), st.integers(0, HOUR), FACTORS)
    def test_is_where_a_walk_second_by_second_ends(self, start, service, factors):
        assert Clock(pace=Pace(service=factors)).service_end(start, service) == walked(
            start, service, factors, ()
        )


class TestClockOf:
    @pytest.mark.parametrize("pace", [None, Pace()])
    def test_a_day_like_any_other_has_none(self, pace):
        assert clock_of((), pace) is None

    def test_equal_days_share_one(self):
        first = clock_of(((1, 2),), Pace(travel=(150,) * 24))
        assert first is clock_of(((1, 2),), Pace(travel=(150,) * 24))
        assert first is not clock_of(((1, 2),), None)


class TestPace:
    @pytest.mark.parametrize("factors", [(100,) * 23, (0,) + (100,) * 23, (1.5,) * 24])
    def test_needs_24_whole_per_cents(self, factors):
        with pytest.raises(ValueError, match="24 whole per cents"):
            Pace(travel=factors)
