"""What can be booked, for how much, and when: repairs/ and windows/."""

from datetime import date, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from engineers.models import EngineerCertificate
from parts.models import DeviceModel, Part, PartCertificate
from repairhub.places.models import City
from tests.factories.door import battery_part, booked, qualified_engineer
from tests.factories.engineers import AuthorisationFactory
from tests.factories.parts import BrandFactory, DeviceModelFactory
from tests.orders.api.caller import BATTERY, SCREEN, get, refusal

MONDAY = date(2026, 11, 23)


BAD: list[tuple[dict[str, Any], str]] = [
    ({"city": None}, "city"),
    ({"city": "XX"}, "city"),
    ({"city": "\x00"}, "city"),
    ({"latitude": None}, "latitude"),
    ({"latitude": "north"}, "latitude"),
    ({"latitude": "91"}, "latitude"),
    ({"latitude": "nan"}, "latitude"),
    ({"latitude": "inf"}, "latitude"),
    ({"latitude": "31.23"}, "latitude"),  # Shanghai: outside Beijing
    ({"longitude": None}, "longitude"),
    ({"longitude": "181"}, "longitude"),
    ({"repair": None}, "repair"),
    ({"repair": "screen"}, "repair"),
    ({"repair": "nokia-3310.screen"}, "repair"),
    ({"repair": "iphone-12.engine"}, "repair"),
    ({"repair": [SCREEN, SCREEN]}, "repair"),
    ({"repair": [SCREEN] * 11}, "repair"),
    ({"repair": "x" * 200}, "repair.0"),
    ({"grade": None}, "grade"),
    ({"grade": "golden"}, "grade.0"),
    ({"grade": ["original", "original"]}, "grade"),
    ({"from": "tomorrow"}, "from"),
    ({"from": "2026-02-30"}, "from"),
    ({"from": ""}, "from"),
    ({"days": "0"}, "days"),
    ({"days": "15"}, "days"),
    ({"days": "two"}, "days"),
]


def windows(city: City, /, **changes: Any) -> Any:
    """The windows for an original screen at the centre of the city; `None` leaves a parameter out."""
    asked = {
        "city": city.code,
        "latitude": city.latitude,
        "longitude": city.longitude,
        "repair": SCREEN,
        "grade": "original",
        **changes,
    }
    return get("windows/", **{name: value for name, value in asked.items() if value is not None})


class TestRepairs:
    def test_each_repair_with_its_grades_side_by_side(self, city: City) -> None:
        screen, battery = get("repairs/", device_model="iphone-12").json()
        assert (screen["id"], screen["name"], screen["minutes"]) == (SCREEN, "Screen replacement", 40)
        original, certified = screen["grades"]
        assert (original["grade"], original["price"], original["currency"]) == ("original", "2149.00", "CNY")
        assert (original["part_price"], original["labour"]) == ("2049.00", "100.00")
        assert (original["is_sample_price"], original["term_days"]) == (False, 180)
        assert (certified["grade"], certified["price"]) == ("certified", "1170.00")
        assert certified["is_sample_price"]
        assert battery["id"] == BATTERY

    def test_a_certified_part_whose_certificate_ran_out_is_not_offered(self, city: City) -> None:
        PartCertificate.objects.update(valid_until_on=MONDAY - timedelta(days=1))
        screen, _battery = get("repairs/", device_model="iphone-12").json()
        assert [grade["grade"] for grade in screen["grades"]] == ["original"]

    @pytest.mark.parametrize("key", [None, "", "nokia-3310", "x" * 500, "iphone-12'", "\u5c4f\u5e55"])
    def test_an_unknown_model_is_refused_with_the_way_to_one(self, key: str | None, db: None) -> None:
        response = get("repairs/", **({} if key is None else {"device_model": key}))
        assert response.status_code == 400
        assert refusal(response)["attr"] == "device_model"
        assert "/api/v1/device-models/" in refusal(response)["detail"]

    def test_a_model_that_is_no_longer_offered_is_unknown(self, city: City) -> None:
        DeviceModel.objects.update(is_active=False)
        assert get("repairs/", device_model="iphone-12").status_code == 400

    def test_nul_is_refused_and_reaches_no_database(self, city: City) -> None:
        response = get("repairs/", device_model="iphone\x00")
        assert response.status_code == 400
        assert refusal(response)["attr"] == "device_model"

    def test_names_and_grades_in_the_language_asked_for(self, city: City) -> None:
        (screen, _battery) = get("repairs/", device_model="iphone-12", language="zh-CN").json()
        assert screen["name"] == screen["name_zh"] == "更换屏幕"

    def test_as_many_queries_for_twenty_parts_as_for_three(self, city: City) -> None:
        def queries() -> int:
            with CaptureQueriesContext(connection) as found:
                assert get("repairs/", device_model="iphone-12").status_code == 200
            return len(found)

        queries()
        before = queries()
        part = battery_part()
        for number in range(17):
            part.pk, part.sku = None, f"IPHONE12-BAT-O-{number}"
            part.save()
            part.fits.set([DeviceModelFactory()])
        assert queries() == before <= 6


