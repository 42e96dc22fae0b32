"""List pages cost the same for few rows and for many."""

import copy
from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime, timedelta
from typing import Any, TypeVar
from uuid import UUID

import pytest
from django.contrib import admin
from django.db import connection
from django.db.models import Model
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from engineers.models import Engineer, EngineerCertificate, EngineerRequest, Skill, Visit
from engineers.planning import city_today
from engineers.states import VisitStatus
from orders.models import Fitting, OrderVisit, Quote, QuoteLine, Repair, RepairOrder
from parts.models import DeviceModel, Lot, Part, StockMovement, StockUnit
from repairhub.accounts.models import User
from repairhub.accounts.states import Role
from repairhub.notifications.models import DemoDelivery, Message
from repairhub.places.models import City
from repairhub.sla.models import SlaClock
from tests.architecture.addresses import ADDRESSES
from tests.architecture.query_budgets import ADMIN_LIST, BUDGETS
from tests.factories.accounts import UserFactory
from tests.factories.engineers import CertificateFactory, SkillFactory, stored_visits
from tests.factories.parts import StockLocationFactory, received_unit
from tests.factories.warranty import Workshop
from warranty.models import Claim, Warranty

FEW, MANY = 20, 2000
MANY_IN_THE_ADMIN = 120  # more than the longest page shows
Row = TypeVar("Row", bound=Model)
STORED = r"^V-\d+X\d{5}$"  # references of the visits that these tests write
NEW_YEAR = datetime(2026, 1, 1, tzinfo=UTC)


def queries_of(client: Client, path: str, data: dict[str, Any] | None = None) -> int:
    """How many queries the page costs; it must be a page."""
    client.get(path, data)  # content types and the like are asked for once per process
    with CaptureQueriesContext(connection) as queries:
        response = client.get(path, data)
        if response.streaming:
            b"".join(response.streaming_content)  # type: ignore[arg-type]
    assert response.status_code == 200, (path, response.status_code)
    return len(queries)


def signed_in(role: str, **fields: Any) -> Client:
    """A browser session of that role."""
    client = Client()
    client.force_login(UserFactory(role=role, **fields))
    return client


@pytest.fixture
def workshop(db: None) -> Workshop:
    """A city at work whose clock says now: what it books is for the next morning, never for today's rows."""
    shop = Workshop.open()
    shop.clock = timezone.now()
    return shop


def more_visits(
    shop: Workshop, engineer: Engineer | None, total: int, *, order: RepairOrder, **fields: Any
) -> None:
    """That many visits of the order today; those written before make way."""
    OrderVisit.objects.filter(visit__reference__regex=STORED).delete()
    shop.city.visits.filter(reference__regex=STORED).delete()
    today = city_today(shop.city, timezone.now())
    count = min(total, 1000) if engineer else total
    visits = stored_visits(count, city=shop.city, engineer=engineer, on=today, **fields)
    OrderVisit.objects.bulk_create(OrderVisit(order=order, visit=visit) for visit in visits)


def more_claims(shop: Workshop, total: int) -> None:
    """Up to that many waiting claims."""
    claim = Claim.objects.first() or shop.claim()
    rows = []
    for number in range(Claim.objects.count(), total):
        row = Claim.objects.get(pk=claim.pk)
        row.pk, row.reference, row.form_id = None, f"C-{number:08d}", UUID(int=10_000 + number)
        rows.append(row)
    Claim.objects.bulk_create(rows)


def more_certificates(total: int) -> None:
    """Up to that many engineers, each with two certificates."""
    numbers = range(Engineer.objects.count(), total)
    people = copies(User, numbers, phone="+86137{:08d}".format, email=lambda number: None)
    made = copies(
        Engineer,
        numbers,
        number="X-{:05d}".format,
        user=lambda number: people[number - numbers.start],
        user_id=lambda number: people[number - numbers.start].pk,
    )
    User.objects.filter(pk__in=[person.pk for person in people]).update(role=Role.ENGINEER)
    for key in ("screen", "battery"):
        EngineerCertificate.objects.bulk_create(
            CertificateFactory.build(engineer=engineer, skill=SkillFactory(key=key)) for engineer in made
        )


def more_own_certificates(engineer: Engineer, total: int) -> None:
    """Up to that many certificates of one engineer, each of a skill of its own."""
    skills = Skill.objects.bulk_create(
        Skill(key=f"skill-{number}", name_en=f"Skill {number}", name_zh=f"技能{number}")
        for number in range(Skill.objects.count(), total)
    )
    EngineerCertificate.objects.bulk_create(
        CertificateFactory.build(engineer=engineer, skill=skill) for skill in skills
    )


