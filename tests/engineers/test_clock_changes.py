"""A city whose clocks change keeps its hours: what the wall says goes in, and comes out."""

from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

import pytest

from engineers.planning import CityClock
from tests.factories.places import CityFactory

BERLIN = ZoneInfo("Europe/Berlin")
HOUR = 3600


class TestCityClock:
    @pytest.mark.parametrize("on", [date(2026, 3, 29), date(2026, 10, 25), date(2026, 7, 1)])
    def test_a_window_stands_at_its_hour_on_a_day_on_which_the_clocks_change(self, on):
        clock = CityClock.of(CityFactory.build(time_zone="Europe/Berlin"), on)
        for hour in (0, 1, 4, 9, 18):
            there = datetime.combine(on, time(hour), BERLIN)
            assert clock.seconds(there) == clock.seconds(there.astimezone(UTC)) == hour * HOUR
            assert clock.moment(hour * HOUR) == there
            assert clock.moment(hour * HOUR).astimezone(UTC) == there.astimezone(UTC)

    def test_an_earlier_day_is_below_zero(self):
        clock = CityClock.of(CityFactory.build(time_zone="Europe/Berlin"), date(2026, 3, 29))
        assert clock.seconds(datetime(2026, 3, 28, 23, tzinfo=BERLIN)) == -HOUR