class TestWindows:
    def test_fourteen_days_of_windows_in_the_citys_time(self, city: City) -> None:
        found = windows(city).json()
        assert len(found) == 14 * 6
        first = found[0]
        assert first["on"] == "2026-11-23"
        assert first["start_at"] == "2026-11-23T08:00:00+08:00"
        assert first["end_at"] == "2026-11-23T10:00:00+08:00"
        assert first["is_open"]

    def test_a_window_that_nobody_can_keep_is_shut(self, city: City) -> None:
        EngineerCertificate.objects.filter(skill__key="screen").update(valid_until_on=MONDAY)
        found = windows(city).json()
        assert {window["on"] for window in found if window["is_open"]} == {"2026-11-23"}

    def test_a_window_that_is_full_is_shut(self, city: City) -> None:
        for _order in range(3):
            booked(city, window="10:00")
        found = {window["start_at"][11:16]: window["is_open"] for window in windows(city, days=1).json()}
        assert not found["10:00"]
        assert found["14:00"]

    def test_from_a_day_on_and_for_so_many_days(self, city: City) -> None:
        found = windows(city, **{"from": "2026-11-25", "days": 2}).json()
        assert sorted({window["on"] for window in found}) == ["2026-11-25", "2026-11-26"]

    @pytest.mark.parametrize(
        ("first", "last"),
        [("2020-01-01", "2026-12-06"), ("0001-01-01", "2026-12-06"), ("2026-12-06", "2026-12-06")],
    )
    def test_never_before_today_and_never_beyond_what_can_be_booked(
        self, first: str, last: str, city: City
    ) -> None:
        found = windows(city, **{"from": first}).json()
        assert found[0]["on"] == max(first, "2026-11-23")
        assert found[-1]["on"] == last

    @pytest.mark.parametrize("first", ["2026-12-07", "9999-12-31"])
    def test_beyond_the_horizon_there_is_none(self, first: str, city: City) -> None:
        assert windows(city, **{"from": first}).json() == []

    def test_several_repairs_take_one_visit(self, city: City) -> None:
        both = windows(city, repair=[SCREEN, BATTERY], grade=["original", "original"])
        one_grade = windows(city, repair=[SCREEN, BATTERY], grade="original")
        assert both.status_code == one_grade.status_code == 200
        assert both.json() == one_grade.json()

    def test_bad_input_is_400_with_its_name(self, city: City, subtests: pytest.Subtests) -> None:
        for changes, field in BAD:
            with subtests.test(**changes):
                response = windows(city, **changes)
                assert response.status_code == 400
                assert refusal(response)["attr"] == field

    def test_a_closed_city_is_unknown(self, city: City) -> None:
        City.objects.update(is_open=False)
        assert refusal(windows(city))["attr"] == "city"

    def test_where_nobody_is_certified_409_says_so(self, city: City) -> None:
        EngineerCertificate.objects.all().delete()
        response = windows(city)
        assert response.status_code == 409
        assert refusal(response)["attr"] == "repair"
        assert "certified" in refusal(response)["detail"]

    def test_where_nobody_has_the_makers_authorisation_409_points_to_the_maker(self, city: City) -> None:
        Part.objects.update(needs_brand_authorisation=True)
        response = windows(city)
        assert response.status_code == 409
        assert refusal(response)["code"] == "no_authorisation_in_city"
        assert response.json()["details"]["support_url"] == BrandFactory().support_url
        assert BrandFactory().support_url in refusal(response)["detail"]

    def test_with_an_authorised_engineer_there_are_windows(self, city: City) -> None:
        Part.objects.update(needs_brand_authorisation=True)
        AuthorisationFactory(engineer=qualified_engineer(city), brand=BrandFactory())
        assert any(window["is_open"] for window in windows(city).json())

    def test_as_many_queries_for_twenty_visits_as_for_one(self, city: City) -> None:
        def queries() -> int:
            with CaptureQueriesContext(connection) as found:
                assert windows(city).status_code == 200
            return len(found)

        booked(city)
        queries()
        before = queries()
        for number in range(4):
            qualified_engineer(city)
            for window in ("08:00", "10:00", "12:00", "14:00", "16:00"):
                booked(city, window=window, address=f"Jianguo Road {number}")
        assert queries() == before <= 20
