"""Who can sign in to the demo."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from repairhub.ops.demo.sign_ins import PASSWORD, SIGN_INS


class Command(BaseCommand):
    help = "Prints who can sign in to the demo, with the password."
    requires_system_checks: list[str] = []
    requires_migrations_checks = False

    def handle(self, *args: Any, **options: Any) -> None:
        """One line per person: role, phone, e-mail, name, where the work begins."""
        if not settings.DEMO:
            raise CommandError("There are no demo sign-ins here: settings.DEMO is off.")
        for person in SIGN_INS:
            self.stdout.write(
                f"  {person.role.value:<13} {person.national_phone:<12} {person.email:<29} {person.name:<10} "
                f"{person.page}"
            )
        self.stdout.write(f"  password of all of them: {PASSWORD}")
