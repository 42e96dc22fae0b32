"""The embedded servers, as real processes."""

import pytest
import redis
from django.conf import settings
from django.db import connection


@pytest.mark.django_db
def test_tests_run_on_a_real_postgresql():
    with connection.cursor() as cursor:
        cursor.execute("SHOW server_version")
        assert cursor.fetchone()[0].startswith("18")


def test_tests_run_on_a_real_valkey():
    assert redis.from_url(settings.REDIS_URL).ping()
