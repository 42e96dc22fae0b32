"""A skill is suspended: what is not started goes to somebody else at once, and everybody learns why."""

from datetime import timedelta
from importlib import import_module
from typing import Any

import pytest
from django.apps import apps
from django.db import DatabaseError, IntegrityError, connection, transaction

from engineers.models import CityDay, Engineer, SkillSuspension, Visit
from engineers.selectors.candidates import candidates_for
from engineers.selectors.rework_rates import ReworkCount
from engineers.selectors.windows import VisitNeeds
from engineers.services.dispatching import dispatch_visit
from engineers.services.doorstep import start_visit
from engineers.services.planning import WindowShut
from engineers.services.qualification import Suspended, lift_suspension, record_assessment, suspend_skill
from engineers.services.replanning import StalePlan, compute_plan, replan_day, store_plan
from engineers.services.review import review_engineer
from engineers.states import VisitStatus
from engineers.tasks import plan_city_day
from repairhub.accounts.models import User
from repairhub.core.errors import Conflict, InvalidInput, NotAllowed
from repairhub.notifications.doorbell import BELL
from repairhub.notifications.models import Message
from repairhub.notifications.rendering import render
from repairhub.places.models import City
from tests.factories.accounts import ManagerFactory
from tests.factories.engineers import (
    DAY,
    MORNING,
    CertificateFactory,
    EngineerFactory,
    SkillFactory,
    assessment_of,
    clock,
    confirmed_visit,
    planned_visit,
    visit_in,
)
from tests.factories.places import CityFactory

pytestmark = pytest.mark.django_db
AT = MORNING + timedelta(minutes=30)
REASON = "Left two phones open on the table."
COUNTS = ReworkCount(finished=24, reworked=3, window_days=90)
BATTERY = VisitNeeds(service_minutes=30, skills={"battery": 1}, brands=frozenset())


@pytest.fixture
def manager(city: City) -> User:
    """Looks after Beijing."""
    return ManagerFactory(cities=[city], name="Mei Zhou")


def suspend(engineer: Engineer, by: User | None, **given: Any) -> Suspended:
    """The verb, for screens."""
    return suspend_skill(
        **{"engineer": engineer, "skill": SkillFactory(), "reason": REASON, "by": by, "at": AT, **given}
    )


def lift(engineer: Engineer, by: User, reason: str = "Watched for a day, all in order.") -> SkillSuspension:
    """The verb, for screens, an hour later."""
    return lift_suspension(
        engineer=engineer, skill=SkillFactory(), reason=reason, by=by, at=AT + timedelta(hours=1)
    )


def what_the_broker_gets(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, ...]]:
    """The arguments of every plan of a day that is rung for, as they come to the broker's door."""
    rung: list[tuple[Any, ...]] = []
    monkeypatch.setattr(plan_city_day, "apply_async", lambda args, **_options: rung.append(args))
    BELL.wake()
    return rung


