"""Claims as lines of CSV, for spreadsheets."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from repairhub.core.spreadsheets import csv_lines
from warranty.models import Claim


def claim_lines(claims: Iterable[Claim]) -> Iterator[str]:
    """A heading and one line for each claim; times by the clock of the claim's city, ISO 8601."""
    return csv_lines(_heading(), (_cells(claim) for claim in claims))


def _heading() -> list[str]:
    return [
        _("Claim"),
        _("Order"),
        _("City"),
        _("State"),
        _("Owner"),
        _("Due"),
        _("Filed"),
        _("Answered"),
        _("Kind"),
        _("Device model"),
        _("Repair"),
        _("What is wrong"),
    ]


def _cells(claim: Any) -> list[Any]:
    order = claim.order

    def local(moment: datetime | None) -> str:
        return moment.astimezone(order.city.zone).isoformat(timespec="minutes") if moment else ""

    return [
        claim.reference,
        order.reference,
        order.city.name,
        claim.get_status_display(),
        claim.owner.name if claim.owner else "",
        local(claim.due_at) if claim.due_at.year < 9999 else "",
        local(claim.filed_at),
        local(claim.answered_at),
        claim.get_kind_display(),
        order.device_model.name,
        claim.fitting.line.repair.name if claim.fitting else "",
        claim.text,
    ]
