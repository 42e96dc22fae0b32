"""Absences of a part of a day: cut off, in the middle, and what they take off the route."""

from datetime import date, time, timedelta

import pytest
from django.db import transaction

from engineers.models import Absence, Engineer, Visit
from engineers.planning import engineer_day, hours_of
from engineers.services.review import review_engineer
from repairhub.places.models import City
from tests.factories.engineers import (
    DAY,
    MORNING,
    AbsenceFactory,
    EngineerFactory,
    clock,
    confirmed_visit,
    planned_visit,
    visit_in,
)

pytestmark = pytest.mark.django_db
HOUR = 3600


def hours(engineer: Engineer, on: date = DAY) -> tuple[int, int, tuple[tuple[int, int], ...]]:
    """Start, end and breaks of the day, in seconds."""
    found = hours_of(Engineer.objects.with_shift(on).get(pk=engineer.pk), on)
    return found.start, found.end, found.breaks


def away(engineer: Engineer, start: time | None, end: time | None, *, days: int = 0) -> Absence:
    """Absent from that time until that time, on the day or some days later."""
    return AbsenceFactory(engineer=engineer, from_at=start, until_on=DAY + timedelta(days=days), until_at=end)


class TestHours:
    """The shift is eight to eight."""

    @pytest.mark.parametrize(
        ("spans", "expected"),
        [
            ([(None, None)], (0, 0, ())),
            ([(time(12), None)], (8, 12, ())),
            ([(None, time(12))], (12, 20, ())),
            ([(time(12), time(13))], (8, 20, ((12, 13),))),
            ([(time(12), time(14)), (time(13), time(15))], (8, 20, ((12, 15),))),
            ([(time(6), time(7))], (8, 20, ())),
            ([(time(7), time(9)), (time(19), None)], (9, 19, ())),
            ([(time(12), time(13)), (time(12), None)], (8, 12, ())),
            ([(time(7), time(21))], (0, 0, ())),
        ],
    )
    def test_of_the_day(
        self,
        engineer: Engineer,
        spans: list[tuple[time | None, time | None]],
        expected: tuple[int, int, tuple[tuple[int, int], ...]],
    ) -> None:
        for start, end in spans:
            away(engineer, start, end)
        start, end, breaks = hours(engineer)
        found = (start // HOUR, end // HOUR, tuple((a // HOUR, b // HOUR) for a, b in breaks))
        assert found == expected

    def test_of_the_days_between_nothing_is_left(self, engineer: Engineer) -> None:
        away(engineer, time(12), time(10), days=2)
        assert hours(engineer)[:2] == (8 * HOUR, 12 * HOUR)
        assert hours(engineer, DAY + timedelta(days=1))[:2] == (0, 0)
        assert hours(engineer, DAY + timedelta(days=2))[:2] == (10 * HOUR, 20 * HOUR)

    def test_the_plan_keeps_them(self, engineer: Engineer) -> None:
        away(engineer, time(12), time(13))
        loaded = Engineer.objects.with_day(DAY, DAY).get(pk=engineer.pk)
        assert engineer_day(loaded, DAY).breaks == ((12 * HOUR, 13 * HOUR),)


class TestReview:
    def lost(self, engineer: Engineer, at: str = "06:00") -> list[Visit]:
        """The visits that wait for somebody else by what was entered."""
        with transaction.atomic():
            return review_engineer(engineer=engineer, by=None, at=clock(at))

    def test_what_lies_before_and_after_stays(self, city: City, engineer: Engineer) -> None:
        morning = planned_visit(city=city)
        afternoon = planned_visit(city=city, window="14:00")
        away(engineer, time(13), None)
        assert self.lost(engineer) == [afternoon]
        morning.refresh_from_db()
        assert morning.engineer == engineer

    def test_what_lies_in_the_middle_leaves(self, city: City, engineer: Engineer) -> None:
        visit = confirmed_visit(city=city)
        away(engineer, time(10), time(11))
        assert self.lost(engineer) == [visit]
        reason = visit.events.get(kind="unconfirmed").reason
        assert reason == "Is absent at that time. Choose another engineer, or end the absence."

    def test_what_should_have_begun_when_the_engineer_left_leaves_too(
        self, city: City, engineer: Engineer
    ) -> None:
        visit = planned_visit(city=city, window="08:00")
        away(engineer, time(9, 30), None)
        assert visit.planned_end_at is not None
        assert visit.planned_end_at < clock("09:30")
        assert self.lost(engineer, "09:30") == [visit]

    def test_what_is_under_way_stays(self, city: City, engineer: Engineer) -> None:
        visit_in("on_site", city=city)
        away(engineer, time(10, 30), None)
        assert self.lost(engineer, "10:30") == []

    def test_nothing_is_promised_in_it(self, city: City, engineer: Engineer) -> None:
        away(engineer, time(9), time(13))
        other = EngineerFactory(city=city)
        assert planned_visit(city=city, at=MORNING).engineer == other
