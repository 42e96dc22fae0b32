"""The streets of a city's days, learnt from the OSRM server before anybody plans with them."""

from collections.abc import Sequence
from datetime import date

from django.db import connection

from engineers import osrm
from engineers.dispatch import Place
from engineers.models import Engineer, Visit
from engineers.states import OPEN
from repairhub.places.models import City

PATIENCE, AT_NIGHT = 2.0, 20.0
"""Seconds that a page waits for streets at most, and a worker who plans."""


def learn_roads(city: City, first: date, last: date, *, places: Sequence[Place] = ()) -> None:
    """Learns the ways between the places and every base and visit of these days; without places, all ways.

    Does nothing where no server is named, nor in a transaction: it waits for the server, and a transaction
    may hold locks.
    """
    if not osrm.is_used() or connection.in_atomic_block:
        return
    bases = Engineer.objects.working_in(city).values_list("base_latitude", "base_longitude")
    visits = Visit.objects.filter(city=city, on__range=(first, last), status__in=OPEN)
    nodes = [*bases, *visits.order_by("on").values_list("latitude", "longitude")]
    if not places:
        osrm.learn(nodes, nodes, patience=AT_NIGHT)
    elif osrm.learn(places, nodes, patience=PATIENCE / 2):
        osrm.learn(nodes, places, patience=PATIENCE / 2)
