"""The 24 hours of a city's day as bars: geometry for an SVG."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.utils.translation import gettext as _

from repairhub.places.models import CityPace, hourly_factors

STEP, BAR = 20, 8
"""Width of an hour, and of one of its two bars."""
HEIGHT, USUAL = 120, 40
"""Height of the picture, and of a bar for an hour like any other; 3 times as long fills it."""


@dataclass(frozen=True)
class Bar:
    """One hour's factor; `y` counts from the top."""

    x: int
    y: int
    height: int
    factor: Decimal
    is_slow: bool


@dataclass(frozen=True)
class PacePicture:
    """A kind of day: its name, the bars of its drives and services, and what stands out in words."""

    title: str
    travel: Sequence[Bar]
    service: Sequence[Bar]
    hours: Sequence[tuple[int, str]]
    said: str


def pace_pictures(rows: Iterable[CityPace]) -> list[PacePicture]:
    """A workday and a day of the weekend."""
    rows = list(rows)
    monday, saturday = date(2026, 11, 23), date(2026, 11, 28)
    return [_picture(_("Monday to Friday"), rows, monday), _picture(_("Saturday and Sunday"), rows, saturday)]


def _picture(title: str, rows: list[CityPace], on: date) -> PacePicture:
    travel, service = hourly_factors(rows, on)
    told = [
        _("%(hour)s: drives %(travel)s, work %(service)s times as long")
        % {"hour": f"{hour:02d}:00", "travel": f"{float(drive):g}", "service": f"{float(work):g}"}
        for hour, (drive, work) in enumerate(zip(travel, service, strict=True))
        if (drive, work) != (1, 1)
    ]
    return PacePicture(
        title=title,
        travel=_bars(travel, 1),
        service=_bars(service, 2 + BAR),
        hours=[(hour * STEP, f"{hour:02d}") for hour in range(0, 24, 2)],
        said="; ".join(told) or _("Every hour as usual."),
    )


def _bars(factors: Sequence[Decimal], shift: int) -> list[Bar]:
    bars = []
    for hour, factor in enumerate(factors):
        height = min(round(USUAL * factor), HEIGHT)
        bars.append(Bar(hour * STEP + shift, HEIGHT - height, height, factor, factor > 1))
    return bars
