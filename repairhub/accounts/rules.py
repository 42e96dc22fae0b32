"""Who may, as predicates: the same ones for pages, the API and the admin."""

from typing import Any

import rules

from .states import Role


def _has_role(role: Role) -> Any:
    @rules.predicate(f"is_{role.value}")
    def has_role(user: Any) -> bool:
        return bool(user.is_authenticated and user.is_active and user.role == role)

    return has_role


is_engineer = _has_role(Role.ENGINEER)
is_dispatcher = _has_role(Role.DISPATCHER)
is_case_officer = _has_role(Role.CASE_OFFICER)
is_parts_admin = _has_role(Role.PARTS_ADMIN)
is_manager = _has_role(Role.MANAGER)


@rules.predicate
def is_superuser(user: Any) -> bool:
    """Everything is open to them."""
    return bool(user.is_authenticated and user.is_active and user.is_superuser)


@rules.predicate
def is_staff_role(user: Any) -> bool:
    """Anybody who works here."""
    return bool(user.is_authenticated and user.is_active and user.is_staff_role)


# Managers look at the boards of their people.
sees_dispatch_board = is_dispatcher | is_manager | is_superuser
sees_claims = is_case_officer | is_manager | is_superuser

rules.add_perm("accounts.see_dispatch_board", sees_dispatch_board)
rules.add_perm("accounts.see_claims", sees_claims)

# The admin asks the same predicates. Nobody may delete people, and nobody edits states.
MANAGERS_MAY = [
    "accounts.view_user",
    "accounts.add_user",
    "accounts.change_user",
    "notifications.view_message",
]
manages = is_manager | is_superuser
for app in ("accounts", "notifications"):
    rules.add_perm(app, manages)
for permission in MANAGERS_MAY:
    rules.add_perm(permission, manages)
# Stock lies in cities, so whoever keeps it has to find them.
for permission in ("places", "places.view_city"):
    rules.add_perm(permission, manages | is_parts_admin)
for permission in ("add_city", "change_city", "view_district", "add_district", "change_district"):
    rules.add_perm(f"places.{permission}", manages)
for verb in ("view", "add", "change", "delete"):
    rules.add_perm(f"places.{verb}_citypace", manages)
