import csv
import io
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from orders.services.taking_back import report_dead_part
from repairhub.accounts.models import User
from repairhub.accounts.states import Role
from repairhub.core.errors import Conflict
from repairhub.core.spreadsheets import plain_cell
from tests.factories.accounts import FACTORY_OF_ROLE, CaseOfficerFactory, ManagerFactory, SuperuserFactory
from tests.factories.places import CityFactory
from tests.factories.warranty import REASON, Workshop, photo, stored_claims
from warranty.models import Claim
from warranty.selectors.claim_list import PAGE_SIZE
from warranty.services.deciding import decide_claim
from warranty.states import ClaimStatus

pytestmark = pytest.mark.django_db


def signed_in(user: User) -> Client:
    """That person's browser."""
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def officer(workshop: Workshop) -> User:
    """A case officer of Beijing."""
    return CaseOfficerFactory(name="Min Zhao", cities=[workshop.city])


@pytest.fixture
def desk(officer: User) -> Client:
    """Their browser."""
    return signed_in(officer)


def references(response: Any) -> list[str]:
    """The claims of the list, in its order."""
    return [row.claim.reference for row in response.context["page"].rows]


class TestWho:
    @pytest.mark.parametrize("role", Role.values)
    def test_case_officers_and_managers_alone(self, workshop: Workshop, role: str) -> None:
        claim = workshop.claim(photos=[photo()])
        client = signed_in(FACTORY_OF_ROLE[role]())
        expected = 200 if role in (Role.CASE_OFFICER, Role.MANAGER) else 403
        if role == Role.CUSTOMER:  # never signed in
            expected = 302
        picture = [claim.reference, claim.photos.get().pk]
        assert client.get(reverse("claims")).status_code == expected
        assert client.get(reverse("claims_csv")).status_code == expected
        assert client.get(reverse("claim", args=[claim.reference])).status_code == expected
        assert client.get(reverse("claim_photo", args=picture)).status_code == expected

    @pytest.mark.parametrize("name", ["decide_claim", "transfer_claim", "take_over_claim"])
    def test_nobody_else_moves_anything(self, workshop: Workshop, name: str) -> None:
        claim = workshop.claim()
        for role in (Role.ENGINEER, Role.DISPATCHER, Role.PARTS_ADMIN):
            client = signed_in(FACTORY_OF_ROLE[role]())
            response = client.post(reverse(name, args=[claim.reference]), {"outcome": "approved"})
            assert response.status_code == 403
        assert Client().post(reverse(name, args=[claim.reference])).status_code == 302
        assert Claim.objects.get().status == "filed"

    def test_another_city_s_claim_is_not_found(self, workshop: Workshop) -> None:
        claim = workshop.claim(photos=[photo()])
        client = signed_in(CaseOfficerFactory(cities=[CityFactory(shanghai=True)]))
        assert references(client.get(reverse("claims"), {"status": "all"})) == []
        for name, args in [
            ("claim", [claim.reference]),
            ("claim_photo", [claim.reference, claim.photos.get().pk]),
            ("claim_hand_over_photo", [claim.reference, 1]),
        ]:
            assert client.get(reverse(name, args=args)).status_code == 404
        decide = reverse("decide_claim", args=[claim.reference])
        assert client.post(decide, {"outcome": "approved"}).status_code == 404

    def test_a_superuser_decides_too(self, workshop: Workshop) -> None:
        claim = workshop.claim()
        client = signed_in(SuperuserFactory())
        response = client.post(reverse("decide_claim", args=[claim.reference]), {"outcome": "approved"})
        assert response.status_code == 302


