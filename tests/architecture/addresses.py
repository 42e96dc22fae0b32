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
MANAGERS = ("manager",)


@dataclass(frozen=True)
class Door:
    """Who may come in, and what an example of the address takes."""

    who: str | tuple[str, ...]
    args: dict[str, Any] = field(default_factory=dict)


ORDER = {"reference": "RH-23456789", "token": "x" * 32}
VISIT = {"reference": "V-23456789"}
PLAN = {"reference": "P-23456789"}
CLAIM = {"reference": "C-23456789"}
SKILL = {"engineer_id": 1, "skill": "screen"}

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
    "api_plan_runs": Door(DESK),
    "api_plan_run": Door(DESK, {"reference": "P-23456789"}),
    "api_apply_plan_run": Door(DESK, {"reference": "P-23456789"}),
    "api_cancel_plan_run": Door(DESK, {"reference": "P-23456789"}),
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
    "board_map": Door(DESK),
    "board_visit": Door(DESK, VISIT),
    "dispatch_visit": Door(DESK, VISIT),
    "turn_back_visit": Door(DESK, VISIT),
    "board_proposal": Door(DESK, VISIT),
    "board_proposal_step": Door(DESK, {**VISIT, "step": "withdraw"}),
    "ask_plan": Door(DESK),
    "plan_run": Door(DESK, PLAN),
    "apply_plan": Door(DESK, PLAN),
    "cancel_plan": Door(DESK, PLAN),
    "day_weather": Door(DESK, {"city": "BJ", "on": "2026-11-23"}),
    "move_visit": Door(DESK, VISIT),
    "pin_visit": Door(DESK, VISIT),
    "access_note": Door(DESK, VISIT),
    "own_access_note": Door(ENGINEER, VISIT),
    # what engineers may do
    "own_certificates": Door(ENGINEER),
    "qualifications": Door(MANAGERS),
    "qualifications_csv": Door(MANAGERS),
    "qualification_of": Door(MANAGERS, SKILL),
    "suspend_skill": Door(MANAGERS, SKILL),
    "lift_suspension": Door(MANAGERS, SKILL),
    "desk_requests": Door(DESK),
    "desk_request": Door(DESK, {"request_id": 1}),
    "decide_request": Door(DESK, {"request_id": 1}),
    # the engineer's own pages
    "engineer_day": Door(ENGINEER),
    "engineer_worker": Door(PUBLIC),
    "report_late": Door(ENGINEER, VISIT),
    "van_stock": Door(ENGINEER),
    "engineer_requests": Door(ENGINEER),
    "ask": Door(ENGINEER, {"kind": "absence"}),
    "withdraw_request": Door(ENGINEER, {"request_id": 1}),
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
    "book_more_windows": Door(PUBLIC),
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
