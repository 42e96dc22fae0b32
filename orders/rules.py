"""Who may do what with the repair catalogue and with orders in the admin. Orders change by services alone."""

import rules

from repairhub.accounts.rules import is_manager, is_parts_admin, is_superuser

keeps_catalogue = is_parts_admin | is_manager | is_superuser
sees_orders = is_manager | is_superuser

rules.add_perm("orders", keeps_catalogue)
for verb in ("view", "add", "change"):
    rules.add_perm(f"orders.{verb}_repair", keeps_catalogue)
for verb in ("view", "add", "change"):
    rules.add_perm(f"orders.{verb}_latepolicy", sees_orders)
for model in (
    "repairorder",
    "ordercontact",
    "ordervisit",
    "orderevent",
    "quote",
    "quoteline",
    "quoteapproval",
    "fitting",
    "handover",
    "proposal",
    "credit",
):
    rules.add_perm(f"orders.view_{model}", sees_orders)
