"""The demo's rush hours: plausible samples, not measured anywhere. Bigger cities stand longer."""

from repairhub.ops.demo.tables import CityRow, cities
from repairhub.places.models import City, CityPace

WORKDAYS = {8: (40, 0), 9: (25, 0), 12: (0, 5), 17: (35, 0), 18: (50, 5), 19: (20, 0)}
WEEKENDS = {11: (10, 0), 15: (15, 0), 16: (20, 0), 17: (15, 0)}
"""Hour to what drives and work take more, in per cent, in the biggest cities."""
BIGGEST_FROM = 40
"""Engineers from which on a city counts as one of the biggest."""


def load_rush_hours(*, known: dict[str, City]) -> int:
    """Writes the hours of the cities that have none yet. Gives how many hours there are now."""
    kept = set(CityPace.objects.values_list("city_id", flat=True))
    CityPace.objects.bulk_create(
        CityPace(
            city=known[row.code],
            days=days,
            hour=hour,
            travel_factor=round(1 + travel * _share(row) / 100, 2),
            service_factor=round(1 + service / 100, 2),
        )
        for row in cities()
        if row.code in known and known[row.code].pk not in kept
        for days, hours in ((CityPace.Days.WORKDAYS, WORKDAYS), (CityPace.Days.WEEKENDS, WEEKENDS))
        for hour, (travel, service) in hours.items()
    )
    return CityPace.objects.count()


def _share(row: CityRow) -> float:
    """How much of the rush a city of that size has: half of it in the smallest."""
    return 0.5 + 0.5 * min(row.engineers / BIGGEST_FROM, 1.0)
