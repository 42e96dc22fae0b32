"""An order's events in the customer's words. Upper apps add the words of their own kinds."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.utils.dateparse import parse_datetime
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

from engineers.states import CannotCompleteReason
from orders.models import OrderEvent
from orders.states import CreditReason, OldPartFate, ProposalReason, VisitPurpose, WithdrawnBecause
from parts.models import Grade
from repairhub.core.moments import format_time, format_window
from repairhub.core.money import format_money

Payload = Mapping[str, Any]


@dataclass(frozen=True)
class Words:
    """What happened, in a few words; `more` is a sentence or nothing; `is_bad`: a promise was broken.

    `written`: what somebody typed in their own words. It may name people and places, so that the mere link
    does not show it.
    """

    what: str
    more: str = ""
    is_bad: bool = False
    written: str = ""


@dataclass(frozen=True)
class TimelineEntry:
    """One line of the timeline."""

    at: datetime
    words: Words


Say = Callable[[Payload], Words]
_SAYINGS: dict[str, Say] = {}


def register_words(sayings: Mapping[str, Say]) -> None:
    """An upper app names its event kinds, each with a call (payload) -> Words in the active language."""
    _SAYINGS.update(sayings)


def words_of(event: OrderEvent) -> Words:
    """The event as the customer reads it. Without its payload (erased on request) it keeps its name."""
    say = _SAYINGS.get(event.kind)
    return say(event.payload or {}) if say else Words(_("Something was recorded on your order."))


def timeline(events: list[OrderEvent], *, proven: bool) -> list[TimelineEntry]:
    """The newest first; what somebody typed only for a `proven` reader (a proved contact, or our staff)."""
    entries = [TimelineEntry(event.at, words_of(event)) for event in reversed(events)]
    if proven:
        return entries
    return [TimelineEntry(entry.at, replace(entry.words, written="")) for entry in entries]


def _window(payload: Payload) -> str:
    start_at = parse_datetime(str(payload.get("window_start_at", "")))
    end_at = parse_datetime(str(payload.get("window_end_at", "")))
    if start_at is None or end_at is None:
        return ""
    return format_window(start_at, end_at, payload.get("time_zone"))


def _named(payload: Payload, name: str) -> str:
    chinese = (get_language() or "en").startswith("zh")
    return str(payload.get(f"{name}_zh" if chinese else f"{name}_en", ""))


def _note(payload: Payload) -> str:
    return str(payload.get("note") or "")


def _booked(payload: Payload) -> Words:
    window = _window(payload)
    return Words(
        _("Booked"), _("Price locked, arrival window %(window)s.") % {"window": window} if window else ""
    )


def _window_chosen(payload: Payload) -> Words:
    is_rework = payload.get("purpose") == VisitPurpose.REWORK
    if payload.get("moved"):
        what = _("You moved the rework visit") if is_rework else _("You moved the visit")
    else:
        what = _("You chose a window for the rework") if is_rework else _("You chose a new window")
    return Words(what, _window(payload))


def _engineer_named(payload: Payload) -> Words:
    return Words(_("Your engineer is named"), str(payload.get("engineer", "")))


def _arrived(payload: Payload) -> Words:
    minutes = int(payload.get("minutes_early", 0))
    early = ngettext(
        "%(minutes)d minute before the promised window. Nothing begins before you give your PIN.",
        "%(minutes)d minutes before the promised window. Nothing begins before you give your PIN.",
        minutes,
    )
    return Words(_("Engineer at your door"), early % {"minutes": minutes} if minutes else "")


def _cannot_complete(payload: Payload) -> Words:
    reasons = {str(value): str(label) for value, label in CannotCompleteReason.choices}
    reason = reasons.get(str(payload.get("reason", "")), "")
    return Words(_("The visit could not be completed"), reason, is_bad=True, written=_note(payload))


def _no_access(payload: Payload) -> Words:
    return Words(
        _("Nobody opened"),
        _("Our engineer was there. Please choose a new window."),
        is_bad=True,
        written=_note(payload),
    )


def _part_in(payload: Payload) -> Words:
    grade = {str(value): str(label) for value, label in Grade.choices}.get(str(payload.get("grade", "")), "")
    said = _("%(part)s, %(grade)s, serial %(serial)s. Checked against your quote.")
    return Words(_("New part checked"), said % {"grade": grade, **_part(payload)})


def _part_out(payload: Payload) -> Words:
    fates = {str(value): str(label) for value, label in OldPartFate.choices}
    return Words(_("Old part taken out"), fates.get(str(payload.get("fate", "")), ""))


def _part_put_back(payload: Payload) -> Words:
    if payload.get("old_part_back"):
        said = _(
            "%(part)s, serial %(serial)s, does not go in after all. Your old part goes back in unless "
            "another new one does."
        )
    else:
        said = _("%(part)s, serial %(serial)s, does not go in after all.")
    return Words(_("New part not used"), said % _part(payload))


def _part_dead(payload: Payload) -> Words:
    if payload.get("old_part_back"):
        said = _(
            "%(part)s, serial %(serial)s, does not work and is out of use. Your old part goes back in unless "
            "another new one does."
        )
    else:
        said = _("%(part)s, serial %(serial)s, does not work and is out of use.")
    return Words(_("New part found faulty"), said % _part(payload))


def _part(payload: Payload) -> dict[str, str]:
    return {"part": _named(payload, "part"), "serial": str(payload.get("serial", ""))}


def _running_late(payload: Payload) -> Words:
    expected_at = parse_datetime(str(payload.get("expected_at", "")))
    time = format_time(expected_at, payload.get("time_zone")) if expected_at else ""
    if payload.get("misses"):
        said = _("Expected at about %(time)s, after the promised window.")
    else:
        said = _("Expected at about %(time)s, within the promised window.")
    is_bad = bool(payload.get("misses"))
    return Words(_("Your engineer is running late"), said % {"time": time} if time else "", is_bad=is_bad)


def _started(payload: Payload) -> Words:
    by_pin = payload.get("how") == "pin"
    return Words(_("Work started"), _("With your PIN.") if by_pin else _("With the door code we sent you."))


def _window_proposed(payload: Payload) -> Words:
    reasons = {str(value): str(label) for value, label in ProposalReason.choices}
    reason = reasons.get(str(payload.get("reason", "")), "")
    if payload.get("reason") == ProposalReason.OTHER:
        reason = ""
    promised = _window(payload)
    stays = _("%(window)s stays promised until you agree.") % {"window": promised} if promised else ""
    return Words(
        _("We asked you for another window"),
        " ".join(s for s in (reason, stays) if s),
        written=_note(payload),
    )


def _proposal_withdrawn(payload: Payload) -> Words:
    reasons = {str(value): str(label) for value, label in WithdrawnBecause.choices}
    return Words(_("We took our proposal back"), reasons.get(str(payload.get("because", "")), ""))


def _credited(payload: Payload) -> Words:
    amount = str(payload.get("amount") or "")
    reasons = {str(value): str(label) for value, label in CreditReason.choices}
    what = _("%(amount)s credited to you") % {"amount": format_money(Decimal(amount))} if amount else ""
    return Words(what or _("Credited to you"), reasons.get(str(payload.get("reason", "")), ""))


register_words(
    {
        "booked": _booked,
        "window_chosen": _window_chosen,
        "engineer_named": _engineer_named,
        "engineer_off": lambda payload: Words(
            _("Another engineer will be named"), _("The one named before cannot come. Your window stays.")
        ),
        "on_the_way": lambda payload: Words(_("Engineer on the way")),
        "turned_back": lambda payload: Words(
            _("Your engineer is held up"), _("We are seeing to it and tell you as soon as somebody sets out.")
        ),
        "running_late": _running_late,
        "in_time_again": lambda payload: Words(_("Your window is kept after all"), _window(payload)),
        "arrived": _arrived,
        "started": _started,
        "part_in": _part_in,
        "part_out": _part_out,
        "part_put_back": _part_put_back,
        "part_dead": _part_dead,
        "completed": lambda payload: Words(_("Repaired"), _("The warranty runs from now on.")),
        "rework_finished": lambda payload: Words(_("Rework done")),
        "cannot_complete": _cannot_complete,
        "no_access": _no_access,
        "unrepairable": lambda payload: Words(
            _("Cannot be repaired"), _("The order has ended. It costs you nothing.")
        ),
        "window_missed": lambda payload: Words(
            _("We missed the promised window"), _window(payload), is_bad=True
        ),
        "window_proposed": _window_proposed,
        "proposal_accepted": lambda payload: Words(_("You agreed to another window"), _window(payload)),
        "proposal_countered": lambda payload: Words(_("You chose another window than we proposed")),
        "proposal_declined": lambda payload: Words(
            _("You declined another window"),
            _("%(window)s stays promised.") % {"window": _window(payload)} if payload else "",
        ),
        "proposal_expired": lambda payload: Words(
            _("Our proposal expired"),
            _("%(window)s stays promised.") % {"window": _window(payload)} if payload else "",
        ),
        "proposal_withdrawn": _proposal_withdrawn,
        "credited": _credited,
        "contact_proved": lambda payload: Words(
            _("Another contact has proved the address"), _("They are told what happens, and may approve.")
        ),
        "cancelled": lambda payload: Words(_("Cancelled"), _("At no cost.")),
    }
)
