"""The server that browser tests talk to: what it leaves behind would hold the test's database at the end."""

import time
from typing import Any

import pytest
from django.db import connection
from playwright.sync_api import Page

PATIENCE = 10  # seconds
OTHERS = """SELECT pid FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'"""


def other_sessions() -> set[int]:
    """The sessions that this database has besides our own."""
    with connection.cursor() as cursor:
        cursor.execute(OTHERS)
        return {pid for (pid,) in cursor.fetchall()}


@pytest.mark.django_db(transaction=True)
def test_holds_no_session_while_a_browser_keeps_its_socket(page: Page, live_server: Any) -> None:
    before = other_sessions()  # a worker of the journeys has one of its own
    before = other_sessions()
    page.goto(f"{live_server.url}/book/")
    deadline = time.monotonic() + PATIENCE
    while (left := other_sessions() - before) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert left == set()
