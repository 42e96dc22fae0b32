"""The dispatch board with a city's whole day on it: 100 engineers, 500 visits, each of an order as booked.

Measured through Django's own request handling, signed in, on embedded servers that end with it: the queries
of a page and the median time of the server, for the page, a refresh with a change and one without.
"""

import os
import random
import time
from collections.abc import Callable
from datetime import date, datetime, timedelta
from pathlib import Path
from statistics import median
from typing import Any

from bench.measuring import say
from bench.rows import Row

CHECKOUT = Path(__file__).resolve().parent.parent
ENGINEERS, VISITS = 100, 500
ROUNDS = 15
ON = date(2026, 11, 24)
AT = datetime.fromisoformat("2026-11-24T10:30:00+08:00")
HTMX = {"HX-Request": "true"}


def measure() -> list[Row]:
    """Queries, milliseconds and size of the board in full and of its refresh with and without a change."""
    from repairhub.ops.embedded import EmbeddedServers, Home

    with EmbeddedServers(Home.for_tests(CHECKOUT)) as servers:
        os.environ.update(
            DATABASE_URL=servers.database_url,
            REDIS_URL=servers.redis_url(),
            DJANGO_SETTINGS_MODULE="repairhub.settings.test",
            SEED="1",
        )
        import django

        django.setup()
        from django.db import connections

        try:
            return _measured()
        finally:
            connections.close_all()
            servers.home.delete()


def _measured() -> list[Row]:
    import time_machine
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    with time_machine.travel(AT, tick=False):
        client = _full_day()
        say(f"{ENGINEERS} engineers and {VISITS} visits, in {ROUNDS} rounds")
        return _rows(client)


def _rows(client: Any) -> list[Row]:
    from django.urls import reverse

    from engineers.models import CityDay
    from engineers.selectors.board import board_token
    from repairhub.places.models import City

    city = City.objects.get()
    address = reverse("board")
    query = {"city": city.code, "on": ON.isoformat()}
    token = board_token(city, ON, AT)
    CityDay.objects.get_or_create(city=city, on=ON)

    def full() -> Any:
        return client.get(address, query)

    def changed() -> Any:
        return client.get(address, {**query, "seen": "before"}, headers=HTMX)

    def unchanged() -> Any:
        return client.get(address, {**query, "seen": token}, headers=HTMX)

    what = f"board, {ENGINEERS} engineers and {VISITS} visits: "
    rows = []
    for name, ask, bars in (
        ("the page", full, (12, 300)),
        ("a refresh with a change", changed, (12, 300)),
        ("a refresh without one", unchanged, (None, None)),
    ):
        response = ask()
        assert response.status_code == (204 if ask is unchanged else 200), response.status_code  # noqa: S101
        rows.append(Row(f"{what}{name}, queries", _queries(ask), "", bars[0]))
        rows.append(Row(f"{what}{name}, server time (median)", _milliseconds(ask), "ms", bars[1]))
        rows.append(
            Row(f"{what}{name}, CPU of the web process (median)", _milliseconds(ask, time.process_time), "ms")
        )
        rows.append(Row(f"{what}{name}, size", len(response.content) / 1000, "kB"))
    return rows


def _queries(ask: Callable[[], Any]) -> int:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    with CaptureQueriesContext(connection) as captured:
        ask()
    return len(captured)


def _milliseconds(ask: Callable[[], Any], clock: Callable[[], float] = time.perf_counter) -> float:
    taken = []
    for _round in range(ROUNDS):
        begun = clock()
        ask()
        taken.append((clock() - begun) * 1000)
    return median(taken)


def _full_day() -> Any:
    """A dispatcher's browser and the day it looks at: most confirmed, some at risk, thirty unassigned."""
    from django.test import Client

    from engineers.models import Visit
    from engineers.services.doorstep import mark_at_risk
    from tests.factories.accounts import DispatcherFactory
    from tests.factories.engineers import EngineerFactory
    from tests.factories.warranty import Workshop

    draw = random.Random(1)  # noqa: S311 - a benchmark's own draw
    shop = Workshop.open()
    shop.clock = AT
    names = [f"Engineer {number:03d}" for number in range(2, ENGINEERS + 1)]
    for name in names:
        EngineerFactory(user__name=name, city=shop.city)
    order = shop.book("screen-replacement", "battery-replacement")
    midnight = datetime.combine(ON, datetime.min.time(), tzinfo=AT.tzinfo)
    people = list(shop.city.engineers.order_by("pk"))
    visits = []
    for number in range(VISITS):
        slot, who = divmod(number, ENGINEERS)
        waits = number >= VISITS - 30
        start = midnight + timedelta(hours=8 + 2 * slot, minutes=draw.randrange(0, 50))
        planned = {} if waits else {
            "engineer": people[who],
            "planned_start_at": start,
            "planned_end_at": start + timedelta(minutes=60),
        }  # fmt: skip
        visits.append(
            Visit(
                reference=f"V-B{number:07d}", city=shop.city, on=ON,
                latitude=shop.city.latitude + draw.gauss(0, 0.05),
                longitude=shop.city.longitude + draw.gauss(0, 0.06),
                window_start_at=midnight + timedelta(hours=8 + 2 * slot),
                window_end_at=midnight + timedelta(hours=10 + 2 * slot),
                service_minutes=60, required_skills={"screen": 2}, required_brands=[], created_at=AT,
                status="planned" if waits or number % 5 == 4 else "confirmed", **planned,
            )
        )  # fmt: skip
    Visit.objects.bulk_create(visits)
    _order_each(order, visits)
    mark_at_risk(visit_ids=[visit.pk for visit in visits if visit.reference.endswith("7")][:20], at=AT)
    client = Client()
    client.force_login(DispatcherFactory(cities=[shop.city]))
    return client


def _order_each(order: Any, visits: list[Any]) -> None:
    """Each visit an order like that one: phone, two contacts, two repairs, an approved quote, two clocks."""
    from engineers.services.planning import ARRIVE_WITHIN_WINDOW, ASSIGN_WITHIN
    from orders.models import OrderContact, OrderVisit, Quote, QuoteApproval, QuoteLine
    from repairhub.sla.models import SlaClock

    def copies(row: Any, **differing: list[Any]) -> list[Any]:
        model, rows = type(row), []
        for number in range(len(visits)):
            fields = {field.attname: getattr(row, field.attname) for field in model._meta.concrete_fields}
            fields |= {name: values[number] for name, values in differing.items()} | {"id": None}
            rows.append(model(**fields))
        return list(model._base_manager.bulk_create(rows))

    quote = Quote.objects.get(order=order)
    orders = copies(order, reference=[f"RH-B{number:07d}" for number in range(len(visits))])
    ids = [each.pk for each in orders]
    for contact in OrderContact.objects.filter(order=order):
        copies(contact, order_id=ids)
    quotes = [each.pk for each in copies(quote, order_id=ids)]
    for line in QuoteLine.objects.filter(quote=quote):
        copies(line, quote_id=quotes)
    copies(QuoteApproval.objects.get(quote=quote), quote_id=quotes)
    visit_ids = [visit.pk for visit in visits]
    copies(OrderVisit.objects.get(order=order), order_id=ids, visit_id=visit_ids)
    for key in (ASSIGN_WITHIN, ARRIVE_WITHIN_WINDOW):
        copies(SlaClock.objects.get(target__key=key), object_id=visit_ids)
