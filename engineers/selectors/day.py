"""An engineer's own day: the route in order, what is next, what is over."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from django.db.models import Q

from engineers.models import Engineer, Visit
from engineers.ports import VisitDetails, visit_details
from engineers.states import ENDED, UNDER_WAY
from repairhub.core.geo import haversine_km


@dataclass(frozen=True)
class StopOfDay:
    """One visit of the route; `km` in a straight line from the place before."""

    visit: Visit
    details: VisitDetails | None
    km: float
    is_next: bool

    @property
    def is_under_way(self) -> bool:
        """Whether the engineer has set out for it: it can be gone on with on any day."""
        return self.visit.status in UNDER_WAY

    @property
    def place_uri(self) -> str:
        """Opens the phone's own map."""
        return f"geo:{self.visit.latitude:.6f},{self.visit.longitude:.6f}"


@dataclass(frozen=True)
class EngineerRoute:
    """The visits of a day: still to do, what is under way first, and over."""

    to_do: Sequence[StopOfDay]
    over: Sequence[StopOfDay]


def route_of_day(engineer: Engineer, on: date) -> EngineerRoute:
    """The engineer's named visits of that day, after whatever is under way, of whichever day that is.

    A visit left under way stands in the way of every other one: it is next, else the first to do.
    """
    shown = Visit.objects.for_engineer(engineer.user).filter(Q(on=on) | Q(status__in=UNDER_WAY))
    named = shown.select_related("city")
    visits = list(named.order_by("planned_start_at", "id"))
    details = visit_details(visits, unmasked=True)
    waiting = [visit for visit in visits if visit.status not in ENDED]
    under_way = next((visit for visit in waiting if visit.status in UNDER_WAY), None)
    following = under_way or next(iter(waiting), None)
    latitude, longitude = engineer.base_latitude, engineer.base_longitude
    stops = []
    for visit in visits:
        km = haversine_km(latitude, longitude, visit.latitude, visit.longitude)
        stops.append(StopOfDay(visit, details.get(visit.pk), km, visit is following))
        latitude, longitude = visit.latitude, visit.longitude
    to_do = [stop for stop in stops if stop.visit.status not in ENDED]
    return EngineerRoute(
        to_do=sorted(to_do, key=lambda stop: not stop.is_under_way),
        over=[stop for stop in stops if stop.visit.status in ENDED],
    )
