"""The demo's catalogue: brands, models, parts in two grades with their certificates, and the repairs."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import TypeVar

from django.apps import apps
from django.db.models import Model
from simple_history.utils import bulk_create_with_history

from engineers.models import Skill
from orders.models import Repair
from parts.models import Brand, Component, DeviceModel, Grade, Part, PartCertificate, Supplier
from repairhub.ops.demo import tables

REASON = "demo data"
SAMPLE = "sample"
ISSUER = "Demo testing laboratory (sample)"
# Its certificate has run out, so customers are not offered it: what a parts admin mends.
LAPSED_SKU = "XIAOMI13-SCR-C"
# Its certificate ends soon: what the admin's first page tells in time.
ENDING_SKU = "P60PRO-SCR-C"
ENDS_IN = {LAPSED_SKU: timedelta(days=-12), ENDING_SKU: timedelta(days=20)}
ENDS_USUALLY_IN = timedelta(days=530)
CERTIFICATE_LASTS = timedelta(days=730)
CERTIFIED_SUPPLIERS = {
    "screen": "Lanhai Display (sample)",
    "battery": "Hengneng Battery (sample)",
    "rear-camera": "Xinyuan Optics (sample)",
    "front-camera": "Xinyuan Optics (sample)",
}
OTHER_CERTIFIED_SUPPLIER = "Ruida Components (sample)"
IN_NAME = {Grade.ORIGINAL: ("original", "原厂"), Grade.CERTIFIED: ("certified", "认证")}

Row = TypeVar("Row", bound=Model)


def add_missing(model: type[Row], key: str, wanted: Iterable[Row], at: datetime) -> dict[str, Row]:
    """All rows of the model by their key; those not there yet are written, those there stay as they are."""
    known = {getattr(row, key): row for row in model._default_manager.all()}
    new = [row for row in wanted if getattr(row, key) not in known]
    if hasattr(model, "history"):
        bulk_create_with_history(new, model, default_date=at, default_change_reason=REASON)
    else:
        model._default_manager.bulk_create(new)
    return known | {getattr(row, key): row for row in new}


def load_catalogue(*, on: date, at: datetime) -> dict[str, int]:
    """What is missing of the catalogue. Gives the number of models, parts and repairs there are now."""
    components = add_missing(
        Component,
        "key",
        [Component(key=row.key, name_en=row.name_en, name_zh=row.name_zh) for row in tables.components()],
        at,
    )
    skills = add_missing(Skill, "key", [Skill(**row) for row in tables.rows("skills.csv")], at)
    repairs = add_missing(Repair, "key", _repairs(components, skills), at)
    brands = add_missing(
        Brand,
        "key",
        [Brand(**row, position=place) for place, row in enumerate(tables.rows("brands.csv"))],
        at,
    )
    models = add_missing(
        DeviceModel,
        "key",
        [
            DeviceModel(brand=brands[row.brand], key=row.key, name=row.name, released_on=row.released_on)
            for row in tables.device_models()
        ],
        at,
    )
    parts = _load_parts(components, brands, models, repairs, on=on, at=at)
    return {"device models": len(models), "parts": len(parts), "repairs": len(repairs)}


def _repairs(components: dict[str, Component], skills: dict[str, Skill]) -> list[Repair]:
    return [
        Repair(
            key=row["key"],
            name_en=row["name_en"],
            name_zh=row["name_zh"],
            fault_en=row["fault_en"],
            fault_zh=row["fault_zh"],
            component=components[row["component"]],
            skill=skills[row["skill"]],
            skill_level=int(row["skill_level"]),
            minutes=int(row["minutes"]),
            labour=Decimal(row["labour"]),
            position=place,
        )
        for place, row in enumerate(tables.rows("repairs.csv"))
    ]


def _load_parts(
    components: dict[str, Component],
    brands: dict[str, Brand],
    models: dict[str, DeviceModel],
    repairs: dict[str, Repair],
    *,
    on: date,
    at: datetime,
) -> dict[str, Part]:
    names = [f"{brand.name_en} parts (sample)" for brand in brands.values()]
    names += [*CERTIFIED_SUPPLIERS.values(), OTHER_CERTIFIED_SUPPLIER]
    suppliers = add_missing(Supplier, "name", [Supplier(name=name) for name in dict.fromkeys(names)], at)
    official = _official_parts(repairs)
    wanted: list[Part] = []
    fits: dict[str, set[str]] = defaultdict(set)  # SKU to the keys of the models it fits
    for model in tables.device_models():
        for component in tables.components():
            cell = model.cells[component.key]
            if cell.startswith("="):  # one part for both models
                for grade in Grade:
                    fits[_sku(cell[1:], component, grade)].add(model.key)
                continue
            published = official[model.name, component.key] if cell == tables.OFFICIAL else None
            price = published[0] if published else Decimal(cell)
            maker_only = component.key in model.maker_only
            part = Part(
                sku=_sku(model.key, component, Grade.ORIGINAL),
                component=components[component.key],
                grade=Grade.ORIGINAL,
                supplier=suppliers[f"{brands[model.brand].name_en} parts (sample)"],
                price=price,
                is_sample_price=published is None,
                price_source=published[1] if published else SAMPLE,
                # The maker's warranty stays only where the maker itself authorised whoever fits the part.
                needs_brand_authorisation=maker_only,
                keeps_maker_warranty=maker_only,
                **_names(model, component, Grade.ORIGINAL),
            )
            wanted.append(part)
            fits[part.sku].add(model.key)
            if component.certified_percent is None:
                continue
            part = Part(
                sku=_sku(model.key, component, Grade.CERTIFIED),
                component=components[component.key],
                grade=Grade.CERTIFIED,
                supplier=suppliers[CERTIFIED_SUPPLIERS.get(component.key, OTHER_CERTIFIED_SUPPLIER)],
                price=(price * component.certified_percent / 1000).quantize(Decimal(1)) * 10,
                is_sample_price=True,
                price_source=SAMPLE,
                **_names(model, component, Grade.CERTIFIED),
            )
            wanted.append(part)
            fits[part.sku].add(model.key)
    return _write_parts(wanted, fits, models, on=on, at=at)


def _official_parts(repairs: dict[str, Repair]) -> dict[tuple[str, str], tuple[Decimal, str]]:
    """Model name and component key to the part's price and its source.

    The published price is what the customer pays in all, so the labour of the repair comes off.
    """
    by_name = {repair.name_en: repair for repair in repairs.values()}
    found = {}
    for row in tables.official_prices():
        repair = by_name[row.repair]
        source = f"{row.source}: CNY {row.price} in all, labour of CNY {repair.labour:.0f} included"
        found[row.model, repair.component.key] = (row.price - repair.labour, source)
    return found


def _write_parts(
    wanted: list[Part], fits: dict[str, set[str]], models: dict[str, DeviceModel], *, on: date, at: datetime
) -> dict[str, Part]:
    """The missing parts in a few statements, each with its certificate and its first version."""
    known = {part.sku: part for part in Part.objects.all()}
    new = [part for part in wanted if part.sku not in known]
    Part.objects.bulk_create(new)
    links = Part.fits.through.objects.bulk_create(
        [
            Part.fits.through(part=part, devicemodel=models[key])
            for part in new
            for key in sorted(fits[part.sku])
        ]
    )
    versions = Part.history.bulk_history_create(new, default_date=at, default_change_reason=REASON)
    version_of = {version.id: version for version in versions}
    fits_then = apps.get_model("parts", "HistoricalPart_fits")
    fits_then.objects.bulk_create(
        [
            fits_then(
                id=link.pk,
                history=version_of[link.part_id],
                part_id=link.part_id,
                devicemodel_id=link.devicemodel_id,
            )
            for link in links
        ]
    )
    certificates = [
        PartCertificate(
            part=part,
            number=f"PC-{part.sku}",
            issuer=ISSUER,
            valid_from_on=until - CERTIFICATE_LASTS,
            valid_until_on=until,
        )
        for part in new
        if part.grade == Grade.CERTIFIED
        for until in [on + ENDS_IN.get(part.sku, ENDS_USUALLY_IN)]
    ]
    bulk_create_with_history(certificates, PartCertificate, default_date=at, default_change_reason=REASON)
    return known | {part.sku: part for part in new}


def _sku(model_key: str, component: tables.ComponentRow, grade: Grade) -> str:
    return f"{model_key.replace('-', '').upper()}-{component.code}-{grade.value[0].upper()}"


def _names(model: tables.ModelRow, component: tables.ComponentRow, grade: Grade) -> dict[str, str]:
    in_english, in_chinese = IN_NAME[grade]
    return {
        "name_en": f"{model.name} {component.name_en} ({in_english})",
        "name_zh": f"{model.name} {component.name_zh}（{in_chinese}）",
    }
