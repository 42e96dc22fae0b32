"""The day's route as a drawing: everything inside, north up, no number over another."""

from itertools import combinations
from math import hypot

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engineers.selectors.route_map import HEIGHT, WIDTH, draw_route
from tests.factories.engineers import CENTRE, north

near = st.floats(min_value=-0.3, max_value=0.3)
places = st.lists(st.tuples(near, near), min_size=1, max_size=40)


class TestDrawing:
    def test_of_no_stops_is_none(self) -> None:
        assert draw_route(CENTRE, []) is None

    @given(places)
    def test_holds_every_place(self, offsets: list[tuple[float, float]]) -> None:
        stops = [(n, (CENTRE[0] + a, CENTRE[1] + b), "later") for n, (a, b) in enumerate(offsets, start=1)]
        drawing = draw_route(CENTRE, stops)
        assert drawing is not None
        for pin in [drawing.base, *drawing.pins]:
            assert 0 <= float(pin.at_x) <= WIDTH
            assert 0 <= float(pin.at_y) <= HEIGHT
        assert [pin.number for pin in drawing.pins] == [number for number, *_rest in stops]

    def test_has_the_north_above(self) -> None:
        drawing = draw_route(CENTRE, [(1, north(5), "next"), (2, north(-5), "later")])
        assert drawing is not None
        first, second = drawing.pins
        assert float(first.at_y) < float(drawing.base.at_y) < float(second.at_y)

    def test_moves_numbers_at_one_address_aside(self) -> None:
        drawing = draw_route(CENTRE, [(n, north(3), "later") for n in range(1, 5)])
        assert drawing is not None
        spots = [(float(pin.x), float(pin.y)) for pin in [drawing.base, *drawing.pins]]
        assert min(hypot(a[0] - b[0], a[1] - b[1]) for a, b in combinations(spots, 2)) > 20
        assert [pin.is_aside for pin in drawing.pins] == [False, True, True, True]

    def test_tells_what_is_driven_from_what_is_ahead(self) -> None:
        drawing = draw_route(CENTRE, [(1, north(1), "over"), (2, north(2), "next"), (3, north(3), "later")])
        assert drawing is not None
        assert len(drawing.driven.split()) == 2
        assert len(drawing.ahead.split()) == 4  # from the first stop over two others and home

    @pytest.mark.parametrize(("km", "bar"), [(0.1, 0.2), (5, 2), (60, 20)])
    def test_has_a_bar_of_a_round_length(self, km: float, bar: float) -> None:
        drawing = draw_route(CENTRE, [(1, north(km), "next")])
        assert drawing is not None
        assert drawing.scale_km == bar
        assert 36 <= float(drawing.bar_end) - float(drawing.bar_x) <= WIDTH / 2
