"""Assessments are recorded on a form that keeps what was typed; the policy is kept in the admin."""

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.urls import reverse

from engineers.models import Assessment, Engineer, EngineerCertificate, QualificationPolicy
from engineers.selectors.rework_rates import ReworkCount
from engineers.services.qualification import record_assessment, suspend_skill
from repairhub.accounts.models import User
from repairhub.places.models import City
from tests.factories.accounts import ManagerFactory
from tests.factories.engineers import DAY, MORNING, EngineerFactory, SkillFactory, assessment_of
from tests.factories.places import CityFactory

pytestmark = pytest.mark.django_db
ADD = "/admin/engineers/assessment/add/"


@pytest.fixture(autouse=True)
def morning() -> Any:
    """The pages' clock."""
    with time_machine.travel(MORNING, tick=False):
        yield


@pytest.fixture
def manager(city: City) -> User:
    """Looks after Beijing."""
    return ManagerFactory(cities=[city])


@pytest.fixture
def desk(client: Client, manager: User) -> Client:
    """The admin as that manager sees it."""
    client.force_login(manager)
    return client


def typed(desk: Client, engineer: Engineer, **changes: Any) -> dict[str, Any]:
    """What the form holds once it is filled in for the engineer."""
    form = desk.get(ADD, {"engineer": engineer.pk, "skill": SkillFactory().pk}).context["adminform"].form
    data = {bound.html_name: bound.value() for bound in form if bound.value() is not None}
    return {
        **data,
        "level": 3,
        "score": 90,
        "assessor": ManagerFactory().pk,
        "note": "Calm hands.",
        **changes,
    }


class TestTheForm:
    def test_begins_with_today_and_as_long_as_the_policy_allows(
        self, desk: Client, engineer: Engineer
    ) -> None:
        data = typed(desk, engineer)
        assert (data["engineer"], data["skill"]) == (str(engineer.pk), str(SkillFactory().pk))
        assert (data["assessed_on"], data["valid_until_on"]) == (DAY, DAY + timedelta(days=730))

    def test_records_and_says_what_came_of_it(self, desk: Client, engineer: Engineer, manager: User) -> None:
        response = desk.post(ADD, typed(desk, engineer), follow=True)
        assessment = Assessment.objects.get()
        assert (assessment.passed, assessment.recorded_by, assessment.note) == (True, manager, "Calm hands.")
        assert f"Passed: certificate {assessment.certificate.number}." in response.content.decode()

    def test_sent_twice_it_is_recorded_once(self, desk: Client, engineer: Engineer) -> None:
        data = typed(desk, engineer)
        for _click in range(2):
            assert desk.post(ADD, data).status_code == 302
        assert Assessment.objects.count() == 1
        assert EngineerCertificate.objects.filter(level=3).count() == 1

    def test_a_failed_one_gives_no_certificate_and_says_so(self, desk: Client, engineer: Engineer) -> None:
        response = desk.post(ADD, typed(desk, engineer, score=79), follow=True)
        assert "Not passed: 80 points are needed." in response.content.decode()
        assert not EngineerCertificate.objects.filter(level=3).exists()

    def test_says_that_a_suspension_is_lifted_or_stays(
        self, desk: Client, engineer: Engineer, city: City, manager: User
    ) -> None:
        counts = ReworkCount(finished=20, reworked=5, window_days=90)
        skill = SkillFactory()
        suspend_skill(engineer=engineer, skill=skill, reason="", counts=counts, at=MORNING)
        response = desk.post(ADD, typed(desk, engineer), follow=True)
        assert "The suspension is lifted." in response.content.decode()
        suspend_skill(engineer=engineer, skill=skill, reason="Tools out of order.", by=manager, at=MORNING)
        response = desk.post(ADD, typed(desk, engineer), follow=True)
        assert "The skill is still suspended" in response.content.decode()

    @pytest.mark.parametrize(
        ("changes", "field", "said"),
        [
            ({"score": 101}, "score", "from 0 to 100"),
            ({"score": ""}, "score", "required"),
            ({"level": 4}, "level", "valid choice"),
            ({"assessed_on": "2026-11-24"}, "assessed_on", "has not come yet"),
            ({"valid_until_on": "2026-11-23"}, "valid_until_on", "ends after the day"),
            ({"valid_until_on": "2030-01-01"}, "valid_until_on", "at the latest"),
            ({"assessor": "nobody"}, "assessor", "valid choice"),
            ({"form_id": "x"}, "form_id", "valid UUID"),
        ],
        ids=str,
    )
    def test_what_cannot_be_is_said_at_its_field_and_the_rest_is_kept(
        self, desk: Client, engineer: Engineer, changes: dict[str, Any], field: str, said: str
    ) -> None:
        response = desk.post(ADD, typed(desk, engineer, **changes))
        assert response.status_code == 200
        form = response.context["adminform"].form
        assert said in str(form.errors[field])
        assert "Calm hands." in response.content.decode()
        assert not Assessment.objects.exists()

    def test_nobody_assesses_themselves(self, desk: Client, engineer: Engineer) -> None:
        response = desk.post(ADD, typed(desk, engineer, assessor=engineer.user.pk))
        assert "Nobody assesses themselves." in str(response.context["adminform"].form.errors["assessor"])

    def test_only_engineers_of_the_managers_cities_can_be_chosen(self, desk: Client) -> None:
        other = EngineerFactory(city=CityFactory(shanghai=True))
        response = desk.post(ADD, typed(desk, other))
        assert "engineer" in response.context["adminform"].form.errors


