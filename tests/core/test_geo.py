import pytest
from hypothesis import given
from hypothesis import strategies as st

from repairhub.core.geo import EARTH_RADIUS_KM, haversine_km

latitudes = st.floats(-90, 90)
longitudes = st.floats(-180, 180)


class TestHaversineKm:
    def test_beijing_to_shanghai_is_a_good_thousand_km(self) -> None:
        assert haversine_km(39.9042, 116.4074, 31.2304, 121.4737) == pytest.approx(1067.3, abs=0.5)

    def test_one_degree_on_the_equator(self) -> None:
        assert haversine_km(0, 0, 0, 1) == pytest.approx(111.195, abs=0.001)

    def test_does_not_care_for_the_date_line(self) -> None:
        assert haversine_km(0, 179.5, 0, -179.5) == pytest.approx(haversine_km(0, -0.5, 0, 0.5))

    def test_the_other_end_of_the_world_is_half_a_turn_away(self) -> None:
        assert haversine_km(90, 0, -90, 0) == pytest.approx(3.141592653589793 * EARTH_RADIUS_KM)

    @given(latitudes, longitudes, latitudes, longitudes)
    def test_there_is_as_far_as_back(self, lat_a: float, lon_a: float, lat_b: float, lon_b: float) -> None:
        there, back = haversine_km(lat_a, lon_a, lat_b, lon_b), haversine_km(lat_b, lon_b, lat_a, lon_a)
        assert there == pytest.approx(back)
        assert 0 <= there <= 20016

    @given(latitudes, longitudes)
    def test_here_is_nowhere_else(self, latitude: float, longitude: float) -> None:
        assert haversine_km(latitude, longitude, latitude, longitude) == 0