class TestList:
    def test_the_nearest_deadline_first_and_overdue_said_in_words(
        self, workshop: Workshop, desk: Client
    ) -> None:
        order = workshop.completed()
        late, later = workshop.claim(order), workshop.claim(order, at=workshop.clock + timedelta(hours=9))
        workshop.clock += timedelta(hours=50)
        with workshop.now():
            response = desk.get(reverse("claims"))
        assert references(response) == [late.reference, later.reference]
        assert "overdue" in response.text

    def test_filters_by_state_owner_and_city(self, workshop: Workshop, desk: Client, officer: User) -> None:
        order = workshop.completed()
        waiting = workshop.claim(order)
        approved = workshop.approved(order)
        nobodys = workshop.claim(order)
        Claim.objects.filter(pk=nobodys.pk).update(owner=None)
        for query, expected in [
            ({}, {waiting, nobodys}),
            ({"status": "approved"}, {approved}),
            ({"status": "refused"}, set()),
            ({"status": "all"}, {waiting, nobodys, approved}),
            ({"owner": "mine"}, {waiting}),
            ({"owner": "nobody"}, {nobodys}),
            ({"owner": str(officer.pk)}, {waiting}),
            ({"city": "BJ"}, {waiting, nobodys}),
        ]:
            found = references(desk.get(reverse("claims"), query))
            assert set(found) == {claim.reference for claim in expected}, query

    def test_a_reference_is_found_wherever_it_stands(self, workshop: Workshop, desk: Client) -> None:
        claim = workshop.approved()
        for typed in (claim.reference, claim.reference.lower(), claim.order.reference, claim.reference[:6]):
            assert references(desk.get(reverse("claims"), {"q": typed})) == [claim.reference]
        response = desk.get(reverse("claims"), {"q": "C-ZZZZ"})
        assert "has this reference" in response.text

    @pytest.mark.parametrize(
        "query",
        [
            {"after": "x"},
            {"after": "~1"},
            {"after": "2026-13-45T00:00:00+00:00~1"},
            {"after": "2026-11-22T00:00:00~1"},
            {"after": "2026-11-22T00:00:00+00:00~" + "9" * 40},
            {"status": "'; DROP TABLE"},
            {"owner": "1 OR 1=1"},
            {"owner": "\x00"},
            {"city": "\x00"},
            {"q": "\x00" * 10},
            {"q": "%" * 200},
        ],
    )
    def test_a_broken_address_shows_a_page(self, desk: Client, query: dict[str, str]) -> None:
        assert desk.get(reverse("claims"), query).status_code == 200
        assert desk.get(reverse("claims_csv"), query).status_code == 200

    @pytest.mark.parametrize("status", ["", "all", "approved"])
    def test_pages_follow_each_other_without_gap_or_double(
        self, workshop: Workshop, desk: Client, officer: User, status: str
    ) -> None:
        order = workshop.completed()
        fields = {}
        if status == "approved":
            fields = {"status": "approved", "answered_at": order.completed_at + timedelta(days=9)}
        stored_claims(order, PAGE_SIZE * 2 + 5, owner=officer, **fields)
        seen: list[str] = []
        query = {"status": status}
        for _ in range(3):
            response = desk.get(reverse("claims"), query)
            seen += references(response)
            query["after"] = response.context["page"].next_key
        assert query["after"] == ""
        assert len(seen) == len(set(seen)) == PAGE_SIZE * 2 + 5
        assert 'rel="next"' not in response.text

    @pytest.mark.parametrize("status", ["", "all"])
    def test_as_many_queries_for_many_claims_as_for_20(
        self, workshop: Workshop, desk: Client, officer: User, django_assert_num_queries: Any, status: str
    ) -> None:
        order = workshop.completed()
        stored_claims(order, 20, owner=officer)
        desk.get(reverse("claims"))  # content types are cached from here on
        with django_assert_num_queries(8):
            desk.get(reverse("claims"), {"status": status})
        Claim.objects.all().delete()
        stored_claims(order, 500, owner=officer)
        with django_assert_num_queries(8):
            desk.get(reverse("claims"), {"status": status})


