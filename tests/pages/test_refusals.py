"""Whatever goes wrong, a person reads what happened and what to do next."""

import re

import pytest
from django.test import Client

from repairhub.accounts.states import STAFF_ROLES
from tests.factories.accounts import FACTORY_OF_ROLE, EngineerUserFactory

pytestmark = [pytest.mark.django_db, pytest.mark.urls("tests.pages.urls")]
HTMX = {"HX-Request": "true"}
GOING_BACK = HTMX | {"HX-History-Restore-Request": "true"}


@pytest.fixture
def visitor() -> Client:
    return Client(raise_request_exception=False)


def text(response: object) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", response.content.decode()).split())  # type: ignore[attr-defined]


class TestARuleSaidNo:
    def test_the_page_says_why_and_what_next_with_the_status_of_the_refusal(self, visitor: Client) -> None:
        response = visitor.get("/test/taken/")
        assert response.status_code == 409
        assert "That window has been taken. Choose one of the three nearest." in text(response)

    def test_where_the_rule_knows_no_next_step_the_page_offers_one(self, visitor: Client) -> None:
        response = visitor.get("/test/too-often/")
        assert response.status_code == 429
        assert "Please wait a moment" in text(response)
        assert "Go back and try another way." in text(response)

    def test_htmx_gets_the_two_sentences_without_a_page_around_them(self, visitor: Client) -> None:
        response = visitor.get("/test/taken/", headers=HTMX)
        assert text(response) == "That window has been taken. Choose one of the three nearest."


class TestAPageThatIsNotOpen:
    def test_shows_the_reason_and_the_way_to_one_s_own_order(self, visitor: Client) -> None:
        response = visitor.get("/test/closed/")
        assert response.status_code == 403
        assert "This page is for: dispatcher." in text(response)
        assert "Find my order" in text(response)

    def test_shows_staff_the_way_to_their_own_pages(self, visitor: Client) -> None:
        visitor.force_login(EngineerUserFactory(), backend="repairhub.accounts.backends.StaffBackend")
        assert "To your own page" in text(visitor.get("/test/closed/"))

    def test_htmx_gets_the_reason_alone(self, visitor: Client) -> None:
        assert text(visitor.get("/test/closed/", headers=HTMX)) == "This page is for: dispatcher."


class TestStaffMeetARefusal:
    @pytest.mark.parametrize("role", STAFF_ROLES)
    @pytest.mark.parametrize("path", ["/test/taken/", "/test/closed/", "/no-such-page/"])
    def test_in_the_frame_of_their_own_pages_with_the_way_back(
        self, visitor: Client, path: str, role: str
    ) -> None:
        visitor.force_login(FACTORY_OF_ROLE[role](), backend="repairhub.accounts.backends.StaffBackend")
        page = visitor.get(path).content.decode()
        assert 'class="staff-head"' in page
        assert "To your own page" in page
        assert "my order" not in page.lower()
        assert "Links to orders" not in page

    @pytest.mark.parametrize("path", ["/test/taken/", "/test/closed/", "/no-such-page/"])
    def test_a_customer_keeps_the_customers_frame(self, visitor: Client, path: str) -> None:
        page = visitor.get(path).content.decode()
        assert 'class="site-head"' in page
        assert "staff-head" not in page


class TestAnAddressThatDoesNotExist:
    def test_offers_to_send_the_link_again(self, visitor: Client) -> None:
        response = visitor.get("/no-such-page/")
        assert response.status_code == 404
        assert "Send me my order's link" in text(response)

    def test_speaks_chinese_to_who_reads_chinese(self, visitor: Client) -> None:
        response = visitor.get("/no-such-page/", headers={"Accept-Language": "zh-CN"})
        assert b'lang="zh-hans"' in response.content


class TestGoingBackToARefusal:
    @pytest.mark.parametrize("path", ["/test/taken/", "/test/closed/", "/no-such-page/"])
    def test_shows_the_whole_page_again(self, visitor: Client, path: str) -> None:
        response = visitor.get(path, headers=GOING_BACK)
        assert b"<!doctype html>" in response.content

    @pytest.mark.parametrize("path", ["/test/taken/", "/test/closed/", "/no-such-page/"])
    def test_tells_caches_that_the_fragment_is_another_answer(self, visitor: Client, path: str) -> None:
        named = visitor.get(path).headers["Vary"]
        assert "HX-Request" in named
        assert "HX-History-Restore-Request" in named


class TestADefect:
    def test_says_that_promises_stand_and_shows_nothing_of_the_inside(self, visitor: Client) -> None:
        response = visitor.get("/test/broken/")
        assert response.status_code == 500
        assert "price, window and warranty are kept" in text(response)
        assert "RuntimeError" not in text(response)
        assert "a defect" not in text(response)


class TestARequestThatCannotBeRead:
    def test_says_that_nothing_was_changed(self, visitor: Client) -> None:
        response = visitor.get("/test/suspicious/")
        assert response.status_code == 400
        assert "Nothing was changed." in text(response)


class TestAFormFromAnotherVisit:
    def test_is_not_sent_and_the_page_says_how_to_send_it(self) -> None:
        response = Client(enforce_csrf_checks=True).post("/i18n/setlang/", {"language": "zh-hans"})
        assert response.status_code == 403
        assert "load the page again and send the form once more" in text(response)
