"""An engineer who cannot come any more: the visits lose their engineer at once, not when it is too late."""

from datetime import time, timedelta
from typing import Any

import pytest

from engineers.models import Engineer, Visit
from engineers.selectors.windows import missing_skills
from engineers.services.dispatching import dispatch_visit
from engineers.services.planning import ASSIGN_WITHIN, WindowShut
from engineers.services.review import review_engineer
from engineers.signals import visit_unconfirmed, visits_at_risk
from engineers.states import VisitStatus
from engineers.tasks import plan_city_day
from repairhub.accounts.models import User
from repairhub.accounts.services.staff import announce_standing
from repairhub.accounts.states import Role
from repairhub.core.errors import Conflict
from repairhub.notifications.doorbell import BELL
from repairhub.places.models import City
from repairhub.sla.models import SlaClock
from tests.factories.engineers import (
    DAY,
    MORNING,
    EngineerFactory,
    clock,
    confirmed_visit,
    fall_ill,
    planned_visit,
    visit_in,
)
from tests.factories.places import CityFactory

pytestmark = pytest.mark.django_db
AT = MORNING + timedelta(minutes=30)


def absent(engineer: Engineer, by: User) -> list[Visit]:
    """The verb, after an absence was entered."""
    return fall_ill(engineer, by=by, at=AT)


def review(engineer: Engineer, by: User) -> list[Visit]:
    """The verb."""
    return review_engineer(engineer=engineer, by=by, at=AT)


