"""The demo's stock: a store in every city, a van for every engineer, every unit in the ledger."""

import random
from collections import Counter, defaultdict
from collections.abc import Callable
from datetime import date, datetime, timedelta

from django.db import connection
from django.db.models import Count

from engineers.models import Engineer
from parts.models import Lot, Part, StockLocation, StockMovement, UnitStatus
from repairhub.accounts.models import User
from repairhub.accounts.states import Role
from repairhub.ops.demo.people import SEED
from repairhub.ops.demo.sign_ins import SIGN_INS
from repairhub.places.models import City

LOT_AGES = (60, 25)  # days; two lots of every part, so that a rework can take another one
FREQUENT = {"screen", "battery"}  # a store has one of each lot, and one unit of everything else
VAN_SKUS = [
    *(
        f"{model}-SCR-{grade}"
        for model in ("IPHONE12", "IPHONE12MINI", "IPHONE12PRO", "IPHONE12PROMAX")
        for grade in "OC"
    ),
    "IPHONE12-BAT-O",
    "IPHONE12MINI-BAT-O",
    "IPHONE12PROMAX-BAT-O",
    "IPHONE13-BAT-O",
]
VAN_OTHERS = 2  # screens of other models, drawn by the seed

Load = list[tuple[Part, int]]  # parts with the place of the lot that the unit comes from


def load_stock(*, on: date, at: datetime, say: Callable[[str], None]) -> int:
    """Stores and vans that are not there yet, filled. Gives the number of units in the books."""
    parts = list(Part.objects.select_related("component").order_by("sku"))
    lots = _lots(parts, on)
    used = Counter(dict(Part.objects.annotate(n=Count("lots__units")).values_list("sku", "n")))
    before = used.total()
    by = User.objects.get_queryset().get(phone=_phone_of(Role.PARTS_ADMIN))
    known = set(StockLocation.objects.values_list("name", flat=True))
    cities = list(City.objects.order_by("id"))
    for done, city in enumerate(cities, start=1):
        loads = {key: load for key, load in _loads(city, parts).items() if key[0] not in known}
        locations = StockLocation.objects.bulk_create(
            [
                StockLocation(
                    name=name,
                    city=city,
                    custodian_id=custodian,
                    kind=StockLocation.Kind.VAN if custodian else StockLocation.Kind.STORE,
                )
                for name, custodian in loads
            ]
        )
        rows = []
        for location, load in zip(locations, loads.values(), strict=True):
            for part, place in load:
                used[part.sku] += 1
                rows.append((f"{part.sku}-{used[part.sku]:04d}", lots[part.pk][place].pk, location.pk))
        _write(rows, by=by, on=on, at=at)
        if rows and (done % 9 == 0 or done == len(cities)):
            say(f"stock of {done}/{len(cities)} cities: {used.total():,} units")
    if used.total() > before:
        # until its own round comes by, PostgreSQL would plan queries for tables it believes to be empty
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")
    return used.total()


def _lots(parts: list[Part], on: date) -> dict[int, list[Lot]]:
    """The lots of every part, the oldest first; parts without any get theirs."""
    without = set(Part.objects.filter(lots=None).values_list("pk", flat=True))
    days = [on - timedelta(days=age) for age in LOT_AGES]
    Lot.objects.bulk_create(
        [
            Lot(part=part, number=f"{day:%y%m%d}", supplier_id=part.supplier_id, received_on=day)
            for part in parts
            if part.pk in without
            for day in days
        ]
    )
    found = defaultdict(list)
    for lot in Lot.objects.order_by("received_on", "id"):
        found[lot.part_id].append(lot)
    return found


def _loads(city: City, parts: list[Part]) -> dict[tuple[str, int | None], Load]:
    """What lies where in the city: name of the location and its custodian's id, to its load."""
    store: Load = [(part, 0) for part in parts]
    store += [(part, -1) for part in parts if part.component.key in FREQUENT]
    loads: dict[tuple[str, int | None], Load] = {(f"{city.name_en} store", None): store}
    by_sku = {part.sku: part for part in parts}
    screens = [part for part in parts if part.component.key == "screen" and part.sku not in VAN_SKUS]
    seeded = random.Random(f"{SEED}-vans-{city.code}")  # noqa: S311  (a fixed seed is the point)
    for index, engineer in enumerate(Engineer.objects.filter(city=city).order_by("number")):
        van: Load = [(by_sku[sku], index % len(LOT_AGES)) for sku in VAN_SKUS]
        van += [(part, index % len(LOT_AGES)) for part in seeded.sample(screens, VAN_OTHERS)]
        loads[f"Van {engineer.number}", engineer.user_id] = van
    return loads


def _write(rows: list[tuple[str, int, int]], *, by: User, on: date, at: datetime) -> None:
    """Units (serial, lot, location), and what the ledger says of each: received on the day of its lot.

    Two statements for a city: 40,000 units one object at a time would be half of the demo's first start.
    """
    serials, lots, locations = zip(*rows, strict=True) if rows else ((), (), ())
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO parts_stockunit (serial, lot_id, location_id, status) "
            "SELECT *, %s FROM unnest(%s::text[], %s::bigint[], %s::bigint[])",
            [UnitStatus.IN_STOCK, list(serials), list(lots), list(locations)],
        )
        cursor.execute(
            "INSERT INTO parts_stockmovement (unit_id, kind, to_location_id, reference, by_id, at) "
            "SELECT unit.id, %s, unit.location_id, '', %s, %s - (%s - lot.received_on) * interval '1 day' "
            "FROM parts_stockunit unit JOIN parts_lot lot ON lot.id = unit.lot_id "
            "WHERE unit.serial = ANY(%s)",
            [StockMovement.Kind.RECEIVED, by.pk, at, on, list(serials)],
        )


def _phone_of(role: Role) -> str:
    return next(one.phone for one in SIGN_INS if one.role == role)
