"""A day's route as a drawing: base, numbered stops and the way between them, north up, without map tiles."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import cos, hypot, radians

from engineers.dispatch import Place

WIDTH, HEIGHT, EDGE = 340, 220, 30
NEAR = 26  # pins closer than this would cover each other
LEAST_SPAN_KM = 0.8  # two neighbours do not fill the whole drawing
KM_PER_DEGREE = 111.195
SCALES_KM = (0.2, 0.5, 1, 2, 5, 10, 20, 50, 100)
ASIDE = [
    (0, 0),
    *((x * NEAR, y * NEAR) for x, y in ((1, 0), (-1, 0), (0, 1), (0, -1), (1, 1), (-1, -1), (1, -1))),
]


@dataclass(frozen=True)
class Pin:
    """A place of the drawing, as text for SVG attributes. `x`, `y`: its number; `at_x`, `at_y`: itself."""

    x: str
    y: str
    at_x: str
    at_y: str
    number: int
    tone: str

    @property
    def is_aside(self) -> bool:
        """Whether the number had to make way for another one."""
        return (self.x, self.y) != (self.at_x, self.at_y)


@dataclass(frozen=True)
class RouteMap:
    """The drawing. `driven` and `ahead`: the points of the two lines; the bar is `scale_km` long."""

    width: int
    height: int
    base: Pin
    pins: Sequence[Pin]
    driven: str
    ahead: str
    bar_x: str
    bar_end: str
    bar_y: str
    scale_km: float


def draw_route(base: Place, stops: Sequence[tuple[int, Place, str]]) -> RouteMap | None:
    """The drawing of the stops (number, place, tone) in their order; None where there are none.

    Tones: "over", "next", "later". The line goes from the base through all stops and home again.
    """
    if not stops:
        return None
    places = [base, *(place for _number, place, _tone in stops)]
    flat = _flatten(places)
    xs, ys = [x for x, _y in flat], [y for _x, y in flat]
    span_x, span_y = max(*xs) - min(*xs), max(*ys) - min(*ys)
    per_km = min(
        (WIDTH - 2 * EDGE) / max(span_x, LEAST_SPAN_KM), (HEIGHT - 2 * EDGE) / max(span_y, LEAST_SPAN_KM)
    )
    middle_x, middle_y = (max(*xs) + min(*xs)) / 2, (max(*ys) + min(*ys)) / 2
    points = [(WIDTH / 2 + (x - middle_x) * per_km, HEIGHT / 2 + (y - middle_y) * per_km) for x, y in flat]
    taken = [points[0]]
    pins = []
    for (number, _place, tone), point in zip(stops, points[1:], strict=True):
        beside = _free_spot(point, taken)
        taken.append(beside)
        pins.append(_pin(beside, point, number, tone))
    over = sum(1 for _number, _place, tone in stops if tone == "over")
    scale_km = next((km for km in SCALES_KM if km * per_km >= 36), SCALES_KM[-1])
    return RouteMap(
        width=WIDTH,
        height=HEIGHT,
        base=_pin(points[0], points[0], 0, "base"),
        pins=pins,
        driven=_line(points[: over + 1]),
        ahead=_line([*points[over:], points[0]]),
        bar_x="10",
        bar_end=_text(10 + scale_km * per_km),
        bar_y=str(HEIGHT - 10),
        scale_km=scale_km,
    )


def _flatten(places: Sequence[Place]) -> list[tuple[float, float]]:
    """Kilometres east and south of the equator's start: true enough for the size of a city."""
    across = KM_PER_DEGREE * cos(radians(places[0][0]))
    return [(longitude * across, -latitude * KM_PER_DEGREE) for latitude, longitude in places]


def _free_spot(point: tuple[float, float], taken: Sequence[tuple[float, float]]) -> tuple[float, float]:
    for x, y in ASIDE:
        spot = (point[0] + x, point[1] + y)
        is_inside = EDGE / 2 <= spot[0] <= WIDTH - EDGE / 2 and EDGE / 2 <= spot[1] <= HEIGHT - EDGE / 2
        if is_inside and all(hypot(spot[0] - one[0], spot[1] - one[1]) >= NEAR - 1 for one in taken):
            return spot
    return point


def _pin(spot: tuple[float, float], point: tuple[float, float], number: int, tone: str) -> Pin:
    return Pin(_text(spot[0]), _text(spot[1]), _text(point[0]), _text(point[1]), number, tone)


def _line(points: Sequence[tuple[float, float]]) -> str:
    return " ".join(f"{_text(x)},{_text(y)}" for x, y in points)


def _text(value: float) -> str:
    return f"{value:.1f}"