def more_messages(total: int) -> None:
    """Up to that many deliveries."""
    first = DemoDelivery.objects.count()
    messages = Message.objects.bulk_create(
        Message(
            key=f"budget:{number}",
            channel="sms",
            address="+8613800138000",
            language="en",
            template="visit_reminder",
            context={},
            created_at=NEW_YEAR,
            not_before_at=NEW_YEAR,
        )
        for number in range(first, total)
    )
    DemoDelivery.objects.bulk_create(
        DemoDelivery(
            message=message,
            channel="sms",
            address=message.address,
            subject="A subject",
            body="A text",
            language="en",
            created_at=NEW_YEAR + timedelta(minutes=number),
        )
        for number, message in enumerate(messages)
    )


def more_cities(total: int) -> None:
    """Up to that many cities."""
    City.objects.bulk_create(
        City(code=f"X{n}", name_en=f"City {n}", name_zh=f"城{n}", latitude=30, longitude=110, radius_km=10)
        for n in range(City.objects.count(), total)
    )


def more_models(total: int) -> None:
    """Up to that many device models of one brand."""
    brand = DeviceModel.objects.earliest("pk").brand
    DeviceModel.objects.bulk_create(
        DeviceModel(brand=brand, key=f"model-{n}", name=f"Model {n}", released_on=date(2020, 1, 1))
        for n in range(DeviceModel.objects.count(), total)
    )


def copies(model: type[Row], numbers: range, **differing: Callable[[int], Any]) -> list[Row]:
    """A row like the first one for each of the numbers; `differing`: the fields that each has of its own."""
    first = model._base_manager.earliest("pk")
    rows = []
    for number in numbers:
        row = copy.copy(first)
        row.pk = None
        for name, made in differing.items():
            setattr(row, name, made(number))
        rows.append(row)
    return model._base_manager.bulk_create(rows)


def more_repairs(total: int) -> None:
    """Up to that many repairs of a screen, and as many parts that fit the phone."""
    numbers = range(Repair.objects.count(), total)
    copies(Repair, numbers, key="repair-{}".format)
    phone = DeviceModel.objects.get(key="iphone-12")
    phone.parts.add(*copies(Part, numbers, sku="PART-{}".format))


def more_of_everything(numbers: range) -> None:
    """For each number an order with all that hangs on it: quote, visit, unit, fitting, warranty, claim."""

    def of(rows: list[Any]) -> Callable[[int], Any]:
        return lambda number: rows[number - numbers.start]

    copies(User, numbers, phone="+86139{:08d}".format, email=lambda number: None)
    copies(DeviceModel, numbers, key="model-{}".format, name="Model {}".format)
    copies(Part, numbers, sku="PART-{}".format)
    copies(Lot, numbers, number="LOT-{}".format)
    orders = copies(RepairOrder, numbers, reference="RH-{:08d}".format)
    visits = copies(Visit, numbers, reference="V-{:08d}".format)
    quotes = copies(Quote, numbers, order=of(orders))
    lines = copies(QuoteLine, numbers, quote=of(quotes))
    units = copies(StockUnit, numbers, serial="SN-{:08d}-X".format)
    copies(StockMovement, numbers, unit=of(units))
    door = {"order": of(orders), "line": of(lines), "visit": of(visits), "unit": of(units)}
    fittings = copies(Fitting, numbers, **door)
    copies(Warranty, numbers, number="W-{:08d}".format, fitting=of(fittings))
    copies(Claim, numbers, reference="C-{:08d}".format, form_id=lambda number: UUID(int=10_000 + number))
    copies(SlaClock, numbers, object_id=lambda number: 10_000_000 + number)
    copies(Message, numbers, key="more:{}".format)


GROWING: list[type[Model]] = [
    User, RepairOrder, Quote, Visit, Fitting, StockUnit, StockMovement, Lot, Part, DeviceModel,
    Warranty, Claim, SlaClock, Message,
]  # fmt: skip


class TestTable:
    def test_every_row_names_an_address(self) -> None:
        assert set(BUDGETS) - set(ADDRESSES) == set()

    def test_the_check_sees_a_page_that_asks_per_row(self, workshop: Workshop) -> None:
        def per_row(total: int) -> int:
            more_models(total)
            with CaptureQueriesContext(connection) as queries:
                for model in DeviceModel.objects.all():
                    assert model.brand.name_en
            return len(queries)

        workshop.book()
        assert per_row(20) != per_row(40)


