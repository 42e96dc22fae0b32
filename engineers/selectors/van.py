"""What lies in an engineer's van, for which of today's visits it is, and what they lack."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django import forms
from django.core.paginator import Page, Paginator
from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from engineers.models import Engineer, Visit
from engineers.planning import city_today
from engineers.ports import NeededPart, needed_parts
from engineers.states import ENDED
from parts.models import Part, StockLocation, StockUnit

UNITS_PAGE = 50


class VanQuery(forms.Form):
    """What is looked for in the van; what cannot be read counts as nothing."""

    q = forms.CharField(label=_("Part, serial or lot"), required=False, max_length=60)
    page = forms.IntegerField(required=False, min_value=1)

    def read(self) -> tuple[str, int]:
        """The words and the page's number."""
        self.is_valid()
        return self.cleaned_data.get("q", "").strip(), self.cleaned_data.get("page") or 1


@dataclass(frozen=True)
class UnitInVan:
    """A unit; `for_visit`: the visit of today that it is for."""

    unit: StockUnit
    for_visit: Visit | None


@dataclass(frozen=True)
class Lacking:
    """A part that a visit of today needs and the van has no unit left for."""

    visit: Visit
    part: NeededPart


@dataclass(frozen=True)
class Van:
    """One page of the van's units, and what today lacks. `location` is None where no van is in the books."""

    location: StockLocation | None
    rows: Sequence[UnitInVan]
    page: "Page[StockUnit]"
    total: int
    lacking: Sequence[Lacking]
    words: str


def van_of(engineer: Engineer, asked: tuple[str, int], at: datetime) -> Van:
    """The engineer's van: each visit of today, in the route's order, gets a unit for each of its parts."""
    words, number = asked
    location = StockLocation.objects.filter(custodian=engineer.user, kind=StockLocation.Kind.VAN).first()
    units = StockUnit.objects.in_stock().filter(location=location) if location else StockUnit.objects.none()
    held, lacking = _share_out(units, _to_do(engineer, at))
    shown = _found(units.select_related("lot__part"), words).order_by("lot__part__sku", "serial")
    page = Paginator(shown, UNITS_PAGE).get_page(number)
    return Van(
        location=location,
        rows=[UnitInVan(unit, held.get(unit.pk)) for unit in page.object_list],
        page=page,
        total=page.paginator.count,
        lacking=lacking,
        words=words,
    )


def _to_do(engineer: Engineer, at: datetime) -> list[Visit]:
    today = city_today(engineer.city, at)
    mine = Visit.objects.for_engineer(engineer.user).filter(on=today).exclude(status__in=ENDED)
    return list(mine.select_related("city").order_by("planned_start_at", "id"))


def _found(units: QuerySet[StockUnit], words: str) -> QuerySet[StockUnit]:
    for word in words.split():
        named = Q(lot__part__name_en__icontains=word) | Q(lot__part__name_zh__icontains=word)
        units = units.filter(
            named
            | Q(serial__icontains=word)
            | Q(lot__number__icontains=word)
            | Q(lot__part__sku__icontains=word)
        )
    return units


def _share_out(units: Any, visits: Sequence[Visit]) -> tuple[dict[int, Visit], list[Lacking]]:
    needs = needed_parts(visits) if visits else {}
    wanted = [(visit, part) for visit in visits for part in needs.get(visit.pk, [])]
    if not wanted:
        return {}, []
    components = {part.component_id for _visit, part in wanted}
    free = list(
        units.filter(lot__part__component__in=components).select_related("lot__part").order_by("serial")
    )
    fits = set(
        Part.fits.through.objects.filter(
            part_id__in={unit.lot.part_id for unit in free},
            devicemodel_id__in={part.device_model_id for _visit, part in wanted},
        ).values_list("part_id", "devicemodel_id")
    )
    held: dict[int, Visit] = {}
    lacking = []
    for visit, needed in wanted:
        unit = next(
            (
                one
                for one in free
                if one.pk not in held
                and (one.lot.part.component_id, one.lot.part.grade) == (needed.component_id, needed.grade)
                and (one.lot.part_id, needed.device_model_id) in fits
            ),
            None,
        )
        if unit is None:
            lacking.append(Lacking(visit, needed))
        else:
            held[unit.pk] = visit
    return held, lacking
