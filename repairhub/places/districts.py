"""The districts that come with the product: approximate centres, for addresses typed by hand."""

import csv
from pathlib import Path

from repairhub.core.geo import haversine_km
from repairhub.places.models import City, District

DISTRICTS = Path(__file__).parent / "data" / "districts.csv"
# A district is known by its middle alone, and some are thirty kilometres long: at their edges a neighbour's
# middle is often the nearer one. So a place is elsewhere only where the district named is more than twice as
# far as the nearest, and three kilometres on top: in a city's core the middles lie no farther apart than
# that, and an engineer is there in a few minutes anyway.
TIMES_AS_FAR = 2
AND_KM = 3


def load_districts() -> int:
    """Writes the districts of the cities that exist; those there already stay as they are.

    Returns how many districts there are now.
    """
    cities = {city.code: city for city in City.objects.all()}
    with DISTRICTS.open(encoding="utf-8", newline="") as file:
        rows = [
            District(
                city=cities[row["city"]],
                name_en=row["name_en"],
                name_zh=row["name_zh"],
                latitude=float(row["latitude"]),
                longitude=float(row["longitude"]),
            )
            for row in csv.DictReader(file)
            if row["city"] in cities
        ]
    District.objects.bulk_create(rows, ignore_conflicts=True)
    return District.objects.count()


def district_instead(district: District, latitude: float, longitude: float) -> District | None:
    """Where the place (degrees) lies if that plainly is not in `district`; None where it may be there.

    Among the districts of the same city; see TIMES_AS_FAR for what is plain.
    """

    def km(other: District) -> float:
        return haversine_km(other.latitude, other.longitude, latitude, longitude)

    nearest = min(District.objects.filter(city=district.city_id), key=km, default=district)
    return nearest if km(district) > TIMES_AS_FAR * km(nearest) + AND_KM else None
