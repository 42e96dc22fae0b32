"""Engineers with certificates and shifts, and visits brought by the services into each of their states."""

from datetime import date, datetime, time, timedelta
from typing import Any

import factory
from django.db import transaction

from engineers.models import (
    Absence,
    BrandAuthorisation,
    Engineer,
    EngineerCertificate,
    QualificationPolicy,
    Skill,
    Visit,
    WeeklyShift,
)
from engineers.planning import CityClock
from engineers.selectors.windows import VisitNeeds
from engineers.services import doorstep
from engineers.services.assessing import AssessmentDraft
from engineers.services.dispatching import dispatch_visit
from engineers.services.planning import plan_visit
from engineers.services.review import review_engineer
from engineers.states import CannotCompleteReason, VisitStatus
from repairhub.accounts.models import User
from repairhub.places.models import City
from tests.factories.accounts import DispatcherFactory, EngineerUserFactory
from tests.factories.places import CityFactory

DAY = date(2026, 11, 23)  # a Monday
MORNING = datetime.fromisoformat("2026-11-23T06:00:00+08:00")
CENTRE = (39.9042, 116.4074)
SCREEN = VisitNeeds(service_minutes=60, skills={"screen": 2}, brands=frozenset())
KM = 1 / 111.195  # degrees of latitude per kilometre


def clock(text: str, on: date = DAY) -> datetime:
    """That time of the day in Beijing: "10:30"."""
    hours, minutes = text.split(":")
    return datetime.fromisoformat(f"{on.isoformat()}T00:00:00+08:00") + timedelta(
        hours=int(hours), minutes=int(minutes)
    )


def north(km: float) -> tuple[float, float]:
    """The place so many kilometres north of the centre (negative: south)."""
    return (CENTRE[0] + km * KM, CENTRE[1])


class SkillFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Skill
        django_get_or_create = ("key",)

    key = "screen"
    name_en = "Screens"
    name_zh = "屏幕"


class CertificateFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = EngineerCertificate

    skill = factory.SubFactory(SkillFactory)
    level = 2
    number = factory.Sequence(lambda n: f"C-{n:05d}")
    valid_from_on = date(2026, 1, 1)
    valid_until_on = date(2027, 12, 31)


class AuthorisationFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = BrandAuthorisation

    reference = factory.Sequence(lambda n: f"A-{n:05d}")
    valid_from_on = date(2026, 1, 1)
    valid_until_on = date(2027, 12, 31)


class AbsenceFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Absence

    from_on = DAY
    until_on = DAY


class EngineerFactory(factory.django.DjangoModelFactory):
    """Works every day from 8 to 20 out of the centre, certified for screens at level 2.

    `shift=False`: no shift at all; `shift=(from, to)`: those times; `certified=False`: no certificate.
    """

    class Meta:
        model = Engineer
        skip_postgeneration_save = True

    user = factory.SubFactory(EngineerUserFactory)
    number = factory.Sequence(lambda n: f"E{n:04d}")
    city = factory.SubFactory(CityFactory)
    base_latitude = CENTRE[0]
    base_longitude = CENTRE[1]

    @factory.post_generation
    def shift(self, create: bool, extracted: Any, **kwargs: Any) -> None:
        if extracted is not False:
            starts_at, ends_at = extracted or (time(8), time(20))
            WeeklyShift.objects.bulk_create(
                WeeklyShift(engineer=self, weekday=weekday, starts_at=starts_at, ends_at=ends_at)  # type: ignore[misc]
                for weekday in range(7)
            )

    @factory.post_generation
    def certified(self, create: bool, extracted: Any, **kwargs: Any) -> None:
        if extracted is not False:
            CertificateFactory(engineer=self, **kwargs)


def assessment_of(engineer: Engineer, **given: Any) -> AssessmentDraft:
    """What a manager would type after an assessment of today: screens, level 2, passed, for a year."""
    return AssessmentDraft(
        **{
            "engineer": engineer,
            "skill": SkillFactory(),
            "level": 2,
            "score": 90,
            "assessor": given.pop("assessor", None) or EngineerUserFactory(),
            "assessed_on": DAY,
            "valid_until_on": DAY + timedelta(days=365),
            **given,
        }
    )


