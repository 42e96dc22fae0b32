"""Certificates and authorisations that end soon: their engineers are reminded in time to renew them."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from engineers.models import BrandAuthorisation, EngineerCertificate
from engineers.planning import city_today
from repairhub.notifications.services import Draft, enqueue_many

FIRST, LAST = 30, 7
"""Days before the end at which a reminder goes out."""
BATCH = 500


@transaction.atomic
def remind_of_ending(*, at: datetime) -> int:
    """How many reminders there are to be today; each leaves once, however often this runs.

    One 30 days and one 7 days before a certificate or a brand authorisation ends, or on the first morning
    after that on which this runs. None for what was renewed, is suspended, or belongs to somebody who does
    not work for us.
    """
    found = [*_of_certificates(at), *_of_authorisations(at)]
    for start in range(0, len(found), BATCH):
        enqueue_many(found[start : start + BATCH], at=at)
    return len(found)


def _of_certificates(at: datetime) -> Iterable[Draft]:
    rows = EngineerCertificate.objects.of_working().ending(*_span(at))
    for certificate in rows.select_related("engineer__city", "engineer__user", "skill").order_by("pk"):
        skill = certificate.skill
        about = {"skill_en": skill.name_en, "skill_zh": skill.name_zh, "level": certificate.level}
        yield from _draft("certificate", certificate, about, at)


def _of_authorisations(at: datetime) -> Iterable[Draft]:
    rows = BrandAuthorisation.objects.of_working().ending(*_span(at))
    for authorisation in rows.select_related("engineer__city", "engineer__user", "brand").order_by("pk"):
        brand = authorisation.brand
        about = {"brand_en": brand.name_en, "brand_zh": brand.name_zh}
        yield from _draft("authorisation", authorisation, about, at)


def _span(at: datetime) -> tuple[Any, Any]:
    """The days of all zones of the world: what is due is asked of each row's own city."""
    return (at - timedelta(days=1)).date(), (at + timedelta(days=FIRST + 1)).date()


def _draft(kind: str, row: Any, about: dict[str, Any], at: datetime) -> Iterable[Draft]:
    engineer = row.engineer
    left = (row.valid_until_on - city_today(engineer.city, at)).days
    if not 0 <= left <= FIRST:
        return
    stage = LAST if left <= LAST else FIRST
    yield Draft(
        key=f"{kind}:{row.pk}:ends:{stage}",
        address=engineer.user.address,
        language=engineer.user.language,
        template=f"{kind}_ends",
        context={
            **about,
            "number": row.number if kind == "certificate" else row.reference,
            "valid_until_on": row.valid_until_on.isoformat(),
            "time_zone": engineer.city.time_zone,
        },
        city_code=engineer.city.code,
    )
