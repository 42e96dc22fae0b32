"""The lock order of the house, held by every verb at the door: city's day, order, visit, stock."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from orders.links import order_pin
from orders.services import door as verbs
from orders.services import taking_back
from tests.factories.door import Door, door, photo, working

ORDER = ["engineers_cityday", "orders_repairorder", "engineers_visit", "parts_stockunit"]


def locks(call: Callable[[], Any]) -> list[list[str]]:
    """The tables that each transaction locked rows of, in the order of the first lock."""
    with CaptureQueriesContext(connection) as queries:
        call()
    transactions: list[list[str]] = [[]]
    depth = 0
    for query in queries:
        sql = query["sql"]
        depth += sql.startswith("SAVEPOINT") - sql.startswith("RELEASE SAVEPOINT")
        if sql.startswith("RELEASE SAVEPOINT") and depth == 0:
            transactions.append([])
        found = re.search(r'FROM "(\w+)"', sql) if "FOR UPDATE" in sql else None
        if found and found[1] in ORDER and found[1] not in transactions[-1]:
            transactions[-1].append(found[1])
    return [tables for tables in transactions if tables]


def start(place: Door) -> None:
    """The PIN was right."""
    verbs.start_with_pin(**place.who, pin=order_pin(place.order))


def fit(place: Door) -> None:
    """A part goes in."""
    verbs.fit_part(**place.who, line=place.lines[0], serial="SN-1")


def take_out(place: Door) -> None:
    """The old part comes out."""
    place.take_out(place.order.fittings.get())


def put_back(place: Door) -> None:
    """The new part does not go in after all."""
    fitting = place.order.fittings.get()
    taking_back.put_back_part(fitting=fitting, visit=place.visit, by=place.by, at=place.at)


def report_dead(place: Door) -> None:
    """The new part does not work."""
    fitting = place.order.fittings.get()
    taking_back.report_dead_part(fitting=fitting, visit=place.visit, by=place.by, at=place.at)


def finish(place: Door) -> None:
    """The visit ends."""
    verbs.finish_repair(**place.who, photos=[photo()], note="")


def place_for(verb: Callable[[Door], None]) -> Door:
    """A door at which the verb is next."""
    place = door() if verb is start else working()
    place.unit("SN-1")
    if verb in (take_out, put_back, report_dead, finish):
        fit(place)
    if verb is finish:
        take_out(place)
    return place.refresh()


@pytest.mark.django_db
@pytest.mark.parametrize("verb", [start, fit, take_out, put_back, report_dead, finish])
class TestLockOrder:
    def test_each_transaction_locks_in_the_order_of_the_house(
        self, verb: Callable[[Door], None], settings: Any, tmp_path: Path
    ) -> None:
        settings.MEDIA_ROOT = tmp_path
        place = place_for(verb)
        found = locks(lambda: verb(place))
        assert [sorted(tables, key=ORDER.index) for tables in found] == found
        assert max(len(tables) for tables in found) >= 3
