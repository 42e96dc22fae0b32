"""What warranty writes on an order's timeline, in the customer's words."""

from django.utils.dateparse import parse_date, parse_datetime
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from orders.wording import Payload, Words, register_words
from repairhub.core.moments import format_date, format_moment


def register() -> None:
    """Once, when the product starts."""
    register_words(
        {
            "warranty_issued": _warranty_issued,
            "claim_filed": _claim_filed,
            "claim_transferred": _claim_transferred,
            "claim_approved": _claim_approved,
            "claim_refused": _claim_refused,
        }
    )


def _text(payload: Payload, name: str) -> str:
    return str(payload.get(name) or "")


def _warranty_issued(payload: Payload) -> Words:
    chinese = (get_language() or "en").startswith("zh")
    ends_on = parse_date(_text(payload, "ends_on"))
    what = _("Warranty issued")
    if ends_on is None:
        return Words(what)
    facts = {
        "parts": _text(payload, "parts_zh" if chinese else "parts_en"),
        "numbers": _text(payload, "numbers"),
        "end": format_date(ends_on),
    }
    said = (
        _("%(parts)s: %(numbers)s, to the end of %(end)s.")
        if payload.get("one_end", True)
        else _("%(parts)s: %(numbers)s, the first to the end of %(end)s.")
    )
    return Words(what, said % facts)


def _claim_filed(payload: Payload) -> Words:
    due_at = parse_datetime(_text(payload, "due_at"))
    what = _("You filed claim %(claim)s") % {"claim": _text(payload, "claim")}
    if due_at is None:
        return Words(what)
    due = format_moment(due_at, payload.get("time_zone"))
    owner = _text(payload, "owner")
    if owner:
        return Words(what, _("%(owner)s answers by %(due)s.") % {"owner": owner, "due": due})
    return Words(what, _("We answer by %(due)s.") % {"due": due})


def _claim_transferred(payload: Payload) -> Words:
    return Words(
        _("Claim %(claim)s: %(owner)s looks after it now")
        % {"claim": _text(payload, "claim"), "owner": _text(payload, "to")},
        _("The deadline stays."),
    )


def _claim_approved(payload: Payload) -> Words:
    return Words(
        _("Claim %(claim)s approved") % {"claim": _text(payload, "claim")},
        _("We do the repair again at no cost. Please choose a window."),
        written=_text(payload, "reason"),
    )


def _claim_refused(payload: Payload) -> Words:
    what = _("Claim %(claim)s refused") % {"claim": _text(payload, "claim")}
    return Words(what, written=_text(payload, "reason"))