class TestOnRecord:
    @pytest.fixture
    def assessment(self, engineer: Engineer, manager: User) -> Assessment:
        return record_assessment(draft=assessment_of(engineer), by=manager, at=MORNING)

    def test_list_and_page_show_what_it_gave(self, desk: Client, assessment: Assessment) -> None:
        number = assessment.certificate.number
        assert number in desk.get(reverse("admin:engineers_assessment_changelist")).content.decode()
        page = desk.get(reverse("admin:engineers_assessment_change", args=[assessment.pk]))
        assert number in page.content.decode()

    def test_is_neither_changed_nor_deleted(self, desk: Client, assessment: Assessment) -> None:
        page = reverse("admin:engineers_assessment_change", args=[assessment.pk])
        assert desk.post(page, {"score": 100}).status_code == 403
        assert (
            desk.post(reverse("admin:engineers_assessment_delete", args=[assessment.pk])).status_code == 403
        )
        assessment.refresh_from_db()
        assert assessment.score == 90

    def test_is_found_by_managers_of_its_city_alone(self, client: Client, assessment: Assessment) -> None:
        client.force_login(ManagerFactory(cities=[CityFactory(shanghai=True)]))
        rows = client.get(reverse("admin:engineers_assessment_changelist")).context["cl"].result_list
        assert list(rows) == []


class TestThePolicy:
    def test_there_is_a_row_for_every_skill_from_the_start(self, desk: Client) -> None:
        page = desk.get(reverse("admin:engineers_qualificationpolicy_changelist"))
        assert "Every other skill" in page.content.decode()

    def test_numbers_are_changed_and_their_history_kept(self, desk: Client, manager: User) -> None:
        row = QualificationPolicy.objects.get()
        page = reverse("admin:engineers_qualificationpolicy_change", args=[row.pk])
        form = desk.get(page).context["adminform"].form
        data = {bound.html_name: bound.value() for bound in form if bound.value() is not None}
        assert desk.post(page, data | {"pass_mark": 85}).status_code == 302
        row.refresh_from_db()
        assert row.pass_mark == 85
        assert row.history.first().history_user == manager

    def test_a_warning_after_the_suspension_is_refused(self, desk: Client) -> None:
        row = QualificationPolicy.objects.get()
        page = reverse("admin:engineers_qualificationpolicy_change", args=[row.pk])
        form = desk.get(page).context["adminform"].form
        data = {bound.html_name: bound.value() for bound in form if bound.value() is not None}
        response = desk.post(page, data | {"warn_per_hundred": "50"})
        assert "The warning comes before the suspension" in response.content.decode()

    def test_a_second_row_for_a_skill_is_refused_with_a_sentence(self, desk: Client) -> None:
        add = reverse("admin:engineers_qualificationpolicy_add")
        form = desk.get(add).context["adminform"].form
        data = {bound.html_name: bound.value() for bound in form if bound.value() is not None}
        response = desk.post(add, data)
        assert "There is a row for this skill already" in response.content.decode()
