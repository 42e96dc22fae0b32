"""What the hourly tidying deletes, and what it keeps."""

from datetime import timedelta

import pytest
import time_machine
from django.contrib.sessions.models import Session

from repairhub.accounts.tasks import forget_old_rows
from repairhub.core.models import IdempotentRequest
from tests.factories.accounts import NOON

pytestmark = pytest.mark.django_db


def answer(key: str, **age) -> None:
    IdempotentRequest.objects.create(
        scope="orders", key=key, request_digest="0", response_status=201, response_body="{}",
        created_at=NOON - timedelta(**age),
    )  # fmt: skip


def session(key: str, **life) -> None:
    Session.objects.create(session_key=key, session_data="", expire_date=NOON + timedelta(**life))


class TestForgetOldRows:
    @pytest.fixture(autouse=True)
    def noon(self):
        with time_machine.travel(NOON, tick=False):
            yield

    def test_answers_are_kept_for_a_week(self):
        answer("old", days=7, seconds=1)
        answer("new", days=6)
        assert forget_old_rows() == 1
        assert IdempotentRequest.objects.get().key == "new"

    def test_sessions_go_when_they_have_run_out(self):
        session("old", seconds=-1)
        session("new", hours=1)
        assert forget_old_rows() == 1
        assert Session.objects.get().session_key == "new"

    def test_the_hours_tidying_runs_once(self):
        assert forget_old_rows() == 0
        session("old", seconds=-1)
        assert forget_old_rows() == 0
