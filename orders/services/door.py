"""At the door: the customer lets the engineer begin, parts in and out, the condition at the end."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.db.models import F
from django.utils.translation import gettext_lazy as _

from engineers.models import BrandAuthorisation, Visit
from engineers.services import doorstep
from engineers.services.routes import lock_city_day
from orders import ports
from orders.links import is_pin_of
from orders.models import Fitting, HandOver, HandOverPhoto, OrderContact, OrderVisit, QuoteLine, RepairOrder
from orders.services.telling import contact_address
from orders.services.timeline import append_event
from orders.services.visits import approved_quote
from orders.signals import order_completed, rework_finished
from orders.states import OldPartFate, OrderStatus, Stage, VisitPurpose
from parts.services.stock import find_unit, fit_unit
from repairhub.accounts.services.codes import prove_address, send_code
from repairhub.core.errors import Conflict, DomainError, InvalidInput, TooMany
from repairhub.core.photos import clean_photo
from repairhub.notifications.addresses import Address

PIN_GUESSES = 5


def door_contacts(order: RepairOrder) -> list[OrderContact]:
    """The proved contacts that a door code can go to."""
    return list(order.contacts.exclude(proved_at=None))


def send_door_code(*, order: RepairOrder, visit: Visit, by: Any, at: datetime) -> list[Address]:
    """Sends a door code to every proved contact, for customers who lost the PIN. Returns where it went.

    Raises NotAllowed for another engineer, Conflict before the arrival, TooMany when asked too often.
    """
    _standing_at_the_door(order, visit, by)
    addresses = [contact_address(contact) for contact in door_contacts(order)]
    for address in addresses:
        send_code(address=address, purpose="door", language=order.language, at=at, client=f"door:{order.pk}")
    return addresses


def start_with_pin(*, order: RepairOrder, visit: Visit, pin: str, by: Any, at: datetime) -> RepairOrder:
    """The order in repair: the customer's PIN was right.

    After five wrong guesses only a door code opens. Raises InvalidInput (field "pin"), TooMany, Conflict.
    """
    _standing_at_the_door(order, visit, by)
    with transaction.atomic():
        # the guess is counted in a transaction of its own, so that a refusal does not undo the count
        locked = RepairOrder.objects.select_for_update().get(pk=order.pk)
        if locked.pin_failures >= PIN_GUESSES:
            refusal: DomainError | None = TooMany(
                _("The PIN was wrong too often and is closed."),
                field="pin",
                code="pin_closed",
                next_step=_("Send a door code to the customer instead."),
            )
        elif is_pin_of(locked, pin):
            refusal = None
            RepairOrder.objects.filter(pk=order.pk).update(pin_failures=0)
        else:
            RepairOrder.objects.filter(pk=order.pk).update(pin_failures=F("pin_failures") + 1)
            left = PIN_GUESSES - locked.pin_failures - 1
            refusal = InvalidInput(
                _("This is not the customer's PIN; %(left)d tries are left.") % {"left": left},
                field="pin",
                code="wrong_pin",
                next_step=_("Ask for the six digits from the booking, or send a door code."),
            )
    if refusal is not None:
        raise refusal
    return _start(order=order, visit=visit, how="pin", by=by, at=at)


def start_with_code(*, order: RepairOrder, visit: Visit, code: str, by: Any, at: datetime) -> RepairOrder:
    """The order in repair: the door code that went to a contact was right. Raises InvalidInput (field "code")."""
    _standing_at_the_door(order, visit, by)
    refusal: DomainError | None = None
    for contact in door_contacts(order):
        try:
            prove_address(address=contact_address(contact), code=code, purpose="door", at=at)
        except DomainError as error:
            refusal = error
        else:
            return _start(order=order, visit=visit, how="door_code", by=by, at=at)
    raise refusal or InvalidInput(
        _("No door code was sent."), field="code", code="no_code", next_step=_("Send one first.")
    )


def lines_to_fit(order: RepairOrder, visit: Visit) -> list[QuoteLine]:
    """The lines of the approved quote that this visit has to fit: those not fitted yet, or the rework's."""
    link = OrderVisit.objects.get(order=order, visit=visit)
    lines = list(approved_quote(order).lines.all())
    if link.purpose == VisitPurpose.REWORK:
        again = ports.rework_lines(order, visit)
        return [line for line in lines if line.pk in again]
    fitted_before = set(
        Fitting.objects.filter(order=order).exclude(visit=visit).values_list("line_id", flat=True)
    )
    return [line for line in lines if line.pk not in fitted_before]


