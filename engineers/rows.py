"""What planning reads, as plain tuples: a model object for each of 7,000 visits costs more than the planning.

The tuples answer to the names of the models' fields, so `engineers.planning` asks both the same questions.
"""

from collections import defaultdict
from collections.abc import Iterable
from datetime import date, datetime, time
from typing import Any, NamedTuple

from engineers.models import (
    Absence,
    BrandAuthorisation,
    Engineer,
    EngineerCertificate,
    WeeklyShift,
)
from engineers.models.people import absent_on, breaks_of
from engineers.querysets import VisitQuerySet, shifts_of
from repairhub.places.models import City


class VisitRow(NamedTuple):
    """The columns of a visit that its stop is made of, as `engineers.planning.stop_for` reads them."""

    pk: int
    on: date
    latitude: float
    longitude: float
    window_start_at: datetime
    window_end_at: datetime
    service_minutes: int
    required_skills: dict[str, int]
    required_brands: list[str]
    status: str
    engineer_id: int | None
    planned_start_at: datetime | None
    is_pinned: bool
    arrived_at: datetime | None
    started_at: datetime | None
    ended_at: datetime | None
    expected_start_at: datetime | None
    expected_end_at: datetime | None


class Key(NamedTuple):
    """A skill or a brand by its key."""

    key: str


class Shift(NamedTuple):
    """A weekly shift."""

    weekday: int
    on: date | None
    starts_at: time
    ends_at: time
    break_starts_at: time | None
    break_ends_at: time | None

    @property
    def breaks(self) -> tuple[tuple[int, int], ...]:
        """As of `WeeklyShift`."""
        return breaks_of(self.break_starts_at, self.break_ends_at)


class Suspension(NamedTuple):
    """Why a certificate is suspended."""

    kind: str


class Days(NamedTuple):
    """An absence."""

    from_on: date
    from_at: time | None
    until_on: date
    until_at: time | None

    def seconds_of(self, on: date) -> tuple[int, int] | None:
        """As of `Absence`."""
        return absent_on(on, *self)


class Certificate(NamedTuple):
    """A skill at a level, valid for some days unless suspended."""

    skill: Key
    level: int
    valid_from_on: date
    valid_until_on: date
    suspended_at: datetime | None
    suspension: Suspension | None


class Authorisation(NamedTuple):
    """A brand's authorisation, valid for some days."""

    brand: Key
    valid_from_on: date
    valid_until_on: date


class Rows(tuple[Any, ...]):
    """Related rows, asked for as of a model that has loaded them before."""

    __slots__ = ()

    def all(self) -> "Rows":
        """All of them."""
        return self


class EngineerRow(NamedTuple):
    """An engineer with all that `engineers.planning.engineer_day` reads of one."""

    pk: int
    base_latitude: float
    base_longitude: float
    held_up_until_at: datetime | None
    shifts: Rows
    absences: Rows
    certificates: Rows
    authorisations: Rows


def visit_rows(visits: VisitQuerySet) -> list[VisitRow]:
    """The rows of these visits, in their order. One query."""
    return [VisitRow._make(row) for row in visits.values_list(*VisitRow._fields)]


def engineer_rows(city: City, first: date, last: date) -> list[EngineerRow]:
    """Who works in the city, by id, with what counts from `first` to `last`. Five queries."""
    engineers = list(
        Engineer.objects.working_in(city)
        .order_by("pk")
        .select_related(None)
        .values_list("pk", "base_latitude", "base_longitude", "held_up__until_at")
    )
    own = {"engineer_id__in": [row[0] for row in engineers]}
    shifts = WeeklyShift.objects.filter(shifts_of(first, last), **own).order_by("weekday", "pk")
    absences = Absence.objects.filter(from_on__lte=last, until_on__gte=first, **own)
    certificates = EngineerCertificate.objects.filter(**own).order_by("skill__key", "-level")
    authorisations = BrandAuthorisation.objects.filter(
        valid_from_on__lte=last, valid_until_on__gte=first, **own
    )
    found = [
        _by_engineer((pk, Shift._make(rest)) for pk, *rest in _listed(shifts, Shift._fields)),
        _by_engineer((pk, Days._make(rest)) for pk, *rest in _listed(absences.order_by("pk"), Days._fields)),
        _by_engineer(
            (pk, Certificate._make((Key(key), *rest, Suspension(kind) if kind else None)))
            for pk, key, *rest, kind in _listed(
                certificates, ("skill__key", *Certificate._fields[1:-1], "suspension__kind")
            )
        ),
        _by_engineer(
            (pk, Authorisation(Key(key), *rest))
            for pk, key, *rest in _listed(
                authorisations.order_by("pk"), ("brand__key", *Authorisation._fields[1:])
            )
        ),
    ]
    nothing = Rows()
    return [
        EngineerRow(*engineer, *(rows.get(engineer[0], nothing) for rows in found)) for engineer in engineers
    ]


def _listed(rows: Any, columns: Iterable[str]) -> Iterable[tuple[Any, ...]]:
    return rows.values_list("engineer_id", *columns)  # type: ignore[no-any-return]


def _by_engineer(pairs: Iterable[tuple[int, Any]]) -> dict[int, Rows]:
    found: dict[int, list[Any]] = defaultdict(list)
    for pk, row in pairs:
        found[pk].append(row)
    return {pk: Rows(rows) for pk, rows in found.items()}
