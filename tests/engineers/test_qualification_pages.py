"""What managers see and decide of their engineers' skills, and what the engineer sees of their own."""

import csv
import io
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from engineers.models import Engineer, SkillSuspension
from engineers.selectors.rework_rates import ReworkCount
from engineers.services.qualification import record_assessment, suspend_skill
from repairhub.accounts.models import User
from repairhub.places.models import City
from tests.factories.accounts import ManagerFactory
from tests.factories.engineers import (
    DAY,
    MORNING,
    AuthorisationFactory,
    CertificateFactory,
    EngineerFactory,
    SkillFactory,
    assessment_of,
    confirmed_visit,
)
from tests.factories.parts import BrandFactory
from tests.factories.places import CityFactory

pytestmark = pytest.mark.django_db
REASON = "Left two phones open on the table."


@pytest.fixture(autouse=True)
def morning() -> Any:
    """The pages' clock."""
    with time_machine.travel(MORNING, tick=False):
        yield


@pytest.fixture
def manager(city: City) -> User:
    """Looks after Beijing."""
    return ManagerFactory(cities=[city], name="Mei Zhou")


@pytest.fixture
def desk(client: Client, manager: User) -> Client:
    """A manager's browser."""
    client.force_login(manager)
    return client


def seen(response: Any) -> list[tuple[str, str, str]]:
    """Staff number, skill and state of each row of the list."""
    return [(row.engineer.number, row.skill.key, row.state) for row in response.context["page"].rows]


def page_of(engineer: Engineer, skill: str = "screen") -> str:
    return reverse("qualification_of", args=[engineer.pk, skill])


def suspend(engineer: Engineer, by: User | None = None, **given: Any) -> SkillSuspension:
    return suspend_skill(
        **{"engineer": engineer, "skill": SkillFactory(), "reason": REASON, "by": by, "at": MORNING, **given}
    ).suspension


class TestTheList:
    @pytest.fixture
    def four(self, city: City) -> dict[str, Engineer]:
        """An engineer in each state, by the state's name."""
        people = {
            state: EngineerFactory(city=city, number=f"BJ-{number}")
            for number, state in enumerate(["valid", "ends_soon", "suspended", "ended"])
        }
        people["ends_soon"].certificates.update(valid_until_on=DAY + timedelta(days=30))
        people["ended"].certificates.update(valid_until_on=DAY - timedelta(days=1))
        suspend(people["suspended"])
        return people

    def test_each_engineer_and_skill_with_its_state(self, desk: Client, four: dict[str, Engineer]) -> None:
        CertificateFactory(engineer=four["valid"], skill=SkillFactory(key="board"))
        assert seen(desk.get(reverse("qualifications"))) == [
            ("BJ-0", "board", "valid"),
            ("BJ-0", "screen", "valid"),
            ("BJ-1", "screen", "ends_soon"),
            ("BJ-2", "screen", "suspended"),
            ("BJ-3", "screen", "ended"),
        ]

    def test_says_why_it_is_suspended(self, desk: Client, four: dict[str, Engineer]) -> None:
        assert REASON in desk.get(reverse("qualifications")).content.decode()

    @pytest.mark.parametrize("state", ["valid", "ends_soon", "suspended", "ended"])
    def test_by_state(self, desk: Client, four: dict[str, Engineer], state: str) -> None:
        rows = seen(desk.get(reverse("qualifications"), {"state": state}))
        assert rows == [(four[state].number, "screen", state)]

    def test_by_skill_and_by_city(self, client: Client, engineer: Engineer) -> None:
        client.force_login(ManagerFactory())
        CertificateFactory(engineer=engineer, skill=SkillFactory(key="board"))
        other = EngineerFactory(city=CityFactory(shanghai=True))
        rows = seen(client.get(reverse("qualifications"), {"skill": "board"}))
        assert rows == [(engineer.number, "board", "valid")]
        rows = seen(client.get(reverse("qualifications"), {"city": other.city.code}))
        assert rows == [(other.number, "screen", "valid")]

    @pytest.mark.parametrize(
        "query",
        [
            {"state": "asleep"},
            {"skill": "\x00"},
            {"city": "??"},
            {"after": "x"},
            {"after": "~"},
            {"after": "\x00~x"},
            {"after": "x~\x00"},
        ],
        ids=str,
    )
    def test_what_cannot_be_read_shows_all(
        self, desk: Client, engineer: Engineer, query: dict[str, str]
    ) -> None:
        response = desk.get(reverse("qualifications"), query)
        assert response.status_code == 200

    def test_only_of_the_readers_cities(self, desk: Client, engineer: Engineer) -> None:
        other = EngineerFactory(city=CityFactory(shanghai=True))
        assert seen(desk.get(reverse("qualifications"))) == [(engineer.number, "screen", "valid")]
        assert desk.get(page_of(other)).status_code == 404
        assert (
            desk.post(reverse("suspend_skill", args=[other.pk, "screen"]), {"reason": REASON}).status_code
            == 404
        )

    def test_the_highest_level_that_counts_is_shown_with_its_own_end(
        self, desk: Client, engineer: Engineer
    ) -> None:
        CertificateFactory(engineer=engineer, level=3, valid_until_on=DAY + timedelta(days=200))
        CertificateFactory(engineer=engineer, level=1, valid_until_on=DAY + timedelta(days=900))
        (row,) = desk.get(reverse("qualifications")).context["page"].rows
        assert (row.certificate.level, row.certificate.valid_until_on) == (3, DAY + timedelta(days=200))

    def test_a_page_after_another(self, desk: Client, city: City) -> None:
        people = EngineerFactory.create_batch(51, city=city)
        first = desk.get(reverse("qualifications"))
        assert len(seen(first)) == 50
        second = desk.get(reverse("qualifications"), {"after": first.context["page"].next_key})
        assert {number for number, _skill, _state in seen(first) + seen(second)} == {
            engineer.number for engineer in people
        }
        assert len(seen(second)) == 1
        assert second.context["page"].next_key == ""

    def test_as_a_table_for_spreadsheets(self, desk: Client, four: dict[str, Engineer]) -> None:
        Engineer.objects.filter(pk=four["valid"].pk).update(number="=1+1")
        response = desk.get(reverse("qualifications_csv"), {"skill": "screen"})
        rows = list(csv.reader(io.StringIO(response.getvalue().decode("utf-8-sig"))))
        assert rows[0][:4] == ["Staff number", "Engineer", "City", "Skill"]
        assert len(rows) == 5
        assert ["BJ-2", "Suspended", REASON] in [[row[0], row[6], row[7]] for row in rows]
        assert "'=1+1" in [row[0] for row in rows]


