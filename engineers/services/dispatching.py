"""Dispatching: a person at the desk names the engineer. The server refuses who is not qualified or not free."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from engineers.dispatch import DayPlan, Reason, candidate_for, insert, qualification
from engineers.models import Engineer, Visit
from engineers.planning import CityClock, load_plans, stop_for
from engineers.reasons import sentence
from engineers.services.events import record
from engineers.services.planning import ASSIGN_WITHIN
from engineers.services.routes import lock_city_day, locked_visit, write_routes
from engineers.signals import visit_confirmed
from engineers.states import VisitStatus
from repairhub.core.errors import Conflict, InvalidInput
from repairhub.sla.services.clocks import stop_clock


@transaction.atomic
def dispatch_visit(*, visit: Visit, engineer: Engineer, by: Any, at: datetime) -> Visit:
    """The visit, confirmed with this engineer and written into the route.

    The same engineer named again changes nothing. Raises Conflict where the visit is under way or ended, or
    where the engineer is unqualified, off or busy: with the engine's reason in a sentence.
    """
    lock_city_day(visit.city, visit.on)
    visit = locked_visit(visit)
    if visit.status == VisitStatus.CONFIRMED and visit.engineer_id == engineer.pk:
        return visit
    if not visit.is_movable:
        raise Conflict(
            _("Visit %(reference)s can no longer change engineer: %(status)s.")
            % {"reference": visit.reference, "status": visit.get_status_display()},
            code="visit_not_movable",
            next_step=_("Reload the board to see where it stands."),
        )
    if engineer.city_id != visit.city_id:
        raise InvalidInput(_("This engineer works in another city."), field="engineer", code="other_city")
    before = load_plans(visit.city, visit.on, visit.on, at)[visit.on]
    present = before.engineer_of(visit.pk)
    clock = CityClock.of(visit.city, visit.on)
    stop = stop_for(visit, clock, at)
    if present == engineer.pk:
        # no route changes; but a certificate may have lapsed since the plan was made
        _refuse(qualification(stop, before.day(engineer.pk)))
    else:
        if present is not None:
            # as the plan has it: a visit that is late already may stay as late as it is
            stop = next(s for s in before.routes[present].stops if s.visit_id == visit.pk)
        _refuse_unknown(engineer, before)
        candidate = candidate_for(stop, before, engineer.pk)
        if not candidate.feasible:
            _refuse(candidate.reasons)
        touched = {engineer.pk} | ({present} if isinstance(present, int) else set())
        write_routes(
            city=visit.city,
            on=visit.on,
            before=before,
            after=insert(stop, before, candidate),
            engineer_ids=touched,
            new=[stop],
        )
        visit.refresh_from_db()
    from_status = visit.status
    visit.confirm()
    visit.confirmed_at, visit.at_risk_at = at, None
    visit.save(update_fields=["status", "confirmed_at", "at_risk_at"])
    stop_clock(subject=visit, target_key=ASSIGN_WITHIN, at=at)
    record(visit, "confirmed", by=by, at=at, from_status=from_status, data={"engineer": engineer.pk})
    visit_confirmed.send(sender=Visit, visit=visit, by=by, at=at)
    return visit


def _refuse(reasons: Sequence[Reason]) -> None:
    if reasons:
        raise Conflict(
            " ".join(sentence(reason) for reason in reasons),
            field="engineer",
            code="not_a_candidate",
            details={"reasons": [str(reason.code) for reason in reasons]},
        )


def _refuse_unknown(engineer: Engineer, plan: DayPlan) -> None:
    try:
        plan.day(engineer.pk)
    except KeyError:
        raise Conflict(
            _("This engineer does not work for us any more."), field="engineer", code="engineer_gone"
        ) from None
