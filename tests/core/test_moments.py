from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace
from zoneinfo import ZoneInfo

import pytest
from django.utils import translation

from repairhub.core.moments import format_date, format_day, format_moment, format_time, format_window, zone_of

TEN = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)  # 10:00 in China, a Tuesday
TWO_HOURS = timedelta(hours=2)


class TestFormatWindow:
    def test_names_the_day_once(self) -> None:
        with translation.override("en"):
            assert format_window(TEN, TEN + TWO_HOURS) == "Tue 24 Nov, 10:00–12:00"
        with translation.override("zh-hans"):
            assert format_window(TEN, TEN + TWO_HOURS) == "11月24日 周二 10:00–12:00"

    def test_goes_by_the_clock_of_the_place(self) -> None:
        urumqi = SimpleNamespace(zone=ZoneInfo("Asia/Urumqi"))
        with translation.override("en"):
            assert format_window(TEN, TEN + TWO_HOURS, urumqi) == "Tue 24 Nov, 08:00–10:00"
            assert format_window(TEN, TEN + TWO_HOURS, "Europe/Berlin") == "Tue 24 Nov, 03:00–05:00"

    def test_names_both_days_where_it_ends_on_another_one(self) -> None:
        with translation.override("en"):
            window = format_window(TEN + timedelta(hours=13), TEN + timedelta(hours=15))
        assert window == "Tue 24 Nov, 23:00 – Wed 25 Nov, 01:00"


class TestFormatMoment:
    def test_is_day_and_time_in_the_reader_s_language(self) -> None:
        with translation.override("en"):
            assert format_moment(TEN) == "Tue 24 Nov, 10:00"
        with translation.override("zh-hans"):
            assert format_moment(TEN) == "11月24日 周二 10:00"

    def test_time_alone(self) -> None:
        assert format_time(TEN, "UTC") == "02:00"


class TestFormatDate:
    def test_has_its_year(self) -> None:
        with translation.override("en"):
            assert format_date(date(2027, 5, 3)) == "3 May 2027"
        with translation.override("zh-hans"):
            assert format_date(date(2027, 5, 3)) == "2027年5月3日"

    @pytest.mark.parametrize(("language", "day"), [("en", "Sun 22 Nov"), ("zh-hans", "11月22日 周日")])
    def test_a_day_near_by_needs_none(self, language: str, day: str) -> None:
        with translation.override(language):
            assert format_day(date(2026, 11, 22)) == day


class TestZoneOf:
    def test_is_china_where_no_place_is_given(self) -> None:
        assert zone_of(None).key == "Asia/Shanghai"
