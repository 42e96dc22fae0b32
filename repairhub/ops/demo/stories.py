"""The demo's example orders: who has which phone and fault, when, and how far each story goes."""

from dataclasses import dataclass
from datetime import timedelta
from enum import Enum
from uuid import UUID, uuid5

from .tables import rows

NAMESPACE = UUID("6b1f6f0e-5f2c-4c62-9f0e-2f7f2d1c2026")
CITY = "SH"


class Then(Enum):
    """How far a story goes."""

    PLANNED = "planned"  # the window is promised; a dispatcher has still to confirm the engineer
    CONFIRMED = "confirmed"  # the engineer is named
    EN_ROUTE = "en_route"  # the engineer is on the way, now
    AT_WORK = "at_work"  # the engineer is at work, now
    DONE = "done"  # repaired, with its warranty
    NO_ACCESS = "no_access"  # nobody opened: the customer chooses another window
    OTHER_FAULT = "other_fault"  # it could not be completed: the customer chooses another window
    CLAIM = "claim"  # repaired; the customer's claim waits for an answer
    REFUSED = "refused"  # repaired; the customer's claim was refused
    REWORK = "rework"  # repaired; the claim was approved, the rework's window is promised


@dataclass(frozen=True)
class Story:
    """One example order. `day`: of its visit, counted from the day of loading.

    `booked_ago` counts from the moment of loading; orders of the past (None) were booked a day before their
    visit. `engineer`: a staff number where it has to be that one.
    """

    number: int
    customer: str
    language: str
    device_model: str
    repairs: tuple[tuple[str, str], ...]
    district: str
    address: str
    day: int
    booked_ago: timedelta | None
    engineer: str
    then: Then

    @property
    def draft_id(self) -> UUID:
        """The same on every run, so that one story makes one order."""
        return uuid5(NAMESPACE, str(self.number))

    @property
    def phone(self) -> str:
        """In a range set aside for the demo's customers."""
        return f"+861390002{self.number:04d}"


def stories() -> list[Story]:
    """The stories in the order in which they are told: the past first."""
    return [
        Story(
            number=int(row["number"]),
            customer=row["customer"],
            language=row["language"],
            device_model=row["device_model"],
            repairs=tuple((repair, grade) for repair, grade in map(_pair, row["repairs"].split())),
            district=row["district"],
            address=row["address"],
            day=int(row["day"]),
            booked_ago=timedelta(minutes=int(row["booked_minutes_ago"]))
            if row["booked_minutes_ago"]
            else None,
            engineer=row["engineer"],
            then=Then(row["then"]),
        )
        for row in rows("example_orders.csv")
    ]


def _pair(cell: str) -> tuple[str, str]:
    repair, _, grade = cell.partition(":")
    return repair, grade
