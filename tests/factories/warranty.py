"""Terms, warranties and claims, each written by the services that write them in the product.

`Workshop` is a city with one engineer, a catalogue and parts in the store; it books, repairs and reworks.
"""

import io
import itertools
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from importlib import import_module
from typing import Any
from uuid import UUID, uuid4

import time_machine
from django.apps import apps
from django.contrib.contenttypes.models import ContentType
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from PIL import Image

from engineers.models import Engineer, Visit
from engineers.services import doorstep
from engineers.services.dispatching import dispatch_visit
from orders.links import order_pin
from orders.models import Fitting, OrderContact, Repair, RepairOrder
from orders.services.booking import BookingRequest, ContactDetails, book
from orders.services.door import finish_repair, fit_part, lines_to_fit, start_with_pin, take_out_part
from orders.services.visits import choose_window, open_visit
from orders.states import VisitPurpose
from repairhub.accounts.browser import SESSION_KEY
from repairhub.accounts.models import User
from repairhub.notifications.addresses import Address
from repairhub.places.models import City
from repairhub.sla.models import SlaClock, SlaTarget
from repairhub.sla.states import TargetKey
from tests.factories.accounts import AddressProofFactory, CaseOfficerFactory, DispatcherFactory
from tests.factories.engineers import CertificateFactory, EngineerFactory, SkillFactory
from tests.factories.parts import (
    ComponentFactory,
    DeviceModelFactory,
    LotFactory,
    PartFactory,
    StockLocationFactory,
    received_unit,
)
from tests.factories.places import CityFactory
from warranty.models import Claim
from warranty.services.claims import file_claim
from warranty.services.deciding import decide_claim
from warranty.services.remedies import choose_rework_window
from warranty.states import ClaimKind, Outcome

MONDAY = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)  # 10:00 in Beijing
REASON = "The screen is cracked from a fall after the repair; the photo shows the point of impact."
PHONE, MAIL = Address("sms", "+8613800138000"), Address("email", "li@example.com")
serials = itertools.count(1)


def restore_first_terms(**kwargs: Any) -> None:
    """The rows of the data migration, which a flush takes away with everything else."""
    import_module("warranty.migrations.0002_first_terms").create_first_terms(apps, None)


def photo(
    name: str = "phone.jpg", *, exif: bytes = b"", size: tuple[int, int] = (60, 40)
) -> SimpleUploadedFile:
    """A small JPEG as a browser uploads it."""
    out = io.BytesIO()
    Image.new("RGB", size, "teal").save(out, "JPEG", exif=exif)
    return SimpleUploadedFile(name, out.getvalue(), content_type="image/jpeg")