class TestThePageOfASkill:
    def test_shows_everything_on_record(self, desk: Client, engineer: Engineer, manager: User) -> None:
        draft = assessment_of(engineer, assessor=ManagerFactory(name="Old Wang"), note="Quick and clean.")
        record_assessment(draft=draft, by=manager, at=MORNING)
        suspend(engineer, counts=ReworkCount(finished=24, reworked=3, window_days=90))
        page = desk.get(page_of(engineer)).content.decode()
        for said in ("Old Wang", "Quick and clean.", "90 / 80", engineer.certificates.first().number):
            assert said in page
        assert "Of 24 repairs in the 90 days before, 3 had to be done again." in page
        assert "the system" in page

    def test_suspends_with_a_reason_and_says_what_it_took_away(
        self, desk: Client, city: City, engineer: Engineer, manager: User
    ) -> None:
        visit = confirmed_visit(city=city)
        url = reverse("suspend_skill", args=[engineer.pk, "screen"])
        response = desk.post(url, {"reason": REASON}, follow=True)
        row = SkillSuspension.objects.get()
        assert (row.reason, row.suspended_by) == (REASON, manager)
        assert f"1 visit has lost its engineer and waits on the dispatch board: {visit.reference}." in (
            response.content.decode()
        )
        assert desk.post(url, {"reason": REASON}).status_code == 302  # pressed twice
        assert SkillSuspension.objects.count() == 1

    def test_lifts_with_a_reason(self, desk: Client, engineer: Engineer) -> None:
        suspend(engineer)
        url = reverse("lift_suspension", args=[engineer.pk, "screen"])
        assert desk.post(url, {"reason": "Watched for a day, all in order."}).status_code == 302
        assert not SkillSuspension.objects.get().is_open
        again = desk.post(url, {"reason": "Watched for a day, all in order."})
        assert again.status_code == 409
        assert "is not suspended" in again.content.decode()

    def test_too_short_a_reason_is_said_and_kept(self, desk: Client, engineer: Engineer) -> None:
        response = desk.post(reverse("suspend_skill", args=[engineer.pk, "screen"]), {"reason": "so so"})
        assert response.status_code == 400
        page = response.content.decode()
        assert "Give the reason in 10 characters or more." in page
        assert "so so</textarea>" in page
        assert not SkillSuspension.objects.exists()

    def test_the_addresses_of_the_decisions_lead_back(self, desk: Client, engineer: Engineer) -> None:
        for name in ("suspend_skill", "lift_suspension"):
            response = desk.get(reverse(name, args=[engineer.pk, "screen"]))
            assert response["Location"] == page_of(engineer)

    def test_of_a_skill_that_was_never_certified_there_is_none(
        self, desk: Client, engineer: Engineer
    ) -> None:
        SkillFactory(key="board")
        assert desk.get(page_of(engineer, "board")).status_code == 404
        assert desk.get(page_of(engineer, "nothing")).status_code == 404


class TestTheEngineersOwnPage:
    @pytest.fixture
    def phone(self, client: Client, engineer: Engineer) -> Client:
        """The engineer's browser."""
        client.force_login(engineer.user)
        return client

    def page(self, phone: Client) -> str:
        return phone.get(reverse("own_certificates")).content.decode()

    def test_shows_their_certificates_and_authorisations_and_nobody_elses(
        self, phone: Client, engineer: Engineer
    ) -> None:
        other = EngineerFactory(city=engineer.city)
        AuthorisationFactory(engineer=engineer, brand=BrandFactory(), reference="MAKER-77")
        page = self.page(phone)
        assert engineer.certificates.get().number in page
        assert "MAKER-77" in page
        assert other.certificates.get().number not in page

    def test_says_why_one_is_suspended_and_what_next(self, phone: Client, engineer: Engineer) -> None:
        suspend(engineer, counts=ReworkCount(finished=24, reworked=3, window_days=90))
        page = self.page(phone)
        assert "Of 24 repairs in the 90 days before, 3 had to be done again." in page
        assert "Talk to your manager about an assessment" in page

    def test_says_that_one_ends_soon(self, phone: Client, engineer: Engineer) -> None:
        assert "before it ends" not in self.page(phone)
        engineer.certificates.update(valid_until_on=timezone.localdate() + timedelta(days=9))
        assert "before it ends" in self.page(phone)

    def test_who_has_none_or_no_record_reads_whom_to_ask(self, phone: Client, engineer: Engineer) -> None:
        engineer.certificates.all().delete()
        assert "No certificate of yours is on record" in self.page(phone)
        Engineer.objects.filter(pk=engineer.pk).delete()
        assert "record belongs to you yet" in self.page(phone)
