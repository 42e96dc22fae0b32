"""Who may do what with engineers in the admin. Visits are changed by the dispatch desk's services alone."""

from typing import TYPE_CHECKING, Any

import rules

from repairhub.accounts.rules import is_manager, is_superuser

if TYPE_CHECKING:
    from engineers.models import Engineer

keeps_engineers = is_manager | is_superuser


def may_judge(user: Any, engineer: "Engineer") -> bool:
    """Whether the person decides what the engineer may do: a manager of the city, never the engineer."""
    if user is None or user.pk == engineer.user_id or not keeps_engineers(user):
        return False
    cities = set(user.cities.values_list("pk", flat=True))
    return not cities or engineer.city_id in cities


rules.add_perm("engineers", keeps_engineers)
for model in ("skill", "engineer"):
    for verb in ("view", "add", "change"):
        rules.add_perm(f"engineers.{verb}_{model}", keeps_engineers)
for verb in ("view", "add", "change"):  # they end, and stay on record
    rules.add_perm(f"engineers.{verb}_brandauthorisation", keeps_engineers)
    rules.add_perm(f"engineers.{verb}_qualificationpolicy", keeps_engineers)
# an assessment stays as it was recorded, and a certificate comes from one
for permission in ("view_assessment", "add_assessment", "view_engineercertificate"):
    rules.add_perm(f"engineers.{permission}", keeps_engineers)
for model in ("weeklyshift", "absence"):
    for verb in ("view", "add", "change", "delete"):
        rules.add_perm(f"engineers.{verb}_{model}", keeps_engineers)
for model in ("visit", "visitevent"):
    rules.add_perm(f"engineers.view_{model}", keeps_engineers)
