"""Travel by the issue's formula, and by providers of another kind."""

import pytest

from engineers.dispatch import HaversineTravel
from tests.engineers.dispatch.builders import Street, engineer, plan_of, visit

TIANANMEN = (39.9087, 116.3975)
SOUTH_STATION = (39.8652, 116.3786)


class TestHaversineTravel:
    def test_takes_the_straight_line_times_the_detour_at_the_speed_rounded_up(self):
        # 5.0999 km x 1.3 / 25 km/h
        assert HaversineTravel(25).seconds(TIANANMEN, SOUTH_STATION) == 955

    def test_one_degree_of_latitude_is_the_earths_radius_times_its_angle(self):
        # 6371.0088 km x pi / 180 = 111.19508 km
        assert HaversineTravel(100, detour=1).seconds((0.0, 0.0), (1.0, 0.0)) == 4004

    def test_is_nothing_between_equal_places(self):
        assert HaversineTravel(25).seconds(TIANANMEN, TIANANMEN) == 0

    def test_is_the_same_both_ways(self):
        travel = HaversineTravel(25)
        assert travel.seconds(TIANANMEN, SOUTH_STATION) == travel.seconds(SOUTH_STATION, TIANANMEN)

    def test_reaches_the_other_side_of_the_earth(self):
        assert HaversineTravel(1000, detour=1).seconds((0.0, 0.0), (0.0, 180.0)) == 72055

    def test_keeps_no_more_than_it_may(self):
        travel = HaversineTravel(25, keep=3)
        for step in range(10):
            travel.seconds(TIANANMEN, (39.0 + step / 10, 116.0))
        assert len(travel._known) <= 3
        assert travel.seconds(TIANANMEN, SOUTH_STATION) == 955

    @pytest.mark.parametrize(("speed", "detour"), [(0, 1.3), (-5, 1.3), (25, 0), (float("nan"), 1.3)])
    def test_refuses_a_speed_or_detour_that_leads_nowhere(self, speed, detour):
        with pytest.raises(ValueError, match="above zero"):
            HaversineTravel(speed, detour)


class TestAnAsymmetricProvider:
    def test_is_asked_in_the_direction_of_the_drive(self):
        plan = plan_of(engineer(), travel=Street(back=3), ann=[visit("a", at=10)])
        timetable = plan.timetable("ann")
        assert timetable.legs == [10 * 60, 30 * 60]
        assert timetable.travel_seconds == 40 * 60

    def test_its_extra_travel_counts_both_directions(self):
        timetable = plan_of(engineer(), travel=Street(back=3), ann=[visit("a", at=10)]).timetable("ann")
        assert timetable.fit(visit("b", at=20), 0) == ((20 + 10 * 3 - 10) * 60, 8 * 3600 + 20 * 60)
