"""Which promised windows nobody can keep any more: asked of visits that have lost their engineer."""

import random
from collections import defaultdict
from collections.abc import Iterable
from datetime import date, datetime

from django.core.cache import cache

from engineers.dispatch.opening import open_by_moving
from engineers.models import CityDay, Visit
from engineers.planning import CityClock, load_plans, stop_for
from engineers.states import AWAITED
from repairhub.places.models import City

REMEMBERED_SECONDS = 600
"""So long an answer holds at most, on a day whose routes have not changed."""


def beyond_keeping(visits: Iterable[Visit], at: datetime) -> list[Visit]:
    """The visits among these (loaded with their city) that are in no route and that no route can take.

    Others may be moved for them, nobody dropped. One by one: two that exclude each other both count as
    possible until one of them is planned. Seven queries a city and day, none for windows that have passed,
    one where the day's version is the same as when it was asked last, ten minutes ago at most: certificates,
    shifts and absences change without a version, and time passes.
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
        # the version before the plan: an answer is never older than its label
        version = CityDay.objects.filter(city=city, on=on).values_list("version", flat=True).first() or 0
        keys = {visit.pk: f"beyond-keeping:{visit.pk}:{version}" for visit in waiting}
        known = cache.get_many(keys.values())
        unknown = [visit for visit in waiting if keys[visit.pk] not in known]
        if unknown:
            plan = load_plans(city, on, on, at)[on]
        clock = CityClock.of(city, on)
        draw = random.Random(1)  # noqa: S311 - a plan is no secret
        for visit in unknown:
            # the slack kept free in what is offered is given away before a promise is given up
            known[keys[visit.pk]] = open_by_moving(plan, stop_for(visit, clock, at), draw=draw) is None
        cache.set_many({keys[visit.pk]: known[keys[visit.pk]] for visit in unknown}, REMEMBERED_SECONDS)
        lost += [visit for visit in waiting if known[keys[visit.pk]]]
    return lost
