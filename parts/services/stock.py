"""Verbs of the stock: each locks the unit, writes a line of the ledger and repeats it on the unit."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from parts.models import Lot, StockLocation, StockMovement, StockUnit, UnitStatus
from repairhub.core.errors import Conflict, InvalidInput
from repairhub.places.models import City


@transaction.atomic
def receive_units(
    *, lot: Lot, location: StockLocation, serials: Sequence[str], by: Any, at: datetime
) -> list[StockUnit]:
    """New units of the lot at the location, one ledger line each; serials are kept in capitals.

    Raises InvalidInput(field="serials") for an empty serial, one given twice or one already in the books.
    """
    wanted = [normal_serial(serial) for serial in serials]
    if not all(wanted):
        raise InvalidInput(_("Every unit needs its serial."), field="serials", code="serial_missing")
    twice = [serial for serial, times in Counter(wanted).items() if times > 1]
    if twice:
        raise InvalidInput(
            _("Serial %(serial)s is given twice.") % {"serial": twice[0]},
            field="serials",
            code="serial_twice",
        )
    try:
        with transaction.atomic():
            units = StockUnit.objects.bulk_create(
                [StockUnit(serial=serial, lot=lot, location=location) for serial in wanted]
            )
    except IntegrityError as error:  # the unique serial: in the books before, or by somebody else just now
        known = StockUnit.objects.filter(serial__in=wanted).values_list("serial", flat=True).first()
        if known is None:
            raise
        raise InvalidInput(
            _("Serial %(serial)s is already in the books.") % {"serial": known},
            field="serials",
            code="serial_known",
            next_step=_("Check the number on the label."),
        ) from error
    StockMovement.objects.bulk_create(
        [
            StockMovement(unit=unit, kind=StockMovement.Kind.RECEIVED, to_location=location, by=by, at=at)
            for unit in units
        ]
    )
    return units


def normal_serial(serial: str) -> str:
    """The serial as the books write it: no blanks around it, in capitals."""
    return serial.strip().upper()


def find_unit(serial: str) -> StockUnit:
    """The unit with this serial, with its lot and part. Raises InvalidInput(field="serial")."""
    try:
        return StockUnit.objects.select_related("lot__part__component", "location").get(
            serial=normal_serial(serial)
        )
    except StockUnit.DoesNotExist:
        raise InvalidInput(
            _("No part with serial %(serial)s is in our books.") % {"serial": serial[:60]},
            field="serial",
            code="unknown_serial",
            next_step=_("Check the number on the label, or take another part."),
        ) from None


@transaction.atomic
def fit_unit(*, unit: StockUnit, reference: str, by: Any, at: datetime) -> StockUnit:
    """The unit leaves the stock into a phone. Raises Conflict where it is not in stock any more."""
    unit = StockUnit.objects.select_for_update().get(pk=unit.pk)
    if unit.status != UnitStatus.IN_STOCK:
        raise Conflict(
            _("The part %(serial)s is not in stock: %(status)s.")
            % {"serial": unit.serial, "status": unit.get_status_display()},
            field="serial",
            code="unit_not_in_stock",
            next_step=_("Scan another part of the same grade."),
        )
    StockMovement.objects.create(
        unit=unit,
        kind=StockMovement.Kind.FITTED,
        from_location=unit.location,
        reference=reference,
        by=by,
        at=at,
    )
    unit.status, unit.location = UnitStatus.FITTED, None
    unit.save(update_fields=["status", "location"])
    return unit


@transaction.atomic
def put_back_unit(*, unit: StockUnit, reference: str, by: Any, at: datetime) -> StockUnit:
    """The fitted unit in stock again, where it was taken from. One that is in no phone stays as it is."""
    unit = StockUnit.objects.select_for_update().get(pk=unit.pk)
    if unit.status != UnitStatus.FITTED:
        return unit
    unit.status, unit.location = UnitStatus.IN_STOCK, _take_back(unit, reference, by, at)
    unit.save(update_fields=["status", "location"])
    return unit


@transaction.atomic
def quarantine_unit(*, unit: StockUnit, city: City, reference: str, by: Any, at: datetime) -> StockUnit:
    """The unit in the city's quarantine (made where there is none); one that is there already stays so.

    A fitted one comes out of its phone: the ledger takes it back to where it was taken from, then away.
    """
    unit = StockUnit.objects.select_for_update().get(pk=unit.pk)
    if unit.status == UnitStatus.QUARANTINED:
        return unit
    # out of a phone it comes first back into our hands, then away
    origin = unit.location or _take_back(unit, reference, by, at)
    quarantine = _quarantine_of(city)
    StockMovement.objects.create(
        unit=unit,
        kind=StockMovement.Kind.QUARANTINED,
        from_location=origin,
        to_location=quarantine,
        reference=reference,
        by=by,
        at=at,
    )
    unit.status, unit.location = UnitStatus.QUARANTINED, quarantine
    unit.save(update_fields=["status", "location"])
    return unit


def _take_back(unit: StockUnit, reference: str, by: Any, at: datetime) -> StockLocation:
    """Where the unit was taken from when it went into a phone; the ledger says that it is back there."""
    origin = unit.movements.filter(kind=StockMovement.Kind.FITTED).latest("at", "id").from_location
    assert origin is not None  # noqa: S101 - what is fitted came from somewhere, by constraint
    StockMovement.objects.create(
        unit=unit,
        kind=StockMovement.Kind.RECEIVED,
        to_location=origin,
        reference=reference,
        by=by,
        at=at,
    )
    return origin


def _quarantine_of(city: City) -> StockLocation:
    kind = StockLocation.Kind.QUARANTINE
    found = StockLocation.objects.filter(city=city, kind=kind).order_by("pk").first()
    if found is None:
        found, _made = StockLocation.objects.get_or_create(
            name=f"{city.name_en} quarantine", defaults={"kind": kind, "city": city}
        )
    return found
