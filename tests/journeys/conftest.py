"""Stories run on everything real: a live server, a Celery worker of its own process, Chromium."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.conf import settings
from django.db import connection
from playwright.sync_api import Browser, Page

from parts.models import Grade, PartCertificate
from repairhub.notifications.models import DemoDelivery
from repairhub.ops.embedded.processes import die_with_parent
from tests.factories.parts import LotFactory, PartFactory
from tests.factories.warranty import Workshop

PHONE_SCREEN = {"width": 360, "height": 740}
DESK_SCREEN = {"width": 1280, "height": 900}
PATIENCE = 20  # seconds until a message must have left


@pytest.fixture
def workshop(transactional_db: None) -> Workshop:
    """Shanghai with one engineer, an iPhone 12 at its official price in both grades, parts in the store."""
    shop = Workshop.open(shanghai=True)
    # the official price is what the customer pays: the part and 100 of labour
    original = PartFactory()
    original.price, original.is_sample_price = Decimal(2049), False
    original.save()
    certified = PartFactory(
        sku="IPHONE12-SCR-C",
        grade=Grade.CERTIFIED,
        price=Decimal(899),
        name_en="iPhone 12 screen (certified)",
        name_zh="iPhone 12 屏幕（认证）",
        keeps_maker_warranty=False,
    )
    PartCertificate.objects.get_or_create(
        part=certified,
        number="CQC-1",
        defaults={"issuer": "CQC", "valid_from_on": date(2026, 1, 1), "valid_until_on": date(2030, 1, 1)},
    )
    LotFactory(part=certified)
    return shop


@pytest.fixture
def worker(transactional_db: None) -> Iterator[subprocess.Popen[bytes]]:
    """A real Celery worker on this test run's database and Redis number.

    It ends with its story, before the database is emptied: one that went on held a session all the time, took
    the bells that later tests ring, and met their flush in a deadlock.
    """
    # the servers' address with this run's own database in it
    url = urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{connection.settings_dict['NAME']}").geturl()
    log = (
        Path(settings.BASE_DIR)
        / "var"
        / f"journeys-worker-{os.environ.get('PYTEST_XDIST_WORKER', 'one')}.log"
    )
    log.parent.mkdir(exist_ok=True)
    with log.open("wb") as out:
        process = subprocess.Popen(
            [
                sys.executable,
                "-m",
                "celery",
                "-A",
                "repairhub",
                "worker",
                "--pool",
                "solo",
                "--purge",  # bells that earlier tests have rung are not for it
                "--loglevel",
                "INFO",
            ],
            cwd=settings.BASE_DIR,
            env={
                **os.environ,
                "DATABASE_URL": url,
                "REDIS_URL": settings.REDIS_URL,
                "DJANGO_SETTINGS_MODULE": "repairhub.settings.test",
            },
            stdout=out,
            stderr=subprocess.STDOUT,
            preexec_fn=die_with_parent(signal.SIGTERM),  # where a run is killed, its worker ends too
        )
    deadline = time.monotonic() + 60
    while b"ready." not in log.read_bytes():
        assert process.poll() is None, log.read_text()
        assert time.monotonic() < deadline, log.read_text()
        time.sleep(0.1)
    yield process
    process.terminate()
    process.wait(timeout=20)


@pytest.fixture
def told(worker: object) -> Callable[..., str]:
    """told("+86138…", "code") -> the newest text that left for that address and holds the word."""

    def newest(address: str, word: str) -> str:
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            for delivery in DemoDelivery.objects.filter(address=address).order_by("-pk")[:10]:
                if word in delivery.body or word in delivery.subject:
                    return f"{delivery.subject}\n{delivery.body}"
            time.sleep(0.1)
        sent = list(DemoDelivery.objects.values_list("address", "subject"))
        raise AssertionError(f"nothing about {word!r} left for {address}; what left: {sent}")

    return newest


@pytest.fixture
def open_page(browser: Browser, live_server: Any) -> Iterator[Callable[..., Page]]:
    """open_page(size, locale) -> a page of a fresh browser session; no script error, no refused policy."""
    contexts, faults = [], []

    def new_page(size: dict[str, int], locale: str = "en-US", **options: Any) -> Page:
        context = browser.new_context(
            viewport=size,  # type: ignore[arg-type]
            locale=locale,
            base_url=live_server.url,
            **options,
        )
        context.set_default_timeout(15_000)
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on(
            "console",
            lambda message: (
                faults.append(message.text) if "Content Security Policy" in message.text else None
            ),
        )
        return page

    yield new_page
    for context in contexts:
        context.close()
    assert faults == []


@pytest.fixture
def accessible() -> Callable[[Page], None]:
    """accessible(page): axe finds nothing against WCAG 2.2 AA, and nothing sticks out sideways."""
    axe = Axe()
    rules = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}

    def check(page: Page) -> None:
        page.wait_for_load_state()  # a click may still be on its way to the next page
        results = axe.run(page, options=rules)
        assert results.violations_count == 0, results.generate_report()
        too_wide = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
        assert too_wide <= 0, f"{page.url} is {too_wide} px wider than the screen"

    return check
