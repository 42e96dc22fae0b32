"""The invariants that hold whoever writes: nobody is booked twice, events stay as written."""

from datetime import datetime, timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.models import Case, F, Value, When

from engineers.models import CityDay, Engineer, Visit, VisitEvent
from engineers.services.routes import lock_city_day
from engineers.states import ENDED, OPEN, VisitStatus
from repairhub.core.errors import Conflict
from repairhub.places.models import City
from tests.factories.engineers import (
    DAY,
    EngineerFactory,
    clock,
    confirmed_visit,
    planned_visit,
    visit_in,
)
from tests.factories.places import CityFactory
from tests.triggers import past_the_triggers

pytestmark = pytest.mark.django_db


def span(visit: Visit) -> tuple[datetime | None, datetime | None]:
    """The planned span as it is stored."""
    fresh = Visit.objects.get(pk=visit.pk)
    return (fresh.planned_start_at, fresh.planned_end_at)


class TestOneEngineerAtOneTime:
    @pytest.fixture
    def pair(self, city: City, engineer: Engineer) -> tuple[Visit, Visit]:
        """Two visits of one engineer, 10-11 and 14-15."""
        return planned_visit(city=city), planned_visit(city=city, window="14:00")

    def test_an_overlap_is_refused_at_once(self, pair: tuple[Visit, Visit]) -> None:
        second = pair[1]
        with pytest.raises(IntegrityError, match="visit_engineer_not_twice"), transaction.atomic():
            Visit.objects.filter(pk=second.pk).update(
                planned_start_at=clock("10:59"), planned_end_at=clock("11:59")
            )
        assert span(second) == (clock("14:00"), clock("15:00"))

    def test_one_after_the_other_is_no_overlap(self, pair: tuple[Visit, Visit]) -> None:
        Visit.objects.filter(pk=pair[1].pk).update(
            planned_start_at=clock("11:00"), planned_end_at=clock("12:00")
        )

    def test_a_swap_in_one_statement_passes(self, pair: tuple[Visit, Visit]) -> None:
        first, second = pair
        late = When(pk=first.pk, then=Value(clock("14:00")))
        Visit.objects.filter(pk__in=[first.pk, second.pk]).update(
            planned_start_at=Case(late, default=Value(clock("10:00"))),
            planned_end_at=Case(When(pk=first.pk, then=Value(clock("15:00"))), default=Value(clock("11:00"))),
        )
        assert span(first) == (clock("14:00"), clock("15:00"))
        assert span(second) == (clock("10:00"), clock("11:00"))

    def test_a_swap_in_two_statements_passes_where_it_is_deferred(self, pair: tuple[Visit, Visit]) -> None:
        first, second = pair
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS visit_engineer_not_twice DEFERRED")
            Visit.objects.filter(pk=first.pk).update(
                planned_start_at=clock("14:00"), planned_end_at=clock("15:00")
            )
            Visit.objects.filter(pk=second.pk).update(
                planned_start_at=clock("10:00"), planned_end_at=clock("11:00")
            )
            cursor.execute("SET CONSTRAINTS visit_engineer_not_twice IMMEDIATE")
        assert span(first) == (clock("14:00"), clock("15:00"))

    @pytest.mark.parametrize("status", sorted(ENDED))
    def test_what_has_ended_takes_no_time(self, status: str, city: City, engineer: Engineer) -> None:
        ended = visit_in(status, city=city)
        other = planned_visit(city=city, window="14:00")
        Visit.objects.filter(pk=other.pk).update(
            planned_start_at=ended.planned_start_at, planned_end_at=ended.planned_end_at
        )

    @pytest.mark.parametrize("status", sorted(OPEN))
    def test_whatever_is_open_does(self, status: str, city: City, engineer: Engineer) -> None:
        visit = visit_in(status, city=city)
        other = planned_visit(city=city, window="14:00")
        with pytest.raises(IntegrityError), transaction.atomic():
            Visit.objects.filter(pk=other.pk).update(
                planned_start_at=visit.planned_start_at, planned_end_at=visit.planned_end_at
            )

    def test_promising_answers_an_overlap_that_no_plan_shows_with_a_sentence(
        self, city: City, engineer: Engineer
    ) -> None:
        elsewhere = planned_visit(city=city)
        shanghai = CityFactory(shanghai=True)
        with past_the_triggers():
            Visit.objects.filter(pk=elsewhere.pk).update(city=shanghai)
        with pytest.raises(Conflict, match="already booked at that time") as refused:
            planned_visit(city=city)
        assert refused.value.code == "engineer_busy"
        # the error rose where it was asked for: nothing else of the transaction is lost
        assert planned_visit(city=city, window="14:00").engineer == engineer


