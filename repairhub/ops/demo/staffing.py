"""The demo's people in the database: who signs in on the demo's page, and every city's engineers."""

from collections.abc import Iterable
from datetime import date, datetime
from functools import cache

from django.contrib.auth.hashers import make_password
from simple_history.utils import bulk_create_with_history, bulk_update_with_history

from engineers.models import (
    Absence,
    BrandAuthorisation,
    Engineer,
    EngineerCertificate,
    Skill,
    SkillSuspension,
    WeeklyShift,
)
from engineers.services.assessing import AssessmentDraft
from engineers.services.qualification import record_assessments
from engineers.states import SuspensionKind
from parts.models import Brand
from repairhub.accounts.models import User
from repairhub.accounts.states import ADMIN_ROLES, Role
from repairhub.ops.demo import tables
from repairhub.ops.demo.catalogue import REASON, add_missing
from repairhub.ops.demo.people import DEMO_ENGINEER, Person, people
from repairhub.ops.demo.sign_ins import PASSWORD, SIGN_INS
from repairhub.places.models import City


def load_cities(*, at: datetime) -> dict[str, City]:
    """The cities by their code; those not there yet are written."""
    wanted = [
        City(
            code=row.code,
            name_en=row.name_en,
            name_zh=row.name_zh,
            latitude=row.latitude,
            longitude=row.longitude,
            radius_km=row.radius_km,
        )
        for row in tables.cities()
    ]
    return add_missing(City, "code", wanted, at)


def load_staff(*, cities: dict[str, City]) -> int:
    """Everybody on the list of sign-ins. Gives their number."""
    wanted = [
        User(
            phone=person.phone,
            email=person.email,
            name=person.name,
            role=person.role,
            is_staff=person.role in ADMIN_ROLES,
        )
        for person in SIGN_INS
    ]
    places = {person.phone: cities[person.city_code] for person in SIGN_INS if person.city_code}
    return len(_add_missing_users(wanted, places))


def load_engineers(*, cities: dict[str, City], on: date, at: datetime) -> int:
    """Engineers who are not there yet, with certificates, authorisations, shifts and absences.

    Gives the number of engineers there are now.
    """
    known = set(Engineer.objects.values_list("number", flat=True))
    found = people(tables.cities(), on)
    new = [person for person in found if person.number not in known]
    if not new:
        return len(known)
    phones = _phones(new)
    users = _add_missing_users(
        [User(phone=phones[one.number], name=one.name, role=Role.ENGINEER) for one in new],
        {phones[one.number]: cities[one.city] for one in new},
    )
    engineers = bulk_create_with_history(
        [
            Engineer(
                user=users[phones[one.number]],
                number=one.number,
                city=cities[one.city],
                base_latitude=one.latitude,
                base_longitude=one.longitude,
            )
            for one in new
        ],
        Engineer,
        default_date=at,
        default_change_reason=REASON,
    )
    _write_qualifications(list(zip(engineers, new, strict=True)), on=on, at=at)
    return len(known) + len(new)


def _phones(new: Iterable[Person]) -> dict[str, str]:
    """Staff number to phone: the demo's engineer has the one of the list of sign-ins."""
    phones = {person.number: person.phone for person in new}
    if DEMO_ENGINEER in phones:
        phones[DEMO_ENGINEER] = next(one.phone for one in SIGN_INS if one.role == Role.ENGINEER)
    return phones


def _add_missing_users(wanted: list[User], places: dict[str, City]) -> dict[str, User]:
    """These people by their phone. The new ones all have the demo's password."""
    phones = [str(user.phone) for user in wanted]
    known = {str(user.phone): user for user in User.objects.get_queryset().filter(phone__in=phones)}
    new = [user for user in wanted if str(user.phone) not in known]
    if new:
        for user in new:
            user.password = _hashed_password()
        User.objects.bulk_create(new)
        works_in = User.cities.through
        works_in.objects.bulk_create(
            [works_in(user=user, city=places[str(user.phone)]) for user in new if str(user.phone) in places]
        )
    return known | {str(user.phone): user for user in new}


@cache
def _hashed_password() -> str:
    """One slow hash for all of them: 630 would take minutes."""
    return make_password(PASSWORD)


def _write_qualifications(staffed: list[tuple[Engineer, Person]], *, on: date, at: datetime) -> None:
    skills = {skill.key: skill for skill in Skill.objects.all()}
    brands = {brand.key: brand for brand in Brand.objects.all()}
    assessor = User.objects.get_queryset().filter(role=Role.MANAGER).earliest("pk")
    drafts = [
        AssessmentDraft(
            engineer=engineer,
            skill=skills[one.skill],
            level=one.level,
            score=one.score,
            assessor=assessor,
            assessed_on=one.valid_from_on,
            valid_until_on=one.valid_until_on,
            number=one.number,
        )
        for engineer, person in staffed
        for one in person.certificates
    ]
    certificates = record_assessments(drafts=drafts, by=assessor, at=at, note=REASON)
    suspended = {one.number for _engineer, person in staffed for one in person.certificates if one.suspended}
    _suspend([one for one in certificates if one.number in suspended], by=assessor, at=at)
    authorisations = [
        BrandAuthorisation(
            engineer=engineer,
            brand=brands[maker],
            reference=f"{maker.upper()}-{person.number}",
            valid_from_on=on.replace(day=1, month=1),
            valid_until_on=on.replace(day=28, month=2, year=on.year + 2),
        )
        for engineer, person in staffed
        for maker in person.authorisations
    ]
    bulk_create_with_history(
        authorisations, BrandAuthorisation, default_date=at, default_change_reason=REASON
    )
    WeeklyShift.objects.bulk_create(
        [
            WeeklyShift(engineer=engineer, weekday=weekday, starts_at=starts_at, ends_at=ends_at)
            for engineer, person in staffed
            for weekday, (starts_at, ends_at) in person.shifts.items()
        ]
    )
    Absence.objects.bulk_create(
        [
            Absence(engineer=engineer, from_on=away[0], until_on=away[1], reason=away[2])
            for engineer, person in staffed
            if (away := person.absence)
        ]
    )


def _suspend(certificates: list[EngineerCertificate], *, by: User, at: datetime) -> None:
    """Suspended as by the manager, with no message to anybody: it was so before the demo began."""
    suspensions = SkillSuspension.objects.bulk_create(
        SkillSuspension(
            engineer_id=one.engineer_id,
            skill_id=one.skill_id,
            kind=SuspensionKind.DECISION,
            reason="抽查发现未按规范操作，复核通过后恢复。",
            suspended_at=at,
            suspended_by=by,
        )
        for one in certificates
    )
    for certificate, suspension in zip(certificates, suspensions, strict=True):
        certificate.suspended_at, certificate.suspension = at, suspension
    bulk_update_with_history(
        certificates,
        EngineerCertificate,
        ["suspended_at", "suspension"],
        default_date=at,
        default_change_reason=REASON,
    )
