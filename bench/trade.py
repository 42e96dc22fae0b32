"""Rows for benches that ask the product: a city's engineers at work, and days full of promised visits.

Written straight to the tables, as thousands of bookings would leave them. Import it once Django is set up.
"""

import random
from datetime import date, datetime, time, timedelta

from engineers.models import CityDay, Engineer, EngineerCertificate, Skill, Visit, WeeklyShift
from engineers.planning import CityClock
from repairhub.accounts.models import User
from repairhub.accounts.states import Role
from repairhub.places.models import City

SKILLS = ("battery", "board", "camera", "screen")
STARTS = (8, 10, 12, 14, 16)
"""The arrival windows of two hours in which an engineer has a visit each; the one from 18 is free."""
WORK_MINUTES = 45
SPREAD = 0.05
"""How far from the centre places lie, in degrees (the deviation of a normal law)."""


def open_city(code: str, latitude: float, longitude: float) -> City:
    """A city at work."""
    return City.objects.create(
        code=code, name_en=code, name_zh=code, latitude=latitude, longitude=longitude, radius_km=60
    )


def hire(city: City, count: int, *, first_on: date, draw: random.Random) -> list[Engineer]:
    """So many engineers, at work every day from 8 to 20, each with three of the four skills."""
    skills = [
        Skill.objects.get_or_create(key=key, defaults={"name_en": key, "name_zh": key})[0] for key in SKILLS
    ]
    users = User.objects.bulk_create(
        User(name=f"{city.code} {n}", email=f"{city.code}-{n}@example.com".lower(), role=Role.ENGINEER)
        for n in range(count)
    )
    engineers = Engineer.objects.bulk_create(
        Engineer(
            user=user,
            number=f"{city.code}{n:05d}",
            city=city,
            base_latitude=city.latitude + draw.gauss(0, SPREAD),
            base_longitude=city.longitude + draw.gauss(0, SPREAD),
        )
        for n, user in enumerate(users)
    )
    WeeklyShift.objects.bulk_create(
        WeeklyShift(engineer=one, weekday=weekday, starts_at=time(8), ends_at=time(20))
        for one in engineers
        for weekday in range(7)
    )
    EngineerCertificate.objects.bulk_create(
        EngineerCertificate(
            engineer=one,
            skill=skill,
            level=draw.choice((2, 3)),
            number=f"{one.number}-{skill.key}",
            valid_from_on=first_on - timedelta(days=100),
            valid_until_on=first_on + timedelta(days=300),
        )
        for one in engineers
        for skill in skills
        if skill is not skills[engineers.index(one) % len(skills)]
    )
    return engineers


def fill_day(
    city: City, engineers: list[Engineer], on: date, *, visits: int, at: datetime, draw: random.Random
) -> list[Visit]:
    """So many promised visits of that day, each in an engineer's route; the day has its lock's row."""
    clock = CityClock.of(city, on)
    rows = []
    for n in range(visits):
        engineer = engineers[n % len(engineers)]
        hour = STARTS[n // len(engineers) % len(STARTS)]
        own = SKILLS.index(draw.choice(SKILLS))
        lacking = engineers.index(engineer) % len(SKILLS)
        skill = SKILLS[(own + 1) % len(SKILLS) if own == lacking else own]
        start = clock.moment(hour * 3600 + 1800)
        rows.append(
            Visit(
                reference=f"V{city.pk}-{on:%m%d}-{n}",
                city=city,
                on=on,
                latitude=engineer.base_latitude + draw.gauss(0, SPREAD / 3),
                longitude=engineer.base_longitude + draw.gauss(0, SPREAD / 3),
                window_start_at=clock.moment(hour * 3600),
                window_end_at=clock.moment((hour + 2) * 3600),
                service_minutes=WORK_MINUTES,
                required_skills={skill: 2},
                required_brands=[],
                engineer=engineer,
                planned_start_at=start,
                planned_end_at=start + timedelta(minutes=WORK_MINUTES),
                created_at=at,
            )
        )
    CityDay.objects.create(city=city, on=on, version=1)
    return Visit.objects.bulk_create(rows, batch_size=2000)