@dataclass
class Workshop:
    """Beijing, one engineer who works every day, screens and batteries of an iPhone 12."""

    city: City
    engineer: Engineer
    clock: datetime = MONDAY
    customers: itertools.count = field(default_factory=lambda: itertools.count(1))

    @classmethod
    def open(cls, *, shanghai: bool = False) -> "Workshop":
        """A workshop in Beijing (or Shanghai)."""
        city = CityFactory(shanghai=shanghai)
        engineer = EngineerFactory(
            user__name="Ying Chen", city=city, base_latitude=city.latitude, base_longitude=city.longitude
        )
        CertificateFactory(engineer=engineer, skill=SkillFactory(key="battery"))
        for position, (key, minutes, labour) in enumerate([("screen", 40, 100), ("battery", 30, 80)]):
            Repair.objects.get_or_create(
                key=f"{key}-replacement",
                defaults={
                    "name_en": f"{key.capitalize()} replacement",
                    "name_zh": f"更换{key}",
                    "component": ComponentFactory(key=key, name_en=key, name_zh=key),
                    "skill": SkillFactory(key=key),
                    "minutes": minutes,
                    "labour": Decimal(labour),
                    "position": position,
                },
            )
        PartFactory()
        PartFactory(sku="IPHONE12-BAT-O", component=ComponentFactory(key="battery"), price=Decimal(419),
                    name_en="iPhone 12 battery (original)", name_zh="iPhone 12 电池（原厂）")  # fmt: skip
        return cls(city=city, engineer=engineer)

    @property
    def user(self) -> User:
        """The engineer's sign-in."""
        return self.engineer.user

    def book(self, *repairs: str) -> RepairOrder:
        """An order for these repairs (the screen by default), two proved contacts, for the next morning."""
        number = next(self.customers)
        start_at = self._next_window()
        return book(
            request=BookingRequest(
                device_model=DeviceModelFactory(),
                repairs=[(key, "original") for key in repairs or ["screen-replacement"]],
                city=self.city,
                latitude=self.city.latitude,
                longitude=self.city.longitude,
                address="Jianguo Road 1",
                window_start_at=start_at,
                window_end_at=start_at + timedelta(hours=2),
                contacts=[
                    ContactDetails("Li Wei", Address("sms", f"+86138{number:08d}"), proved=True),
                    ContactDetails("Li Na", Address("email", f"li{number}@example.com"), proved=True),
                ],
                language="en",
            ),
            by=None,
            at=self.clock,
        )

    def arrive(self, order: RepairOrder) -> Visit:
        """The order's visit, confirmed and arrived at the start of its window."""
        link = open_visit(order)
        assert link is not None
        visit = dispatch_visit(
            visit=link.visit, engineer=self.engineer, by=DispatcherFactory(), at=self.clock
        )
        self.clock = max(self.clock, visit.window_start_at)
        doorstep.set_out(visit=visit, by=self.user, at=self.clock)
        return doorstep.arrive(visit=visit, by=self.user, at=self.clock)

    def go_to_the_door(self, order: RepairOrder) -> Visit:
        """The order's visit, arrived and started by PIN at the start of its window."""
        visit = self.arrive(order)
        order.refresh_from_db(fields=["pin_version"])  # each visit may have its own
        start_with_pin(order=order, visit=visit, pin=order_pin(order), by=self.user, at=self.clock)
        visit.refresh_from_db()
        return visit

    def fit(self, order: RepairOrder, visit: Visit, *, lines: int | None = None) -> list[Fitting]:
        """New parts in and old parts out, for the visit's lines (or its first `lines`)."""
        fittings = []
        for line in lines_to_fit(order, visit)[:lines]:
            unit = received_unit(
                f"SN-{next(serials):06d}",
                lot=LotFactory(part=line.part),
                location=StockLocationFactory(city=self.city, name=f"{self.city.name_en} store"),
            )
            fitting = fit_part(
                order=order, visit=visit, line=line, serial=unit.serial, by=self.user, at=self.clock
            )
            take_out_part(fitting=fitting, serial="none", fate="recycle", by=self.user, at=self.clock)
            fittings.append(fitting)
        return fittings

    def finish(self, order: RepairOrder, visit: Visit) -> RepairOrder:
        """The visit finished with a photo, 40 minutes later."""
        self.clock += timedelta(minutes=40)
        finish_repair(order=order, visit=visit, photos=[photo()], note="", by=self.user, at=self.clock)
        order.refresh_from_db()
        return order

    def do_the_work(self, order: RepairOrder) -> RepairOrder:
        """The order's next visit from dispatch to its end: completed, or its rework done."""
        visit = self.go_to_the_door(order)
        self.fit(order, visit)
        return self.finish(order, visit)

    def completed(self, *repairs: str) -> RepairOrder:
        """A completed order: its parts are fitted and warranted."""
        return self.do_the_work(self.book(*repairs))

    def claim(self, order: RepairOrder | None = None, **given: Any) -> Claim:
        """A claim about the order's first fitting, an hour after the repair."""
        order = order or self.completed()
        given.setdefault("fitting", order.fittings.first())
        given.setdefault("at", self.clock + timedelta(hours=1))
        return file_claim(
            **{
                "order": order,
                "kind": ClaimKind.REPEAT_FAULT,
                "text": "The screen flickers again.",
                "photos": [],
                "form_id": uuid4(),
                "contact": contact_of(order),
                "by": None,
                **given,
            }
        )

    def approved(self, order: RepairOrder | None = None, **given: Any) -> Claim:
        """A claim that a case officer approved."""
        claim = self.claim(order, **given)
        officer = claim.owner or CaseOfficerFactory(cities=[self.city])
        return decide_claim(claim=claim, outcome=Outcome.APPROVED, reason="", by=officer, at=claim.filed_at)

    def book_rework(self, claim: Claim) -> Visit:
        """The approved claim's visit, in the next free window."""
        start_at = self._next_window()
        return choose_rework_window(
            remedy=claim.remedy,
            window_start_at=start_at,
            window_end_at=start_at + timedelta(hours=2),
            by=None,
            at=self.clock,
        )

    def book_again(self, order: RepairOrder) -> Visit:
        """Another visit after one that did not bring the repair, in the next free window."""
        start_at = self._next_window()
        return choose_window(
            order=order,
            window_start_at=start_at,
            window_end_at=start_at + timedelta(hours=2),
            purpose=VisitPurpose.REPAIR,
            line_ids=None,
            by=None,
            at=self.clock,
        )

    def now(self) -> time_machine.travel:
        """A context in which it is the clock's time, for pages."""
        return time_machine.travel(self.clock, tick=False)

    def _next_window(self) -> datetime:
        """08:00 of the day after the clock's, by the city's time."""
        local = (self.clock + timedelta(days=1)).astimezone(self.city.zone)
        return local.replace(hour=8, minute=0, second=0, microsecond=0)


