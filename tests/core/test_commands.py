"""A post that waited in a browser: done once for its key, as of its press, for whoever pressed it."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.http import HttpRequest
from django.test import RequestFactory

from repairhub.core.commands import Command, done, refusal
from repairhub.core.errors import Conflict, InvalidInput, KeyReused, NotAllowed
from tests.factories.accounts import UserFactory

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)


def post(headers: dict[str, str] | None = None, **data: Any) -> HttpRequest:
    """A post of somebody who is signed in."""
    request = RequestFactory().post("/x/", data, headers=headers or {})
    request.user = UserFactory()
    return request


class TestReading:
    def test_counts_the_time_between_press_and_sending_by_whatever_clock(self) -> None:
        wrong = datetime(2031, 1, 1, tzinfo=UTC)
        request = post(pressed_at=wrong.isoformat(), sent_at=(wrong + timedelta(minutes=7)).isoformat())
        assert Command.read(request, NOW).pressed_at == NOW - timedelta(minutes=7)

    def test_takes_the_press_as_it_is_where_the_sending_is_not_said(self) -> None:
        pressed_at = NOW - timedelta(minutes=3)
        assert Command.read(post(pressed_at=pressed_at.isoformat()), NOW).pressed_at == pressed_at
        assert Command.read(post(), NOW).pressed_at is None

    @pytest.mark.parametrize("text", ["soon", "2026-11-23T10:00:00", "2026-13-45T99:00:00+08:00"])
    def test_names_what_is_no_moment(self, text: str) -> None:
        with pytest.raises(InvalidInput) as refused:
            Command.read(post(pressed_at=text), NOW)
        assert refused.value.field == "pressed_at"

    @pytest.mark.parametrize(
        ("pressed", "sent"),
        [
            ("0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00"),
            ("2026-11-23T10:00:00Z", "9999-12-31T23:59:59Z"),
            ("0001-01-01T00:00:00Z", "2026-11-23T10:00:00Z"),
        ],
    )
    def test_of_what_no_calendar_holds_it_waited_for_long(self, pressed: str, sent: str) -> None:
        read = Command.read(post(pressed_at=pressed, sent_at=sent), NOW)
        assert read.pressed_at == NOW - timedelta(days=365)

    def test_the_header_s_key_comes_before_the_form_s(self) -> None:
        assert Command.read(post({"Idempotency-Key": "a" * 8}, command_key="b" * 8), NOW).key == "a" * 8
        assert Command.read(post(command_key="b" * 8), NOW).key == "b" * 8

    def test_of_somebody_else_is_refused(self) -> None:
        with pytest.raises(NotAllowed) as refused:
            Command.read(post(pressed_by="0"), NOW)
        assert refused.value.code == "other_person"
        request = post()
        request.POST = request.POST.copy()
        request.POST["pressed_by"] = str(request.user.pk)
        assert Command.read(request, NOW).pressed_at is None


class TestDoing:
    def run(self, request: HttpRequest, work: list[str], scope: str = "thing:verb") -> str:
        def action() -> str:
            work.append("done")
            return f"/next/{len(work)}/"

        return Command.read(request, NOW).do(request=request, scope=scope, at=NOW, action=action)

    def test_the_same_key_again_gives_the_same_answer(self) -> None:
        request, work = post(command_key="k" * 12, note="x"), []
        assert [self.run(request, work), self.run(request, work)] == ["/next/1/", "/next/1/"]
        assert work == ["done"]

    def test_moments_of_another_attempt_make_no_other_command(self) -> None:
        first, work = post(command_key="k" * 12, note="x", sent_at=NOW.isoformat()), []
        again = RequestFactory().post("/x/", {"command_key": "k" * 12, "note": "x"})
        again.user = first.user
        self.run(first, work)
        self.run(again, work)
        assert work == ["done"]

    def test_another_command_under_the_same_key_is_refused(self) -> None:
        first, work = post(command_key="k" * 12, note="x"), []
        other = RequestFactory().post("/x/", {"command_key": "k" * 12, "note": "y"})
        other.user = first.user
        self.run(first, work)
        with pytest.raises(KeyReused):
            self.run(other, work)

    def test_without_a_key_each_is_done(self) -> None:
        request, work = post(), []
        self.run(request, work)
        self.run(request, work)
        assert work == ["done", "done"]

    def test_a_refusal_is_not_remembered(self) -> None:
        request, work = post(command_key="k" * 12), []

        def refuse() -> str:
            raise Conflict("Not now.")

        command = Command.read(request, NOW)
        with pytest.raises(Conflict):
            command.do(request=request, scope="thing:verb", at=NOW, action=refuse)
        assert self.run(request, work) == "/next/1/"


class TestAnswering:
    def test_a_page_is_led_on_and_a_script_is_told(self) -> None:
        assert done(post(), "/next/")["Location"] == "/next/"
        assert done(post({"Accept": "application/json"}), "/next/").content == b'{"next": "/next/"}'

    def test_a_refusal_says_why_and_what_next(self) -> None:
        answer = refusal(Conflict("Not now.", next_step="Wait.", field="x", code="busy"))
        assert answer.status_code == 409
        assert b'"message": "Not now.", "next_step": "Wait.", "code": "busy", "field": "x"' in answer.content
