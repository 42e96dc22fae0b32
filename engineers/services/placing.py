"""A wanted time in an engineer's route: the nearest place that keeps every promise, or why there is none."""

from collections.abc import Sequence
from typing import Any

from django.utils.translation import gettext_lazy as _

from engineers.dispatch import Candidate, DayPlan, Reason, Stop, candidate_for
from engineers.dispatch.placing import nearest, nearest_of_each, spots
from engineers.models import Engineer, Visit
from engineers.planning import CityClock
from engineers.selectors.candidates import wording_of
from repairhub.core.errors import Conflict
from repairhub.core.moments import format_time

NEAREST_TIMES = 4


def placed(*, stop: Stop, visit: Visit, plan: DayPlan, engineer: Engineer, wanted: int) -> Candidate:
    """The place in the engineer's route that begins nearest to that second of the day.

    Raises Conflict where the time lies outside what was promised, and where the engineer has no place for the
    visit: with the engine's reasons, and in `details["times"]` who could begin when, nearest first.
    """
    if not stop.window_start <= wanted <= stop.deadline:
        raise _outside_the_promise(stop, visit, plan, wanted)
    spot = nearest(spots(stop, plan, engineer.pk), wanted)
    if spot is None:
        reasons = candidate_for(stop, plan, engineer.pk).reasons
        raise _refusal(reasons, nearest_times(stop, visit, plan, wanted))
    return spot.candidate(stop)


def nearest_times(stop: Stop, visit: Visit, plan: DayPlan, wanted: int) -> list[dict[str, Any]]:
    """Who could begin it when, nearest to that second first: engineer, name, start ("10:35"). One query."""
    clock = CityClock.of(visit.city, visit.on)
    found = nearest_of_each(stop, plan, wanted, NEAREST_TIMES)
    people = Engineer.objects.select_related("user").in_bulk([int(str(spot.engineer_id)) for spot in found])
    return [
        {
            "engineer": int(str(spot.engineer_id)),
            "name": people[int(str(spot.engineer_id))].user.name,
            "start": format_time(clock.moment(spot.start), visit.city),
        }
        for spot in found
    ]


def refuse(reasons: Sequence[Reason]) -> None:
    """Raises Conflict with these reasons in sentences; nothing where there are none."""
    if reasons:
        raise _refusal(reasons, [])


def _refusal(reasons: Sequence[Reason], times: list[dict[str, Any]]) -> Conflict:
    wording = wording_of(reasons)
    details: dict[str, Any] = {"reasons": [str(reason.code) for reason in reasons]}
    return Conflict(
        " ".join(wording.sentence(reason) for reason in reasons),
        field="engineer",
        code="not_a_candidate",
        next_step=_("These could begin nearest to that time.") if times else "",
        details={**details, "times": times} if times else details,
    )


def _outside_the_promise(stop: Stop, visit: Visit, plan: DayPlan, wanted: int) -> Conflict:
    clock = CityClock.of(visit.city, visit.on)
    return Conflict(
        _("%(window)s is promised to the customer, so the visit cannot begin at %(wanted)s.")
        % {
            "window": f"{format_time(visit.window_start_at, visit.city)}–"
            f"{format_time(visit.window_end_at, visit.city)}",
            "wanted": format_time(clock.moment(wanted), visit.city),
        },
        field="start",
        code="outside_window",
        next_step=_(
            "The promised window is never moved here: another one is a proposal that the customer accepts. "
            "Within the window these times are possible."
        ),
        details={"times": nearest_times(stop, visit, plan, wanted)},
    )
