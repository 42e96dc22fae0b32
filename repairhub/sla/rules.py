"""Who sees deadlines in the admin, and who changes the targets."""

import rules

from repairhub.accounts.rules import manages

rules.add_perm("sla", manages)
for permission in (
    "sla.view_slapolicy",
    "sla.change_slapolicy",
    "sla.view_slatarget",
    "sla.change_slatarget",
    "sla.view_slaclock",
    "sla.view_escalation",
):
    rules.add_perm(permission, manages)
