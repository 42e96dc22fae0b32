"""Words of desk and engineer: how long ago, how long still, what was promised, what a change has cost."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from engineers.models import SkillSuspension, Visit
from engineers.states import SuspensionKind
from repairhub.core.moments import format_time, format_window
from repairhub.core.names import listed

HOUR, DAY = 60, 24 * 60


def short_span(span: timedelta) -> str:
    """A length of time in its largest fitting unit, rounded down: "12 min", "3 h", "2 days"."""
    minutes = int(abs(span).total_seconds() // 60)
    if minutes < 2 * HOUR:
        return _("%(count)d min") % {"count": minutes}
    if minutes < 2 * DAY:
        return _("%(count)d h") % {"count": minutes // HOUR}
    return _("%(count)d days") % {"count": minutes // DAY}


def time_left(due_at: datetime, at: datetime) -> str:
    """How long until `due_at`, or how long it is over: "12 min left", "5 min over"."""
    if due_at > at:
        return _("%(span)s left") % {"span": short_span(due_at - at)}
    return _("%(span)s over") % {"span": short_span(at - due_at)}


def lost_their_engineer(visits: Sequence[Visit]) -> str:
    """Which visits have lost their engineer by a change, for whoever made it."""
    return ngettext(
        "%(count)d visit has lost its engineer and waits on the dispatch board: %(visits)s.",
        "%(count)d visits have lost their engineer and wait on the dispatch board: %(visits)s.",
        len(visits),
    ) % {"count": len(visits), "visits": listed(visit.reference for visit in visits)}


def nobody_before(visit: Visit) -> str:
    """The sentence for whoever comes before the promised window: until then the customer may be away."""
    return _("Your customer was promised %(window)s: nobody has to be at home before %(start)s.") % {
        "window": format_window(visit.window_start_at, visit.window_end_at, visit.city),
        "start": format_time(visit.window_start_at, visit.city),
    }


def why_suspended(suspension: SkillSuspension) -> str:
    """Why the skill was suspended, in a sentence; the counts are those that it was decided on."""
    if suspension.kind == SuspensionKind.REWORK_RATE:
        return _(
            "Of %(finished)d repairs in the %(days)d days before, %(reworked)d had to be done again."
        ) % {
            "finished": suspension.finished,
            "days": suspension.window_days,
            "reworked": suspension.reworked,
        }
    return suspension.reason or _("The reason was not recorded.")
