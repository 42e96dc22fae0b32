"""What every test has. The servers behind it: tests/servers.py."""

import os

import pytest
from hypothesis import HealthCheck, settings

from tests.chromium import CHROMIUM_FLAGS, find_chromium

# Playwright runs an event loop in the thread of the test, which Django takes for asynchronous code.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"

# A busy machine is no counter-example: time is measured in bench/, never here.
settings.register_profile("no-clock", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("no-clock")


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, object]) -> dict[str, object]:
    """Launch the system's Chromium, quiet and offline."""
    return {**browser_type_launch_args, "executable_path": find_chromium(), "args": CHROMIUM_FLAGS}


@pytest.fixture(autouse=True)
def empty_cache() -> None:
    """Rate limits and cached pages of one test never reach the next."""
    from django.core.cache import cache

    cache.clear()


@pytest.fixture(autouse=True, scope="session")
def standing_data() -> None:
    """Rows that migrations create come back after the flush that ends every test with real transactions."""
    from django.apps import apps
    from django.db.models.signals import post_migrate

    from tests.factories.credits import restore_general_policy
    from tests.factories.engineers import restore_first_qualification_policy
    from tests.factories.sla import restore_standard_policy
    from tests.factories.warranty import restore_first_terms

    post_migrate.connect(restore_standard_policy, sender=apps.get_app_config("sla"))
    post_migrate.connect(restore_first_qualification_policy, sender=apps.get_app_config("engineers"))
    post_migrate.connect(restore_general_policy, sender=apps.get_app_config("orders"))
    post_migrate.connect(restore_first_terms, sender=apps.get_app_config("warranty"))