class TestCsv:
    def test_every_claim_of_the_filter_with_its_deadline(self, workshop: Workshop, desk: Client) -> None:
        claim = workshop.claim(text='=HYPERLINK("http://evil.example")\nand, "more"')
        response = desk.get(reverse("claims_csv"))
        text = b"".join(response.streaming_content).decode("utf-8-sig")  # type: ignore[arg-type]
        heading, row = csv.reader(io.StringIO(text))
        line = dict(zip(heading, row, strict=True))
        assert (line["Claim"], line["Order"], line["City"]) == (
            claim.reference,
            claim.order.reference,
            "Beijing",
        )
        assert line["Due"] == "2026-11-26T09:40+08:00"
        assert line["Owner"] == "Min Zhao"
        assert line["What is wrong"].startswith("'=HYPERLINK")

    @pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r"])
    def test_nothing_begins_like_a_formula(self, start: str) -> None:
        assert plain_cell(f"{start}1+1").startswith("'")

    def test_other_text_stays_as_it_is(self) -> None:
        assert [plain_cell(value) for value in ("C-1", None, 7)] == ["C-1", "", "7"]


class TestAddressesThatArePosted:
    @pytest.mark.parametrize("name", ["decide_claim", "transfer_claim", "take_over_claim"])
    def test_read_after_a_sign_in_they_lead_to_the_claim(
        self, workshop: Workshop, desk: Client, name: str
    ) -> None:
        claim = workshop.claim()
        path = reverse(name, args=[claim.reference])
        assert desk.get(path)["Location"] == reverse("claim", args=[claim.reference])
        assert desk.put(path).status_code == 405
        claim.refresh_from_db()
        assert claim.status == ClaimStatus.FILED


