"""manage.py audit: exit 0 where nothing is lost or broken, 1 with every violation on a line."""

import json
import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.utils import timezone

from repairhub.ops.audit import CHECKS, audit


class Command(BaseCommand):
    help = "Proves on the live database that nothing is lost or broken."

    def add_arguments(self, parser: CommandParser) -> None:
        """--json for machines."""
        parser.add_argument("--json", action="store_true", help="print the violations as JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        """Runs every check; exit code 1 where one finds something."""
        violations = audit(timezone.now())
        if options["json"]:
            rows = [{"rule": violation.rule, "where": violation.where} for violation in violations]
            self.stdout.write(json.dumps(rows, ensure_ascii=False))
        else:
            for violation in violations:
                self.stdout.write(f"{violation.rule}: {violation.where}")
            if not violations:
                self.stdout.write(f"{len(CHECKS)} rules hold.")
        if violations:
            sys.exit(1)
