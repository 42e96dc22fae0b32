"""Fills an empty database with the demo."""

import time
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from repairhub.ops.demo.example_orders import load_example_orders
from repairhub.ops.demo.loading import load_data


class Command(BaseCommand):
    help = "Loads the demo: 36 cities, the catalogue with real official prices, 630 engineers, stock."

    def handle(self, *args: Any, **options: Any) -> None:
        """A line per step. What is there already stays as it is, so a second run changes nothing."""
        if not settings.DEMO:
            raise CommandError("This is no demo (settings.DEMO is off): its data stays out of this database.")
        start = time.monotonic()

        def say(line: str) -> None:
            self.stdout.write(f"  demo data: {line}")
            self.stdout.flush()

        at = timezone.now()
        load_data(on=timezone.localdate(at), at=at, say=say)
        load_example_orders(at=at, say=say)
        say(f"ready after {time.monotonic() - start:.1f} s")
