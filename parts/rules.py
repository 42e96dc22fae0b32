"""Who may do what with catalogue and stock in the admin. Nothing is deleted: it is offered no longer."""

import rules

from repairhub.accounts.rules import is_manager, is_parts_admin, is_superuser

keeps_parts = is_parts_admin | is_manager | is_superuser

rules.add_perm("parts", keeps_parts)
for model in (
    "brand",
    "devicemodel",
    "component",
    "supplier",
    "part",
    "partcertificate",
    "lot",
    "stocklocation",
):
    for verb in ("view", "add", "change"):
        rules.add_perm(f"parts.{verb}_{model}", keeps_parts)
for model in ("stockunit", "stockmovement"):
    rules.add_perm(f"parts.view_{model}", keeps_parts)
