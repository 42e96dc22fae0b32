"""Docs that are drawn from the code say what the code says."""

import re
from pathlib import Path

from django.conf import settings

from repairhub.ops.lifecycles import lifecycles

DOCS = Path(settings.BASE_DIR) / "docs"


class TestLifecycle:
    def test_the_page_is_what_the_models_declare(self) -> None:
        # where this fails: manage.py draw_lifecycles
        assert (DOCS / "lifecycle.md").read_text() == lifecycles()

    def test_every_lifecycle_is_drawn(self) -> None:
        page = lifecycles()
        for label in ("engineers.Visit", "orders.RepairOrder", "warranty.Claim", "warranty.Remedy"):
            assert f"({label})" in page


class TestLinks:
    def test_every_relative_link_leads_somewhere(self) -> None:
        pages = [Path(settings.BASE_DIR) / "README.md", *DOCS.rglob("*.md")]
        broken = [
            f"{page.relative_to(settings.BASE_DIR)}: {target}"
            for page in pages
            for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", page.read_text())
            if "://" not in target and not (page.parent / target).exists()
        ]
        assert broken == []