@pytest.mark.django_db
class TestLists:
    def check(self, name: str, client: Client, grow: Callable[[int], None], **data: Any) -> None:
        """The same cost with few and with many rows, inside the budget."""
        path = reverse(name)
        grow(FEW)
        few = queries_of(client, path, data)
        grow(MANY)
        many = queries_of(client, path, data)
        assert few == many, f"{name} costs {few} queries for {FEW} rows and {many} for {MANY}"
        assert many <= BUDGETS[name], f"{name} costs {many} queries"

    @pytest.mark.parametrize("name", ["board", "board_export"])
    @pytest.mark.parametrize("with_engineer", [True, False], ids=["in a route", "in the tray"])
    def test_the_board(self, workshop: Workshop, name: str, with_engineer: bool) -> None:
        engineer = workshop.engineer if with_engineer else None
        client = signed_in(Role.DISPATCHER, cities=[workshop.city])
        order = workshop.book()
        RepairOrder.objects.update(district="Chaoyang")
        self.check(
            name,
            client,
            lambda total: more_visits(workshop, engineer, total, order=order),
            city=workshop.city.code,
        )

    def test_the_engineers_day(self, workshop: Workshop) -> None:
        client = Client()
        client.force_login(workshop.user)
        order = workshop.book()

        def grow(total: int) -> None:
            more_visits(workshop, workshop.engineer, total, order=order, status=VisitStatus.CONFIRMED)

        self.check("engineer_day", client, grow)

    @pytest.mark.parametrize("name", ["qualifications", "qualifications_csv"])
    def test_qualifications(self, workshop: Workshop, name: str) -> None:
        workshop.completed()
        self.check(name, signed_in(Role.MANAGER), more_certificates)

    def test_an_engineers_own_certificates(self, workshop: Workshop) -> None:
        client = Client()
        client.force_login(workshop.user)
        self.check("own_certificates", client, lambda total: more_own_certificates(workshop.engineer, total))

    def test_the_van(self, workshop: Workshop) -> None:
        client = Client()
        client.force_login(workshop.user)
        order = workshop.book()
        van = StockLocationFactory(van=True, custodian=workshop.user, city=workshop.city)
        received_unit("SN-0", location=van)

        def grow(total: int) -> None:
            more_visits(workshop, workshop.engineer, total, order=order, status=VisitStatus.CONFIRMED)
            numbers = range(StockUnit.objects.filter(location=van).count(), total)
            copies(StockUnit, numbers, serial="SN-VAN-{:05d}".format, location=lambda number: van)

        self.check("van_stock", client, grow)

    @pytest.mark.parametrize("name", ["engineer_requests", "desk_requests"])
    def test_requests_of_engineers(self, workshop: Workshop, name: str) -> None:
        client = signed_in(Role.DISPATCHER, cities=[workshop.city])
        if name == "engineer_requests":
            client.force_login(workshop.user)

        def grow(total: int) -> None:
            first = EngineerRequest.objects.count()
            EngineerRequest.objects.bulk_create(
                EngineerRequest(
                    engineer=workshop.engineer,
                    kind="absence",
                    from_on=date(2030, 1, 1) + timedelta(days=number),
                    until_on=date(2030, 1, 1) + timedelta(days=number),
                    reason="holiday",
                    asked_at=NEW_YEAR + timedelta(minutes=number),
                )
                for number in range(first, total)
            )

        self.check(name, client, grow)

    @pytest.mark.parametrize("name", ["claims", "claims_csv"])
    def test_claims(self, workshop: Workshop, name: str) -> None:
        client = signed_in(Role.CASE_OFFICER)
        self.check(name, client, lambda total: more_claims(workshop, total))

    def test_the_demos_messages(self) -> None:
        self.check("demo_messages", Client(), more_messages)

    @pytest.mark.parametrize("name", ["book", "api_device_models"])
    def test_device_models(self, workshop: Workshop, name: str) -> None:
        workshop.book()
        words = {"q": "model"} if name == "book" else {}
        self.check(name, Client(), more_models, **words)

    def test_cities(self) -> None:
        self.check("api_cities", Client(), more_cities)

    def test_repairs_of_a_model(self, workshop: Workshop) -> None:
        workshop.book()
        self.check("api_repairs", Client(), more_repairs, device_model="iphone-12")

    def test_windows(self, workshop: Workshop) -> None:
        order = workshop.book()
        self.check(
            "api_windows",
            Client(),
            lambda total: more_visits(workshop, None, total, order=order),
            city=workshop.city.code,
            latitude=workshop.city.latitude,
            longitude=workshop.city.longitude,
            repair="iphone-12.screen-replacement",
            grade="original",
        )

    def test_lists_of_the_admin(self, workshop: Workshop) -> None:
        more_claims(workshop, FEW)
        assert {label: cost for label, cost in self.admin_costs().items() if cost > ADMIN_LIST} == {}

    def test_lists_of_the_admin_that_grow_with_the_business(self, workshop: Workshop) -> None:
        workshop.claim()
        more_of_everything(range(FEW))
        few = self.admin_costs(GROWING)
        more_of_everything(range(FEW, MANY_IN_THE_ADMIN))
        many = self.admin_costs(GROWING)
        assert few == many
        assert {label: cost for label, cost in many.items() if cost > ADMIN_LIST} == {}

    def admin_costs(self, models: Iterable[type[Model]] | None = None) -> dict[str, int]:
        """What the list of each of these models costs a manager (of every model in the admin by default)."""
        client = signed_in(Role.MANAGER, is_staff=True)
        return {
            model._meta.label: queries_of(
                client, reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
            )
            for model in models or admin.site._registry
        }
