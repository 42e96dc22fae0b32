"""Doorbells of planning and qualification: cities are independent, so each has a task of its own."""

from datetime import date, timedelta

from celery import shared_task
from django.db.models import F
from django.utils import timezone

from engineers import policy
from engineers.models import CityDay, PlanRun
from engineers.planning import city_today
from engineers.services.access import forget_access_notes
from engineers.services.looking import Question, look
from engineers.services.plan_computing import compute_run
from engineers.services.plan_runs import mend_runs
from engineers.services.reminding import remind_of_ending
from engineers.services.replanning import StalePlan, replan_day
from engineers.services.rework_rate import review_rework_rates
from repairhub.core.ticks import claim_tick
from repairhub.places.models import City

DAYS_AHEAD = 2
NIGHTLY = 10
"""The nightly plan of a day may take so many times the usual budget."""


@shared_task
def plan_changed_days() -> int:
    """Each ten minutes: rings for every near day that has changed since it was planned; returns how many.

    Twice: the minute is claimed by one. Late or never: the days keep the routes that insertion gave them,
    every promise kept, with some more driving; plan runs whose bell was lost say so when asked for again.
    """
    at = timezone.now()
    if not claim_tick("plan_changed_days", at):
        return 0
    mend_runs(at=at)
    changed = CityDay.objects.select_related("city").exclude(planned_version=F("version"))
    rung = 0
    for day in changed.filter(on__gte=(at - timedelta(days=1)).date()):
        today = city_today(day.city, at)
        if today <= day.on < today + timedelta(days=DAYS_AHEAD):
            plan_city_day.delay(day.city_id, day.on.isoformat())
            rung += 1
    return rung


@shared_task
def plan_tomorrow() -> int:
    """Each night: rings for every city's coming day, with time to search longer; returns how many.

    Twice: the minute is claimed by one. Late or never: as for `plan_changed_days`.
    """
    at = timezone.now()
    if not claim_tick("plan_tomorrow", at):
        return 0
    rung = 0
    for city in City.objects.open():
        on = city_today(city, at + timedelta(hours=12))
        if city.visits.filter(on=on).exists():
            plan_city_day.delay(city.pk, on.isoformat(), NIGHTLY)
            rung += 1
    return rung


@shared_task
def plan_city_day(city_id: int, on: str, times: int = 1) -> str:
    """Plans one city's day afresh; returns what came of it in a few words.

    Twice: the second finds nothing to better. On a day that changes under its hands it gives up, and the
    next ten minutes bring it again. Late or never: the present routes stay, every promise kept.
    """
    city = City.objects.get(pk=city_id)
    at = timezone.now()
    day = date.fromisoformat(on)
    visits = city.visits.open().filter(on=day).count()
    try:
        stored = replan_day(city=city, on=day, by=None, at=at, seconds=policy.plan_seconds(visits, times))
    except StalePlan:
        return "stale"
    return f"moved {stored.moved}, found {stored.found}, saved {stored.saved_minutes} min"


@shared_task
def remind_of_ending_certificates() -> int:
    """Each morning: certificates and authorisations that end in 30 or 7 days; returns how many reminders.

    Twice: the minute is claimed by one, and each reminder has its key. Late: it leaves with the next morning.
    Never: the admin's list of what ends soon shows it all the same.
    """
    at = timezone.now()
    return remind_of_ending(at=at) if claim_tick("remind_of_ending_certificates", at) else 0


@shared_task
def review_all_rework_rates() -> int:
    """Each night, before the coming day is planned: rings for every city; returns how many.

    Twice: the minute is claimed by one. Late or never: who reworks too much works on until the next night.
    """
    at = timezone.now()
    if not claim_tick("review_all_rework_rates", at):
        return 0
    cities = list(City.objects.open().values_list("pk", flat=True))
    for city_id in cities:
        review_rework_rates_of.delay(city_id)
    return len(cities)


@shared_task
def review_rework_rates_of(city_id: int) -> str:
    """Suspends and warns by the rework rates of one city; returns what came of it in a few words.

    Twice: a skill is suspended once, a warning has its key. Late or never: as for `review_all_rework_rates`.
    """
    done = review_rework_rates(city=City.objects.get(pk=city_id), at=timezone.now())
    return f"suspended {done.suspended}, warned {done.warned}"


@shared_task
def forget_places() -> int:
    """Each night: erases access notes that nobody needs any more; returns how many.

    Twice: the second finds nothing. Late or never: codes of gates lie longer than they need to.
    """
    at = timezone.now()
    return forget_access_notes(at=at) if claim_tick("forget_places", at) else 0


@shared_task(expires=60)
def look_for_openings(
    on: str,
    city_id: int,
    latitude: float,
    longitude: float,
    minutes: int,
    skills: dict[str, int],
    brands: list[str],
) -> str:
    """Looks for windows of a near day that moving others opens, about that place; says how it went.

    Twice: the same answer is kept again. Late: nobody waits any more, and it expires. Never: the page offers
    what insertion alone finds.
    """
    question = Question(
        city_id, latitude, longitude, minutes, tuple(sorted(skills.items())), tuple(sorted(brands))
    )
    return look(question=question, on=date.fromisoformat(on), at=timezone.now())


@shared_task
def compute_plan_run(run_id: int) -> str:
    """Computes the plan that a dispatcher asked for; returns where the run stands then.

    Twice: the second finds it ready or over; two at once compute the same, and the first to end shows it.
    Late: its page says that it waits. Never: each ten minutes it is rung for again, then given up.
    """
    run = PlanRun.objects.with_page_data().get(pk=run_id)
    return str(compute_run(run=run, at=timezone.now()).status)
