"""At the door: the customer lets the engineer begin, parts in and out, the condition at the end.

Every verb locks in the order of the house: the city's day, the order, the visit, the stock.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from engineers.models import Engineer, Visit
from engineers.services import doorstep
from engineers.services.routes import lock_city_day
from orders import ports
from orders.models import Fitting, HandOver, HandOverPhoto, OrderContact, QuoteLine, RepairOrder
from orders.services.pins import guess_pin
from orders.services.scanning import check_unit
from orders.services.telling import contact_address
from orders.services.timeline import append_event
from orders.services.visits import approved_quote
from orders.services.working import link_of, lock_at_work, lock_to_begin
from orders.signals import order_completed, rework_finished
from orders.states import OldPartFate, OrderStatus, Stage, VisitPurpose
from parts.services.stock import find_unit, fit_unit, normal_serial
from repairhub.accounts.services.codes import prove_address, send_code
from repairhub.core.errors import Conflict, DomainError, InvalidInput
from repairhub.core.photos import CleanPhoto, clean_photos
from repairhub.notifications.addresses import Address

MOST_PHOTOS = 6


def door_contacts(order: RepairOrder) -> list[OrderContact]:
    """The proved contacts that a door code can go to."""
    return list(order.contacts.exclude(proved_at=None))


def send_door_code(*, order: RepairOrder, visit: Visit, by: Any, at: datetime) -> list[Address]:
    """Sends a door code to every proved contact, for customers who lost the PIN. Returns where it went.

    A contact that cannot be reached does not keep the code from the other one. Raises NotAllowed for another
    engineer, Conflict before the arrival and after the start, TooMany when asked too often.
    """
    visit = _at_the_door(order, visit, by)
    if visit.started_at is not None:
        raise Conflict(
            _("The work has already started, so no door code is needed."),
            code="already_started",
            next_step=_("Go on with the repair."),
        )
    sent: list[Address] = []
    refusals: list[DomainError] = []
    for contact in _reachable(order):
        address = contact_address(contact)
        try:
            send_code(
                address=address, purpose="door", language=order.language, at=at, client=f"door:{order.pk}"
            )
        except DomainError as error:
            refusals.append(error)
        else:
            sent.append(address)
    if not sent:
        raise refusals[0]
    return sent


def start_with_pin(*, order: RepairOrder, visit: Visit, pin: str, by: Any, at: datetime) -> RepairOrder:
    """The order in repair: the customer's PIN was right.

    A wrong guess is counted before it is refused, so this must not run inside another transaction
    (RuntimeError). After five only a door code opens. Raises InvalidInput (field "pin"), TooMany, Conflict,
    NotAllowed.
    """
    visit = _at_the_door(order, visit, by)
    if visit.started_at is not None:
        return RepairOrder.objects.get(pk=order.pk)  # pressed twice
    with transaction.atomic(durable=True):
        refusal = guess_pin(order=order, pin=pin)
    if refusal is not None:
        raise refusal
    return _start(order=order, visit=visit, how="pin", by=by, at=at)


def start_with_code(*, order: RepairOrder, visit: Visit, code: str, by: Any, at: datetime) -> RepairOrder:
    """The order in repair: the door code that went to a contact was right.

    Raises InvalidInput (field "code") with the tries that are left, Conflict, NotAllowed.
    """
    visit = _at_the_door(order, visit, by)
    if visit.started_at is not None:
        return RepairOrder.objects.get(pk=order.pk)
    refusals: list[DomainError] = []
    for contact in _reachable(order):
        try:
            prove_address(address=contact_address(contact), code=code, purpose="door", at=at)
        except DomainError as error:
            refusals.append(error)
        else:
            return _start(order=order, visit=visit, how="door_code", by=by, at=at)
    # of two contacts, the one whose code can still be entered says what to do
    raise max(refusals, key=lambda error: int(error.details.get("attempts_left", 0)))


def lines_to_fit(order: RepairOrder, visit: Visit) -> list[QuoteLine]:
    """The lines of the approved quote that this visit has to do: those not done before, or the rework's.

    Done is a line whose new part is in and whose old part is recorded; one put back or dead never counts.
    """
    lines = list(approved_quote(order).lines.all())
    if link_of(order, visit).purpose == VisitPurpose.REWORK:
        again = ports.rework_lines(order, visit)
        return [line for line in lines if line.pk in again]
    before = Fitting.objects.standing().filter(order=order, removed_at__isnull=False).exclude(visit=visit)
    done_before = set(before.values_list("line_id", flat=True))
    return [line for line in lines if line.pk not in done_before]


def fittings_at(order: RepairOrder, visit: Visit) -> QuerySet[Fitting]:
    """What counts as fitted at this visit: a rework begins anew, a repair goes on from the last visit."""
    fittings = Fitting.objects.standing().filter(order=order)
    is_rework = link_of(order, visit).purpose == VisitPurpose.REWORK
    return fittings.filter(visit=visit) if is_rework else fittings


@transaction.atomic
def fit_part(
    *, order: RepairOrder, visit: Visit, line: QuoteLine, serial: str, by: Any, at: datetime
) -> Fitting:
    """The unit with this serial, in the phone: its grade, component and fit are those of the approved line.

    Refused before the phone is opened where they differ. The same serial for the same line again changes
    nothing. Raises InvalidInput (fields "serial", "line"), Conflict (field "serial"), NotAllowed.
    """
    order, visit = lock_at_work(order=order, visit=visit, by=by)
    if line.pk not in {candidate.pk for candidate in lines_to_fit(order, visit)}:
        raise InvalidInput(
            _("This line is not part of today's work."),
            field="line",
            code="not_in_this_visit",
            next_step=_("Reload the page to see what is next."),
        )
    unit = find_unit(serial)
    present = fittings_at(order, visit).filter(line=line).select_related("unit").first()
    if present is not None:
        if present.unit_id == unit.pk:
            return present
        raise Conflict(
            _("The part %(serial)s is already in for this line.") % {"serial": present.unit.serial},
            field="serial",
            code="already_fitted",
            next_step=_("If it does not stay in, say so under “Today’s work”, then scan another."),
        )
    part = unit.lot.part
    check_unit(unit=unit, line=line, order=order, engineer=_engineer(visit), on=visit.on)
    unit = fit_unit(unit=unit, reference=order.reference, by=by, at=at)
    fitting = Fitting.objects.create(
        order=order, line=line, visit=visit, engineer=_engineer(visit), unit=unit, fitted_at=at
    )
    append_event(
        order,
        "part_in",
        by=by,
        at=at,
        payload={
            "serial": unit.serial,
            "grade": part.grade,
            "part_en": part.name_en,
            "part_zh": part.name_zh,
        },
    )
    return fitting


@transaction.atomic
def take_out_part(
    *, fitting: Fitting, serial: str, fate: str, by: Any, at: datetime, visit: Visit | None = None
) -> Fitting:
    """The fitting with the old part's serial ("none" where it has none) and what becomes of it.

    `visit`: the one under way, where an earlier one fitted the part and ended before this was recorded.
    The same again changes nothing. Raises InvalidInput (fields "old_serial", "fate"), Conflict (field
    "old_serial") where something else was recorded before, NotAllowed.
    """
    order, visit = lock_at_work(order=fitting.order, visit=visit or fitting.visit, by=by)
    present = fittings_at(order, visit).select_related("unit").filter(pk=fitting.pk).first()
    if present is None:
        raise Conflict(
            _("This part is not part of today's work."),
            field="old_serial",
            code="not_in_this_visit",
            next_step=_("Reload the page to see what is next."),
        )
    fitting = present
    serial = serial.strip()[:60]
    if not serial:
        raise InvalidInput(
            _("Enter the old part's serial, or “none” where it has none."),
            field="old_serial",
            code="required",
        )
    if normal_serial(serial) == fitting.unit.serial:
        raise InvalidInput(
            _("%(serial)s is the new part, the one that goes in.") % {"serial": fitting.unit.serial},
            field="old_serial",
            code="new_part",
            next_step=_("Enter what stands on the old part, or “none”."),
        )
    if fate not in OldPartFate.values:
        raise InvalidInput(_("Ask the customer what becomes of the old part."), field="fate", code="required")
    if fitting.removed_at is not None:
        if (fitting.old_part_serial, fitting.old_part_fate) == (serial, fate):
            return fitting
        raise Conflict(
            _("The old part is recorded already: %(serial)s, %(fate)s.")
            % {"serial": fitting.old_part_serial, "fate": fitting.get_old_part_fate_display()},
            field="old_serial",
            code="already_out",
            next_step=_("If that is wrong, say so in the note at the end."),
        )
    fitting.old_part_serial, fitting.old_part_fate, fitting.removed_at = serial, fate, at
    fitting.save(update_fields=["old_part_serial", "old_part_fate", "removed_at"])
    append_event(order, "part_out", by=by, at=at, payload={"serial": serial, "fate": fate})
    return fitting


def finish_repair(
    *,
    order: RepairOrder,
    visit: Visit,
    photos: Sequence["UploadedFile[Any]"],
    note: str,
    by: Any,
    at: datetime,
) -> RepairOrder:
    """The order completed (or its rework finished), the visit done, the warranties issued: all or nothing.

    Needs every line fitted, every old part out and a photo of the phone's condition. Once finished, it stays
    so: again changes nothing. Raises InvalidInput (field "photo"), Conflict naming what is missing.
    """
    if not _finished_already(order, visit, by):
        # photos are decoded before anything is locked: that takes a second, and others wait for the day
        clean = _checked_photos(photos)
        stored: list[HandOverPhoto] = []
        try:
            _finish(order=order, visit=visit, photos=clean, stored=stored, note=note, by=by, at=at)
        except Exception:
            for photo in stored:  # the rows are rolled back, and their files go with them
                photo.image.storage.delete(str(photo.image.name))
            raise
    return RepairOrder.objects.get(pk=order.pk)


@transaction.atomic
def _finish(
    *,
    order: RepairOrder,
    visit: Visit,
    photos: Sequence[CleanPhoto],
    stored: list[HandOverPhoto],
    note: str,
    by: Any,
    at: datetime,
) -> None:
    lock_city_day(visit.city, visit.on)
    if _finished_already(order, visit, by):
        return  # the other of two clicks was first
    order, visit = lock_at_work(order=order, visit=visit, by=by, changes_route=True)
    _check_lines_done(order, visit)
    hand_over = HandOver.objects.create(
        order=order, visit=visit, stage=Stage.END, note=note.strip()[:500], by=by, at=at
    )
    for photo in photos:
        row = HandOverPhoto(hand_over=hand_over, image=photo.content, digest=photo.digest)
        stored.append(row)
        row.save()
    doorstep.finish_visit(visit=visit, by=by, at=at)
    if link_of(order, visit).purpose == VisitPurpose.REWORK:
        append_event(order, "rework_finished", by=by, at=at)
        rework_finished.send(sender=RepairOrder, order=order, visit=visit, by=by, at=at)
        return
    order.complete()
    order.completed_at = order.ended_at = at
    order.save(update_fields=["status", "completed_at", "ended_at"])
    append_event(order, "completed", by=by, at=at)
    order_completed.send(sender=RepairOrder, order=order, visit=visit, by=by, at=at)


def _checked_photos(photos: Sequence["UploadedFile[Any]"]) -> list[CleanPhoto]:
    if not photos:
        raise InvalidInput(
            _("Take a photo of the phone as you hand it back."), field="photo", code="required"
        )
    if len(photos) > MOST_PHOTOS:
        raise InvalidInput(
            ngettext("Send at most %(most)d photo.", "Send at most %(most)d photos.", MOST_PHOTOS)
            % {"most": MOST_PHOTOS},
            field="photo",
            code="too_many",
            next_step=_("Choose the ones that show the phone best."),
        )
    return clean_photos(photos, field="photo")


def _check_lines_done(order: RepairOrder, visit: Visit) -> None:
    fittings = {fitting.line_id: fitting for fitting in fittings_at(order, visit)}
    for line in lines_to_fit(order, visit):
        if line.pk not in fittings:
            raise Conflict(
                _("No part is in yet for: %(repair)s.") % {"repair": line.repair.name},
                code="line_not_fitted",
                next_step=_("Scan the new part first, or report that it cannot be completed."),
            )
        if fittings[line.pk].removed_at is None:
            raise Conflict(
                _("The old part is not recorded yet for: %(repair)s.") % {"repair": line.repair.name},
                code="old_part_missing",
                next_step=_("Enter the old part's serial and what becomes of it."),
            )


@transaction.atomic
def _start(*, order: RepairOrder, visit: Visit, how: str, by: Any, at: datetime) -> RepairOrder:
    order, visit = lock_to_begin(order=order, visit=visit, by=by)
    if visit.started_at is not None:
        return order
    doorstep.start_visit(visit=visit, by=by, at=at)
    if order.status == OrderStatus.BOOKED:
        order.start()
        order.save(update_fields=["status"])
    append_event(order, "started", by=by, at=at, payload={"how": how})
    return order


def _at_the_door(order: RepairOrder, visit: Visit, by: Any) -> Visit:
    """A first look without the order's lock: whoever does not belong here is refused before all else."""
    link_of(order, visit)
    return doorstep.check_on_site(visit=visit, by=by)


def _reachable(order: RepairOrder) -> list[OrderContact]:
    contacts = door_contacts(order)
    if not contacts:
        raise Conflict(
            _("The order has no contact that a door code could go to."),
            code="no_contact",
            next_step=_("Call the dispatcher."),
        )
    return contacts


def _finished_already(order: RepairOrder, visit: Visit, by: Any) -> bool:
    return HandOver.objects.filter(order=order, visit=visit, stage=Stage.END, by=by).exists()


def _engineer(visit: Visit) -> Engineer:
    if visit.engineer is None:  # a visit on site has one, by constraint
        raise RuntimeError(f"visit {visit.reference} is under way without an engineer")
    return visit.engineer
