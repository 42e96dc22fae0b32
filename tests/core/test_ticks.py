from datetime import UTC, datetime, timedelta

import pytest

from repairhub.core.models import Tick
from repairhub.core.ticks import claim_tick, forget_old_ticks, last_tick
from tests.connections import both_at_once

NOON = datetime(2026, 11, 23, 4, 0, 17, tzinfo=UTC)


@pytest.mark.django_db
class TestClaimTick:
    def test_only_the_first_caller_of_a_minute_runs_the_job(self) -> None:
        assert claim_tick("sweep", NOON)
        assert not claim_tick("sweep", NOON + timedelta(seconds=40))
        assert claim_tick("sweep", NOON + timedelta(minutes=1))

    def test_jobs_do_not_take_each_other_s_minute(self) -> None:
        assert claim_tick("sweep", NOON)
        assert claim_tick("send", NOON)


@pytest.mark.django_db(transaction=True)
class TestClaimTickOnTwoConnections:
    def test_two_beats_at_once_run_the_job_once(self) -> None:
        assert sorted(both_at_once(lambda: claim_tick("sweep", NOON))) == [False, True]


@pytest.mark.django_db
class TestLastTick:
    def test_is_the_minute_of_the_job_s_newest_tick(self) -> None:
        claim_tick("sweep", NOON)
        claim_tick("sweep", NOON - timedelta(hours=1))
        claim_tick("send", NOON + timedelta(hours=1))
        assert last_tick("sweep") == NOON.replace(second=0)

    def test_is_nothing_for_a_job_that_never_ran(self) -> None:
        assert last_tick("sweep") is None


@pytest.mark.django_db
class TestForgetOldTicks:
    def test_keeps_two_days(self) -> None:
        for days in (0, 1, 3, 4):
            claim_tick("sweep", NOON - timedelta(days=days))
        assert forget_old_ticks(NOON) == 2
        assert Tick.objects.count() == 2