def planned_visit(
    *,
    city: City,
    window: str = "10:00",
    place: tuple[float, float] = CENTRE,
    needs: VisitNeeds = SCREEN,
    on: date = DAY,
    at: datetime = MORNING,
) -> Visit:
    """A promised visit with a tentative engineer, in the window of two hours from that time."""
    start = clock(window, on)
    return plan_visit(
        city=city,
        latitude=place[0],
        longitude=place[1],
        window_start_at=start,
        window_end_at=start + timedelta(hours=2),
        needs=needs,
        by=None,
        at=at,
    )


def confirmed_visit(*, by: User | None = None, at: datetime = MORNING, **plan: Any) -> Visit:
    """A visit that a dispatcher confirmed with its tentative engineer."""
    visit = planned_visit(at=at, **plan)
    assert visit.engineer is not None
    return dispatch_visit(visit=visit, engineer=visit.engineer, by=by or DispatcherFactory(), at=at)


def visit_in(status: str, *, city: City, started: bool = True, **plan: Any) -> Visit:
    """A visit in that state; on site its work has been started unless `started` is False."""
    if status == VisitStatus.PLANNED:
        return planned_visit(city=city, **plan)
    visit = confirmed_visit(city=city, **plan)
    if status == VisitStatus.CONFIRMED:
        return visit
    if status == VisitStatus.CANCELLED:
        return doorstep.cancel_visit(visit=visit, reason="no longer wanted", by=None, at=MORNING)
    assert visit.engineer is not None
    assert visit.planned_start_at is not None
    by, at = visit.engineer.user, visit.planned_start_at
    visit = doorstep.set_out(visit=visit, by=by, at=at - timedelta(minutes=30))
    if status == VisitStatus.EN_ROUTE:
        return visit
    visit = doorstep.arrive(visit=visit, by=by, at=at)
    if status == VisitStatus.NO_ACCESS:
        waited = at + doorstep.NO_ACCESS_AFTER
        return doorstep.report_no_access(visit=visit, note="Rang twice, called twice.", by=by, at=waited)
    if started:
        visit = doorstep.start_visit(visit=visit, by=by, at=at)
    if status == VisitStatus.DONE:
        return doorstep.finish_visit(visit=visit, by=by, at=at + timedelta(minutes=50))
    if status == VisitStatus.CANNOT_COMPLETE:
        return doorstep.report_cannot_complete(
            visit=visit, reason=CannotCompleteReason.WRONG_PART, note="", by=by, at=at
        )
    return visit


def fall_ill(
    engineer: Engineer, *, on: date = DAY, by: User | None = None, at: datetime = MORNING
) -> list[Visit]:
    """The visits that wait for somebody else, once the absence is entered as the admin does it."""
    with transaction.atomic():
        AbsenceFactory(engineer=engineer, from_on=on, until_on=on, reason="flu")
        return review_engineer(engineer=engineer, by=by, at=at)


def stored_visits(
    count: int, *, city: City, engineer: Engineer | None = None, on: date = DAY, **fields: Any
) -> list[Visit]:
    """So many visits written straight to the database, for pages that must stay quick with thousands of rows.

    With an engineer they lie one after the other, a minute each from midnight on.
    """
    midnight = CityClock.of(city, on).midnight
    rows = []
    for number in range(count):
        planned = {}
        if engineer is not None:
            start = midnight + timedelta(minutes=number)
            planned = {
                "engineer": engineer,
                "planned_start_at": start,
                "planned_end_at": start + timedelta(minutes=1),
            }
        rows.append(
            Visit(
                reference=f"V-{engineer.pk if engineer else 0}X{number:05d}",
                city=city,
                on=on,
                latitude=CENTRE[0],
                longitude=CENTRE[1],
                window_start_at=clock("10:00", on),
                window_end_at=clock("12:00", on),
                service_minutes=1,
                required_skills={},
                required_brands=[],
                created_at=MORNING,
                **planned,
                **fields,
            )
        )
    return Visit.objects.bulk_create(rows)


def restore_first_qualification_policy(**kwargs: Any) -> None:
    """The row of the data migration that counts for every skill, which a flush takes away."""
    if not QualificationPolicy.objects.filter(skill=None).exists():
        # in bulk, which writes no line of history
        QualificationPolicy.objects.bulk_create([QualificationPolicy(skill=None)])
