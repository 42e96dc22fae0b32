"""Loads the demo: cities, catalogue, people and stock. What is there already stays exactly as it is."""

from collections.abc import Callable
from datetime import date, datetime

from django.db import connection, transaction

from repairhub.ops.demo.catalogue import load_catalogue
from repairhub.ops.demo.rush_hours import load_rush_hours
from repairhub.ops.demo.staffing import load_cities, load_engineers, load_staff
from repairhub.ops.demo.stock import load_stock
from repairhub.places.districts import load_districts

LOCK = 20261122  # a second start of the product on the same database waits here, then finds all in place


@transaction.atomic
def load_data(*, on: date, at: datetime, say: Callable[[str], None]) -> None:
    """All of the demo's data or nothing; `on` is the day that certificates, lots and absences hang on.

    `say` gets a line per step. A second run changes nothing.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])
    cities = load_cities(at=at)
    say(f"cities {len(cities)}/{len(cities)}")
    say(f"districts {load_districts()}")
    say(f"hours with their own pace {load_rush_hours(known=cities)}")
    for name, count in load_catalogue(on=on, at=at).items():
        say(f"{name} {count}")
    say(f"people with a sign-in {load_staff(cities=cities)}")
    say(f"engineers {load_engineers(cities=cities, on=on, at=at)}")
    say(f"stock units {load_stock(on=on, at=at, say=say):,}")
