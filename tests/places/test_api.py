"""GET /api/v1/cities/"""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.factories.places import CityFactory
from tests.orders.api.caller import get

pytestmark = pytest.mark.django_db


class TestCities:
    def test_open_cities_with_their_place_and_zone(self) -> None:
        CityFactory()
        CityFactory(shanghai=True)
        beijing, shanghai = get("cities/").json()["results"]
        assert beijing == {
            "code": "BJ",
            "name": "Beijing",
            "name_en": "Beijing",
            "name_zh": "北京",
            "latitude": 39.9042,
            "longitude": 116.4074,
            "radius_km": 30,
            "time_zone": "Asia/Shanghai",
        }
        assert shanghai["code"] == "SH"

    def test_a_closed_city_is_not_shown(self) -> None:
        CityFactory(is_open=False)
        assert get("cities/").json()["results"] == []

    def test_the_name_is_in_the_language_asked_for(self) -> None:
        CityFactory()
        assert get("cities/", language="zh-CN").json()["results"][0]["name"] == "北京"

    def test_as_many_queries_for_a_hundred_cities_as_for_twenty(self) -> None:
        def queries() -> int:
            with CaptureQueriesContext(connection) as found:
                assert get("cities/").status_code == 200
            return len(found)

        for number in range(100):
            if number == 20:
                few = queries()
            CityFactory(code=f"C{number}", name_en=f"City {number:03d}")
        assert queries() == few == 1
