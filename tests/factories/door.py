"""An engineer at a customer's door: the order, its visit in any state, and parts to fit.

Everything is brought there by the services that do so in the product. Monday 23 November 2026, in Beijing.
"""

import io
import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image

from engineers.models import Engineer, Visit
from engineers.services import doorstep
from engineers.services.dispatching import dispatch_visit
from engineers.states import CannotCompleteReason, VisitStatus
from orders.links import order_pin
from orders.models import Fitting, OrderVisit, QuoteLine, Repair, RepairOrder
from orders.services.booking import BookingRequest, ContactDetails, book
from orders.services.door import finish_repair, fit_part, lines_to_fit, start_with_pin, take_out_part
from orders.states import OrderStatus
from parts.models import Grade, Part, StockLocation, StockUnit
from repairhub.accounts.models import User
from repairhub.notifications.addresses import Address
from repairhub.places.models import City
from tests.factories.accounts import DispatcherFactory
from tests.factories.engineers import MORNING, CertificateFactory, EngineerFactory, SkillFactory, clock
from tests.factories.parts import (
    ComponentFactory,
    DeviceModelFactory,
    LotFactory,
    PartCertificateFactory,
    PartFactory,
    StockLocationFactory,
    received_unit,
)
from tests.factories.places import CityFactory

numbers = itertools.count(1)
# the moves that bring a booked order into a state
MOVES = {
    OrderStatus.BOOKED: [],
    OrderStatus.IN_REPAIR: ["start"],
    OrderStatus.COMPLETED: ["start", "complete"],
    OrderStatus.CANCELLED: ["cancel"],
    OrderStatus.UNREPAIRABLE: ["declare_unrepairable"],
}


def screen_part(grade: str = Grade.ORIGINAL) -> Part:
    """The screen of an iPhone 12 in that grade; the certified one with its certificate."""
    if grade == Grade.ORIGINAL:
        return PartFactory()
    part = PartFactory(certified=True)
    if not part.certificates.exists():
        PartCertificateFactory(part=part)
    return part


def battery_part() -> Part:
    """The original battery of an iPhone 12."""
    return PartFactory(
        sku="IPHONE12-BAT-O",
        component=ComponentFactory(key="battery", name_en="battery", name_zh="电池"),
        name_en="iPhone 12 battery (original)",
        name_zh="iPhone 12 电池（原厂）",
        price=Decimal(419),
    )


def catalogue() -> None:
    """Screens in both grades and a battery for the iPhone 12, with the repairs that fit them."""
    screen_part()
    screen_part(Grade.CERTIFIED)
    battery_part()
    for position, (key, zh, minutes, labour) in enumerate(
        [("screen", "屏幕", 40, 100), ("battery", "电池", 30, 80)]
    ):
        Repair.objects.get_or_create(
            key=key,
            defaults={
                "name_en": f"{key.capitalize()} replacement",
                "name_zh": f"更换{zh}",
                "component": ComponentFactory(key=key, name_en=key, name_zh=zh),
                "skill": SkillFactory(key=key, name_en=key.capitalize(), name_zh=zh),
                "skill_level": 2,
                "minutes": minutes,
                "labour": Decimal(labour),
                "position": position,
            },
        )


def qualified_engineer(city: City, **fields: Any) -> Engineer:
    """An engineer of the city, certified for everything in the catalogue."""
    engineer = EngineerFactory(
        city=city, base_latitude=city.latitude, base_longitude=city.longitude, **fields
    )
    CertificateFactory(
        engineer=engineer, skill=SkillFactory(key="battery", name_en="Battery", name_zh="电池")
    )
    return engineer


def booked(
    city: City,
    *,
    repairs: Sequence[tuple[str, str]] = (("screen", Grade.ORIGINAL),),
    window: str = "10:00",
    at: datetime = MORNING,
    **fields: Any,
) -> RepairOrder:
    """An order in the window of two hours from that time, with a phone and a mail address, both proved."""
    number = next(numbers)
    start_at = clock(window)
    return book(
        request=BookingRequest(
            **{
                "device_model": DeviceModelFactory(),
                "repairs": repairs,
                "city": city,
                "latitude": city.latitude,
                "longitude": city.longitude,
                "address": "Jianguo Road 1",
                "window_start_at": start_at,
                "window_end_at": start_at + timedelta(hours=2),
                "contacts": [
                    ContactDetails("Li Wei", Address("sms", f"+86139{number:08d}"), proved=True),
                    ContactDetails("Li Na", Address("email", f"li{number}@example.com"), proved=True),
                ],
                "language": "en",
                **fields,
            }
        ),
        by=None,
        at=at,
    )


