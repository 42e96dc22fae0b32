"""Which beat runs a job this minute."""

from datetime import datetime, timedelta

from django.db import connection

from .models import Tick


def claim_tick(job: str, at: datetime) -> bool:
    """True for the first caller of (job, minute of `at`), False for every other one."""
    minute = at.replace(second=0, microsecond=0)
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO core_tick (job, minute) VALUES (%s, %s) "
            "ON CONFLICT ON CONSTRAINT tick_once DO NOTHING",
            [job, minute],
        )
        return bool(cursor.rowcount == 1)


def forget_old_ticks(at: datetime) -> int:
    """Deletes ticks older than two days; returns how many."""
    return Tick.objects.filter(minute__lt=at - timedelta(days=2)).delete()[0]


def last_tick(job: str) -> datetime | None:
    """The minute of the job's last claimed tick."""
    return Tick.objects.filter(job=job).order_by("-minute").values_list("minute", flat=True).first()
