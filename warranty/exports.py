"""Claims as lines of CSV, for spreadsheets: these run a cell that begins like a formula."""

import csv
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from warranty.models import Claim

BYTE_ORDER_MARK = "\ufeff"  # Excel reads UTF-8 with it alone
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


class _Echo:
    """A file that hands back what is written to it."""

    def write(self, line: str) -> str:
        """The line itself."""
        return line


def claim_lines(claims: Iterable[Claim]) -> Iterator[str]:
    """A heading and one line for each claim; times by the clock of the claim's city, ISO 8601."""
    writer = csv.writer(_Echo())
    yield BYTE_ORDER_MARK + writer.writerow(_heading())
    for claim in claims:
        yield writer.writerow([harmless(value) for value in _cells(claim)])


def harmless(value: Any) -> str:
    """The value as text that no spreadsheet runs: an apostrophe before what begins like a formula."""
    text = "" if value is None else str(value)
    return f"'{text}" if text.startswith(FORMULA_STARTS) else text


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
