"""The reasons of a coverage answer as sentences, in the reader's language."""

from django.utils.translation import gettext as _

from repairhub.core.moments import format_date
from warranty.coverage import Reason, ReasonCode


def sentence(reason: Reason) -> str:
    """One whole sentence for people."""
    facts = {
        "number": reason.number,
        "successor": reason.successor,
        "day": format_date(reason.on) if reason.on else "",
    }
    return SENTENCES[reason.code]() % facts


SENTENCES = {
    ReasonCode.COVERED_UNTIL: lambda: _("Warranty %(number)s covers it to the end of %(day)s."),
    ReasonCode.STARTS_ON: lambda: _("Warranty %(number)s begins on %(day)s only."),
    ReasonCode.ENDED_ON: lambda: _("Warranty %(number)s ended on %(day)s."),
    ReasonCode.REPLACED_BY: lambda: _("Warranty %(number)s was replaced by %(successor)s after a rework."),
    ReasonCode.NO_WARRANTY: lambda: _("No warranty was issued for it."),
}
