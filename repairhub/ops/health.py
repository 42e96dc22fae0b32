"""Is it alive, is it ready? Asked by machines, without sign-in.

`/healthz` answers as long as the process can: an orchestrator restarts what does not. `/readyz` asks for all
that a customer needs; a web process that is not ready gets no traffic.
"""

import asyncio
import dataclasses
import logging
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

from django.contrib.auth.decorators import login_not_required
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from health_check.base import HealthCheck, HealthCheckResult
from health_check.checks import Cache, Database
from health_check.exceptions import ServiceUnavailable

from repairhub.core.ticks import last_tick

logger = logging.getLogger(__name__)

SWEEP_JOB = "sweep_clocks"
SWEEP_MAY_BE_OLD = timedelta(minutes=5)


def say_when_sweep_is_late(last: datetime | None, at: datetime) -> str | None:
    """Why the SLA sweep counts as stopped, or None where it ran in the last five minutes before `at`."""
    if last is None:
        return "The SLA sweep has not run yet: are beat and worker up?"
    if at - last > SWEEP_MAY_BE_OLD:
        return f"The SLA sweep last ran at {last.isoformat()}: are beat and worker up?"
    return None


@dataclasses.dataclass
class Migrations(HealthCheck):
    """Every migration is applied."""

    def run(self) -> None:  # type: ignore[override]  # a synchronous check runs in a thread of its own
        """Raises ServiceUnavailable with the number of those that are missing."""
        try:
            executor = MigrationExecutor(connection)
            missing = executor.migration_plan(executor.loader.graph.leaf_nodes())
        finally:
            connection.close()
        if missing:
            raise ServiceUnavailable(f"{len(missing)} migrations are not applied: manage.py migrate")


@dataclasses.dataclass
class Sweep(HealthCheck):
    """The SLA sweep runs, and with it beat and worker."""

    def run(self) -> None:  # type: ignore[override]
        """Raises ServiceUnavailable when it has not run for five minutes."""
        try:
            late = say_when_sweep_is_late(last_tick(SWEEP_JOB), timezone.now())
        finally:
            connection.close()
        if late:
            raise ServiceUnavailable(late)


@login_not_required
@never_cache
@require_safe
def healthz(request: HttpRequest) -> HttpResponse:
    """200 as long as this process answers. Asks nobody else."""
    return HttpResponse("ok\n", content_type="text/plain")


CHECKS: dict[str, HealthCheck] = {
    "database": Database(),
    "redis": Cache(key_prefix="readyz"),
    "migrations": Migrations(),
    "sweep": Sweep(),
}


@login_not_required
@never_cache
@require_safe
def readyz(request: HttpRequest) -> HttpResponse:
    """200 when database, Redis, migrations and sweep are well, else 503; "ok" or "failed" of each as JSON.

    Anybody may ask: what exactly is wrong stands in the log alone.
    """
    # The checks are coroutines. They get a thread of their own: this one may have an event loop already.
    with ThreadPoolExecutor(max_workers=1) as thread:
        results = thread.submit(asyncio.run, _ask_all()).result()
    answers = {}
    for name, result in zip(CHECKS, results, strict=True):
        answers[name] = "failed" if result.error else "ok"
        if result.error:
            logger.error("Not ready, %s: %s", name, result.error)
    ready = not any(result.error for result in results)
    return JsonResponse(answers, status=200 if ready else 503)


async def _ask_all() -> list[HealthCheckResult]:
    return await asyncio.gather(*(check.get_result() for check in CHECKS.values()))
