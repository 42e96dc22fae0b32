import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError
from django.utils import translation

from repairhub.places.models import City

SHANGHAI = {
    "code": "SH",
    "name_en": "Shanghai",
    "name_zh": "上海",
    "latitude": 31.2304,
    "longitude": 121.4737,
    "radius_km": 18,
}


class TestCity:
    def test_is_called_by_the_name_in_the_reader_s_language(self) -> None:
        city = City(**SHANGHAI)
        with translation.override("en"):
            assert str(city) == city.name == "Shanghai"
        with translation.override("zh-hans"):
            assert str(city) == city.name == "上海"

    def test_counts_its_days_in_its_own_zone(self) -> None:
        assert City(**SHANGHAI).zone.key == "Asia/Shanghai"
        assert City(**SHANGHAI, time_zone="Asia/Urumqi").zone.key == "Asia/Urumqi"

    @pytest.mark.parametrize("zone", ["Shanghai", "Asia/Shangai", "", "../etc/passwd"])
    def test_a_zone_that_no_calendar_knows_is_refused(self, zone: str) -> None:
        with pytest.raises(ValidationError) as refusal:
            City(**SHANGHAI, time_zone=zone).full_clean(validate_unique=False, validate_constraints=False)
        assert list(refusal.value.message_dict) == ["time_zone"]

    @pytest.mark.parametrize(
        ("latitude", "longitude", "is_covered"),
        [(31.2304, 121.4737, True), (31.19, 121.44, True), (31.05, 121.2, False), (39.9, 116.4, False)],
    )
    def test_covers_what_lies_within_its_radius(
        self, latitude: float, longitude: float, is_covered: bool
    ) -> None:
        assert City(**SHANGHAI).covers(latitude, longitude) is is_covered


@pytest.mark.django_db
class TestCitiesInTheDatabase:
    def test_only_open_ones_can_be_booked(self) -> None:
        City.objects.create(**SHANGHAI)
        City.objects.create(**{**SHANGHAI, "code": "XX", "is_open": False})
        assert [city.code for city in City.objects.open()] == ["SH"]

    @pytest.mark.parametrize(
        "wrong", [{"latitude": 91}, {"longitude": -181}, {"speed_kmh": 0}, {"time_zone": "Shanghai"}]
    )
    def test_a_city_off_the_earth_or_standing_still_is_refused(self, wrong: dict[str, object]) -> None:
        with pytest.raises(IntegrityError, match="city_"):
            City.objects.create(**{**SHANGHAI, **wrong})

    def test_a_code_names_one_city(self) -> None:
        City.objects.create(**SHANGHAI)
        with pytest.raises(IntegrityError):
            City.objects.create(**SHANGHAI)
