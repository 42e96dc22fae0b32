"""When a button was pressed whose command waited in the phone for the network."""

from datetime import datetime, timedelta

from django.db.models import Max
from django.utils.translation import gettext_lazy as _

from engineers.models import Visit
from engineers.states import EventKind
from repairhub.core.errors import Conflict, InvalidInput
from repairhub.core.moments import format_time

OLDEST = timedelta(hours=12)
"""What waited longer belongs to another working day: somebody at the desk has long since decided."""
TOLERANCE = timedelta(minutes=2)
"""Phone and server never agree to the second, and neither do two requests in a bad network."""
# happen to a visit without its engineer, who cannot have known of them
BESIDE = (EventKind.AT_RISK, EventKind.RUNNING_LATE)


def pressed_moment(*, visit: Visit, pressed_at: datetime | None, at: datetime) -> datetime:
    """When the step happened: as pressed, inside sane bounds; `at` where the press says nothing.

    Never later than `at`, never before what the visit's people did last. Raises InvalidInput (field
    "pressed_at") for a moment to come, Conflict for one of more than 12 hours ago or before the last step.
    """
    if pressed_at is None:
        return at
    if pressed_at > at + TOLERANCE:
        raise InvalidInput(
            _("This step says that it was pressed in the future."),
            field="pressed_at",
            code="in_the_future",
            next_step=_("Set the clock of your phone, discard the step and press it again."),
        )
    if pressed_at < at - OLDEST:
        raise Conflict(
            _("This step has waited for more than 12 hours, so it does not count any more."),
            code="pressed_too_long_ago",
            next_step=_("Discard it, and tell the dispatcher what happened."),
        )
    last_at = visit.events.exclude(kind__in=BESIDE).aggregate(last_at=Max("at"))["last_at"]
    if last_at is not None and pressed_at < last_at - TOLERANCE:
        raise Conflict(
            _("This step was pressed before the last one, which is of %(time)s.")
            % {"time": format_time(last_at, visit.city)},
            code="pressed_before_the_last",
            next_step=_("Look at where the visit stands. Discard the step if it is out of date."),
        )
    return min(at, max(pressed_at, last_at or pressed_at))
