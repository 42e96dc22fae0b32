"""Dispatching: a person at the desk names the engineer. Who is not qualified or not free is refused."""

from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from engineers.dispatch import DayPlan, candidate_for, insert, qualification
from engineers.dispatch.explain import presence
from engineers.models import Engineer, Visit
from engineers.planning import CityClock, city_today, load_plans, stop_for
from engineers.selectors.candidates import still_owed
from engineers.services.events import record
from engineers.services.moves import announce_in_time_again, in_time_again
from engineers.services.placing import placed, refuse
from engineers.services.planning import ASSIGN_WITHIN
from engineers.services.routes import lock_city_day, locked_visit, write_routes
from engineers.signals import visit_confirmed, visit_in_time_again
from engineers.states import MOVABLE, VisitStatus
from repairhub.core.errors import Conflict, InvalidInput
from repairhub.sla.services.clocks import stop_clock


@transaction.atomic
def dispatch_visit(
    *,
    visit: Visit,
    engineer: Engineer,
    by: Any,
    at: datetime,
    seen: str | None = None,
    start_at: datetime | None = None,
) -> Visit:
    """The visit, confirmed with this engineer and written into the route.

    Where in the route: with the least driving, or as near to `start_at` as every promise lets it.
    The same engineer named again changes nothing (`move_visit` changes the place in a route). `seen` is the
    `standing` that the decision was made on: where somebody else has decided meanwhile, their word stands.
    Raises Conflict for that, where the visit is under way or ended or its day is over, and where the engineer
    is unqualified, off or busy: with the engine's reasons in sentences. A visit in no route that is at risk
    or whose window has passed, and that nobody can keep, goes to whoever arrives first; it stays at risk, and
    its promise stands as it was made.
    """
    lock_city_day(visit.city, visit.on)
    visit = locked_visit(visit)
    if visit.status == VisitStatus.CONFIRMED and visit.engineer_id == engineer.pk:
        return visit
    check_may_change(visit, engineer, at)
    if seen is not None and seen != visit.standing:
        raise decided_meanwhile(visit)
    if engineer.city_id != visit.city_id:
        raise InvalidInput(_("This engineer works in another city."), field="engineer", code="other_city")
    here = (visit.latitude, visit.longitude)
    before = load_plans(visit.city, visit.on, visit.on, at, places=[here])[visit.on]
    present = before.engineer_of(visit.pk)
    clock = CityClock.of(visit.city, visit.on)
    stop = stop_for(visit, clock, at)
    if present == engineer.pk:
        # no route changes; but a certificate may have lapsed since it was planned, or the shift be gone
        day = before.day(engineer.pk)
        away = presence(stop, day)
        refuse([*qualification(stop, day), *([away] if away else [])])
        after = before
    else:
        if present is not None:
            # as the plan has it: a visit that is late already may stay as late as it is
            stop = next(s for s in before.routes[present].stops if s.visit_id == visit.pk)
        stop = still_owed(stop, visit, before, at)
        refuse_unknown(engineer, before)
        if start_at is not None:
            wanted = clock.seconds(start_at)
            candidate = placed(stop=stop, visit=visit, plan=before, engineer=engineer, wanted=wanted)
        else:
            candidate = candidate_for(stop, before, engineer.pk)
            if not candidate.feasible:
                refuse(candidate.reasons)
        touched = {engineer.pk} | ({present} if isinstance(present, int) else set())
        after = insert(stop, before, candidate)
        write_routes(
            city=visit.city, on=visit.on, before=before, after=after, engineer_ids=touched, new=[stop]
        )
        visit.refresh_from_db()
    from_status = visit.status
    visit.confirm()
    visit.confirmed_at = at
    start = next(p.start for p in after.planned(engineer.pk) if p.visit_id == visit.pk)
    is_saved = visit.at_risk_at is not None and start <= stop.window_end
    if start <= stop.window_end:
        visit.at_risk_at = None  # this engineer can keep the window
    elif visit.at_risk_at is None:
        visit.at_risk_at = at
    visit.save(update_fields=["status", "confirmed_at", "at_risk_at"])
    stop_clock(subject=visit, target_key=ASSIGN_WITHIN, at=at)
    record(
        visit,
        "confirmed",
        by=by,
        at=at,
        from_status=from_status,
        data={"engineer": engineer.pk, "before": present},
    )
    if is_saved:
        visit_in_time_again.send(sender=Visit, visit=visit, by=by, at=at)
    announce_in_time_again(in_time_again(before, after), by=by, at=at)  # what it leaves behind
    visit_confirmed.send(sender=Visit, visit=visit, by=by, at=at)
    return visit


def check_may_change(visit: Visit, engineer: Engineer, at: datetime) -> None:
    """Raises Conflict where the visit is under way, ended, pinned to somebody else, or its day is over."""
    if visit.status not in MOVABLE:
        raise Conflict(
            _("Visit %(reference)s can no longer change engineer: %(status)s.")
            % {"reference": visit.reference, "status": visit.get_status_display()},
            code="visit_not_movable",
            next_step=_("Reload the board to see where it stands."),
        )
    if visit.is_pinned and visit.engineer is not None and visit.engineer_id != engineer.pk:
        raise Conflict(
            _("Visit %(reference)s is pinned to %(engineer)s.")
            % {"reference": visit.reference, "engineer": visit.engineer.user.name},
            field="engineer",
            code="pinned",
            next_step=_("Take the pin off first: then somebody else can be named."),
        )
    if visit.on < city_today(visit.city, at):
        # for the tentative engineer too: nobody can set out on a day that is over, and the customer would be
        # told of somebody who never comes
        raise Conflict(
            _("The day of this visit is over, so nobody can be named for it any more."),
            field="engineer",
            code="day_over",
            next_step=_("Please call the customer: on the order's page another window can be chosen."),
        )


def decided_meanwhile(visit: Visit) -> Conflict:
    """The one clear message for whoever decided on what is no longer so: who has done what."""
    facts = {"reference": visit.reference, "engineer": visit.engineer.user.name if visit.engineer else ""}
    decided = visit.events.filter(kind="confirmed").select_related("by").last()
    if visit.status == VisitStatus.CONFIRMED and decided is not None and decided.by is not None:
        message = _("%(who)s has confirmed visit %(reference)s with %(engineer)s meanwhile.") % {
            **facts,
            "who": decided.by.name,
        }
    elif visit.engineer is not None:
        message = _("Visit %(reference)s has been given to %(engineer)s meanwhile.") % facts
    else:
        message = _("Visit %(reference)s has lost its engineer meanwhile.") % facts
    return Conflict(
        message,
        field="engineer",
        code="decided_meanwhile",
        next_step=_("Nothing was changed. Look at it as it stands now, then decide."),
    )


def refuse_unknown(engineer: Engineer, plan: DayPlan) -> None:
    """Raises Conflict for somebody who is not of the plan: they have left."""
    try:
        plan.day(engineer.pk)
    except KeyError:
        raise Conflict(
            _("This engineer does not work for us any more."), field="engineer", code="engineer_gone"
        ) from None
