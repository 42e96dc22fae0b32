"""What the board's panel shows of a visit's proposals: the open one with its text to say, or the last."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.utils import timezone
from django.utils.translation import get_language, override
from django.utils.translation import gettext as _

from engineers import policy
from engineers.models import Visit
from engineers.states import MOVABLE
from orders.models import OrderVisit, Proposal, RepairOrder
from orders.states import ProposalReason
from repairhub.core.moments import format_moment, format_window
from repairhub.core.money import format_money


@dataclass(frozen=True)
class Spoken:
    """A text to be read out, in one language: `code` for the page, `name` as that language calls itself."""

    code: str
    name: str
    sentences: list[str]


def panel_sections(visit: Visit, user: Any) -> list[tuple[str, dict[str, Any]]]:
    """The section of proposals for the visit's panel, nothing once it is under way. Three queries at most."""
    link = OrderVisit.objects.filter(visit=visit).select_related("order__device_model", "order__city").first()
    if link is None or visit.status not in MOVABLE:
        return []
    rows = Proposal.objects.of_windows().filter(visit=visit).select_related("created_by")
    last = rows.order_by("-created_at", "-pk").first()
    proposal = last if last is not None and last.is_open else None
    context: dict[str, Any] = {"visit": visit, "proposal": proposal, "last": last}
    if proposal is not None:
        soonest = timezone.now() + policy.lead()
        context["windows"] = [window for window in proposal.options if window[0] >= soonest]
        context["spoken"] = spoken(proposal, link.order, context["windows"])
    return [("orders/board_proposal.html", context)]


def spoken(proposal: Proposal, order: RepairOrder, windows: list[tuple[datetime, datetime]]) -> list[Spoken]:
    """The proposal as it is read out on the phone: in the customer's language, then in the reader's."""
    reader = get_language() or settings.LANGUAGE_CODE
    texts = []
    for code in dict.fromkeys([order.language, reader]):
        with override(code):
            texts.append(Spoken(code, _language_name(code), _sentences(proposal, order, windows)))
    return texts


def _language_name(code: str) -> str:
    return "中文" if code.startswith("zh") else "English"


def _sentences(proposal: Proposal, order: RepairOrder, windows: list[tuple[datetime, datetime]]) -> list[str]:
    city = order.city
    old = format_window(proposal.old_window_start_at, proposal.old_window_end_at, city)  # type: ignore[arg-type]
    said = [
        # the desk sees names masked, and nobody can read out a mask
        _("Good day, this is RepairHub. Am I speaking with the person who booked the repair?"),
        _("It is about order %(reference)s, your %(device)s: we promised to come %(window)s.")
        % {"reference": order.reference, "device": order.device_model.name, "window": old},
    ]
    if proposal.reason == ProposalReason.OTHER:
        said.append(proposal.note)
    else:
        said.append(str(ProposalReason(proposal.reason).label))
    said.append(_("We are sorry. That window stays promised until you agree to another one."))
    if windows:
        offered = _(" or ").join(format_window(start_at, end_at, city) for start_at, end_at in windows)
        said.append(_("We could come %(windows)s. Would that suit you?") % {"windows": offered})
    else:
        said.append(_("No window is free in the next days; we keep looking, and you may cancel at no cost."))
    if proposal.credit:
        said.append(
            _("If you agree, %(amount)s is credited to you.") % {"amount": format_money(proposal.credit)}
        )
    said.append(
        _("You may also keep the promised window, or choose any other on your order's page until %(until)s.")
        % {"until": format_moment(proposal.expires_at, city)}
    )
    if windows:
        said.append(
            _("If it suits you, I send you a code. Please read it out only if its message names your window.")
        )
    return said
