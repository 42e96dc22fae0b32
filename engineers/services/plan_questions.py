"""What may be asked of a plan run: about whom, of which day, and whether there is anything to ask."""

from datetime import date, datetime, timedelta

from django.utils.translation import gettext_lazy as _

from engineers.models import Absence, Engineer, Visit
from engineers.planning import city_today
from engineers.services.lateness import MOST_MINUTES, check_is_next, expected_moment
from engineers.states import MOVABLE, PlanCause, VisitStatus
from repairhub.core.errors import Conflict, InvalidInput
from repairhub.places.models import City

ENDED_EARLY = (VisitStatus.NO_ACCESS, VisitStatus.CANNOT_COMPLETE)
ABOUT_A_VISIT = (PlanCause.RUNNING_LATE, PlanCause.NO_ACCESS, PlanCause.URGENT)


def check_question(
    *,
    city: City,
    on: date,
    cause: str,
    engineer: Engineer | None,
    visit: Visit | None,
    minutes: int | None,
    at: datetime,
) -> None:
    """Raises InvalidInput with the field, or Conflict with what to do instead."""
    if cause not in PlanCause.values:
        raise InvalidInput(_("Say what the plan is for."), field="cause", code="invalid_choice")
    if on < city_today(city, at):
        raise Conflict(
            _("This day is over, so there is nothing more to plan on it."),
            field="on",
            code="day_over",
            next_step=_("Choose today or a later day on the board."),
        )
    if (engineer is not None) != (cause == PlanCause.ENGINEER_ILL):
        raise InvalidInput(_("Choose the engineer who cannot come."), field="engineer", code="required")
    if (visit is not None) != (cause in ABOUT_A_VISIT):
        raise InvalidInput(_("Choose the visit that it is about."), field="visit", code="required")
    if engineer is not None:
        _check_engineer(city, on, engineer)
    if visit is not None:
        if (visit.city_id, visit.on) != (city.pk, on):
            raise InvalidInput(_("This visit is of another day or city."), field="visit", code="other_day")
        if cause == PlanCause.NO_ACCESS:
            _check_ended_early(visit, at)
        elif cause == PlanCause.URGENT:
            _check_urgent(visit)
        else:
            _check_late(visit, minutes, at)


def expected_end(visit: Visit, minutes: int, at: datetime) -> datetime:
    """When a visit that runs so many minutes late will end, counted as its engineer's own word is."""
    moment = expected_moment(visit, minutes, at)
    if visit.status == VisitStatus.ON_SITE:
        return moment
    return moment + timedelta(minutes=visit.service_minutes)


def _check_engineer(city: City, on: date, engineer: Engineer) -> None:
    if engineer.city_id != city.pk:
        raise InvalidInput(_("This engineer works in another city."), field="engineer", code="other_city")
    if not engineer.is_working:
        raise Conflict(
            _("This engineer does not work for us any more."), field="engineer", code="engineer_gone"
        )
    if Absence.objects.of_whole_day(on).filter(engineer=engineer).exists():
        raise Conflict(
            _("%(engineer)s is entered as absent on this day already.") % {"engineer": engineer.user.name},
            field="engineer",
            code="absent_already",
            next_step=_("What nobody could take over waits in the tray of the board."),
        )


def _check_ended_early(visit: Visit, at: datetime) -> None:
    if visit.status not in ENDED_EARLY or visit.on != city_today(visit.city, at):
        raise Conflict(
            _("Visit %(reference)s has not ended early today, so it leaves no time to use.")
            % {"reference": visit.reference},
            field="visit",
            code="not_ended_early",
            next_step=_("Reload the board to see where it stands."),
        )


def _check_urgent(visit: Visit) -> None:
    if visit.status not in MOVABLE or visit.is_pinned:
        raise Conflict(
            _("Visit %(reference)s can no longer change engineer: %(status)s.")
            % {"reference": visit.reference, "status": visit.get_status_display()},
            field="visit",
            code="visit_not_movable",
            next_step=_("Reload the board to see where it stands."),
        )
    if visit.engineer_id is not None and visit.at_risk_at is None:
        raise Conflict(
            _("Visit %(reference)s has its engineer and is in time.") % {"reference": visit.reference},
            field="visit",
            code="has_its_place",
            next_step=_("Reload the board to see where it stands."),
        )


def _check_late(visit: Visit, minutes: int | None, at: datetime) -> None:
    if minutes is None or not 1 <= minutes <= MOST_MINUTES:
        raise InvalidInput(
            _("Say by how many minutes: 1 to %(most)d.") % {"most": MOST_MINUTES},
            field="minutes",
            code="invalid",
        )
    check_is_next(visit, at)
