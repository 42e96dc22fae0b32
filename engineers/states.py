"""Where a visit stands. The moves themselves are declared on the model."""

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


class VisitStatus(models.TextChoices):
    """The states of a visit (design, section 4)."""

    PLANNED = "planned", _("Planned")
    CONFIRMED = "confirmed", _("Confirmed")
    EN_ROUTE = "en_route", _("On the way")
    ON_SITE = "on_site", _("On site")
    DONE = "done", _("Done")
    CANNOT_COMPLETE = "cannot_complete", _("Could not be completed")
    NO_ACCESS = "no_access", _("No access")
    CANCELLED = "cancelled", _("Cancelled")


# not under way yet: may still change engineer
MOVABLE = (VisitStatus.PLANNED, VisitStatus.CONFIRMED)
# under way: fixed to its engineer
UNDER_WAY = (VisitStatus.EN_ROUTE, VisitStatus.ON_SITE)
# takes up an engineer's time: the exclusion constraint looks at these
OPEN = MOVABLE + UNDER_WAY
# nobody is at the door yet: the promised window is still to be kept
AWAITED = (*MOVABLE, VisitStatus.EN_ROUTE)
ENDED = (VisitStatus.DONE, VisitStatus.CANNOT_COMPLETE, VisitStatus.NO_ACCESS, VisitStatus.CANCELLED)
# the customer sees the engineer's card
ANNOUNCED = (VisitStatus.CONFIRMED, *UNDER_WAY, VisitStatus.DONE)


class CannotCompleteReason(models.TextChoices):
    """Why a repair could not be finished at the door."""

    OTHER_FAULT = "other_fault", _("Another fault than booked")
    WRONG_PART = "wrong_part", _("The right part is not at hand")
    PART_FAULTY = "part_faulty", _("The new part is faulty")
    LIQUID_OR_BENT = "liquid_or_bent", _("Liquid damage or a bent board")
    OTHER = "other", _("Another reason")


class EventKind(models.TextChoices):
    """What a VisitEvent records."""

    PLANNED = "planned", _("Window promised")
    CONFIRMED = "confirmed", _("Engineer named")
    SET_OUT = "set_out", _("Engineer on the way")
    TURNED_BACK = "turned_back", _("Something was in the way")
    ARRIVED = "arrived", _("Engineer at the door")
    STARTED = "started", _("Work started")
    FINISHED = "finished", _("Work done")
    CANNOT_COMPLETE = "cannot_complete", _("Could not be completed")
    NO_ACCESS = "no_access", _("Nobody opened")
    CANCELLED = "cancelled", _("Cancelled")
    UNCONFIRMED = "unconfirmed", _("Engineer taken off")
    AT_RISK = "at_risk", _("Window at risk")
    REPLANNED = "replanned", _("Moved by a new plan of the day")
    MOVED = "moved", _("Moved within the route")
    PINNED = "pinned", _("Pinned to the engineer")
    UNPINNED = "unpinned", _("Pin taken off")
    RUNNING_LATE = "running_late", _("Engineer is running late")


class QualificationState(models.TextChoices):
    """Where an engineer stands with a skill on a day. Derived from the certificates, never stored."""

    VALID = "valid", _("Valid")
    ENDS_SOON = "ends_soon", _("Ends soon")
    SUSPENDED = "suspended", _("Suspended")
    ENDED = "ended", _("No valid certificate")


class SuspensionKind(models.TextChoices):
    """Why a skill was suspended."""

    REWORK_RATE = "rework_rate", _("Too many reworks")
    DECISION = "decision", _("A manager's decision")
    EARLIER = "earlier", _("Before reasons were recorded")


class RequestKind(models.TextChoices):
    """What an engineer asks the desk for."""

    ABSENCE = "absence", _("Absence")
    WEEKLY_SHIFT = "weekly_shift", _("Other hours on a weekday")
    ONE_SHIFT = "one_shift", _("Other hours on one day")


class RequestStatus(models.TextChoices):
    """Where a request stands: only a pending one can still be decided."""

    PENDING = "pending", pgettext_lazy("request", "Waiting for an answer")
    APPROVED = "approved", pgettext_lazy("request", "Approved")
    REFUSED = "refused", pgettext_lazy("request", "Refused")
    WITHDRAWN = "withdrawn", pgettext_lazy("request", "Withdrawn")


class PlanCause(models.TextChoices):
    """Why a dispatcher asks for a plan of a city's day."""

    OPTIMISE = "optimise", _("Plan the day afresh")
    ENGINEER_ILL = "engineer_ill", _("An engineer cannot come")
    RUNNING_LATE = "running_late", _("An engineer is running late")
    NO_ACCESS = "no_access", _("A visit ended early")
    URGENT = "urgent", _("A visit needs a place")


# whose preview says something to apply even where no visit moves: an absence, a delay
TELLS_NEWS = (PlanCause.ENGINEER_ILL, PlanCause.RUNNING_LATE)


class PlanRunStatus(models.TextChoices):
    """Where a plan run stands."""

    ASKED = "asked", _("Waiting for a worker")
    COMPUTING = "computing", _("Being computed")
    READY = "ready", _("Ready to look at")
    APPLIED = "applied", _("Applied")
    STALE = "stale", _("The day has changed since")
    CANCELLED = "cancelled", _("Discarded")
    FAILED = "failed", _("Could not be computed")
    NOTHING_TO_DO = "nothing_to_do", _("Nothing to change")


UNREADY_RUNS = (PlanRunStatus.ASKED, PlanRunStatus.COMPUTING)
OPEN_RUNS = (*UNREADY_RUNS, PlanRunStatus.READY)
