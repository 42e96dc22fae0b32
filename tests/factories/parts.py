"""Catalogue and stock with fixed data: an iPhone 12 and what fits it."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import factory

from parts.models import (
    Brand,
    Component,
    DeviceModel,
    Grade,
    Lot,
    Part,
    PartCertificate,
    StockLocation,
    StockUnit,
    Supplier,
)
from parts.services.stock import receive_units
from tests.factories.places import CityFactory

DAY = date(2026, 11, 23)
RECEIVED_AT = datetime(2026, 10, 1, 1, 0, tzinfo=UTC)


class BrandFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Brand
        django_get_or_create = ("key",)

    key = "apple"
    name_en = "Apple"
    name_zh = "苹果"
    support_url = "https://support.apple.com/zh-cn/repair"


class DeviceModelFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = DeviceModel
        django_get_or_create = ("key",)

    brand = factory.SubFactory(BrandFactory)
    key = "iphone-12"
    name = "iPhone 12"
    released_on = date(2020, 10, 23)


class ComponentFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Component
        django_get_or_create = ("key",)

    key = "screen"
    name_en = "screen"
    name_zh = "屏幕"


class SupplierFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Supplier
        django_get_or_create = ("name",)

    name = "Apple parts (sample)"


class PartFactory(factory.django.DjangoModelFactory):
    """The original screen of an iPhone 12; `certified`: the third party's, without its certificate yet."""

    class Meta:
        model = Part
        django_get_or_create = ("sku",)
        skip_postgeneration_save = True

    sku = "IPHONE12-SCR-O"
    component = factory.SubFactory(ComponentFactory)
    grade = Grade.ORIGINAL
    name_en = "iPhone 12 screen (original)"
    name_zh = "iPhone 12 屏幕（原厂）"
    supplier = factory.SubFactory(SupplierFactory)
    price = Decimal(2049)

    class Params:
        certified = factory.Trait(
            sku="IPHONE12-SCR-C",
            grade=Grade.CERTIFIED,
            name_en="iPhone 12 screen (certified)",
            name_zh="iPhone 12 屏幕（认证）",
            supplier=factory.SubFactory(SupplierFactory, name="Lanhai Display (sample)"),
            price=Decimal(1070),
            is_sample_price=True,
            price_source="sample",
        )

    @factory.post_generation
    def fits(self, create: bool, extracted: Any, **kwargs: Any) -> None:
        if create:
            self.fits.set([DeviceModelFactory()] if extracted is None else extracted)  # type: ignore[attr-defined]


class PartCertificateFactory(factory.django.DjangoModelFactory):
    """Valid all through 2026."""

    class Meta:
        model = PartCertificate

    part = factory.SubFactory(PartFactory, certified=True)
    number = factory.Sequence(lambda n: f"PC-{n:04d}")
    issuer = "Demo testing laboratory (sample)"
    valid_from_on = date(2026, 1, 1)
    valid_until_on = date(2026, 12, 31)


class LotFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Lot
        django_get_or_create = ("part", "number")

    part = factory.SubFactory(PartFactory)
    number = "261001"
    supplier = factory.SelfAttribute("part.supplier")
    received_on = date(2026, 10, 1)


class StockLocationFactory(factory.django.DjangoModelFactory):
    """The store of Beijing. The trait `van` makes an engineer's van: give its custodian."""

    class Meta:
        model = StockLocation
        django_get_or_create = ("name",)

    kind = StockLocation.Kind.STORE
    name = "Beijing store"
    city = factory.SubFactory(CityFactory)

    class Params:
        van = factory.Trait(
            kind=StockLocation.Kind.VAN, name=factory.LazyAttribute(lambda one: f"Van of {one.custodian}")
        )


def received_unit(
    serial: str = "IPHONE12-SCR-O-0001",
    *,
    lot: Lot | None = None,
    location: StockLocation | None = None,
    by: Any = None,
) -> StockUnit:
    """A unit in stock, written by the service, so that its ledger holds."""
    (unit,) = receive_units(
        lot=lot or LotFactory(),
        location=location or StockLocationFactory(),
        serials=[serial],
        by=by,
        at=RECEIVED_AT,
    )
    return unit
