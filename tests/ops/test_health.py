"""What /healthz and /readyz answer."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.utils import timezone

from repairhub.core.ticks import claim_tick
from repairhub.ops.health import say_when_sweep_is_late

AT = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


class TestHealthz:
    def test_answers_without_sign_in_and_without_the_database(self, client):
        response = client.get("/healthz")
        assert response.status_code == 200
        assert response.content == b"ok\n"


@pytest.mark.django_db(transaction=True)
class TestReadyz:
    def test_is_ready_when_all_is_well(self, client):
        claim_tick("sweep_clocks", timezone.now())
        response = client.get("/readyz")
        assert response.json() == {"database": "ok", "redis": "ok", "migrations": "ok", "sweep": "ok"}
        assert response.status_code == 200
        assert "no-store" in response["Cache-Control"]

    def test_is_not_ready_before_the_first_sweep(self, client, caplog):
        response = client.get("/readyz")
        assert response.status_code == 503
        assert response.json()["sweep"] == "failed"
        assert "has not run yet" in caplog.text

    def test_what_it_waits_for_is_one_line_in_the_log_without_a_traceback(self, client, caplog):
        client.get("/readyz")
        (record,) = [record for record in caplog.records if "sweep" in record.getMessage().lower()]
        assert record.getMessage().startswith("Not ready, sweep: ")
        assert not [record for record in caplog.records if record.exc_info]

    def test_is_not_ready_without_redis(self, client, settings):
        claim_tick("sweep_clocks", timezone.now())
        nowhere = settings.CACHES["default"] | {"LOCATION": "unix:///nowhere/valkey.sock?db=0"}
        settings.CACHES = settings.CACHES | {"default": nowhere}
        response = client.get("/readyz")
        assert response.status_code == 503
        assert response.json()["redis"] == "failed"
        assert "nowhere" not in response.content.decode()
        assert response.json()["database"] == "ok"

    def test_is_not_ready_before_the_migrations(self, client, caplog):
        with connection.cursor() as cursor:
            cursor.execute("DELETE FROM django_migrations WHERE app = 'core' RETURNING app, name, applied")
            removed = cursor.fetchall()
        try:
            response = client.get("/readyz")
        finally:
            with connection.cursor() as cursor:
                cursor.executemany(
                    "INSERT INTO django_migrations (app, name, applied) VALUES (%s, %s, %s)", removed
                )
        assert response.status_code == 503
        assert response.json()["migrations"] == "failed"
        assert "not applied" in caplog.text


class TestSweepIsLate:
    def test_five_minutes_are_allowed(self):
        assert say_when_sweep_is_late(AT - timedelta(minutes=5), AT) is None

    def test_six_are_not(self):
        assert "last ran at 2026-11-22T11:54" in say_when_sweep_is_late(AT - timedelta(minutes=6), AT)


@pytest.mark.django_db(transaction=True)
def test_readyz_answers_in_a_thread_that_has_an_event_loop(client):
    """As after a test with a browser, or under an asynchronous server."""

    async def ask() -> int:
        try:
            return client.get("/readyz").status_code
        finally:
            connection.close()

    # a thread of its own: in this one a browser of another test may have left its loop running already
    with ThreadPoolExecutor(max_workers=1) as thread:
        assert thread.submit(asyncio.run, ask()).result() == 503
