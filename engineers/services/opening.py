"""Windows that insertion calls shut, had by moving others: looked for without a lock, promised under it."""

import random
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TypeVar

from engineers import policy
from engineers.dispatch.opening import open_by_moving
from engineers.models import CityDay, Visit
from engineers.planning import CityClock, city_today, load_plans, stop_for
from engineers.roads import learn_roads
from engineers.selectors.windows import VisitNeeds
from engineers.services.planning import NEW, NoGap, Opening, too_soon, window_shut
from engineers.services.refusals import replan_after_refusal
from repairhub.places.models import City

Promised = TypeVar("Promised")

AGAIN = 2
"""So often a day that changes under our hands is looked at again."""


@dataclass(frozen=True)
class Wish:
    """An arrival window at a place, and what the visit takes."""

    city: City
    latitude: float
    longitude: float
    window_start_at: datetime
    window_end_at: datetime
    needs: VisitNeeds


def promise(
    attempt: Callable[[Opening | None], Promised], *, wish: Callable[[], Wish], at: datetime
) -> Promised:
    """What `attempt` returns: first by a gap in a route, then by re-arranging others, nobody dropped or late.

    `attempt` calls `promise_visit` with what it is given, in a transaction of its own; `wish` is asked for
    only where there is no gap. The day is searched between the attempts, where it is locked by nobody; where
    it has changed meanwhile, again, at most twice. Raises WindowShut with the three nearest where that helps
    no more.
    """
    opening: Opening | None = None
    for searches_left in reversed(range(2 + AGAIN)):
        with suppress(NoGap):
            return attempt(opening)
        if not searches_left:
            break
        wanted = wish()
        opening = find_opening(wish=wanted, at=at)
        if opening is None:
            break
    replan_after_refusal(wanted.city, city_today(wanted.city, wanted.window_start_at))
    raise window_shut(
        wanted.city,
        wanted.latitude,
        wanted.longitude,
        wanted.window_start_at,
        wanted.window_end_at,
        wanted.needs,
        at,
    )


def find_opening(*, wish: Wish, at: datetime) -> Opening | None:
    """The day re-arranged so that the wish has its place, or None where none was found in so many rounds.

    Writes nothing. Eight queries, then CPU for a bounded number of rounds; the same day, the same answer.
    """
    if too_soon(wish.city, wish.window_start_at, at):
        return None
    on = city_today(wish.city, wish.window_start_at)
    # the version first: a change in between makes the plan newer than its label, and so refused
    version = CityDay.objects.filter(city=wish.city, on=on).values_list("version", flat=True).first() or 0
    here = (wish.latitude, wish.longitude)
    learn_roads(wish.city, on, on, places=[here])
    plan = load_plans(wish.city, on, on, at, places=[here])[on]
    visit = Visit(
        latitude=wish.latitude,
        longitude=wish.longitude,
        window_start_at=wish.window_start_at,
        window_end_at=wish.window_end_at,
        service_minutes=wish.needs.service_minutes,
        required_skills=dict(wish.needs.skills),
        required_brands=sorted(wish.needs.brands),
    )
    stop = replace(stop_for(visit, CityClock.of(wish.city, on), at), visit_id=NEW)
    after = open_by_moving(
        plan,
        stop,
        draw=random.Random(version),  # noqa: S311 - a plan is no secret
        rounds=policy.opening_rounds(),
        prices=policy.prices(wish.city),
    )
    return None if after is None else Opening(wish.city, on, version, at, stop, after)
