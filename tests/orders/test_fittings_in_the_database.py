"""What the database itself refuses of fittings, and what became of the rows from before the rule."""

from importlib import import_module
from unittest.mock import patch

import pytest
from django.apps import apps
from django.db import IntegrityError, transaction

from engineers.services.doorstep import report_cannot_complete
from orders.models import Fitting
from orders.services.taking_back import put_back_part
from orders.states import VoidReason
from tests.factories.door import Door, working
from tests.factories.places import CityFactory

pytestmark = pytest.mark.django_db


def again(fitting: Fitting, **fields: object) -> Fitting:
    """The same row once more, past the services."""
    row = Fitting.objects.get(pk=fitting.pk)
    for name, value in {"pk": None, **fields}.items():
        setattr(row, name, value)
    row.save()
    return row


def put_back(place: Door, fitting: Fitting) -> Fitting:
    """It does not go in after all."""
    return put_back_part(fitting=fitting, visit=place.visit, by=place.by, at=place.at)


class TestConstraints:
    def test_a_line_takes_one_part_a_visit(self) -> None:
        place = working()
        fitting, other = place.fit(), place.unit("SN-2")
        with pytest.raises(IntegrityError, match="line_fitted_once_per_visit"), transaction.atomic():
            again(fitting, unit=other)

    def test_a_unit_is_in_one_phone(self) -> None:
        place, other = working(), working(city=CityFactory(shanghai=True))
        fitting = place.fit()
        with pytest.raises(IntegrityError, match="unit_in_one_phone"), transaction.atomic():
            again(fitting, line=other.lines[0], visit=other.visit, order=other.order)

    def test_what_is_void_stands_in_nobodys_way(self) -> None:
        place = working()
        fitting = put_back(place, place.fit())
        row = again(fitting, voided_at=None, void_reason="")
        assert list(Fitting.objects.standing()) == [row]
        assert list(Fitting.objects.void()) == [fitting]

    @pytest.mark.parametrize(
        ("is_void", "reason"), [(True, ""), (False, VoidReason.NOT_FITTED), (True, "lost")]
    )
    def test_void_and_its_reason_come_together(self, is_void: bool, reason: str) -> None:
        place = working()
        fitting = place.fit()
        with pytest.raises(IntegrityError, match="fitting_void_with_its_reason"), transaction.atomic():
            Fitting.objects.filter(pk=fitting.pk).update(
                voided_at=place.at if is_void else None, void_reason=reason
            )


class TestRowsFromBefore:
    @pytest.mark.parametrize(
        ("reason", "void"), [("part_faulty", VoidReason.DEAD_ON_ARRIVAL), ("other_fault", "")]
    )
    def test_what_a_visit_found_faulty_is_void_since_its_end(self, reason: str, void: str) -> None:
        place = working()
        fitting = place.fit()
        with patch("orders.receivers.settle_parts"):
            report_cannot_complete(visit=place.visit, reason=reason, note="", by=place.by, at=place.at)
        migration = import_module("orders.migrations.0003_a_part_can_be_taken_back")
        for _time in range(2):
            migration.void_dead_parts(apps, None)
        fitting.refresh_from_db()
        assert (fitting.void_reason, fitting.voided_at) == (void, place.at if void else None)