@transaction.atomic
def fit_part(
    *, order: RepairOrder, visit: Visit, line: QuoteLine, serial: str, by: Any, at: datetime
) -> Fitting:
    """The unit with this serial, in the phone: its grade, component and fit are those of the approved line.

    Refused before the phone is opened where they differ. The same serial for the same line again changes
    nothing. Raises InvalidInput (field "serial"), Conflict, NotAllowed.
    """
    visit = _working(order, visit, by)
    order = RepairOrder.objects.select_for_update().select_related("device_model__brand").get(pk=order.pk)
    if line.pk not in {candidate.pk for candidate in lines_to_fit(order, visit)}:
        raise InvalidInput(
            _("This line is not part of today's work."), field="line", code="not_in_this_visit"
        )
    unit = find_unit(serial)
    present = Fitting.objects.filter(line=line, visit=visit).select_related("unit").first()
    if present is not None:
        if present.unit_id == unit.pk:
            return present
        raise Conflict(
            _("The part %(serial)s is already in for this line.") % {"serial": present.unit.serial},
            field="serial",
            code="already_fitted",
        )
    part = unit.lot.part
    if part.grade != line.grade:
        raise InvalidInput(
            _("The customer was promised “%(promised)s”; this part is “%(scanned)s”.")
            % {"promised": line.get_grade_display(), "scanned": part.get_grade_display()},
            field="serial",
            code="wrong_grade",
            next_step=_("Do not open the phone. Take a part of the promised grade."),
        )
    if part.component_id != line.part.component_id or not part.fits.filter(pk=order.device_model_id).exists():
        raise InvalidInput(
            _("%(part)s does not fit: it takes a part for %(component)s of %(model)s.")
            % {
                "part": part.name,
                "component": line.part.component.name,
                "model": order.device_model.name,
            },
            field="serial",
            code="does_not_fit",
            next_step=_("Do not open the phone. Take the right part."),
        )
    if part.needs_brand_authorisation:
        _check_authorisation(order, visit, at)
    fit_unit(unit=unit, reference=order.reference, by=by, at=at)
    fitting = Fitting.objects.create(
        order=order, line=line, visit=visit, engineer=visit.engineer, unit=unit, fitted_at=at
    )
    append_event(
        order,
        "part_in",
        by=by,
        at=at,
        payload={"serial": unit.serial, "grade": part.grade, "part_en": part.name_en, "part_zh": part.name_zh},
    )
    return fitting


@transaction.atomic
def take_out_part(*, fitting: Fitting, serial: str, fate: str, by: Any, at: datetime) -> Fitting:
    """The fitting with the old part's serial ("none" where it has none) and what becomes of it.

    Raises InvalidInput (fields "old_serial", "fate").
    """
    _working(fitting.order, fitting.visit, by)
    fitting = Fitting.objects.select_for_update().get(pk=fitting.pk)
    if not serial.strip():
        raise InvalidInput(
            _("Enter the old part's serial, or “none” where it has none."), field="old_serial", code="required"
        )
    if fate not in OldPartFate.values:
        raise InvalidInput(_("Ask the customer what becomes of the old part."), field="fate", code="required")
    if fitting.removed_at is not None:
        return fitting
    order = RepairOrder.objects.select_for_update().get(pk=fitting.order_id)
    fitting.old_part_serial, fitting.old_part_fate, fitting.removed_at = serial.strip()[:60], fate, at
    fitting.save(update_fields=["old_part_serial", "old_part_fate", "removed_at"])
    append_event(order, "part_out", by=by, at=at, payload={"serial": fitting.old_part_serial, "fate": fate})
    return fitting