class TestClaimPage:
    def test_everything_side_by_side(self, workshop: Workshop, desk: Client) -> None:
        claim = workshop.claim(photos=[photo()])
        fitting = claim.order.fittings.select_related("unit__lot__supplier", "warranty").get()
        page = desk.get(reverse("claim", args=[claim.reference])).text
        hand_over = claim.order.hand_overs.get().photos.get()
        for shown in (
            "The screen flickers again.",
            fitting.unit.serial,
            fitting.unit.lot.number,
            fitting.unit.lot.supplier.name,
            "Ying Chen",
            f"Warranty {fitting.warranty.number} covers it to the end of 23 May 2027.",
            reverse("claim_photo", args=[claim.reference, claim.photos.get().pk]),
            reverse("claim_hand_over_photo", args=[claim.reference, hand_over.pk]),
            "You filed claim",
            "Approve: rework at no cost",
        ):
            assert shown in page

    def test_both_photos_open_for_the_case_officer(self, workshop: Workshop, desk: Client) -> None:
        claim = workshop.claim(photos=[photo()])
        hand_over = claim.order.hand_overs.get().photos.get()
        for name, picture in [("claim_photo", claim.photos.get()), ("claim_hand_over_photo", hand_over)]:
            response = desk.get(reverse(name, args=[claim.reference, picture.pk]))
            assert (response.status_code, response["Content-Type"]) == (200, "image/jpeg")

    def test_another_order_s_hand_over_is_not_found(self, workshop: Workshop, desk: Client) -> None:
        claim, other = workshop.claim(), workshop.completed()
        foreign = other.hand_overs.get().photos.get()
        address = reverse("claim_hand_over_photo", args=[claim.reference, foreign.pk])
        assert desk.get(address).status_code == 404

    def test_a_claim_about_everything_shows_every_part_with_its_coverage(
        self, workshop: Workshop, desk: Client
    ) -> None:
        order = workshop.completed("screen-replacement", "battery-replacement")
        workshop.book_rework(workshop.approved(order, fitting=order.fittings.get(line__position=1)))
        workshop.do_the_work(order)
        claim = workshop.claim(order, fitting=None)
        response = desk.get(reverse("claim", args=[claim.reference]))
        coverage = response.context["view"].coverage
        assert [one.is_covered for one in coverage] == [True, True]
        assert "was replaced by" in response.text
        for fitting in order.fittings.select_related("unit"):
            assert fitting.unit.serial in response.text

    def test_a_part_that_did_not_stay_in_is_none_of_the_claims(
        self, workshop: Workshop, desk: Client
    ) -> None:
        order = workshop.book()
        visit = workshop.go_to_the_door(order)
        (dead,) = workshop.fit(order, visit)
        report_dead_part(fitting=dead, visit=visit, by=workshop.user, at=workshop.clock)
        (good,) = workshop.fit(order, visit)
        claim = workshop.claim(workshop.finish(order, visit), fitting=None)
        view = desk.get(reverse("claim", args=[claim.reference])).context["view"]
        assert view.fittings == [good]

    def test_a_claim_too_late_is_shown_as_not_covered(self, workshop: Workshop, desk: Client) -> None:
        claim = workshop.claim(at=workshop.clock + timedelta(days=200))
        page = desk.get(reverse("claim", args=[claim.reference])).text
        assert "not covered" in page
        assert "ended on 23 May 2027." in page

    def test_the_coverage_is_that_of_the_day_of_the_claim(self, workshop: Workshop, desk: Client) -> None:
        claim = workshop.claim()
        workshop.clock += timedelta(days=300)
        with workshop.now():
            desk.force_login(claim.owner)  # type: ignore[arg-type]
            response = desk.get(reverse("claim", args=[claim.reference]))
        assert response.context["view"].coverage[0].is_covered

    def test_approve(self, workshop: Workshop, desk: Client) -> None:
        claim = workshop.claim()
        response = desk.post(
            reverse("decide_claim", args=[claim.reference]), {"outcome": "approved"}, follow=True
        )
        assert "The customer is told to choose a window" in response.text
        assert Claim.objects.get().status == "approved"

    def test_a_refusal_without_a_reason_is_sent_back(self, workshop: Workshop, desk: Client) -> None:
        claim = workshop.claim()
        decide = reverse("decide_claim", args=[claim.reference])
        response = desk.post(decide, {"outcome": "refused", "reason": "no"})
        assert response.status_code == 400
        assert "Give the reason of the refusal" in response.text
        assert Claim.objects.get().status == "filed"
        for broken in ({"outcome": "x"}, {"reason": REASON}, {"outcome": "refused", "reason": "x" * 5000}):
            assert desk.post(decide, broken).status_code == 400

    def test_whoever_comes_second_reads_who_was_first_and_keeps_their_words(
        self, workshop: Workshop, desk: Client
    ) -> None:
        claim = workshop.claim()
        decide_claim(
            claim=claim, outcome="approved", reason="", by=ManagerFactory(name="Hua Lin"), at=claim.filed_at
        )
        response = desk.post(
            reverse("decide_claim", args=[claim.reference]), {"outcome": "refused", "reason": REASON}
        )
        assert response.status_code == 409
        assert "Hua Lin has answered this claim already" in response.text
        assert REASON in response.text

    def test_transfer_and_take_over(self, workshop: Workshop, desk: Client, officer: User) -> None:
        claim = workshop.claim()
        colleague = CaseOfficerFactory(cities=[workshop.city])
        desk.post(reverse("transfer_claim", args=[claim.reference]), {"owner": colleague.pk})
        assert Claim.objects.get().owner == colleague
        desk.post(reverse("take_over_claim", args=[claim.reference]))
        assert Claim.objects.get().owner == officer
        stranger = FACTORY_OF_ROLE[Role.ENGINEER]()
        for owner in (stranger.pk, "", "x", "9" * 30):
            response = desk.post(reverse("transfer_claim", args=[claim.reference]), {"owner": owner})
            assert response.status_code == 400

    def test_an_answered_claim_cannot_be_taken_over(self, workshop: Workshop, desk: Client) -> None:
        claim = workshop.approved()
        response = desk.post(reverse("take_over_claim", args=[claim.reference]))
        assert response.status_code in (302, Conflict.status)
        page = desk.get(reverse("claim", args=[claim.reference])).text
        assert "Take it over" not in page

    def test_as_many_queries_for_a_long_story_as_for_a_short_one(
        self, workshop: Workshop, desk: Client, officer: User, django_assert_num_queries: Any
    ) -> None:
        order = workshop.completed()
        claim = workshop.claim(order, photos=[photo()])
        page = reverse("claim", args=[claim.reference])
        desk.get(page)
        with django_assert_num_queries(13):
            desk.get(page)
        stored_claims(order, 20, owner=officer)
        workshop.claim(order)
        with django_assert_num_queries(13):
            desk.get(page)