class TestTheDaysOfWhatIsLost:
    def test_are_planned_anew_after_the_commit_however_far_ahead(
        self,
        city: City,
        engineer: Engineer,
        dispatcher: User,
        django_capture_on_commit_callbacks: Any,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        confirmed_visit(city=city)
        far = DAY + timedelta(days=9)
        confirmed_visit(city=city, on=far)
        engineer.shifts.all().delete()
        rung: list[tuple[Any, ...]] = []
        monkeypatch.setattr(plan_city_day, "apply_async", lambda args, **_options: rung.append(args))
        BELL.wake()
        with django_capture_on_commit_callbacks(execute=True):
            assert len(review(engineer, dispatcher)) == 2
        assert rung == [(city.pk, DAY.isoformat()), (city.pk, far.isoformat())]


class TestAnAbsence:
    def test_takes_the_engineer_off_the_visits_of_those_days(
        self, city: City, engineer: Engineer, dispatcher: User
    ) -> None:
        visit = confirmed_visit(city=city)
        later = confirmed_visit(city=city, on=DAY + timedelta(days=1))
        assert absent(engineer, dispatcher) == [visit]
        fresh = Visit.objects.get(pk=visit.pk)
        assert (fresh.status, fresh.engineer, fresh.planned_start_at) == (VisitStatus.PLANNED, None, None)
        assert (fresh.at_risk_at, fresh.window_start_at) == (AT, visit.window_start_at)
        assert Visit.objects.get(pk=later.pk).engineer == engineer

    def test_records_who_and_why(self, city: City, engineer: Engineer, dispatcher: User) -> None:
        visit = confirmed_visit(city=city)
        absent(engineer, dispatcher)
        event = visit.events.get(kind="unconfirmed")
        assert (event.from_status, event.to_status, event.by) == ("confirmed", "planned", dispatcher)
        assert event.reason.startswith("Is absent on that day.")
        assert event.data == {"engineer": engineer.pk}

    def test_the_desk_gets_a_new_deadline(self, city: City, engineer: Engineer, dispatcher: User) -> None:
        visit = confirmed_visit(city=city)
        absent(engineer, dispatcher)
        clocks = SlaClock.objects.open().for_subjects([visit]).about(ASSIGN_WITHIN)
        assert [c.started_at for c in clocks] == [AT]

    def test_announces_each_visit_and_the_risk_as_one_batch(
        self, city: City, engineer: Engineer, dispatcher: User
    ) -> None:
        tentative = planned_visit(city=city, window="08:00")
        named = confirmed_visit(city=city)
        heard: list[object] = []

        def off(visit: Visit, was_confirmed: bool, **_kwargs: object) -> None:
            heard.append((visit.pk, was_confirmed))

        def risk(visits: list[Visit], **_kwargs: object) -> None:
            heard.append([v.pk for v in visits])

        visit_unconfirmed.connect(off)
        visits_at_risk.connect(risk)
        try:
            absent(engineer, dispatcher)
        finally:
            visit_unconfirmed.disconnect(off)
            visits_at_risk.disconnect(risk)
        assert heard == [(tentative.pk, False), (named.pk, True), [tentative.pk, named.pk]]

    def test_somebody_else_can_be_named_by_hand(
        self, city: City, engineer: Engineer, dispatcher: User
    ) -> None:
        visit = confirmed_visit(city=city)
        absent(engineer, dispatcher)
        other = EngineerFactory(city=city)
        named = dispatch_visit(visit=visit, engineer=other, by=dispatcher, at=AT)
        assert (named.engineer, named.at_risk_at) == (other, None)


class TestReviewEngineer:
    def test_changes_nothing_where_everything_can_be_done(
        self, city: City, engineer: Engineer, dispatcher: User
    ) -> None:
        visit = confirmed_visit(city=city)
        events = visit.events.count()
        assert review(engineer, dispatcher) == []
        assert visit.events.count() == events

    def test_a_suspended_certificate(self, city: City, engineer: Engineer, dispatcher: User) -> None:
        visit = confirmed_visit(city=city)
        engineer.certificates.update(suspended_at=AT)
        assert review(engineer, dispatcher) == [visit]
        assert "is suspended" in visit.events.get(kind="unconfirmed").reason

    def test_a_lost_shift(self, city: City, engineer: Engineer, dispatcher: User) -> None:
        visit = confirmed_visit(city=city)
        engineer.shifts.filter(weekday=DAY.weekday()).delete()
        assert review(engineer, dispatcher) == [visit]

    def test_a_shift_that_ends_before_the_planned_work_does(
        self, city: City, engineer: Engineer, dispatcher: User
    ) -> None:
        visit = confirmed_visit(city=city)
        kept = confirmed_visit(city=city, window="08:00")
        engineer.shifts.update(ends_at=time(10, 30))
        assert review(engineer, dispatcher) == [visit]
        assert Visit.objects.get(pk=kept.pk).status == VisitStatus.CONFIRMED

    def test_somebody_who_left_or_moved_to_another_city(
        self, city: City, engineer: Engineer, dispatcher: User
    ) -> None:
        visit = confirmed_visit(city=city)
        Engineer.objects.filter(pk=engineer.pk).update(is_active=False)
        assert review(engineer, dispatcher) == [visit]
        Engineer.objects.filter(pk=engineer.pk).update(is_active=True)
        dispatch_visit(visit=visit, engineer=engineer, by=dispatcher, at=AT)
        Engineer.objects.filter(pk=engineer.pk).update(city=CityFactory(shanghai=True))
        assert review(engineer, dispatcher) == [visit]

    @pytest.mark.parametrize("change", [{"is_active": False}, {"role": Role.DISPATCHER}], ids=str)
    def test_somebody_whose_account_is_closed(
        self, change: dict[str, object], city: City, engineer: Engineer, dispatcher: User
    ) -> None:
        visit = confirmed_visit(city=city)
        User.objects.filter(pk=engineer.user_id).update(**change)
        assert review(engineer, dispatcher) == [visit]

    @pytest.mark.parametrize("status", [VisitStatus.EN_ROUTE, VisitStatus.ON_SITE, VisitStatus.DONE])
    def test_what_is_under_way_or_over_stays(
        self, status: str, city: City, engineer: Engineer, dispatcher: User
    ) -> None:
        visit_in(status, city=city)
        engineer.certificates.update(suspended_at=AT)
        assert review(engineer, dispatcher) == []

    def test_days_that_are_over_stay(self, city: City, engineer: Engineer, dispatcher: User) -> None:
        confirmed_visit(city=city)
        engineer.certificates.update(suspended_at=AT)
        tomorrow = clock("09:00", DAY + timedelta(days=1))
        assert review_engineer(engineer=engineer, by=dispatcher, at=tomorrow) == []


class TestAClosedAccount:
    def close(self, user: User, by: User) -> list[str]:
        """The verb, after the account was closed."""
        User.objects.filter(pk=user.pk).update(is_active=False)
        return announce_standing(user=user, by=by, at=AT)

    def test_takes_its_engineer_off_every_visit_to_come(
        self, city: City, engineer: Engineer, dispatcher: User
    ) -> None:
        visit = confirmed_visit(city=city)
        assert self.close(engineer.user, dispatcher) == [
            f"1 visit has lost its engineer and waits on the dispatch board: {visit.reference}."
        ]
        visit.refresh_from_db()
        assert (visit.status, visit.engineer, visit.at_risk_at) == (VisitStatus.PLANNED, None, AT)
        assert visit.events.get(kind="unconfirmed").by == dispatcher

    def test_is_given_no_visit_any_more(self, city: City, engineer: Engineer, dispatcher: User) -> None:
        visit = planned_visit(city=city)
        self.close(engineer.user, dispatcher)
        with pytest.raises(Conflict) as refused:
            dispatch_visit(visit=visit, engineer=engineer, by=dispatcher, at=AT)
        assert refused.value.code == "engineer_gone"
        with pytest.raises(WindowShut):
            planned_visit(city=city, window="14:00")

    def test_is_no_promise_of_its_skill(self, city: City, engineer: Engineer, dispatcher: User) -> None:
        assert missing_skills(city, {"screen": 2}, DAY) == frozenset()
        self.close(engineer.user, dispatcher)
        assert missing_skills(city, {"screen": 2}, DAY) == {"screen"}

    def test_of_somebody_who_is_no_engineer_changes_nothing(
        self, city: City, engineer: Engineer, dispatcher: User
    ) -> None:
        visit = confirmed_visit(city=city)
        assert self.close(dispatcher, dispatcher) == []
        assert Visit.objects.get(pk=visit.pk).status == VisitStatus.CONFIRMED
