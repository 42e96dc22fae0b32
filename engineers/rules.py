"""Who may do what with engineers in the admin. Visits are changed by the dispatch desk's services alone."""

import rules

from repairhub.accounts.rules import is_manager, is_superuser

keeps_engineers = is_manager | is_superuser

rules.add_perm("engineers", keeps_engineers)
for model in ("skill", "engineer"):
    for verb in ("view", "add", "change"):
        rules.add_perm(f"engineers.{verb}_{model}", keeps_engineers)
for model in ("engineercertificate", "brandauthorisation"):  # they end or are suspended, and stay on record
    for verb in ("view", "add", "change"):
        rules.add_perm(f"engineers.{verb}_{model}", keeps_engineers)
for model in ("weeklyshift", "absence"):
    for verb in ("view", "add", "change", "delete"):
        rules.add_perm(f"engineers.{verb}_{model}", keeps_engineers)
for model in ("visit", "visitevent"):
    rules.add_perm(f"engineers.view_{model}", keeps_engineers)
