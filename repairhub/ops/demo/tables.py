"""The demo's tables as they lie in data/: what they hold, with types, and nothing of the database.

cities.csv: real cities and centres; engineers, orders and radius are a synthetic split of the national scale.
official_screen_prices.csv: prices as published. Every other price in here is a sample and is labelled so.
"""

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path

DATA = Path(__file__).resolve().parent / "data"
OFFICIAL = "official"  # in a price cell: the price stands in official_screen_prices.csv


def rows(name: str) -> Iterator[dict[str, str]]:
    """The lines of a table, by column name."""
    with (DATA / name).open(encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file)


@dataclass(frozen=True)
class CityRow:
    """A city; centre in degrees, radius in km, `engineers` people who work there."""

    code: str
    name_en: str
    name_zh: str
    latitude: float
    longitude: float
    engineers: int
    radius_km: int


def cities() -> list[CityRow]:
    """The cities, the biggest first."""
    return [
        CityRow(
            row["code"],
            row["name_en"],
            row["name_zh"],
            float(row["latitude"]),
            float(row["longitude"]),
            int(row["engineers"]),
            int(row["radius_km"]),
        )
        for row in rows("cities.csv")
    ]


@dataclass(frozen=True)
class OfficialPrice:
    """What a customer pays in all for that repair of that model, as published; CNY."""

    brand: str
    model: str
    repair: str
    grade: str
    price: Decimal
    source: str


def official_prices() -> list[OfficialPrice]:
    """The published prices."""
    return [
        OfficialPrice(
            row["brand"],
            row["model"],
            row["repair"],
            row["part_grade"],
            Decimal(row["price"]),
            row["source"],
        )
        for row in rows("official_screen_prices.csv")
    ]


@dataclass(frozen=True)
class ComponentRow:
    """A component; a certified part costs `certified_percent` of the original, None where none exists."""

    key: str
    code: str
    name_en: str
    name_zh: str
    certified_percent: int | None


def components() -> list[ComponentRow]:
    """The components."""
    return [
        ComponentRow(
            row["key"],
            row["code"],
            row["name_en"],
            row["name_zh"],
            int(row["certified_percent"]) if row["certified_percent"] else None,
        )
        for row in rows("components.csv")
    ]


@dataclass(frozen=True)
class ModelRow:
    """A device model with a price cell per component key.

    A cell is a sample price of the original part, `official`, or `=` and the key of the model whose part it
    shares. `maker_only`: components whose original part may only be fitted with the maker's authorisation.
    """

    brand: str
    key: str
    name: str
    released_on: date
    cells: dict[str, str]
    maker_only: frozenset[str]


def device_models() -> list[ModelRow]:
    """The device models."""
    keys = [component.key for component in components()]
    return [
        ModelRow(
            row["brand"],
            row["key"],
            row["name"],
            date.fromisoformat(row["released_on"]),
            {key: row[key] for key in keys},
            frozenset(row["maker_only"].split()),
        )
        for row in rows("device_models.csv")
    ]
