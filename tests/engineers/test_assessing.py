"""Certificates come from assessments: recorded once, by somebody else, and never changed."""

from datetime import date, timedelta
from typing import Any

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction

from engineers.models import Assessment, Engineer, EngineerCertificate, QualificationPolicy, SkillSuspension
from engineers.selectors.windows import missing_skills
from engineers.services.qualification import (
    lift_suspension,
    record_assessment,
    record_assessments,
    suspend_skill,
)
from engineers.services.review import review_engineer
from repairhub.accounts.models import User
from repairhub.core.errors import InvalidInput, NotAllowed
from repairhub.notifications.models import Message
from repairhub.places.models import City
from tests.factories.accounts import (
    DispatcherFactory,
    EngineerUserFactory,
    ManagerFactory,
    SuperuserFactory,
    UserFactory,
)
from tests.factories.engineers import DAY, MORNING, EngineerFactory, SkillFactory, assessment_of, clock
from tests.factories.places import CityFactory

pytestmark = pytest.mark.django_db
YEAR = timedelta(days=365)


@pytest.fixture
def manager(city: City) -> User:
    """Looks after Beijing."""
    return ManagerFactory(cities=[city])


@pytest.fixture
def novice(city: City) -> Engineer:
    """At work, and certified for nothing."""
    return EngineerFactory(city=city, certified=False)


def record(engineer: Engineer, by: User, **given: Any) -> Assessment:
    """The verb."""
    return record_assessment(draft=assessment_of(engineer, **given), by=by, at=MORNING)


