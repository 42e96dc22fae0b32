"""A window without a gap, had by moving others: nobody dropped, nobody late, names kept where possible."""

from datetime import timedelta
from typing import Any

import pytest
from django.core.cache import cache

from engineers.dispatch import check_plan
from engineers.models import CityDay, Engineer, Visit, VisitEvent
from engineers.planning import load_plans
from engineers.selectors.windows import OfferedWindow, VisitNeeds, offered_windows
from engineers.services import opening as opening_of_days
from engineers.services.looking import Question, can_open, look, with_openings
from engineers.services.opening import Wish, find_opening, promise
from engineers.services.planning import NoGap, Opening, WindowShut, promise_visit
from engineers.services.replanning import replan_day
from engineers.states import EventKind, VisitStatus
from repairhub.places.models import City
from tests.factories.engineers import (
    CENTRE,
    DAY,
    MORNING,
    CertificateFactory,
    EngineerFactory,
    SkillFactory,
    clock,
    confirmed_visit,
    fall_ill,
    planned_visit,
)
from tests.factories.places import CityFactory

pytestmark = pytest.mark.django_db
# two hours of work: an engineer has one such visit in a window of two hours, and no other
LONG = VisitNeeds(service_minutes=115, skills={"screen": 2}, brands=frozenset())
BOARD = VisitNeeds(service_minutes=115, skills={"board": 1}, brands=frozenset())
TEN, TWELVE = clock("10:00"), clock("12:00")


@pytest.fixture
def ann(city: City) -> Engineer:
    """The only one who does boards; screens as well."""
    ann = EngineerFactory(city=city)
    CertificateFactory(engineer=ann, skill=SkillFactory(key="board"), level=1)
    return ann


@pytest.fixture
def movable(city: City, ann: Engineer) -> Visit:
    """A screen that Ann has at ten, since nobody else worked here when it was booked."""
    return planned_visit(city=city, needs=LONG)


@pytest.fixture
def ben(city: City, movable: Visit) -> Engineer:
    """Does screens, and has nothing to do."""
    return EngineerFactory(city=city)


def wish(city: City, needs: VisitNeeds = BOARD) -> Wish:
    """A board at ten in the centre."""
    return Wish(city, *CENTRE, TEN, TWELVE, needs)


def sell(city: City, opening: Opening | None = None, needs: VisitNeeds = BOARD) -> Visit:
    """One attempt at promising that."""
    return promise_visit(
        city=city,
        latitude=CENTRE[0],
        longitude=CENTRE[1],
        window_start_at=TEN,
        window_end_at=TWELVE,
        needs=needs,
        by=None,
        at=MORNING,
        opening=opening,
    )


def promised(city: City, needs: VisitNeeds = BOARD) -> Visit:
    """The board, promised one way or the other."""
    return promise(lambda opening: sell(city, opening, needs), wish=lambda: wish(city, needs), at=MORNING)


def faults(city: City) -> list[object]:
    """What the independent checker says of the day as stored."""
    plan = load_plans(city, DAY, DAY, MORNING)[DAY]
    stops = [stop for route in plan.routes.values() for stop in route.stops]
    planned = {day.engineer_id: plan.planned(day.engineer_id) for day in plan}
    return list(check_plan(planned, days=list(plan), stops=stops, travel=plan.travel))


