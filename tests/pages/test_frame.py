"""The frame around every page: navigation, language, headers."""

import re

import pytest
from django.test import Client

from repairhub.accounts.states import STAFF_ROLES, Role
from tests.factories.accounts import FACTORY_OF_ROLE

pytestmark = [pytest.mark.django_db, pytest.mark.urls("tests.pages.urls")]


class TestFirstPage:
    def test_is_open_to_everybody_and_leads_to_booking(self, client: Client) -> None:
        page = client.get("/").content.decode()
        assert page.count("btn-primary") == 1
        assert "Book a repair" in page
        assert "Follow an order" in page
        assert "Staff sign-in" in page

    def test_names_the_four_promises(self, client: Client) -> None:
        page = client.get("/").content.decode()
        for promise in (
            "The price is locked",
            "The window is kept",
            "The part is what you chose",
            "180 days",
        ):
            assert promise in page

    def test_answers_only_to_reading(self, client: Client) -> None:
        assert client.post("/").status_code == 405

    @pytest.mark.parametrize(
        "path", ["/", "/no-such-page/", "/test/staff-frame/", "/demo/", "/demo/messages/"]
    )
    def test_no_page_holds_what_the_strict_policy_forbids(self, client: Client, path: str) -> None:
        response = client.get(path)
        page = response.content.decode()
        assert not re.search(r"<script(?![^>]*\ssrc=)", page)
        assert not re.search(r"\s(style|on[a-z]+)=", page)
        policy = response.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert not re.search(r'(src|href|action)="(https?:)?//', page)


class TestLanguage:
    def test_is_the_browser_s_until_chosen(self, client: Client) -> None:
        assert (
            'lang="zh-hans"'
            in client.get("/", headers={"Accept-Language": "zh-CN,zh;q=0.9"}).content.decode()
        )
        assert '<html lang="en"' in client.get("/", headers={"Accept-Language": "de"}).content.decode()

    def test_is_switched_by_one_button_that_comes_back_to_the_same_page(self, client: Client) -> None:
        page = client.get("/demo/messages/?channel=sms").content.decode()
        assert 'name="next" value="/demo/messages/?channel=sms"' in page
        assert "中文" in page
        answer = client.post("/i18n/setlang/", {"language": "zh-hans", "next": "/demo/messages/?channel=sms"})
        assert answer.headers["Location"] == "/demo/messages/?channel=sms"
        page = client.get("/demo/messages/?channel=sms").content.decode()
        assert '<html lang="zh-hans"' in page
        assert "English" in page


PLACES = {
    "/dispatch/": {Role.DISPATCHER, Role.MANAGER},
    "/engineer/": {Role.ENGINEER},
    "/claims/": {Role.CASE_OFFICER, Role.MANAGER},
    "/admin/": {Role.PARTS_ADMIN, Role.MANAGER},
}


class TestStaffNavigation:
    @pytest.mark.parametrize("role", STAFF_ROLES)
    def test_leads_each_role_to_its_own_work_alone(self, client: Client, role: Role) -> None:
        client.force_login(FACTORY_OF_ROLE[role](), backend="repairhub.accounts.backends.StaffBackend")
        page = client.get("/test/staff-frame/").content.decode()
        shown = {place for place in PLACES if f'<a href="{place}"' in page}
        assert shown == {place for place, roles in PLACES.items() if role in roles}

    def test_signs_out_by_a_form(self, client: Client) -> None:
        client.force_login(
            FACTORY_OF_ROLE[Role.ENGINEER](name="Chen Ying"),
            backend="repairhub.accounts.backends.StaffBackend",
        )
        page = client.get("/test/staff-frame/").content.decode()
        assert "Chen Ying" in page
        assert '<form method="post" action="/accounts/logout/">' in page
