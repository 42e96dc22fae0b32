from types import SimpleNamespace
from typing import Any

import pytest
from django.test import RequestFactory

from repairhub.core import pages

PAGE = "<h1>Whole page</h1>{% partialdef list inline %}<ul>only the list</ul>{% endpartialdef %}"


@pytest.fixture
def page(tmp_path: Any, settings: Any) -> str:
    """A template with one partial, in a folder of its own."""
    (tmp_path / "page.html").write_text(PAGE)
    settings.TEMPLATES = [{**settings.TEMPLATES[0], "DIRS": [tmp_path]}]
    return "page.html"


def asked(*, htmx: bool, boosted: bool = False, going_back: bool = False) -> Any:
    request: Any = RequestFactory().get("/")
    request.htmx = SimpleNamespace(boosted=boosted, history_restore_request=going_back) if htmx else False
    return request


class TestRenderPage:
    def test_a_browser_gets_the_whole_page(self, page: str) -> None:
        response = pages.render_page(asked(htmx=False), page, partial="list")
        assert b"Whole page" in response.content
        assert b"only the list" in response.content

    def test_htmx_gets_the_partial_alone(self, page: str) -> None:
        response = pages.render_page(asked(htmx=True), page, partial="list")
        assert b"Whole page" not in response.content
        assert b"only the list" in response.content

    def test_a_boosted_link_gets_the_whole_page(self, page: str) -> None:
        assert (
            b"Whole page" in pages.render_page(asked(htmx=True, boosted=True), page, partial="list").content
        )

    def test_the_browser_s_back_button_gets_the_whole_page(self, page: str) -> None:
        response = pages.render_page(asked(htmx=True, going_back=True), page, partial="list")
        assert b"Whole page" in response.content

    def test_a_page_without_partials_is_always_whole(self, page: str) -> None:
        assert b"Whole page" in pages.render_page(asked(htmx=True), page).content

    def test_says_so_to_caches_and_keeps_the_status(self, page: str) -> None:
        response = pages.render_page(asked(htmx=True), page, partial="list", status=409)
        assert response.headers["Vary"] == "HX-Request, HX-History-Restore-Request"
        assert response.status_code == 409
