"""Who the demo's engineers are and what they may do: plain data from a fixed seed, the same on every machine.

Dates hang on the day of loading, everything else on the city's row alone.
"""

import random
from dataclasses import dataclass
from datetime import date, time, timedelta
from math import cos, pi, radians, sin

from .names import FAMILY, FIRST_SIGN, ONE_SIGN, SECOND_SIGN
from .tables import CityRow

SEED = 20261122
KM_PER_DEGREE = 111.2

# What a person of each kind is certified for: skill to level (1 to 3).
SENIOR = {"screen": 3, "battery": 3, "glass": 3, "camera": 3, "port": 3, "board": 3}
KINDS = [
    SENIOR,
    {"screen": 2, "battery": 2, "glass": 2, "port": 1},
    {"screen": 2, "battery": 2, "glass": 2, "camera": 2},
    {"screen": 1, "battery": 1, "port": 1},
    {"screen": 2, "battery": 2, "camera": 2, "glass": 1, "port": 2},
]
BOARDS_ONLY = {"battery": 2, "board": 3}
CHANCE = {
    "senior": 0.16,
    "boards_only": 0.06,
    "expired": 0.05,
    "ending": 0.03,
    "suspended": 0.01,
    "absent": 0.06,
}
LAPSES = ("expired", "ending", "suspended")
LASTS_DAYS = 730  # a certificate, about two years
PASSED = 80  # the least score of those who passed

SHIFTS = [(time(8), time(17)), (time(10), time(19)), (time(12), time(21))]
# Makers authorise the first seniors of a few cities only; elsewhere the booking page points to the maker.
AUTHORISED_CITIES = {
    "apple": {"BJ", "SH", "GZ", "SZ", "CD"},
    "huawei": {"BJ", "SH", "SZ", "WH"},
    "samsung": {"SH", "GZ"},
}
AUTHORISED_PER_CITY = 4
DEMO_ENGINEER = "SH-001"  # signs in on the demo's page; may do everything and works every day


@dataclass(frozen=True)
class Certificate:
    """A skill at a level, for a score; `suspended` means it does not count, whatever its dates say."""

    skill: str
    level: int
    number: str
    score: int
    valid_from_on: date
    valid_until_on: date
    suspended: bool = False


@dataclass(frozen=True)
class Person:
    """An engineer of the demo. `shifts`: weekday (0 is Monday) to start and end; base in degrees."""

    number: str
    name: str
    phone: str
    city: str
    latitude: float
    longitude: float
    certificates: tuple[Certificate, ...]
    authorisations: tuple[str, ...]
    shifts: dict[int, tuple[time, time]]
    absence: tuple[date, date, str] | None


def people(cities: list[CityRow], on: date) -> list[Person]:
    """All engineers of these cities as they stand on that day."""
    first, found = 1, []
    for city in cities:
        found += people_of(city, on, first_phone=first)
        first += city.engineers
    return found


def people_of(city: CityRow, on: date, *, first_phone: int) -> list[Person]:
    """The city's engineers. Phone numbers count up from `first_phone`, in a range set aside for the demo."""
    seeded = random.Random(f"{SEED}-{city.code}")  # noqa: S311  (a fixed seed is the point; nothing secret)
    found = []
    seniors = 0
    for index in range(city.engineers):
        number = f"{city.code}-{index + 1:03d}"
        skills = _skills(seeded, index)
        seniors += skills is SENIOR
        makers = [maker for maker, codes in AUTHORISED_CITIES.items() if city.code in codes]
        latitude, longitude = _base(seeded, city)
        found.append(
            Person(
                number=number,
                name=_name(seeded),
                phone=f"+861390001{first_phone + index:04d}",
                city=city.code,
                latitude=latitude,
                longitude=longitude,
                certificates=_certificates(seeded, number, skills, on),
                authorisations=tuple(makers) if skills is SENIOR and seniors <= AUTHORISED_PER_CITY else (),
                shifts=_shifts(number, index),
                absence=_absence(seeded, city, number, on),
            )
        )
    return found


def _name(seeded: random.Random) -> str:
    """A family name with a given name of one sign, or more often of two."""
    family = seeded.choice(FAMILY)
    if seeded.random() < 0.3:
        return family + seeded.choice(ONE_SIGN)
    return family + seeded.choice(FIRST_SIGN) + seeded.choice(SECOND_SIGN)


def _skills(seeded: random.Random, index: int) -> dict[str, int]:
    draw = seeded.random()
    if index < len(KINDS):  # every city has one of each kind, the smallest as well
        return KINDS[index]
    if draw < CHANCE["senior"]:
        return SENIOR
    if draw < CHANCE["senior"] + CHANCE["boards_only"]:
        return BOARDS_ONLY
    return seeded.choice(KINDS[1:])


def _base(seeded: random.Random, city: CityRow) -> tuple[float, float]:
    """A place in the city, nearer to its centre more often, at most 0.8 of the radius away."""
    distance = 0.8 * city.radius_km * seeded.random() ** 0.7
    angle = seeded.uniform(0, 2 * pi)
    latitude = city.latitude + distance * sin(angle) / KM_PER_DEGREE
    longitude = city.longitude + distance * cos(angle) / (KM_PER_DEGREE * cos(radians(city.latitude)))
    return round(latitude, 5), round(longitude, 5)


def _certificates(
    seeded: random.Random, number: str, skills: dict[str, int], on: date
) -> tuple[Certificate, ...]:
    """Two-year certificates. Some have run out, end soon or are suspended, but those for screens hold."""
    found = []
    for skill, level in skills.items():
        age, draw, days = seeded.randint(30, 600), seeded.random(), seeded.randint(5, 25)
        if skill == "screen" or number == DEMO_ENGINEER:
            draw = 1.0
        expired = draw < CHANCE["expired"]
        ending = not expired and draw < CHANCE["expired"] + CHANCE["ending"]
        suspended = not (expired or ending) and draw < sum(CHANCE[name] for name in LAPSES)
        if expired or ending:
            age = LASTS_DAYS + (days if expired else -days)
        since = on - timedelta(days=age)
        found.append(
            Certificate(
                skill,
                level,
                f"EC-{number}-{skill.upper()}",
                PASSED + age % (101 - PASSED),  # no draw of its own: everybody else stays as they were
                since,
                since + timedelta(days=LASTS_DAYS),
                suspended,
            )
        )
    return tuple(found)


def _shifts(number: str, index: int) -> dict[int, tuple[time, time]]:
    """Early, middle and late in turn, five or six days a week, days off spread over the week."""
    if number == DEMO_ENGINEER:
        return dict.fromkeys(range(7), (time(9), time(20)))
    off = {index * 3 % 7} if index % 2 else {index * 3 % 7, (index * 3 + 1) % 7}
    return {weekday: SHIFTS[index % len(SHIFTS)] for weekday in range(7) if weekday not in off}


def _absence(seeded: random.Random, city: CityRow, number: str, on: date) -> tuple[date, date, str] | None:
    """Some are away for some days soon; in small cities nobody, so that every day can be booked there."""
    draw, start, days = seeded.random(), seeded.randint(-2, 12), seeded.randint(1, 5)
    reason = seeded.choice(["年假", "病假", "培训"])
    if draw >= CHANCE["absent"] or city.engineers < 10 or number == DEMO_ENGINEER:
        return None
    since = on + timedelta(days=start)
    return since, since + timedelta(days=days - 1), reason
