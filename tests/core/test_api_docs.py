"""The API's docs page in a browser, under the policy of our pages."""

from typing import Any

import pytest
from playwright.sync_api import Page


@pytest.mark.django_db(transaction=True)
class TestDocs:
    def test_they_show_every_operation_and_try_one_without_a_word_in_the_console(
        self, page: Page, live_server: Any
    ) -> None:
        complaints: list[str] = []
        hosts: set[str] = set()
        page.on("console", lambda line: complaints.append(line.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("request", lambda request: hosts.add("/".join(request.url.split("/")[:3])))
        page.goto(f"{live_server.url}/api/docs/")
        page.wait_for_selector(".opblock")
        assert page.locator(".opblock").count() == 13
        page.locator(".opblock-summary-control").first.click()
        page.locator("button.try-out__btn").first.click()
        page.locator("button.execute").first.click()
        page.wait_for_selector(".live-responses-table .response-col_status")
        assert "200" in page.locator(".live-responses-table tbody .response-col_status").first.inner_text()
        assert complaints == []
        assert {host for host in hosts if not host.startswith(("data:", "blob:"))} == {live_server.url}