@transaction.atomic
def finish_repair(
    *, order: RepairOrder, visit: Visit, photos: Sequence[UploadedFile], note: str, by: Any, at: datetime
) -> RepairOrder:
    """The order completed (or its rework finished), the visit done, the warranties issued: all or nothing.

    Needs every line fitted, every old part out and a photo of the phone's condition. Raises InvalidInput
    (field "photo"), Conflict naming what is missing.
    """
    lock_city_day(visit.city, visit.on)
    if _finished_already(order, visit, by):
        return order
    visit = _working(order, visit, by)
    order = RepairOrder.objects.select_for_update().select_related("device_model", "city").get(pk=order.pk)
    fittings = {f.line_id: f for f in Fitting.objects.filter(order=order, visit=visit)}
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
    if not photos:
        raise InvalidInput(_("Take a photo of the phone as you hand it back."), field="photo", code="required")
    hand_over = HandOver.objects.create(
        order=order, visit=visit, stage=Stage.END, note=note.strip()[:500], by=by, at=at
    )
    for photo in photos:
        clean = clean_photo(photo)
        HandOverPhoto.objects.create(hand_over=hand_over, image=clean.content, digest=clean.digest)
    link = OrderVisit.objects.get(order=order, visit=visit)
    doorstep.finish_visit(visit=visit, by=by, at=at)
    if link.purpose == VisitPurpose.REWORK:
        append_event(order, "rework_finished", by=by, at=at)
        rework_finished.send(sender=RepairOrder, order=order, visit=visit, by=by, at=at)
        return order
    order.complete()
    order.completed_at = order.ended_at = at
    order.save(update_fields=["status", "completed_at", "ended_at"])
    append_event(order, "completed", by=by, at=at)
    order_completed.send(sender=RepairOrder, order=order, visit=visit, by=by, at=at)
    return order


@transaction.atomic
def _start(*, order: RepairOrder, visit: Visit, how: str, by: Any, at: datetime) -> RepairOrder:
    order = RepairOrder.objects.select_for_update().get(pk=order.pk)
    link = OrderVisit.objects.get(order=order, visit=visit)
    visit = doorstep.start_visit(visit=visit, by=by, at=at)
    if link.purpose == VisitPurpose.REPAIR and order.status == OrderStatus.BOOKED:
        order.start()
        order.save(update_fields=["status"])
    if visit.started_at == at:
        append_event(order, "started", by=by, at=at, payload={"how": how})
    return order


def _standing_at_the_door(order: RepairOrder, visit: Visit, by: Any) -> None:
    doorstep.check_on_site(visit=visit, by=by)


def _working(order: RepairOrder, visit: Visit, by: Any) -> Visit:
    visit = doorstep.check_on_site(visit=visit, by=by)
    if visit.started_at is None:
        raise Conflict(
            _("The work has not been started."),
            code="not_started",
            next_step=_("Ask the customer for the PIN first."),
        )
    return visit


def _finished_already(order: RepairOrder, visit: Visit, by: Any) -> bool:
    return HandOver.objects.filter(order=order, visit=visit, stage=Stage.END, by=by).exists()


def _check_authorisation(order: RepairOrder, visit: Visit, at: datetime) -> None:
    on = at.astimezone(visit.city.zone).date()
    held = BrandAuthorisation.objects.filter(
        engineer_id=visit.engineer_id,
        brand=order.device_model.brand,
        valid_from_on__lte=on,
        valid_until_on__gte=on,
    )
    if not held.exists():
        raise Conflict(
            _("This part may only be fitted with an authorisation by %(brand)s, which you do not have today.")
            % {"brand": order.device_model.brand.name},
            field="serial",
            code="not_authorised",
            next_step=_("Call the dispatcher."),
        )
