"""A new part that was scanned and does not stay in the phone: put back, or dead on arrival.

Every verb locks in the order of the house: the city's day, the order, the visit, the stock.
"""

from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from engineers.models import Visit
from engineers.states import CannotCompleteReason
from orders.models import Fitting, RepairOrder
from orders.services.door import fittings_at, lines_to_fit
from orders.services.timeline import append_event
from orders.services.working import lock_at_work
from orders.states import VoidReason
from parts.services.stock import put_back_unit, quarantine_unit
from repairhub.core.errors import Conflict

EVENTS = {VoidReason.NOT_FITTED: "part_put_back", VoidReason.DEAD_ON_ARRIVAL: "part_dead"}
# the codes of refusals that ask for a part to be settled first
UNSETTLED = ("part_undecided", "which_part")


@transaction.atomic
def put_back_part(*, fitting: Fitting, visit: Visit, by: Any, at: datetime) -> Fitting:
    """The fitting, void: the scanned part does not go in after all, and lies again where it was taken from.

    `visit`: the one under way. The line can be fitted anew in it; an old part that was recorded as out goes
    back in. The same again changes nothing. Raises Conflict for a part that is void for another reason or
    does not count at this visit, NotAllowed.
    """
    return _take_back(fitting, visit, VoidReason.NOT_FITTED, by, at)


@transaction.atomic
def report_dead_part(*, fitting: Fitting, visit: Visit, by: Any, at: datetime) -> Fitting:
    """The fitting, void: the new part does not work, and lies in the city's quarantine.

    `visit`: the one under way. The next part can be scanned for the line in it; that is no rework. The same
    again changes nothing. Raises as `put_back_part` does.
    """
    return _take_back(fitting, visit, VoidReason.DEAD_ON_ARRIVAL, by, at)


def settle_parts(*, order: RepairOrder, visit: Visit, by: Any, at: datetime) -> None:
    """Of every part that a visit without the repair leaves behind, it is known whether it is in the phone.

    For the transaction that ends the visit, with the order's row locked. Where the visit ended because the
    new part was faulty and only one can be meant, that one is void. Raises Conflict (field "reason") while a
    part's place is open, or while nobody has said which of several is faulty.
    """
    if visit.started_at is None:
        return  # nothing can be recorded before the start
    if visit.end_reason == CannotCompleteReason.PART_FAULTY:
        dead = _meant_as_faulty(order, visit)
        if dead is not None:
            _void(order, dead, VoidReason.DEAD_ON_ARRIVAL, by, at)
    pending = fittings_at(order, visit).filter(removed_at=None).select_related("unit").first()
    if pending is not None:
        raise Conflict(
            _("Is %(serial)s in the phone?") % {"serial": pending.unit.serial},
            field="reason",
            code="part_undecided",
            next_step=_("Record the old part, or put the new one back."),
        )


def _meant_as_faulty(order: RepairOrder, visit: Visit) -> Fitting | None:
    """The part that the visit's end calls faulty; None where it was reported before, or never scanned."""
    here = Fitting.objects.filter(order=order, visit=visit)
    reported = here.void().filter(void_reason=VoidReason.DEAD_ON_ARRIVAL).values_list("line_id", flat=True)
    made: list[Fitting] = list(here.standing().select_related("unit__lot__part"))
    if not made or set(reported) - {fitting.line_id for fitting in made}:
        return None
    if len(made) == 1 and not reported and _is_all_the_work(made[0], order, visit):
        return made[0]
    # a part that is in and works must not be booked out of the phone by a guess
    raise Conflict(
        _("Which new part is faulty?"),
        field="reason",
        code="which_part",
        next_step=_("Report it as dead on arrival under “Today’s work”; scan it first if it is not there."),
    )


def _is_all_the_work(fitting: Fitting, order: RepairOrder, visit: Visit) -> bool:
    return fitting.removed_at is None or len(lines_to_fit(order, visit)) == 1


def _take_back(fitting: Fitting, visit: Visit, reason: VoidReason, by: Any, at: datetime) -> Fitting:
    order, visit = lock_at_work(order=fitting.order, visit=visit, by=by)
    fitting = Fitting.objects.select_related("unit__lot__part").get(pk=fitting.pk)
    if fitting.void_reason == reason:
        return fitting  # pressed twice
    if fitting.is_void:
        raise Conflict(
            _("Part %(serial)s is out already: %(reason)s.")
            % {"serial": fitting.unit.serial, "reason": fitting.get_void_reason_display()},
            code="already_void",
            next_step=_("Reload the page to see what is next."),
        )
    if not fittings_at(order, visit).filter(pk=fitting.pk).exists():
        raise Conflict(
            _("This part is not part of today's work."),
            code="not_in_this_visit",
            next_step=_("Reload the page to see what is next."),
        )
    return _void(order, fitting, reason, by, at)


def _void(order: RepairOrder, fitting: Fitting, reason: VoidReason, by: Any, at: datetime) -> Fitting:
    unit, part = fitting.unit, fitting.unit.lot.part
    if reason == VoidReason.DEAD_ON_ARRIVAL:
        quarantine_unit(unit=unit, city=order.city, reference=order.reference, by=by, at=at)
    else:
        put_back_unit(unit=unit, reference=order.reference, by=by, at=at)
    fitting.voided_at, fitting.void_reason = at, reason
    fitting.save(update_fields=["voided_at", "void_reason"])
    append_event(
        order,
        EVENTS[reason],
        by=by,
        at=at,
        payload={
            "serial": unit.serial,
            "part_en": part.name_en,
            "part_zh": part.name_zh,
            "old_part_back": fitting.removed_at is not None,
        },
    )
    return fitting
