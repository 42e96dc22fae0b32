"""Every address of the product and who may come in. A new view joins this table, or the tests fail.

PUBLIC: anybody, also without signing in. Otherwise: these roles (superusers
can go everywhere). `args` make an address to try; what they name need not exist.
"""

from dataclasses import dataclass, field
from typing import Any

PUBLIC = "public"
STAFF = ("engineer", "dispatcher", "case_officer", "parts_admin", "manager")
DESK = ("dispatcher", "manager")
CLAIMS = ("case_officer", "manager")
ENGINEER = ("engineer",)


@dataclass(frozen=True)
class Door:
    """Who may come in, and what an example of the address takes."""

    who: str | tuple[str, ...]
    args: dict[str, Any] = field(default_factory=dict)


ORDER = {"reference": "RH-23456789", "token": "x" * 32}
VISIT = {"reference": "V-23456789"}
CLAIM = {"reference": "C-23456789"}

ADDRESSES: dict[str, Door] = {
    "home": Door(PUBLIC),
    "set_language": Door(PUBLIC),
    "javascript_catalogue": Door(PUBLIC),
    "healthz": Door(PUBLIC),
    "readyz": Door(PUBLIC),
    # the API has permissions of its own
    "api_cities": Door(PUBLIC),
    "api_device_models": Door(PUBLIC),
    "api_repairs": Door(PUBLIC),
    "api_windows": Door(PUBLIC),
    "api_phone_codes": Door(PUBLIC),
    "api_phone_proofs": Door(PUBLIC),
    "api_orders": Door(PUBLIC),
    "api_order": Door(PUBLIC, {"reference": "RH-23456789"}),
    "api_answer_proposal": Door(PUBLIC, {"reference": "RH-23456789", "proposal_id": 1}),
    "api_schema": Door(PUBLIC),
    "api_docs": Door(PUBLIC),
    "api_nothing": Door(PUBLIC),
    # the engineer's visit
    "door": Door(ENGINEER, VISIT),
    "door_step": Door(ENGINEER, {**VISIT, "step": "arrive"}),
    # staff sign in; customers have no account
    "account_login": Door(PUBLIC),
    "account_logout": Door(PUBLIC),
    "account_inactive": Door(PUBLIC),
    "account_reauthenticate": Door(STAFF),
    "account_change_password": Door(STAFF),
    "mfa_index": Door(STAFF),
    "mfa_authenticate": Door(STAFF),
    "mfa_reauthenticate": Door(STAFF),
    "mfa_activate_totp": Door(STAFF),
    "mfa_deactivate_totp": Door(STAFF),
    "mfa_view_recovery_codes": Door(STAFF),
    "mfa_generate_recovery_codes": Door(STAFF),
    "mfa_download_recovery_codes": Door(STAFF),
    "staff_home": Door(STAFF),
    # the dispatch desk
    "board": Door(DESK),
    "board_export": Door(DESK),
    "board_visit": Door(DESK, VISIT),
    "dispatch_visit": Door(DESK, VISIT),
    "turn_back_visit": Door(DESK, VISIT),
    "board_proposal": Door(DESK, VISIT),
    "board_proposal_step": Door(DESK, {**VISIT, "step": "withdraw"}),
    "engineer_day": Door(ENGINEER),
    # after the repair: behind the order's link, and the case officer's desk
    "file_claim": Door(PUBLIC, ORDER),
    "rework_window": Door(PUBLIC, ORDER),
    "own_claim_photo": Door(PUBLIC, {**ORDER, "photo_id": 1}),
    "claims": Door(CLAIMS),
    "claims_csv": Door(CLAIMS),
    "claim": Door(CLAIMS, CLAIM),
    "decide_claim": Door(CLAIMS, CLAIM),
    "transfer_claim": Door(CLAIMS, CLAIM),
    "take_over_claim": Door(CLAIMS, CLAIM),
    "claim_photo": Door(CLAIMS, {**CLAIM, "photo_id": 1}),
    "claim_hand_over_photo": Door(CLAIMS, {**CLAIM, "photo_id": 1}),
    # the demo's pages, where settings.DEMO is set
    "demo": Door(PUBLIC),
    "demo_messages": Door(PUBLIC),
    # booking and the order's page: an unguessable link, personal data after a code
    "book": Door(PUBLIC),
    "book_device": Door(PUBLIC),
    "book_repairs": Door(PUBLIC),
    "book_place": Door(PUBLIC),
    "book_window": Door(PUBLIC),
    "book_contact": Door(PUBLIC),
    "book_code": Door(PUBLIC, {"position": 1}),
    "book_confirm": Door(PUBLIC),
    "booked": Door(PUBLIC),
    "book_another": Door(PUBLIC),
    "forget_me": Door(PUBLIC),
    "find_order": Door(PUBLIC),
    "order": Door(PUBLIC, ORDER),
    "order_code": Door(PUBLIC, ORDER),
    "order_window": Door(PUBLIC, ORDER),
    "order_cancel": Door(PUBLIC, ORDER),
    "order_proposal": Door(PUBLIC, {**ORDER, "proposal_id": 1}),
    "order_photo": Door(PUBLIC, {**ORDER, "photo_id": 1}),
}
