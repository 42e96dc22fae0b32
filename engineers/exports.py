"""Qualifications as a table for spreadsheets."""

from collections.abc import Iterable, Iterator

from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from engineers.selectors.qualifications import Qualification
from repairhub.core.spreadsheets import csv_lines


def qualification_lines(rows: Iterable[Qualification]) -> Iterator[str]:
    """A heading and one line for each engineer and skill; days in ISO 8601."""
    heading = [
        _("Staff number"),
        _("Engineer"),
        _("City"),
        _("Skill"),
        _("Level"),
        _("Valid until"),
        _("State"),
        _("Why suspended"),
        _("Repairs"),
        _("Reworks"),
        _("Days counted"),
        pgettext("rate", "Reworks in a hundred"),
    ]
    return csv_lines(heading, ([*_cells(row)] for row in rows))


def _cells(row: Qualification) -> Iterator[object]:
    yield row.engineer.number
    yield row.engineer.user.name
    yield row.engineer.city.name
    yield row.skill.name
    yield row.certificate.level
    yield row.certificate.valid_until_on.isoformat()
    yield row.state_label
    yield row.why_suspended
    yield row.rate.finished if row.rate else 0
    yield row.rate.reworked if row.rate else 0
    yield row.policy.window_days
    yield row.per_hundred
