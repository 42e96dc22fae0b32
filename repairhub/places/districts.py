"""The districts that come with the product: approximate centres, for addresses typed by hand."""

import csv
from pathlib import Path

from repairhub.places.models import City, District

DISTRICTS = Path(__file__).parent / "data" / "districts.csv"


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
