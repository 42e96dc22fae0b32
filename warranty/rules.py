"""Who may do what with warranties in the admin. Terms are written anew; all else is written by services."""

import rules

from repairhub.accounts.rules import is_manager, is_superuser

keeps_terms = is_manager | is_superuser

rules.add_perm("warranty", keeps_terms)
for verb in ("view", "add", "change"):
    rules.add_perm(f"warranty.{verb}_warrantyterms", keeps_terms)
for model in ("warranty", "claim", "claimphoto", "decision", "remedy"):
    rules.add_perm(f"warranty.view_{model}", keeps_terms)
