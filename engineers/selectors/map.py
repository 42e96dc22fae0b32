"""The map beside the lanes: what stays on it, and the marks that live with the board."""

from collections.abc import Iterable, Mapping
from typing import Any

from django.conf import settings

from engineers.models import Visit
from engineers.ports import VisitTitle
from engineers.selectors.board import tone_of
from engineers.selectors.lanes import LanePage
from engineers.states import OPEN
from repairhub.places.models import City

DECIMALS = 3
"""About 100 m: near enough for a city's map, and no more than the district that the board names."""


def city_map(city: City) -> dict[str, Any]:
    """The city's middle and radius, its districts' names and middles, and the tiles where some are set."""
    return {
        "centre": [city.latitude, city.longitude],
        "radius_km": city.radius_km,
        "districts": [
            {"name": district.name, "at": [district.latitude, district.longitude]}
            for district in city.districts.all()
        ],
        "tiles": {"url": settings.MAP_TILE_URL, "credit": settings.MAP_TILE_CREDIT},
    }


def marks_of(page: LanePage, in_tray: Iterable[Visit], titles: Mapping[int, VisitTitle]) -> dict[str, Any]:
    """The bases of the engineers shown, the visits of tray and lanes in the order of their routes. No query.

    A visit: `r` reference, `l` the label it has on the board, `t` its tone, `p` place, `e` its engineer.
    """
    routed = [(visit, engineer.pk) for engineer, visits in page.lanes for visit in visits]
    known = {visit.pk for visit, _engineer in routed}
    waiting = [(visit, 0) for visit in in_tray if visit.pk not in known and visit.status in OPEN]
    return {
        "bases": [
            {
                "e": engineer.pk,
                "n": engineer.user.name,
                "p": [round(engineer.base_latitude, DECIMALS), round(engineer.base_longitude, DECIMALS)],
            }
            for engineer, _visits in page.lanes
        ],
        "visits": [
            {
                "r": visit.reference,
                "l": titles[visit.pk].reference if visit.pk in titles else visit.reference,
                "t": tone_of(visit),
                "p": [round(visit.latitude, DECIMALS), round(visit.longitude, DECIMALS)],
                "e": engineer_id,
            }
            for visit, engineer_id in [*routed, *waiting]
        ],
    }
