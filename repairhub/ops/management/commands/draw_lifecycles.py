"""manage.py draw_lifecycles: writes docs/lifecycle.md from the models."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from repairhub.ops.lifecycles import lifecycles


class Command(BaseCommand):
    help = "Draws docs/lifecycle.md from the transitions that the models declare."

    def handle(self, *args: Any, **options: Any) -> None:
        """Writes the page and says where."""
        page = settings.BASE_DIR / "docs" / "lifecycle.md"
        page.write_text(lifecycles())
        self.stdout.write(str(page.relative_to(settings.BASE_DIR)))
