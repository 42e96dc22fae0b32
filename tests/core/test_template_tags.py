from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.template import engines
from django.utils import translation

TEN = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)  # 10:00 in China


def shown(template: str, language: str = "en", **context: Any) -> str:
    with translation.override(language):
        return engines["django"].from_string(template).render(context)


class TestTimes:
    def test_an_arrival_window_by_the_clock_of_the_place(self) -> None:
        window = {"start": TEN, "end": TEN + timedelta(hours=2), "city": "Asia/Shanghai"}
        assert shown("{% local_window start end city %}", **window) == "Tue 24 Nov, 10:00–12:00"
        assert shown("{% local_window start end %}", "zh-hans", **window) == "11月24日 周二 10:00–12:00"

    def test_a_moment_its_clock_and_its_day(self) -> None:
        template = "{{ at|city_time:zone }} | {{ at|city_clock:zone }} | {{ at|city_day:zone }}"
        late = TEN + timedelta(hours=15)
        assert shown(template, at=late, zone="Asia/Shanghai") == "Wed 25 Nov, 01:00 | 01:00 | Wed 25 Nov"
        assert shown(template, at=late, zone="UTC") == "Tue 24 Nov, 17:00 | 17:00 | Tue 24 Nov"

    def test_a_date_is_a_day_without_any_zone(self) -> None:
        assert (
            shown("{{ on|city_day }}, {{ on|full_date }}", on=date(2026, 11, 24)) == "Tue 24 Nov, 24 Nov 2026"
        )

    def test_nothing_is_shown_for_what_is_not_known_yet(self) -> None:
        template = (
            "{% local_window none none %}{{ none|city_time }}{{ none|city_clock }}{{ none|city_day }}"
            "{{ none|full_date }}{{ none|distance }}{{ none|money }}"
        )
        assert shown(template, none=None) == ""


class TestDistance:
    @pytest.mark.parametrize(
        ("km", "words"),
        [(0, "0 m"), (0.047, "50 m"), (0.85, "850 m"), (0.996, "1.0 km"), (3.24, "3.2 km"), (24.4, "24 km")],
    )
    def test_is_as_exact_as_people_want_it(self, km: float, words: str) -> None:
        assert shown("{{ km|distance }}", km=km) == words


class TestMoney:
    def test_has_its_sign(self) -> None:
        assert shown("{{ price|money }}", price=Decimal("2149.00")) == "¥2,149"


class TestStateBadge:
    def test_carries_the_state_as_its_tone_and_the_words_for_people(self) -> None:
        badge = shown('{% state_badge state "On the way" %}', state="en_route")
        assert badge == '<span class="badge-state state-en_route">On the way</span>'

    def test_escapes_what_data_says(self) -> None:
        assert "<b>" not in shown("{% state_badge state label %}", state='"><b>', label="<b>x</b>")


class TestStartsWith:
    def test_finds_the_current_entry_of_a_navigation(self) -> None:
        template = '{% if path|starts_with:"/claims/" %}here{% endif %}'
        assert shown(template, path="/claims/7/") == "here"
        assert shown(template, path="/dispatch/") == shown(template) == ""