def contact_of(order: RepairOrder, position: int = 1) -> OrderContact:
    """The order's contact at that place."""
    return order.contacts.get(position=position)


def browser_of(order: RepairOrder, at: datetime, position: int = 1) -> Client:
    """A browser session in which a contact of the order has proved the address, at that moment."""
    contact = contact_of(order, position)
    token = f"proof-{contact.pk}-{at.timestamp()}"
    AddressProofFactory(token=token, channel=contact.channel, address=contact.address, created_at=at)
    client = Client()
    session = client.session
    session[SESSION_KEY] = [token]
    session.save()
    return client


def stored_claims(order: RepairOrder, count: int, **fields: Any) -> list[Claim]:
    """So many claims written straight to the database with their clocks, for lists with thousands of rows."""
    start = order.completed_at + timedelta(hours=1)
    claims = Claim.objects.bulk_create(
        Claim(
            reference=f"C-{number:08d}",
            form_id=uuid4(),
            order=order,
            fitting=order.fittings.first(),
            contact=contact_of(order),
            kind=ClaimKind.REPEAT_FAULT,
            text="It flickers.",
            filed_at=start + timedelta(minutes=number),
            **fields,
        )
        for number in range(count)
    )
    target = SlaTarget.objects.get(policy__key="standard", key=TargetKey.ANSWER_CLAIM)
    SlaClock.objects.bulk_create(
        SlaClock(
            content_type=ContentType.objects.get_for_model(Claim),
            object_id=claim.pk,
            target=target,
            started_at=claim.filed_at,
            due_at=claim.filed_at + timedelta(hours=48),
            warn_at=claim.filed_at + timedelta(hours=44),
        )
        for claim in claims
    )
    return claims


def form_id(number: int) -> UUID:
    """The id of a form, the same in every run."""
    return UUID(int=number)


def force_status(order: RepairOrder, status: str) -> None:
    """Puts the order into a state past its transitions: for rules about states that take long to reach."""
    with connection.cursor() as cursor:
        cursor.execute("UPDATE orders_repairorder SET status = %s WHERE id = %s", [status, order.pk])
    order.refresh_from_db()
