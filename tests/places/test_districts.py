"""Districts: known places for addresses typed by hand."""

import csv

import pytest
from django.utils import translation

from repairhub.places.districts import DISTRICTS, district_instead, load_districts
from repairhub.places.models import City, District
from tests.factories.places import CityFactory

pytestmark = pytest.mark.django_db


class TestLoadDistricts:
    def test_fills_the_cities_that_exist(self) -> None:
        city = CityFactory()
        assert load_districts() == city.districts.count() >= 5
        assert not District.objects.exclude(city=city).exists()

    def test_again_changes_nothing(self) -> None:
        CityFactory()
        load_districts()
        District.objects.filter(name_en="Haidian").update(latitude=40.0)
        count = District.objects.count()
        assert load_districts() == count
        assert District.objects.get(name_en="Haidian").latitude == 40.0

    def test_every_district_lies_where_its_city_is_served(self) -> None:
        from repairhub.ops.demo import tables

        radii = {row.code: row for row in tables.cities()}
        with DISTRICTS.open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
        assert {row["city"] for row in rows} == set(radii)
        outside = []
        for row in rows:
            known = radii[row["city"]]
            city = City(latitude=known.latitude, longitude=known.longitude, radius_km=known.radius_km)
            if not city.covers(float(row["latitude"]), float(row["longitude"])):
                outside.append(row)
        assert outside == []


class TestDistrictInstead:
    @pytest.fixture(autouse=True)
    def beijing(self) -> None:
        CityFactory()
        load_districts()

    @pytest.mark.parametrize(
        ("name", "place"),
        [
            ("Haidian", (39.9593, 116.2985)),  # its middle
            ("Chaoyang", (40.0000, 116.4800)),  # Wangjing
            ("Chaoyang", (40.0000, 116.3900)),  # Yayuncun: the middle of Dongcheng is nearer
            ("Chaoyang", (39.8300, 116.4500)),  # Xiaohongmen: the middle of Yizhuang is nearer
            ("Fengtai", (39.8650, 116.4300)),  # Fangzhuang: three other middles are nearer
            ("Dongcheng", (39.9219, 116.4435)),  # the middle of Chaoyang, 2.5 km away
        ],
    )
    def test_is_none_where_the_place_may_lie_in_the_district(
        self, name: str, place: tuple[float, float]
    ) -> None:
        assert district_instead(District.objects.get(name_en=name), *place) is None

    @pytest.mark.parametrize("name", ["Haidian", "Fengtai", "Yizhuang"])
    def test_is_where_the_place_lies_if_the_district_is_another(self, name: str) -> None:
        office = (39.9288, 116.4160)
        instead = district_instead(District.objects.get(name_en=name), *office)
        assert instead == District.objects.get(name_en="Dongcheng")

    def test_is_none_where_the_city_has_one_district(self) -> None:
        only = District.objects.get(name_en="Yizhuang")
        District.objects.exclude(pk=only.pk).delete()
        assert district_instead(only, 40.0, 116.4) is None


class TestDistrict:
    def test_has_the_name_of_the_readers_language(self) -> None:
        CityFactory()
        load_districts()
        district = District.objects.get(name_en="Haidian")
        assert district.name == "Haidian"
        with translation.override("zh-hans"):
            assert district.name == "海淀区"

    def test_of_a_closed_city_is_not_offered(self) -> None:
        CityFactory(is_open=False)
        load_districts()
        assert not District.objects.open().exists()


class TestDistrictName:
    @pytest.mark.parametrize("stored", ["Haidian", "海淀区"])
    def test_is_in_the_readers_language_whichever_it_was_stored_in(self, stored: str) -> None:
        city = CityFactory()
        load_districts()
        assert city.district_name(stored) == "Haidian"
        with translation.override("zh-hans"):
            assert city.district_name(stored) == "海淀区"

    @pytest.mark.parametrize("typed", ["", "by the old mill", "浦东新区"])
    def test_what_is_no_district_of_the_city_stays_as_typed(self, typed: str) -> None:
        city = CityFactory()
        CityFactory(code="SH")
        load_districts()
        assert city.district_name(typed) == typed