class TestPromise:
    def test_moves_another_and_promises_both(
        self, city: City, ann: Engineer, movable: Visit, ben: Engineer
    ) -> None:
        with pytest.raises(NoGap):
            sell(city)
        visit = promised(city)
        movable.refresh_from_db()
        assert (visit.engineer, movable.engineer) == (ann, ben)
        assert (movable.window_start_at, movable.window_end_at) == (TEN, TWELVE)
        assert faults(city) == []

    def test_what_was_moved_says_so(self, city: City, ann: Engineer, movable: Visit, ben: Engineer) -> None:
        promised(city)
        event = VisitEvent.objects.get(kind=EventKind.REPLANNED)
        assert event.visit == movable
        assert event.data == {"engineer": ben.pk, "before": ann.pk}

    def test_both_promises_run_their_clocks_and_the_version_is_new(
        self, city: City, movable: Visit, ben: Engineer
    ) -> None:
        version = CityDay.objects.get(city=city, on=DAY).version
        visit = promised(city)
        assert CityDay.objects.get(city=city, on=DAY).version == version + 1
        assert list(visit.events.values_list("kind", flat=True)) == ["planned"]

    def test_without_anybody_to_move_to_it_is_refused_with_the_nearest(
        self, city: City, ann: Engineer, movable: Visit
    ) -> None:
        with pytest.raises(WindowShut) as refused:
            promised(city)
        assert [w.start_at for w in refused.value.nearest] == [clock("08:00"), clock("12:00"), clock("14:00")]
        assert Visit.objects.count() == 1
        movable.refresh_from_db()
        assert movable.engineer == ann

    def test_a_day_that_never_stands_still_is_searched_three_times(
        self, city: City, movable: Visit, ben: Engineer
    ) -> None:
        opening = find_opening(wish=wish(city), at=MORNING)
        attempts: list[Opening | None] = []
        searches: list[Opening | None] = []

        def attempt(found: Opening | None) -> Visit:
            attempts.append(found)
            raise NoGap(movable, MORNING)

        def search(**_asked: Any) -> Opening | None:
            searches.append(opening)
            return opening

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(opening_of_days, "find_opening", search)
            with pytest.raises(WindowShut):
                promise(attempt, wish=lambda: wish(city), at=MORNING)
        assert attempts == [None, opening, opening, opening]
        assert len(searches) == 3

    def test_a_pinned_visit_is_not_moved(self, city: City, movable: Visit, ben: Engineer) -> None:
        Visit.objects.filter(pk=movable.pk).update(is_pinned=True)
        with pytest.raises(WindowShut):
            promised(city)

    def test_what_has_a_gap_moves_nobody(self, city: City, ann: Engineer, movable: Visit) -> None:
        ben = EngineerFactory(city=city)
        CertificateFactory(engineer=ben, skill=SkillFactory(key="board"), level=1)
        visit = promised(city)
        movable.refresh_from_db()
        assert (visit.engineer, movable.engineer) == (ben, ann)

    def test_a_window_that_begins_too_soon_is_opened_by_nothing(
        self, city: City, movable: Visit, ben: Engineer
    ) -> None:
        at = clock("09:30")
        assert find_opening(wish=wish(city), at=at) is None


class TestNames:
    def test_a_customer_who_knows_a_name_keeps_the_engineer_where_another_can_move(self, city: City) -> None:
        anns = [EngineerFactory(city=city) for _ in range(2)]
        for ann in anns:
            CertificateFactory(engineer=ann, skill=SkillFactory(key="board"), level=1)
        named = confirmed_visit(city=city, needs=LONG)
        unnamed = planned_visit(city=city, needs=LONG)
        EngineerFactory(city=city)
        visit = promised(city)
        kept = named.engineer
        named.refresh_from_db()
        unnamed.refresh_from_db()
        assert named.engineer == kept
        assert visit.engineer in anns
        assert unnamed.engineer not in anns

    def test_where_only_that_helps_the_customer_is_told_the_new_name(self, city: City, ann: Engineer) -> None:
        named = confirmed_visit(city=city, needs=LONG)
        ben = EngineerFactory(city=city)
        promised(city)
        named.refresh_from_db()
        assert (named.engineer, named.status) == (ben, VisitStatus.CONFIRMED)
        assert named.confirmed_at == MORNING


class TestAnOpeningGrowsOld:
    def test_a_day_that_has_changed_since_takes_it_no_more(
        self, city: City, movable: Visit, ben: Engineer
    ) -> None:
        opening = find_opening(wish=wish(city), at=MORNING)
        planned_visit(city=city, window="18:00")
        with pytest.raises(NoGap):
            sell(city, opening)
        assert Visit.objects.count() == 2

    def test_an_engineer_who_fell_ill_since_does_not_get_what_was_moved(
        self, city: City, movable: Visit, ben: Engineer
    ) -> None:
        opening = find_opening(wish=wish(city), at=MORNING)
        version = CityDay.objects.get(city=city, on=DAY).version
        fall_ill(ben)  # he has no visit, so no route changes, nor does the version
        assert CityDay.objects.get(city=city, on=DAY).version == version
        with pytest.raises(NoGap):
            sell(city, opening)
        movable.refresh_from_db()
        assert movable.engineer != ben

    def test_it_is_good_for_its_own_visit_only(self, city: City, movable: Visit, ben: Engineer) -> None:
        opening = find_opening(wish=wish(city), at=MORNING)
        other = VisitNeeds(service_minutes=119, skills={"board": 1}, brands=frozenset())
        with pytest.raises(NoGap):
            sell(city, opening, other)

    def test_is_looked_for_again_twice_and_no_more(self, city: City, movable: Visit, ben: Engineer) -> None:
        given: list[Opening | None] = []

        def attempt(opening: Opening | None) -> Visit:
            given.append(opening)
            replan_day(city=city, on=DAY, by=None, at=MORNING, rounds=1)
            CityDay.objects.filter(city=city, on=DAY).update(version=100 + len(given))  # somebody was quicker
            return sell(city, opening)

        with pytest.raises(WindowShut):
            promise(attempt, wish=lambda: wish(city), at=MORNING)
        assert given[0] is None
        assert [opening.version for opening in given[1:] if opening] == [101, 102, 103]

    def test_the_second_look_may_find_it(self, city: City, movable: Visit, ben: Engineer) -> None:
        given: list[Opening | None] = []

        def attempt(opening: Opening | None) -> Visit:
            given.append(opening)
            if len(given) == 2:
                planned_visit(city=city, window="18:00")
            return sell(city, opening)

        visit = promise(attempt, wish=lambda: wish(city), at=MORNING)
        assert len(given) == 3
        assert visit.engineer is not None
        assert faults(city) == []


