"""Plans of days ahead that this process has read before: read again only where something has changed.

A day ahead does not depend on the time of day. It is the same as long as its CityDay has the same version,
its engineers' days are the same (they are read each time: certificates, shifts and absences change without a
version) and so are the city's hours and the weather. Today is always read afresh, and so is every day where a
server knows the streets: what it has said since may be better. Nothing is kept or taken in a transaction: one
that holds the day's lock sees a version which others may never see.
"""

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from threading import Lock

from django.db import connection

from engineers import osrm
from engineers.dispatch import DayPlan, EngineerDay, Pace, Place, Travel
from engineers.models import CityDay
from engineers.planning import (
    CityClock,
    city_today,
    day_plan,
    engineer_day,
    held_up_on,
    load_plans,
    paces_of,
    travel_in,
    visits_of,
    weather_of,
)
from engineers.rows import EngineerRow, engineer_rows
from repairhub.places.models import City

MOST_STOPS = 8_000
"""Stops and routes of all days kept together: 14 full days of 100 engineers. 6.5 MB, measured."""
LEAST_STOPS = 40
"""A day with fewer is quicker read than it is worth its memory."""
MOST_CITIES = 2
"""Cities whose engineers' days are remembered."""


@dataclass(frozen=True)
class _Known:
    version: int
    days: Sequence[EngineerDay]
    held_up: Mapping[object, int]
    time_zone: str
    plan: DayPlan
    size: int

    def holds(
        self,
        version: int,
        days: Sequence[EngineerDay],
        held_up: Mapping[object, int],
        city: City,
        travel: Travel,
    ) -> bool:
        """Whether a plan read now would be the same."""
        return (
            self.version == version
            and self.held_up == held_up
            and self.time_zone == city.time_zone
            and self.plan.travel is travel
            and self.days == days
        )


class KnownDays:
    """The days read last, by city and day, bounded by the stops in them. One for each process."""

    def __init__(self, most_stops: int = MOST_STOPS, least_stops: int = LEAST_STOPS) -> None:
        self._most, self._least = most_stops, least_stops
        self._lock = Lock()
        self._known: OrderedDict[tuple[int, date], _Known] = OrderedDict()
        self._engineers: OrderedDict[
            tuple[int, date, date],
            tuple[list[EngineerRow], dict[date, Pace | None], dict[date, list[EngineerDay]]],
        ] = OrderedDict()

    def plans(
        self, city: City, first: date, last: date, at: datetime, *, places: Sequence[Place] = ()
    ) -> dict[date, DayPlan]:
        """What `load_plans` gives. Nine queries, eight where every day is known as it stands."""
        if connection.in_atomic_block or osrm.is_used():
            return load_plans(city, first, last, at, places=places)
        # the version before the visits: what is read is never older than its label
        versions = dict(
            CityDay.objects.filter(city=city, on__range=(first, last)).values_list("on", "version")
        )
        rows, days = self._days(city, first, last)
        held_up = {on: held_up_on(CityClock.of(city, on), rows) for on in days}
        weather = weather_of(city, first, last)
        travel = {on: travel_in(city, weather.get(on)) for on in days}
        plans: dict[date, DayPlan] = {}
        for on in days:
            known = self._get(city, on) if on > city_today(city, at) else None
            if known is not None and known.holds(
                versions.get(on, 0), days[on], held_up[on], city, travel[on]
            ):
                plans[on] = known.plan
        missing = [on for on in days if on not in plans]
        visits = visits_of(city, missing) if missing else {}
        for on in missing:
            plans[on] = day_plan(city, on, days[on], visits, at, travel[on], held_up[on])
            stops = sum(len(route.stops) for route in plans[on].routes.values())
            if on > city_today(city, at) and stops >= self._least:
                size = stops + len(days[on])
                self._keep(
                    city,
                    on,
                    _Known(versions.get(on, 0), days[on], held_up[on], city.time_zone, plans[on], size),
                )
        return {on: plans[on] for on in days}

    def forget(self) -> None:
        """Knows nothing any more."""
        with self._lock:
            self._known.clear()
            self._engineers.clear()

    @property
    def size(self) -> int:
        """How many stops and routes are kept."""
        return sum(known.size for known in self._known.values())

    def _days(
        self, city: City, first: date, last: date
    ) -> tuple[list[EngineerRow], dict[date, list[EngineerDay]]]:
        """The engineers' rows and days: days made anew only where a row or the city's hours have changed."""
        span = [first + timedelta(days=offset) for offset in range((last - first).days + 1)]
        rows, paces = engineer_rows(city, first, last), paces_of(city, span)
        key = (city.pk, first, last)
        with self._lock:
            known = self._engineers.get(key)
            if known is not None and known[:2] == (rows, paces):
                self._engineers.move_to_end(key)
                return known[0], known[2]
        days = {on: [engineer_day(row, on, paces[on]) for row in rows] for on in span}
        with self._lock:
            self._engineers[key] = (rows, paces, days)
            while len(self._engineers) > MOST_CITIES:
                self._engineers.popitem(last=False)
        return rows, days

    def _get(self, city: City, on: date) -> _Known | None:
        with self._lock:
            known = self._known.get((city.pk, on))
            if known is not None:
                self._known.move_to_end((city.pk, on))
            return known

    def _keep(self, city: City, on: date, known: _Known) -> None:
        with self._lock:
            self._known[city.pk, on] = known
            self._known.move_to_end((city.pk, on))
            while self.size > self._most and self._known:
                self._known.popitem(last=False)


KNOWN_DAYS = KnownDays()