class TestEvents:
    @pytest.fixture
    def event(self, city: City, engineer: Engineer) -> VisitEvent:
        """The first event of a visit."""
        found = planned_visit(city=city).events.first()
        assert found is not None
        return found

    def test_are_not_changed(self, event: VisitEvent) -> None:
        with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
            VisitEvent.objects.filter(pk=event.pk).update(reason="something else")

    def test_are_not_deleted(self, event: VisitEvent) -> None:
        with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
            event.delete()


class TestVisits:
    @pytest.mark.parametrize(
        ("constraint", "change"),
        [
            ("visit_window_has_length", {"window_end_at": F("window_start_at")}),
            ("visit_engineer_has_span", {"planned_start_at": None}),
            ("visit_engineer_has_span", {"planned_end_at": F("planned_start_at") - timedelta(minutes=1)}),
            ("visit_on_earth", {"latitude": 91.0}),
            ("visit_on_earth", {"longitude": -181.0}),
            (
                "visit_confirmed_has_engineer",
                {"engineer": None, "planned_start_at": None, "planned_end_at": None},
            ),
        ],
    )
    def test_keep_their(
        self, constraint: str, change: dict[str, object], city: City, engineer: Engineer
    ) -> None:
        visit = confirmed_visit(city=city)
        # past the trigger that keeps window and place: the constraints are asked here
        with past_the_triggers(), pytest.raises(IntegrityError, match=constraint), transaction.atomic():
            Visit.objects.filter(pk=visit.pk).update(**change)

    def test_have_known_states_only(self, city: City, engineer: Engineer) -> None:
        visit = planned_visit(city=city)
        with (
            pytest.raises(IntegrityError, match="visit_status_known"),
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute("UPDATE engineers_visit SET status = 'lost' WHERE id = %s", [visit.pk])

    def test_do_not_take_a_status_from_anybody(self, city: City, engineer: Engineer) -> None:
        visit = planned_visit(city=city)
        with pytest.raises(AttributeError):
            visit.status = VisitStatus.DONE


class TestCityDays:
    def test_exist_once(self, city: City) -> None:
        CityDay.objects.create(city=city, on=DAY)
        with pytest.raises(IntegrityError, match="city_day_once"), transaction.atomic():
            CityDay.objects.create(city=city, on=DAY)

    def test_locking_opens_the_day_and_counts(self, city: City) -> None:
        with transaction.atomic():
            assert lock_city_day(city, DAY).version == 1
            assert lock_city_day(city, DAY).version == 2
        assert CityDay.objects.get().version == 2


class TestEngineers:
    def test_have_one_shift_per_weekday(self, engineer: Engineer) -> None:
        with pytest.raises(IntegrityError, match="one_shift_per_weekday"), transaction.atomic():
            engineer.shifts.create(weekday=0, starts_at="09:00", ends_at="10:00")

    def test_have_shifts_with_a_length(self, engineer: Engineer) -> None:
        with pytest.raises(IntegrityError, match="shift_ends_after_start"), transaction.atomic():
            engineer.shifts.update(ends_at=F("starts_at"))

    @pytest.mark.parametrize(
        ("start", "end"),
        [("12:00", None), (None, "13:00"), ("08:00", "09:00"), ("19:00", "20:00"), ("13:00", "12:00")],
    )
    def test_have_breaks_inside_their_shift(
        self, engineer: Engineer, start: str | None, end: str | None
    ) -> None:
        with pytest.raises(IntegrityError, match="shift_holds_its_break"), transaction.atomic():
            engineer.shifts.update(break_starts_at=start, break_ends_at=end)

    def test_have_a_base_on_earth(self, engineer: Engineer) -> None:
        with pytest.raises(IntegrityError, match="engineer_base_on_earth"), transaction.atomic():
            Engineer.objects.update(base_latitude=100)

    def test_hold_certificates_at_levels_one_to_three(self, engineer: Engineer) -> None:
        with pytest.raises(IntegrityError, match="certificate_level"), transaction.atomic():
            engineer.certificates.update(level=4)

    def test_are_two_people_with_two_numbers(self, engineer: Engineer) -> None:
        with pytest.raises(IntegrityError), transaction.atomic():
            EngineerFactory(number=engineer.number)
