"""A skill is suspended by the rework rate: each night, by the policy of the skill."""

import logging
from dataclasses import dataclass
from datetime import datetime

from engineers.models import Engineer, EngineerCertificate, Skill
from engineers.planning import city_today
from engineers.selectors.policies import PolicyBook
from engineers.selectors.rework_rates import rework_rates
from engineers.services.qualification import suspend_skill
from engineers.services.telling import tell_of_many_reworks
from repairhub.core.errors import DomainError
from repairhub.places.models import City

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class ReviewedRates:
    """How many skills were suspended, and how many engineers were warned of a skill's rate."""

    suspended: int
    warned: int


def review_rework_rates(*, city: City, at: datetime) -> ReviewedRates:
    """What the rework rates of the city's engineers lead to, by the policy of each skill.

    Too many reworks in a hundred repairs suspend the skill, each suspension in a transaction of its own; many
    are a warning. Fewer repairs than the policy asks for say nothing. Repairs from before a suspension for
    reworks that was lifted are not held against anybody again. Running it again changes nothing.
    """
    book = PolicyBook.load()
    valid = EngineerCertificate.objects.filter(
        engineer__in=Engineer.objects.working().filter(city=city),
        suspended_at=None,
        valid_until_on__gte=city_today(city, at),
    )
    engineers = Engineer.objects.select_related("user", "city").in_bulk(
        list(valid.values_list("engineer_id", flat=True).distinct())
    )
    skills = {skill.pk: skill for skill in Skill.objects.filter(certificates__in=valid).distinct()}
    rates = rework_rates(engineers.values(), skills.values(), book=book, at=at)
    pairs = valid.order_by("engineer_id", "skill_id").values_list("engineer_id", "skill_id").distinct()
    suspended = warned = 0
    for engineer_id, skill_id in pairs:
        engineer, skill, policy = engineers[engineer_id], skills[skill_id], book.of(skill_id)
        rate = rates.get((engineer_id, skill.key))
        if rate is None:
            continue
        if policy.is_too_many(rate.finished, rate.reworked):
            try:
                suspend_skill(engineer=engineer, skill=skill, reason="", counts=rate, at=at)
            except DomainError as refusal:  # one that cannot be suspended does not save the others
                logger.warning(
                    "engineer %s, skill %s: not suspended (%s)", engineer_id, skill.key, refusal.code
                )
                continue
            suspended += 1
        elif policy.is_many(rate.finished, rate.reworked):
            tell_of_many_reworks(
                engineer,
                skill,
                finished=rate.finished,
                reworked=rate.reworked,
                window_days=rate.window_days,
                at=at,
            )
            warned += 1
    return ReviewedRates(suspended, warned)