@dataclass
class Door:
    """An order and the visit that serves it. `by` is the visit's engineer, `at` a moment at the door."""

    order: RepairOrder
    visit: Visit

    @property
    def engineer(self) -> Engineer:
        assert self.visit.engineer is not None
        return self.visit.engineer

    @property
    def by(self) -> User:
        return self.engineer.user

    @property
    def at(self) -> datetime:
        assert self.visit.planned_start_at is not None
        return self.visit.planned_start_at + timedelta(minutes=10)

    @property
    def who(self) -> dict[str, Any]:
        """What every verb at the door takes."""
        return {"order": self.order, "visit": self.visit, "by": self.by, "at": self.at}

    @property
    def lines(self) -> list[QuoteLine]:
        """The lines of today's work."""
        return lines_to_fit(self.order, self.visit)

    def refresh(self) -> "Door":
        """Both rows as they are now."""
        self.order = RepairOrder.objects.get(pk=self.order.pk)
        self.visit = Visit.objects.select_related("city", "engineer__user").get(pk=self.visit.pk)
        return self

    def unit(self, serial: str = "", *, part: Part | None = None) -> StockUnit:
        """A unit of the first line's part in the engineer's van."""
        return unit_in_van(self.engineer, part or self.lines[0].part, serial)

    def start(self) -> "Door":
        """The work started with the customer's PIN."""
        start_with_pin(**self.who, pin=order_pin(self.order))
        return self.refresh()

    def fit(self, line: QuoteLine | None = None, *, serial: str = "") -> Fitting:
        """A new part in for the line."""
        line = line or self.lines[0]
        serial = serial or self.unit(part=line.part).serial
        return fit_part(**self.who, line=line, serial=serial)

    def take_out(self, fitting: Fitting) -> Fitting:
        """The old part out."""
        return take_out_part(fitting=fitting, serial="none", fate="recycle", by=self.by, at=self.at)

    def do_all_lines(self) -> "Door":
        """Every new part in, every old part out."""
        for line in self.lines:
            self.take_out(self.fit(line))
        return self

    def finish(self) -> "Door":
        """The visit finished, with a photo."""
        finish_repair(**self.who, photos=[photo()], note="")
        return self.refresh()


def unit_in_van(engineer: Engineer, part: Part, serial: str = "") -> StockUnit:
    """A unit of the part in the engineer's van."""
    van = StockLocation.objects.filter(custodian=engineer.user).first() or StockLocationFactory(
        van=True, custodian=engineer.user, city=engineer.city, name=f"Van {engineer.number}"
    )
    return received_unit(serial or f"SN-{next(numbers):06d}", lot=LotFactory(part=part), location=van)


def door(
    status: str = VisitStatus.ON_SITE, *, city: City | None = None, started: bool = False, **booking: Any
) -> Door:
    """An order whose visit is in that state, with an engineer of its own; on site not yet started."""
    city = city or CityFactory()
    catalogue()
    qualified_engineer(city)
    order = booked(city, **booking)
    visit = OrderVisit.objects.get(order=order).visit
    bring(visit, status)
    found = Door(order, visit).refresh()
    return found.start() if started else found


def working(**booking: Any) -> Door:
    """At the door with the work started."""
    return door(started=True, **booking)


def bring(visit: Visit, status: str) -> None:
    """The visit into that state, by the verbs of the doorstep."""
    if status == VisitStatus.PLANNED:
        return
    if status == VisitStatus.CANCELLED:
        doorstep.cancel_visit(visit=visit, reason="no longer wanted", by=None, at=MORNING)
        return
    assert visit.engineer is not None
    dispatch_visit(visit=visit, engineer=visit.engineer, by=DispatcherFactory(), at=MORNING)
    visit.refresh_from_db()
    assert visit.planned_start_at is not None
    by, at = visit.engineer.user, visit.planned_start_at
    steps: dict[str, list[Any]] = {
        VisitStatus.CONFIRMED: [],
        VisitStatus.EN_ROUTE: [doorstep.set_out],
        VisitStatus.ON_SITE: [doorstep.set_out, doorstep.arrive],
        VisitStatus.NO_ACCESS: [doorstep.set_out, doorstep.arrive, rang_in_vain],
        VisitStatus.CANNOT_COMPLETE: [doorstep.set_out, doorstep.arrive, gave_up],
        VisitStatus.DONE: [
            doorstep.set_out,
            doorstep.arrive,
            doorstep.start_visit,
            doorstep.finish_visit,
        ],
    }
    for step in steps[status]:
        step(visit=visit, by=by, at=at)


def rang_in_vain(*, visit: Visit, by: User, at: datetime) -> None:
    """Nobody opened."""
    doorstep.report_no_access(
        visit=visit, note="Rang twice, called twice.", by=by, at=at + doorstep.NO_ACCESS_AFTER
    )


def gave_up(*, visit: Visit, by: User, at: datetime) -> None:
    """The right part was not at hand."""
    doorstep.report_cannot_complete(
        visit=visit, reason=CannotCompleteReason.WRONG_PART, note="", by=by, at=at
    )


def put_order(order: RepairOrder, status: str) -> RepairOrder:
    """The order in that state, whatever its visit says: what the guards of the verbs look at."""
    order = RepairOrder.objects.get(pk=order.pk)
    if order.status == status:
        return order
    if order.status == OrderStatus.IN_REPAIR and status != OrderStatus.UNREPAIRABLE:
        order.put_back()
    for move in MOVES[OrderStatus(status)]:
        getattr(order, move)()
    if status == OrderStatus.COMPLETED:
        order.completed_at = MORNING
    order.save()
    return order


def standing(place: Door, *, visit: str = "", order: str = "") -> Door:
    """The door with its rows in these states, whatever led there: what the guards of the verbs look at."""
    if visit:
        Visit.objects.filter(pk=place.visit.pk).update(status=visit)
    if order:
        ended_at = MORNING if order == OrderStatus.COMPLETED else None
        RepairOrder.objects.filter(pk=place.order.pk).update(status=order, completed_at=ended_at)
    return place


def photo(
    name: str = "phone.jpg",
    *,
    size: tuple[int, int] = (60, 40),
    kind: str = "JPEG",
    mode: str = "RGB",
    **options: Any,
) -> SimpleUploadedFile:
    """A small photo as a browser uploads it."""
    out = io.BytesIO()
    Image.new(mode, size, "teal" if mode == "RGB" else None).save(out, kind, **options)
    return SimpleUploadedFile(name, out.getvalue(), content_type=f"image/{kind.lower()}")
