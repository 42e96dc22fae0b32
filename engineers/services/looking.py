"""What a worker has found of the windows that moving others opens, and its bell where it has not looked yet.

The answers lie in the cache under the version of the city's day, so they die with it. They hold no personal
data: a rounded place, minutes, skills and brands, and these only as a hash. Whatever they say, booking looks
for itself: an answer that has gone costs a customer this window on the page, never a promise.
"""

import hashlib
import json
import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from django.core.cache import cache

from engineers import policy
from engineers.dispatch import Stop, arrival_windows, best_insertion, earliest_start
from engineers.dispatch.opening import may_open, open_by_moving
from engineers.models import CityDay
from engineers.planning import CityClock, city_today, load_plans
from engineers.roads import learn_roads
from engineers.selectors.windows import OfferedWindow, VisitNeeds
from engineers.services.opening import Wish, find_opening
from repairhub.notifications.doorbell import BELL
from repairhub.places.models import City

DECIMALS = 3
"""Of degrees, in what a worker is asked: within 70 m, half a minute of driving and far below the slack."""
KEPT_SECONDS = 900
CLAIMED_SECONDS = 60
"""A worker that was rung is given so long before it is rung again for the same question."""


@dataclass(frozen=True)
class Question:
    """Where about, and what the visit takes: all that a worker has to know."""

    city_id: int
    latitude: float
    longitude: float
    minutes: int
    skills: tuple[tuple[str, int], ...]
    brands: tuple[str, ...]

    @classmethod
    def of(cls, city: City, latitude: float, longitude: float, needs: VisitNeeds) -> "Question":
        """The question behind a place and a visit's needs."""
        return cls(
            city.pk,
            round(latitude, DECIMALS),
            round(longitude, DECIMALS),
            needs.service_minutes,
            tuple(sorted(needs.skills.items())),
            tuple(sorted(needs.brands)),
        )

    @property
    def arguments(self) -> list[Any]:
        """Plain data for the task."""
        return [
            self.city_id,
            self.latitude,
            self.longitude,
            self.minutes,
            dict(self.skills),
            list(self.brands),
        ]

    @property
    def digest(self) -> str:
        """Names the question in the cache's keys."""
        return hashlib.sha256(json.dumps(self.arguments).encode()).hexdigest()

    def key(self, on: date, version: int) -> str:
        """Where the answer for that day as of that version lies."""
        return f"opening:{on.isoformat()}:{version}:{self.digest}"

    def key_of_found(self, start_at: datetime) -> str:
        """Where it stands that this window was found to open, whatever has changed since."""
        return f"opening:found:{int(start_at.timestamp())}:{self.digest}"


def with_openings(
    offered: Sequence[OfferedWindow], *, city: City, latitude: float, longitude: float, needs: VisitNeeds
) -> list[OfferedWindow]:
    """The same windows: those found to open by moving others are open, others may be `is_pending`.

    Rings for a worker where nobody has looked since the day last changed. One query.
    """
    days = sorted({window.on for window in offered if window.may_open})
    if not days:
        return list(offered)
    question = Question.of(city, latitude, longitude, needs)
    versions = dict(CityDay.objects.filter(city=city, on__in=days).values_list("on", "version"))
    keys = {on: question.key(on, versions.get(on, 0)) for on in days}
    found = cache.get_many(list(keys.values()))
    answers = {on: found.get(key) for on, key in keys.items()}
    pending = {on for on, answer in answers.items() if not (answer and answer["done"])}
    pending = {on for on in pending if answers[on] or _ring(question, on, keys[on])}
    return [_answered(window, answers.get(window.on), window.on in pending) for window in offered]


def can_open(
    start_at: datetime,
    end_at: datetime,
    *,
    city: City,
    latitude: float,
    longitude: float,
    needs: VisitNeeds,
    at: datetime,
) -> bool:
    """Whether a worker has found this window to open, and it still does though the day may have changed.

    Only what was once found is looked for again, so that no page can be used to keep a process busy.
    """
    question = Question.of(city, latitude, longitude, needs)
    on = city_today(city, start_at)
    version = CityDay.objects.filter(city=city, on=on).values_list("version", flat=True).first() or 0
    answer = cache.get(question.key(on, version))
    if answer and int(start_at.timestamp()) in answer["opened"]:
        return True
    if (answer and answer["done"]) or not cache.get(question.key_of_found(start_at)):
        return False
    wish = Wish(city, latitude, longitude, start_at, end_at, needs)
    return find_opening(wish=wish, at=at) is not None


def look(*, question: Question, on: date, at: datetime) -> str:
    """Looks for the windows of the day that moving others opens, and keeps each answer; says how it went.

    Holds no lock. Ends early where the day changes meanwhile: whoever asks again asks about the new one.
    """
    city = City.objects.get(pk=question.city_id)
    version = _version(city, on)
    key = question.key(on, version)
    here = (question.latitude, question.longitude)
    learn_roads(city, on, on, places=[here])
    plan = load_plans(city, on, on, at, places=[here])[on]
    clock = CityClock.of(city, on)
    today = city_today(city, at)
    now = CityClock.of(city, today).seconds(at)
    earliest = earliest_start(on, today, now, lead=int(policy.lead().total_seconds()))
    wanted = Stop(
        "new",
        (question.latitude, question.longitude),
        0,
        0,
        question.minutes * 60,
        dict(question.skills),
        frozenset(question.brands),
    )
    opened: list[int] = []
    for window in arrival_windows(on, earliest=earliest):
        stop = replace(wanted, window_start=window.start, window_end=window.end)
        if (
            not may_open(plan, stop)
            or best_insertion(stop, plan, slack=policy.slack_seconds(city)) is not None
        ):
            continue
        after = open_by_moving(
            plan,
            stop,
            draw=random.Random(version),  # noqa: S311 - a plan is no secret
            rounds=policy.opening_rounds(),
            prices=policy.prices(city),
        )
        if _version(city, on) != version:
            return "stale"
        if after is not None:
            start_at = clock.moment(window.start)
            opened.append(int(start_at.timestamp()))
            cache.set(question.key_of_found(start_at), 1, KEPT_SECONDS)
        cache.set(key, {"opened": opened, "done": False}, KEPT_SECONDS)
    cache.set(key, {"opened": opened, "done": True}, KEPT_SECONDS)
    return f"opened {len(opened)}"


def _version(city: City, on: date) -> int:
    return CityDay.objects.filter(city=city, on=on).values_list("version", flat=True).first() or 0


def _ring(question: Question, on: date, key: str) -> bool:
    """Whether a worker is looking: rung for now, or a moment ago."""
    from engineers.tasks import look_for_openings

    if not cache.add(f"{key}:rung", 1, CLAIMED_SECONDS):
        return True
    return BELL.ring(look_for_openings, (on.isoformat(), *question.arguments))


def _answered(window: OfferedWindow, answer: dict[str, Any] | None, pending: bool) -> OfferedWindow:
    if not window.may_open:
        return window
    opened: Iterable[int] = answer["opened"] if answer else ()
    if window.stamp in opened:
        return replace(window, is_open=True, may_open=False, by_moving=True)
    return replace(window, is_pending=pending)