class TestRecordAssessment:
    def test_passed_gives_a_certificate_with_a_number_of_its_own(
        self, city: City, novice: Engineer, manager: User
    ) -> None:
        assert missing_skills(city, {"screen": 2}, DAY) == {"screen"}
        assessment = record(novice, manager)
        certificate = novice.certificates.get()
        assert assessment.passed
        assert certificate == assessment.certificate
        assert (certificate.level, certificate.valid_from_on, certificate.valid_until_on) == (
            2,
            DAY,
            DAY + YEAR,
        )
        assert certificate.number.startswith("EC-")
        assert certificate.history.get().history_user == manager
        assert missing_skills(city, {"screen": 2}, DAY) == frozenset()

    def test_failed_gives_none(self, novice: Engineer, manager: User) -> None:
        assessment = record(novice, manager, score=79)
        assert (assessment.passed, assessment.pass_mark) == (False, 80)
        assert not EngineerCertificate.objects.exists()

    def test_is_judged_by_the_mark_of_its_day(self, novice: Engineer, manager: User) -> None:
        QualificationPolicy.objects.filter(skill=None).update(pass_mark=60)
        assert record(novice, manager, score=60).passed
        QualificationPolicy.objects.create(skill=SkillFactory(), pass_mark=95)
        assert not record(novice, manager, score=94).passed
        assert list(Assessment.objects.order_by("pk").values_list("pass_mark", flat=True)) == [60, 95]

    def test_without_any_row_the_policys_own_numbers_count(self, novice: Engineer, manager: User) -> None:
        QualificationPolicy.objects.all().delete()
        assert not record(novice, manager, score=79).passed

    def test_a_higher_level_or_a_later_end_stands_beside_what_was_there(
        self, engineer: Engineer, manager: User
    ) -> None:
        earlier = engineer.certificates.get()
        record(engineer, manager, level=3, valid_until_on=DAY + 2 * YEAR)
        assert set(engineer.certificates.values_list("level", flat=True)) == {2, 3}
        earlier.refresh_from_db()
        assert earlier.valid_until_on == date(2027, 12, 31)

    def test_the_same_form_again_gives_what_is_there(self, novice: Engineer, manager: User) -> None:
        draft = assessment_of(novice)
        first = record_assessment(draft=draft, by=manager, at=MORNING)
        assert record_assessment(draft=draft, by=manager, at=MORNING) == first
        assert EngineerCertificate.objects.count() == 1

    def test_nobody_assesses_themselves(self, novice: Engineer, manager: User) -> None:
        with pytest.raises(InvalidInput) as refused:
            record(novice, manager, assessor=novice.user)
        assert (refused.value.field, refused.value.code) == ("assessor", "own_assessment")
        assert not Assessment.objects.exists()

    @pytest.mark.parametrize(
        "assessor",
        [lambda: UserFactory(), lambda: EngineerUserFactory(is_active=False)],
        ids=["customer", "gone"],
    )
    def test_whoever_does_not_work_here_assesses_nobody(
        self, novice: Engineer, manager: User, assessor: Any
    ) -> None:
        with pytest.raises(InvalidInput, match="does not work here"):
            record(novice, manager, assessor=assessor())

    @pytest.mark.parametrize(
        ("given", "field"),
        [
            ({"score": 101}, "score"),
            ({"level": 4}, "level"),
            ({"level": 0}, "level"),
            ({"assessed_on": DAY + timedelta(days=1)}, "assessed_on"),
            ({"valid_until_on": DAY}, "valid_until_on"),
            ({"valid_until_on": DAY + timedelta(days=731)}, "valid_until_on"),
        ],
        ids=str,
    )
    def test_what_cannot_be_is_refused_at_its_field(
        self, novice: Engineer, manager: User, given: dict[str, Any], field: str
    ) -> None:
        with pytest.raises(InvalidInput) as refused:
            record(novice, manager, **given)
        assert refused.value.field == field
        assert not Assessment.objects.exists()

    @pytest.mark.parametrize("role", ["dispatcher", "manager of another city", "the engineer"])
    def test_only_a_manager_of_the_city_records_one(self, novice: Engineer, role: str) -> None:
        other = {
            "dispatcher": lambda: DispatcherFactory(),
            "manager of another city": lambda: ManagerFactory(cities=[CityFactory(shanghai=True)]),
            "the engineer": lambda: novice.user,
        }[role]()
        with pytest.raises(NotAllowed):
            record(novice, other)

    def test_a_superuser_may_as_well(self, novice: Engineer) -> None:
        assert record(novice, SuperuserFactory()).passed

    def test_stays_as_it_was_recorded(self, novice: Engineer, manager: User) -> None:
        assessment = record(novice, manager)
        for change in ("UPDATE engineers_assessment SET score = 100", "DELETE FROM engineers_assessment"):
            refused = pytest.raises(DatabaseError, match="append-only")
            with refused, transaction.atomic(), connection.cursor() as cursor:
                cursor.execute(change)
        assessment.refresh_from_db()
        assert assessment.score == 90

    def test_the_database_holds_pass_and_mark_together(self, novice: Engineer, manager: User) -> None:
        row = record(novice, manager)
        row.pk, row.form_id, row.score = None, assessment_of(novice).form_id, 10
        with pytest.raises(IntegrityError, match="assessment_passed_by_its_mark"), transaction.atomic():
            row.save(force_insert=True)


