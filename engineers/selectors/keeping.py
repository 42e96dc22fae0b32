"""Which promised windows nobody can keep any more: asked of visits that have lost their engineer."""

import random
from collections import defaultdict
from collections.abc import Iterable
from datetime import date, datetime

from engineers.dispatch.opening import open_by_moving
from engineers.models import Visit
from engineers.planning import CityClock, load_plans, stop_for
from engineers.states import AWAITED
from repairhub.places.models import City


def beyond_keeping(visits: Iterable[Visit], at: datetime) -> list[Visit]:
    """The visits among these (loaded with their city) that are in no route and that no route can take.

    Others may be moved for them, nobody dropped. One by one: two that exclude each other both count as
    possible until one of them is planned. Six queries a city and day, none for windows that have passed.
    """
    by_day: dict[tuple[City, date], list[Visit]] = defaultdict(list)
    lost = []
    for visit in visits:
        if visit.engineer_id is not None or visit.status not in AWAITED:
            continue
        if visit.window_end_at <= at:
            lost.append(visit)
        else:
            by_day[visit.city, visit.on].append(visit)
    for (city, on), waiting in by_day.items():
        plan = load_plans(city, on, on, at)[on]
        clock = CityClock.of(city, on)
        draw = random.Random(1)  # noqa: S311 - a plan is no secret
        for visit in waiting:
            # the slack kept free in what is offered is given away before a promise is given up
            if open_by_moving(plan, stop_for(visit, clock, at), draw=draw) is None:
                lost.append(visit)
    return lost
