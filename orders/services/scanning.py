"""May this unit go into that phone? Asked when it is scanned, before the phone is opened."""

from datetime import date

from django.utils.translation import gettext_lazy as _

from engineers.models import BrandAuthorisation, Engineer
from orders.models import QuoteLine, RepairOrder
from parts.models import StockUnit, UnitStatus
from repairhub.core.errors import Conflict, InvalidInput


def check_unit(*, unit: StockUnit, line: QuoteLine, order: RepairOrder, engineer: Engineer, on: date) -> None:
    """The unit is of the promised grade, fits the phone, and this engineer may and can fit it on that day.

    Raises InvalidInput, Conflict (field "serial"). Whether it is still in stock is asked under its lock.
    """
    _check_grade(unit, line)
    _check_fit(unit, line, order)
    if unit.lot.part.needs_brand_authorisation:
        _check_authorisation(order, engineer, on)
    _check_at_hand(unit, order, engineer)


def _check_grade(unit: StockUnit, line: QuoteLine) -> None:
    part = unit.lot.part
    if part.grade != line.grade:
        raise InvalidInput(
            _("The customer was promised “%(promised)s”; this part is “%(scanned)s”.")
            % {"promised": line.get_grade_display(), "scanned": part.get_grade_display()},
            field="serial",
            code="wrong_grade",
            next_step=_("Do not open the phone. Take a part of the promised grade."),
        )


def _check_fit(unit: StockUnit, line: QuoteLine, order: RepairOrder) -> None:
    part = unit.lot.part
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


def _check_authorisation(order: RepairOrder, engineer: Engineer, on: date) -> None:
    held = BrandAuthorisation.objects.filter(
        engineer=engineer,
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
            next_step=_("Do not open the phone. Call the dispatcher."),
        )


def _check_at_hand(unit: StockUnit, order: RepairOrder, engineer: Engineer) -> None:
    if unit.status != UnitStatus.IN_STOCK or unit.location is None:
        return  # whoever takes it out of the stock says what became of it
    if StockUnit.objects.at_hand(engineer.user_id, order.city_id).filter(pk=unit.pk).exists():
        return
    raise Conflict(
        _("Part %(serial)s lies in “%(place)s”: not in your van, nor in a store of this city.")
        % {"serial": unit.serial, "place": unit.location.name},
        field="serial",
        code="not_at_hand",
        next_step=_("Check the number on the label, or take another part."),
    )