class TestSuspendSkill:
    def test_takes_every_certificate_of_the_skill_that_has_not_run_out(
        self, engineer: Engineer, manager: User
    ) -> None:
        battery = CertificateFactory(engineer=engineer, skill=SkillFactory(key="battery"))
        over = CertificateFactory(engineer=engineer, valid_until_on=DAY - timedelta(days=1))
        to_come = CertificateFactory(engineer=engineer, level=3, valid_from_on=DAY + timedelta(days=9))
        suspension = suspend(engineer, manager).suspension
        held = set(engineer.certificates.exclude(suspended_at=None))
        assert held == set(engineer.certificates.all()) - {battery, over}
        assert to_come in held
        assert {one.suspension for one in held} == {suspension}
        assert (suspension.kind, suspension.reason, suspension.suspended_by) == ("decision", REASON, manager)
        assert to_come.history.first().history_user == manager

    def test_what_is_not_started_loses_the_engineer_and_keeps_its_window(
        self, city: City, engineer: Engineer, manager: User
    ) -> None:
        tentative = planned_visit(city=city, window="08:00")
        named = confirmed_visit(city=city)
        assert suspend(engineer, manager).lost == [tentative, named]
        for visit in Visit.objects.all():
            assert (visit.engineer, visit.status, visit.at_risk_at) == (None, VisitStatus.PLANNED, AT)
        event = named.events.get(kind="unconfirmed")
        assert "is suspended" in event.reason
        assert event.by == manager

    def test_also_the_one_that_the_engineer_is_on_the_way_to(
        self, city: City, engineer: Engineer, manager: User
    ) -> None:
        visit = visit_in(VisitStatus.EN_ROUTE, city=city)
        assert suspend(engineer, manager).lost == [visit]
        visit = Visit.objects.get()
        assert (visit.engineer, visit.status, visit.en_route_at) == (None, VisitStatus.PLANNED, None)
        kinds = list(visit.events.order_by("pk").values_list("kind", flat=True))
        assert kinds[-3:] == ["turned_back", "unconfirmed", "at_risk"]

    def test_a_started_one_is_finished_by_its_engineer(
        self, city: City, engineer: Engineer, manager: User
    ) -> None:
        visit = visit_in(VisitStatus.ON_SITE, city=city)
        assert suspend(engineer, manager).lost == []
        visit.refresh_from_db()
        assert visit.engineer == engineer

    def test_at_the_door_the_start_is_refused(self, city: City, engineer: Engineer, manager: User) -> None:
        visit = visit_in(VisitStatus.ON_SITE, city=city, started=False)
        suspend(engineer, manager)
        with pytest.raises(Conflict) as refused:
            start_visit(visit=visit, by=engineer.user, at=AT)
        assert refused.value.code == "not_qualified"

    def test_visits_that_do_not_need_it_stay(self, city: City, engineer: Engineer, manager: User) -> None:
        CertificateFactory(engineer=engineer, skill=SkillFactory(key="battery"))
        visit = confirmed_visit(city=city, needs=BATTERY)
        assert suspend(engineer, manager).lost == []
        visit.refresh_from_db()
        assert visit.engineer == engineer

    def test_a_pin_holds_nobody_who_may_not_come(self, city: City, engineer: Engineer, manager: User) -> None:
        visit = confirmed_visit(city=city)
        Visit.objects.filter(pk=visit.pk).update(is_pinned=True)
        assert suspend(engineer, manager).lost == [visit]
        visit.refresh_from_db()
        assert not visit.is_pinned

    def test_again_changes_nothing(self, city: City, engineer: Engineer, manager: User) -> None:
        first = suspend(engineer, manager).suspension
        assert suspend(engineer, None, counts=COUNTS) == Suspended(first, [])
        assert SkillSuspension.objects.count() == 1

    @pytest.mark.parametrize(
        "reason", ["", "   ", "too short", "x" * 501], ids=["none", "blank", "short", "long"]
    )
    def test_needs_a_reason(self, engineer: Engineer, manager: User, reason: str) -> None:
        with pytest.raises(InvalidInput) as refused:
            suspend(engineer, manager, reason=reason)
        assert refused.value.field == "reason"
        assert not engineer.certificates.exclude(suspended_at=None).exists()

    def test_needs_a_certificate_to_suspend(self, engineer: Engineer, manager: User) -> None:
        with pytest.raises(Conflict) as refused:
            suspend(engineer, manager, skill=SkillFactory(key="board"))
        assert refused.value.code == "no_certificate"

    def test_is_for_managers_of_the_city(self, engineer: Engineer, dispatcher: User) -> None:
        for person in (dispatcher, ManagerFactory(cities=[CityFactory(shanghai=True)]), engineer.user):
            with pytest.raises(NotAllowed):
                suspend(engineer, person)

    def test_engineer_and_managers_learn_why_once(
        self, city: City, engineer: Engineer, manager: User
    ) -> None:
        ManagerFactory(cities=[CityFactory(shanghai=True)])  # of another city: not told
        visit = confirmed_visit(city=city)
        suspend(engineer, None, counts=COUNTS)
        told = {
            message.context["reader"]: message
            for message in Message.objects.filter(template="skill_suspended")
        }
        assert set(told) == {"engineer", "manager"}
        assert Message.objects.filter(template="skill_suspended").count() == 2
        for reader, message in told.items():
            for language in ("en", "zh-hans"):
                said = render(
                    template=message.template, language=language, channel="sms", context=message.context
                )
                assert visit.reference in said.body
                assert "24" in said.body
                assert "3" in said.body
                assert ("/certificates/" if reader == "engineer" else "/qualification/") in said.body

    def test_stays_on_record_as_it_was_decided(self, engineer: Engineer, manager: User) -> None:
        suspend(engineer, manager)
        for change in (
            "UPDATE engineers_skillsuspension SET reason = 'something else'",
            "DELETE FROM engineers_skillsuspension",
        ):
            refused = pytest.raises(DatabaseError, match="append-only")
            with refused, transaction.atomic(), connection.cursor() as cursor:
                cursor.execute(change)

    def test_the_database_knows_one_open_suspension_of_a_skill(
        self, engineer: Engineer, manager: User
    ) -> None:
        row = suspend(engineer, manager).suspension
        row.pk = None
        with pytest.raises(IntegrityError, match="suspension_one_open"), transaction.atomic():
            row.save(force_insert=True)


