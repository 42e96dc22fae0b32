"""The admin in Chromium: its look works under the policy that it is sent with."""

import re

import pytest
from playwright.sync_api import Page

from tests.factories.accounts import PASSWORD, ManagerFactory


@pytest.mark.django_db(transaction=True)
class TestTheAdminInABrowser:
    def test_works_under_its_policy(self, page: Page, live_server):
        manager = ManagerFactory()
        errors: list[str] = []
        page.on("console", lambda said: errors.append(said.text) if said.type == "error" else None)
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.goto(f"{live_server.url}/accounts/login/?next=/admin/")
        page.get_by_role("textbox", name=re.compile("phone", re.I)).fill(str(manager.phone))
        page.get_by_label("Password", exact=True).fill(PASSWORD)
        page.get_by_role("button", name="Sign in").click()
        page.wait_for_url(re.compile("/admin/"))
        for path in ("/admin/", "/admin/engineers/visit/", "/admin/places/city/add/"):
            page.goto(f"{live_server.url}{path}")
            page.wait_for_load_state("networkidle")
            assert page.evaluate("typeof window.Alpine") == "object"
        assert errors == []