def offered(city: City, needs: VisitNeeds = BOARD, days: int = 1) -> list[OfferedWindow]:
    """The windows of the first day, with what a worker has found."""
    place = {"city": city, "latitude": CENTRE[0], "longitude": CENTRE[1]}
    windows = offered_windows(**place, needs=needs, at=MORNING, days=days)  # type: ignore[arg-type]
    return with_openings(windows, **place, needs=needs)  # type: ignore[arg-type]


def at_ten(windows: list[OfferedWindow]) -> OfferedWindow:
    """The one from ten to twelve."""
    return next(window for window in windows if window.start_at == TEN)


def ask(city: City) -> Question:
    """What the page asks a worker."""
    return Question.of(city, *CENTRE, BOARD)


class TestWithOpenings:
    def test_a_shut_window_is_pending_until_somebody_has_looked(
        self, city: City, movable: Visit, ben: Engineer
    ) -> None:
        window = at_ten(offered(city))
        assert (window.is_open, window.is_pending) == (False, True)
        assert look(question=ask(city), on=DAY, at=MORNING) == "opened 1"
        window = at_ten(offered(city))
        assert (window.is_open, window.by_moving, window.is_pending) == (True, True, False)

    def test_what_cannot_be_opened_is_shut_for_good(self, city: City, movable: Visit) -> None:
        assert look(question=ask(city), on=DAY, at=MORNING) == "opened 0"
        window = at_ten(offered(city))
        assert (window.is_open, window.is_pending) == (False, False)

    def test_an_answer_dies_with_the_version_of_its_day(
        self, city: City, movable: Visit, ben: Engineer
    ) -> None:
        look(question=ask(city), on=DAY, at=MORNING)
        planned_visit(city=city, window="18:00")
        window = at_ten(offered(city))
        assert (window.is_open, window.is_pending) == (False, True)

    def test_an_answer_is_for_its_own_needs_and_place(
        self, city: City, movable: Visit, ben: Engineer
    ) -> None:
        look(question=ask(city), on=DAY, at=MORNING)
        longer = VisitNeeds(service_minutes=118, skills={"board": 1}, brands=frozenset())
        assert not at_ten(offered(city, longer)).is_open

    def test_nobody_looks_where_nobody_could_ever_come(self, city: City, movable: Visit) -> None:
        unknown = VisitNeeds(service_minutes=60, skills={"clocks": 1}, brands=frozenset())
        assert not any(window.is_pending for window in offered(city, unknown))

    def test_nobody_looks_on_days_far_ahead(self, city: City, ann: Engineer) -> None:
        for days in range(5):
            planned_visit(city=city, needs=LONG, on=DAY + timedelta(days=days))
        pending = {window.on for window in offered(city, days=14) if window.is_pending}
        assert pending == {DAY + timedelta(days=days) for days in range(3)}

    def test_the_question_names_a_place_within_a_hundred_metres_and_nobody(self, city: City) -> None:
        exact = Question.of(city, 39.90421234, 116.40739876, BOARD)
        assert exact.arguments == [city.pk, 39.904, 116.407, 115, {"board": 1}, []]
        assert "39.9" not in exact.key(DAY, 3)


class TestCanOpen:
    def can(self, city: City) -> bool:
        return can_open(
            TEN,
            TWELVE,
            city=city,
            latitude=CENTRE[0],
            longitude=CENTRE[1],
            needs=BOARD,
            at=MORNING,
        )

    def test_by_the_answer_for_the_day_as_it_stands(self, city: City, movable: Visit, ben: Engineer) -> None:
        look(question=ask(city), on=DAY, at=MORNING)
        assert self.can(city)

    def test_by_looking_again_where_the_day_has_changed(
        self, city: City, movable: Visit, ben: Engineer
    ) -> None:
        look(question=ask(city), on=DAY, at=MORNING)
        planned_visit(city=city, window="18:00")
        assert self.can(city)
        sell(city, find_opening(wish=wish(city), at=MORNING))
        assert not self.can(city)

    def test_never_by_a_search_that_nobody_was_shown(self, city: City, movable: Visit, ben: Engineer) -> None:
        assert not self.can(city)
        cache.set(ask(city).key_of_found(TEN), 1)
        assert self.can(city)


def test_cities_do_not_read_each_other_s_answers(city: City, movable: Visit, ben: Engineer) -> None:
    other = CityFactory(shanghai=True)
    assert Question.of(other, *CENTRE, BOARD).digest != ask(city).digest
