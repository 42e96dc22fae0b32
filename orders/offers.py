"""What can be booked for a device model: each repair with its grades side by side."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.utils.translation import gettext_lazy as _

from engineers.selectors.windows import VisitNeeds
from orders.models import Repair
from orders.ports import warranty_term
from parts.models import DeviceModel, Grade, Part
from repairhub.core.errors import InvalidInput


@dataclass(frozen=True)
class GradeOption:
    """One grade of one repair: the part, what it costs in CNY, our term in days, what the maker says."""

    repair: Repair
    part: Part
    term_days: int
    terms_version: str

    @property
    def grade(self) -> str:
        """`original` or `certified`."""
        return self.part.grade

    @property
    def grade_label(self) -> str:
        """The grade in the reader's language."""
        return str(Grade(self.part.grade).label)

    @property
    def is_sample_price(self) -> bool:
        """Whether the price is a sample and no published one."""
        return self.part.is_sample_price

    @property
    def part_price(self) -> Decimal:
        """The part alone, CNY."""
        return self.part.price

    @property
    def labour(self) -> Decimal:
        """The work, CNY."""
        return self.repair.labour

    @property
    def total(self) -> Decimal:
        """Part and labour, CNY: what the customer pays for this repair."""
        return self.part.price + self.repair.labour


@dataclass(frozen=True)
class RepairOffer:
    """A repair for a model, with at least one grade."""

    repair: Repair
    options: tuple[GradeOption, ...]

    def option(self, grade: str) -> GradeOption | None:
        """The option of that grade, if there is one."""
        return next((option for option in self.options if option.grade == grade), None)


def repair_offers(device_model: DeviceModel, on: date) -> list[RepairOffer]:
    """Every repair of the model that can be promised on that day. Two queries and the terms'.

    Of several parts of one grade the cheapest counts, then the lower SKU.
    """
    parts = Part.objects.offered(on).for_model(device_model).order_by("price", "sku")
    by_place: dict[tuple[int, str], Part] = {}
    for part in parts:
        by_place.setdefault((part.component_id, part.grade), part)
    terms = {grade: warranty_term(grade, on) for grade in Grade.values}
    offers = []
    for repair in Repair.objects.filter(is_active=True).select_related("component", "skill"):
        options = tuple(
            GradeOption(repair, part, terms[grade].days, terms[grade].version)
            for grade in (Grade.ORIGINAL, Grade.CERTIFIED)
            if (part := by_place.get((repair.component_id, grade)))
        )
        if options:
            offers.append(RepairOffer(repair, options))
    return offers


def choose(device_model: DeviceModel, choices: Iterable[tuple[str, str]], on: date) -> list[GradeOption]:
    """The options behind (repair key, grade) pairs, in their order.

    Raises InvalidInput naming `repairs` where nothing is chosen, one is chosen twice or cannot be promised.
    """
    offers = {offer.repair.key: offer for offer in repair_offers(device_model, on)}
    chosen: list[GradeOption] = []
    for repair_key, grade in choices:
        offer = offers.get(repair_key)
        option = offer.option(grade) if offer else None
        if option is None:
            raise InvalidInput(
                _("We do not offer this repair in this grade for %(model)s.") % {"model": device_model.name},
                field="repairs",
                code="not_offered",
                next_step=_("Choose one of the repairs shown."),
            )
        if any(option.repair.pk == other.repair.pk for other in chosen):
            raise InvalidInput(_("Each repair can be chosen once."), field="repairs", code="twice")
        chosen.append(option)
    if not chosen:
        raise InvalidInput(_("Choose at least one repair."), field="repairs", code="required")
    return chosen


def visit_needs(device_model: DeviceModel, options: Sequence[GradeOption]) -> VisitNeeds:
    """What a visit for these repairs takes: all minutes, the highest level of each skill, authorisations."""
    skills: dict[str, int] = {}
    for option in options:
        key = option.repair.skill.key
        skills[key] = max(option.repair.skill_level, skills.get(key, 0))
    needs_brand = any(option.part.needs_brand_authorisation for option in options)
    return VisitNeeds(
        service_minutes=sum(option.repair.minutes for option in options),
        skills=skills,
        brands=frozenset([device_model.brand.key]) if needs_brand else frozenset(),
    )
