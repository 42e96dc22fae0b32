"""How far a booking is: the draft's data as things, and the first step that is not done."""

import hashlib
import json
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import cached_property
from typing import Any

from django.utils import timezone

from engineers.planning import city_today
from engineers.selectors.windows import VisitNeeds
from orders.models import BookingDraft
from orders.offers import GradeOption, choose, visit_needs
from orders.services.booking import shown_hash
from parts.models import Brand, DeviceModel
from repairhub.core.errors import DomainError
from repairhub.notifications.addresses import Address
from repairhub.places.models import City

# in their order; every step needs all before it
STEPS = ("book", "book_device", "book_repairs", "book_place", "book_window", "book_contact", "book_confirm")


@dataclass(frozen=True)
class Person:
    """A contact as typed, with whether this browser session has proved the address."""

    name: str
    address: Address
    proved: bool


@dataclass(frozen=True)
class Pin:
    """Where the visit is planned to. `source`: `browser` or `district`."""

    city: City
    district: str
    district_id: int | None
    address: str
    access_note: str
    latitude: float
    longitude: float
    source: str


@dataclass(frozen=True)
class VisitPlan:
    """Which phone, where, and what the visit takes: what windows are offered for."""

    device_model: DeviceModel
    pin: Pin
    needs: VisitNeeds


class Progress:
    """The draft, read against catalogue and proofs as they are now.

    What no longer holds counts as not done.
    """

    def __init__(self, draft: BookingDraft | None, proved: set[Address], at: datetime) -> None:
        self.draft = draft
        self.data: dict[str, Any] = draft.data if draft else {}
        self._proved = proved
        self._at = at

    @cached_property
    def brand(self) -> Brand | None:
        """The maker of the phone."""
        key = self.data.get("brand")
        return Brand.objects.filter(key=key).first() if key else None

    @cached_property
    def device_model(self) -> DeviceModel | None:
        """The phone, while it is offered."""
        key = self.data.get("device_model")
        return DeviceModel.objects.offered().filter(key=key).first() if key else None

    @property
    def phone(self) -> DeviceModel:
        """The phone, for the steps after it was chosen. LookupError before."""
        if self.device_model is None:
            raise LookupError("no phone is chosen")
        return self.device_model

    @cached_property
    def options(self) -> list[GradeOption]:
        """The repairs in their grades, at today's prices; empty where one is offered no longer."""
        pairs = [(repair, grade) for repair, grade in self.data.get("repairs", [])]
        if self.device_model is None or not pairs:
            return []
        try:
            return choose(self.device_model, pairs, self.today)
        except DomainError:
            return []

    @property
    def today(self) -> date:
        """The day whose prices and certificates count: the city's, before one is chosen the site's."""
        return city_today(self.city, self._at) if self.city else timezone.localtime(self._at).date()

    @property
    def total(self) -> Decimal:
        """What the customer pays, CNY."""
        return sum((option.total for option in self.options), Decimal(0))

    @cached_property
    def needs(self) -> VisitNeeds | None:
        """What the visit takes."""
        return visit_needs(self.device_model, self.options) if self.device_model and self.options else None

    @cached_property
    def city(self) -> City | None:
        """The city, while it is open."""
        code = self.data.get("place", {}).get("city")
        return City.objects.open().filter(code=code).first() if code else None

    @cached_property
    def pin(self) -> Pin | None:
        """The place."""
        place = self.data.get("place")
        if not place or self.city is None:
            return None
        # the language may have been changed since the place was chosen
        return Pin(**{**place, "city": self.city, "district": self.city.district_name(place["district"])})

    @property
    def visit_plan(self) -> VisitPlan:
        """What windows are offered for. LookupError before its steps are done."""
        if self.device_model is None or self.pin is None or self.needs is None:
            raise LookupError("the steps before the window are not done")
        return VisitPlan(self.device_model, self.pin, self.needs)

    @cached_property
    def window(self) -> tuple[datetime, datetime] | None:
        """Start and end of the chosen window, while it lies ahead."""
        chosen = self.data.get("window")
        if not chosen:
            return None
        start_at, end_at = (datetime.fromisoformat(moment) for moment in chosen)
        return (start_at, end_at) if start_at > self._at else None

    @cached_property
    def people(self) -> list[Person]:
        """The contacts: who books, and perhaps who is at the door."""
        return [
            Person(one["name"], address, address in self._proved)
            for one in self.data.get("contacts", [])
            for address in [Address(one["channel"], one["address"])]
        ]

    def is_done(self, step: str) -> bool:
        """Whether the step has an answer that holds."""
        answers = {
            "book": lambda: bool(self.brand or self.device_model),
            "book_device": lambda: bool(self.device_model),
            "book_repairs": lambda: bool(self.options),
            "book_place": lambda: bool(self.pin),
            "book_window": lambda: bool(self.window),
            "book_contact": lambda: bool(self.people) and self.people[0].proved,
        }
        return step in answers and answers[step]()

    @cached_property
    def first_unfinished(self) -> str:
        """The URL name of the step to go to."""
        return next((step for step in STEPS if not self.is_done(step)), STEPS[-1])

    @cached_property
    def shown_hash(self) -> str:
        """SHA-256 of everything that binds on the confirm page: another tab may have changed it."""
        shown = {
            "order": shown_hash(self.options, self.total),
            "device_model": self.data.get("device_model"),
            "place": self.data.get("place"),
            "window": self.data.get("window"),
            "contacts": self.data.get("contacts"),
        }
        return hashlib.sha256(json.dumps(shown, sort_keys=True).encode()).hexdigest()

    def is_open(self, step: str) -> bool:
        """Whether everything before the step is done."""
        return STEPS.index(step) <= STEPS.index(self.first_unfinished)