class TestSomebodyElse:
    def test_is_looked_for_right_after_the_commit(
        self,
        city: City,
        engineer: Engineer,
        manager: User,
        django_capture_on_commit_callbacks: Any,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        confirmed_visit(city=city)
        confirmed_visit(city=city, on=DAY + timedelta(days=2))
        rung = what_the_broker_gets(monkeypatch)
        with django_capture_on_commit_callbacks(execute=True):
            suspend(engineer, manager)
        assert rung == [(city.pk, "2026-11-23"), (city.pk, "2026-11-25")]

    def test_is_found_by_the_plan_and_the_window_is_kept(
        self, city: City, engineer: Engineer, manager: User
    ) -> None:
        visit = confirmed_visit(city=city)
        other = EngineerFactory(city=city)
        suspend(engineer, manager)
        assert replan_day(city=city, on=DAY, by=None, at=AT, rounds=20).found == 1
        visit.refresh_from_db()
        assert (visit.engineer, visit.at_risk_at) == (other, None)

    def test_is_never_the_suspended_engineer(self, city: City, engineer: Engineer, manager: User) -> None:
        visit = confirmed_visit(city=city)
        suspend(engineer, manager)
        assert replan_day(city=city, on=DAY, by=None, at=AT, rounds=20).found == 0
        with pytest.raises(Conflict) as refused:
            dispatch_visit(visit=visit, engineer=engineer, by=manager, at=AT)
        assert refused.value.details["reasons"] == ["certificate_lapsed"]
        with pytest.raises(WindowShut):
            planned_visit(city=city, window="14:00", at=AT)

    def test_a_plan_computed_before_gives_the_suspended_engineer_nothing(
        self, city: City, engineer: Engineer, manager: User
    ) -> None:
        # the visit stands with the other; the engineer who could take it has no other work on that day
        visit = confirmed_visit(city=city)
        second = EngineerFactory(city=city)
        Visit.objects.filter(pk=visit.pk).update(engineer=second)
        second.certificates.update(suspended_at=AT)  # so that the plan moves it
        fall = review_engineer(engineer=second, by=None, at=AT)
        assert fall == [visit]
        computed = compute_plan(city=city, on=DAY, at=AT, rounds=20)
        assert [move.to_engineer for move in computed.moves] == [engineer.pk]
        version = CityDay.objects.get(city=city, on=DAY).version
        assert suspend(engineer, manager).lost == []
        assert CityDay.objects.get(city=city, on=DAY).version == version  # nothing else would stop the plan
        with pytest.raises(StalePlan):
            store_plan(computed=computed, by=None, at=AT)
        visit.refresh_from_db()
        assert visit.engineer is None

    def test_the_board_says_why_the_engineer_is_no_candidate(
        self, city: City, engineer: Engineer, manager: User
    ) -> None:
        visit = confirmed_visit(city=city)
        suspend(engineer, None, counts=COUNTS)
        visit.refresh_from_db()
        (row,) = candidates_for(visit, AT).unfit
        assert "too many of this engineer's repairs had to be done again" in row.why


class TestLiftSuspension:
    def test_the_certificates_count_again(self, city: City, engineer: Engineer, manager: User) -> None:
        suspend(engineer, manager)
        suspension = lift(engineer, manager)
        assert not suspension.is_open
        assert suspension.lifted_by == manager
        visit = planned_visit(city=city, at=AT)
        assert visit.engineer == engineer

    def test_what_it_suspended_alone(self, engineer: Engineer, manager: User) -> None:
        battery = CertificateFactory(engineer=engineer, skill=SkillFactory(key="battery"))
        suspend(engineer, manager)
        suspend(engineer, manager, skill=battery.skill)
        lift(engineer, manager)
        battery.refresh_from_db()
        assert battery.suspended_at == AT

    def test_twice_is_refused(self, engineer: Engineer, manager: User) -> None:
        suspend(engineer, manager)
        lift(engineer, manager)
        with pytest.raises(Conflict) as refused:
            lift(engineer, manager)
        assert refused.value.code == "not_suspended"

    def test_needs_a_reason_and_a_manager(self, engineer: Engineer, manager: User, dispatcher: User) -> None:
        suspend(engineer, manager)
        with pytest.raises(InvalidInput) as refused:
            lift(engineer, manager, reason="ok")
        assert refused.value.field == "reason"
        for person in (dispatcher, engineer.user):
            with pytest.raises(NotAllowed):
                lift(engineer, person)

    def test_a_skill_can_be_suspended_again(self, engineer: Engineer, manager: User) -> None:
        suspend(engineer, manager)
        lift(engineer, manager)
        suspend(engineer, manager, at=AT + timedelta(hours=2))
        assert [row.is_open for row in engineer.suspensions.all()] == [True, False]

    def test_days_with_a_visit_that_waits_for_the_skill_are_planned(
        self,
        city: City,
        engineer: Engineer,
        manager: User,
        django_capture_on_commit_callbacks: Any,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        confirmed_visit(city=city)
        suspend(engineer, manager)
        rung = what_the_broker_gets(monkeypatch)
        with django_capture_on_commit_callbacks(execute=True):
            lift(engineer, manager)
        assert rung == [(city.pk, "2026-11-23")]
        assert replan_day(city=city, on=DAY, by=None, at=AT, rounds=20).found == 1


def test_a_new_certificate_of_another_skill_is_not_held_back(engineer: Engineer, manager: User) -> None:
    suspend(engineer, manager)
    draft = assessment_of(engineer, skill=SkillFactory(key="board"))
    assert record_assessment(draft=draft, by=manager, at=clock("09:00")).certificate.suspended_at is None


def test_certificates_suspended_before_there_were_suspensions_get_one(
    engineer: Engineer, manager: User
) -> None:
    engineer.certificates.update(suspended_at=AT)
    CertificateFactory(engineer=engineer, level=3, suspended_at=AT + timedelta(days=1))
    CertificateFactory(engineer=engineer, skill=SkillFactory(key="battery"))
    migration = import_module("engineers.migrations.0007_assessments_and_suspensions")
    migration.give_earlier_suspensions_a_row(apps, None)
    row = SkillSuspension.objects.get()
    assert (row.kind, row.skill.key, row.suspended_at) == ("earlier", "screen", AT)
    assert row.certificates.count() == 2
    lift(engineer, manager)
    assert not engineer.certificates.exclude(suspended_at=None).exists()