class TestAReassessment:
    """After a suspension."""

    def suspended(self, engineer: Engineer, *, for_reworks: bool, by: User) -> SkillSuspension:
        from engineers.selectors.rework_rates import ReworkCount

        counts = ReworkCount(finished=20, reworked=5, window_days=90) if for_reworks else None
        return suspend_skill(
            engineer=engineer,
            skill=SkillFactory(),
            reason="" if for_reworks else "Left two phones open on the table.",
            counts=counts,
            by=None if for_reworks else by,
            at=MORNING,
        ).suspension

    def test_passed_lifts_one_for_reworks(self, engineer: Engineer, manager: User) -> None:
        suspension = self.suspended(engineer, for_reworks=True, by=manager)
        assessment = record(engineer, manager)
        suspension.refresh_from_db()
        assert (suspension.lifted_at, suspension.lifted_through) == (MORNING, assessment)
        assert not engineer.certificates.exclude(suspended_at=None).exists()
        assert Message.objects.filter(template="skill_back").count() == 2  # the engineer and the manager

    def test_failed_lifts_nothing(self, engineer: Engineer, manager: User) -> None:
        suspension = self.suspended(engineer, for_reworks=True, by=manager)
        record(engineer, manager, score=10)
        suspension.refresh_from_db()
        assert suspension.is_open

    @pytest.mark.parametrize(
        ("for_reworks", "given", "passing_lifts"),
        [
            (False, {}, True),
            (True, {}, False),
            (True, {"level": 1}, True),
            (True, {"assessed_on": DAY - timedelta(days=1)}, True),
        ],
        ids=["a manager's decision", "the policy says no", "a lower level", "held before the suspension"],
    )
    def test_otherwise_the_new_certificate_is_suspended_as_well(
        self,
        city: City,
        engineer: Engineer,
        manager: User,
        for_reworks: bool,
        given: dict[str, Any],
        passing_lifts: bool,
    ) -> None:
        QualificationPolicy.objects.update(passing_lifts=passing_lifts)
        suspension = self.suspended(engineer, for_reworks=for_reworks, by=manager)
        assessment = record(engineer, manager, **given)
        suspension.refresh_from_db()
        assert suspension.is_open
        assert assessment.certificate.suspension == suspension
        assert missing_skills(city, {"screen": 1}, DAY) == {"screen"}
        lift_suspension(
            engineer=engineer,
            skill=SkillFactory(),
            reason="Watched for a day.",
            by=manager,
            at=clock("12:00"),
        )
        assert missing_skills(city, {"screen": 2}, DAY) == frozenset()

    def test_of_a_skill_that_is_not_suspended_takes_nothing_away(
        self, engineer: Engineer, manager: User
    ) -> None:
        record(engineer, manager, level=1)
        assert review_engineer(engineer=engineer, by=manager, at=MORNING) == []


class TestRecordAssessments:
    def test_keeps_the_numbers_that_certificates_had(self, novice: Engineer, manager: User) -> None:
        drafts = [
            assessment_of(novice, number="PAPER-1"),
            assessment_of(novice, skill=SkillFactory(key="board"), score=20),
        ]
        (certificate,) = record_assessments(drafts=drafts, by=manager, at=MORNING, note="from paper")
        assert (certificate.number, certificate.assessment.score) == ("PAPER-1", 90)
        assert certificate.history.get().history_change_reason == "from paper"
        assert Assessment.objects.count() == 2

    def test_one_that_cannot_be_stops_them_all(self, novice: Engineer, manager: User) -> None:
        drafts = [assessment_of(novice), assessment_of(novice, assessor=novice.user)]
        with pytest.raises(InvalidInput):
            record_assessments(drafts=drafts, by=manager, at=MORNING)
        assert not Assessment.objects.exists()


class TestPolicy:
    def test_one_row_for_each_skill_and_one_for_the_rest(self) -> None:
        skill = SkillFactory()
        QualificationPolicy.objects.create(skill=skill)
        for of in (None, skill):
            with pytest.raises(IntegrityError, match="once_per_skill"), transaction.atomic():
                QualificationPolicy.objects.create(skill=of)

    def test_warns_before_it_suspends(self) -> None:
        with pytest.raises(IntegrityError, match="warns_before"), transaction.atomic():
            QualificationPolicy.objects.update(warn_per_hundred=20, suspend_per_hundred=10)

    @pytest.mark.parametrize(
        ("finished", "reworked", "many", "too_many"),
        [(19, 19, False, False), (20, 1, False, False), (20, 2, True, False), (20, 3, True, True)],
    )
    def test_too_few_repairs_say_nothing_and_the_limit_itself_is_allowed(
        self, finished: int, reworked: int, many: bool, too_many: bool
    ) -> None:
        policy = QualificationPolicy()  # from 20 repairs on: warned above 6 in 100, suspended above 10
        assert policy.is_many(finished, reworked) == many
        assert policy.is_too_many(finished, reworked) == too_many
