"""Engineers and their skills, one row each: level, how long still, rework rate, suspended or not."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from django.db.models import Case, CharField, Exists, OuterRef, Q, QuerySet, Value, When
from django.utils import timezone

from engineers.models import (
    Assessment,
    BrandAuthorisation,
    Engineer,
    EngineerCertificate,
    QualificationPolicy,
    Skill,
    SkillSuspension,
)
from engineers.selectors.policies import PolicyBook
from engineers.selectors.rework_rates import ReworkCount, rework_rates
from engineers.states import QualificationState
from engineers.wording import why_suspended
from repairhub.places.models import City

PAGE_SIZE = 50
SOON = timedelta(days=30)


@dataclass(frozen=True)
class Qualification:
    """An engineer's standing with one skill. `certificate`: the one that counts, else the last there was."""

    engineer: Engineer
    skill: Skill
    state: str
    certificate: EngineerCertificate
    suspension: SkillSuspension | None
    rate: ReworkCount | None
    policy: QualificationPolicy

    @property
    def state_label(self) -> str:
        """The state in the reader's language."""
        return str(QualificationState(self.state).label)

    @property
    def why_suspended(self) -> str:
        """Why it is suspended, "" where it is not or nobody recorded why."""
        return why_suspended(self.suspension) if self.suspension else ""

    @property
    def per_hundred(self) -> Decimal | None:
        """Reworks in a hundred repairs, to one decimal; None where there were too few repairs to judge by."""
        if self.rate is None or not self.policy.is_judged(self.rate.finished):
            return None
        share = Decimal(self.rate.reworked * 100) / self.rate.finished
        return share.quantize(Decimal("0.1"), rounding=ROUND_HALF_UP)

    @property
    def rate_tone(self) -> str:
        """How the rate stands to the policy: "breached", "warning" or ""."""
        if self.rate is None:
            return ""
        if self.policy.is_too_many(self.rate.finished, self.rate.reworked):
            return "breached"
        return "warning" if self.policy.is_many(self.rate.finished, self.rate.reworked) else ""


@dataclass(frozen=True)
class Wanted:
    """Which rows: of a city, of a skill, in a state; all where nothing is said."""

    city: City | None = None
    skill: Skill | None = None
    state: str = ""


@dataclass(frozen=True)
class QualificationPage:
    """The rows of a page, and where the next one begins ("" on the last)."""

    rows: Sequence[Qualification]
    next_key: str


@dataclass(frozen=True)
class PastSuspension:
    """A suspension, open or lifted, with its reason in the reader's language."""

    suspension: SkillSuspension

    @property
    def why(self) -> str:
        """Why the skill was suspended."""
        return why_suspended(self.suspension)


@dataclass(frozen=True)
class QualificationRecord:
    """Everything on record about an engineer and a skill, the newest first."""

    row: Qualification
    certificates: Sequence[EngineerCertificate]
    assessments: Sequence[Assessment]
    suspensions: Sequence[PastSuspension]


@dataclass(frozen=True)
class OwnQualifications:
    """What an engineer may do, and until when."""

    rows: Sequence[Qualification]
    authorisations: Sequence[BrandAuthorisation]
    today: date


def qualification_page(
    wanted: Wanted, engineers: QuerySet[Engineer], *, after: str, at: datetime
) -> QualificationPage:
    """The page that begins after that key ("" or a broken one: the first), by staff number and skill.

    `engineers`: those in the reader's reach. A fixed number of queries.
    """
    pairs = _pairs(wanted, engineers, at)
    number, tilde, key = after.rpartition("~")
    if tilde and "\x00" not in after:
        pairs = pairs.filter(Q(engineer__number__gt=number) | Q(engineer__number=number, skill__key__gt=key))
    found = list(pairs[: PAGE_SIZE + 1])
    rows = _rows(found[:PAGE_SIZE], at)
    more = len(found) > PAGE_SIZE
    return QualificationPage(rows, f"{rows[-1].engineer.number}~{rows[-1].skill.key}" if more else "")


def all_qualifications(
    wanted: Wanted, engineers: QuerySet[Engineer], *, at: datetime
) -> Sequence[Qualification]:
    """Every row, for a table to take away. A fixed number of queries."""
    return _rows(list(_pairs(wanted, engineers, at)), at)


def qualification_record(engineer: Engineer, skill: Skill, *, at: datetime) -> QualificationRecord | None:
    """What is on record, or None where the engineer never had a certificate of the skill."""
    reach = Engineer.objects.filter(pk=engineer.pk)
    rows = _rows(list(_pairs(Wanted(skill=skill), reach, at)), at)
    if not rows:
        return None
    certificates = EngineerCertificate.objects.filter(engineer=engineer, skill=skill)
    assessments = Assessment.objects.filter(engineer=engineer, skill=skill)
    suspensions = SkillSuspension.objects.filter(engineer=engineer, skill=skill)
    return QualificationRecord(
        row=rows[0],
        certificates=list(certificates.order_by("-valid_until_on", "-pk")),
        assessments=list(assessments.select_related("assessor", "recorded_by", "certificate")),
        suspensions=[PastSuspension(row) for row in suspensions.select_related("suspended_by", "lifted_by")],
    )


def own_qualifications(engineer: Engineer, *, at: datetime) -> OwnQualifications:
    """The engineer's own skills and authorisations, for the engineer's page."""
    authorisations = BrandAuthorisation.objects.filter(engineer=engineer).select_related("brand")
    return OwnQualifications(
        rows=_rows(list(_pairs(Wanted(), Engineer.objects.filter(pk=engineer.pk), at)), at),
        authorisations=list(authorisations.order_by("brand__position", "-valid_until_on", "pk")),
        today=timezone.localdate(at),
    )


def _telling(certificates: Sequence[EngineerCertificate], on: date) -> EngineerCertificate:
    """The highest that counts on the day; where none does, the one that would last longest."""

    def worth(one: EngineerCertificate) -> tuple[bool, int, date, int]:
        counts = one.counts_on(on)
        return counts, one.level if counts else 0, one.valid_until_on, one.level

    return max(certificates, key=worth)


def _pairs(wanted: Wanted, engineers: QuerySet[Engineer], at: datetime) -> QuerySet[Any, Any]:
    today = timezone.localdate(at)
    certificates = EngineerCertificate.objects.filter(engineer__in=engineers.values("pk"))
    if wanted.city is not None:
        certificates = certificates.filter(engineer__city=wanted.city)
    if wanted.skill is not None:
        certificates = certificates.filter(skill=wanted.skill)
    of_pair = {"engineer": OuterRef("engineer"), "skill": OuterRef("skill")}
    every = EngineerCertificate.objects.all()
    is_valid = Exists(every.valid(today).filter(**of_pair))
    is_ending = Exists(every.ending(today, today + SOON).filter(**of_pair))
    is_suspended = Exists(every.filter(**of_pair, valid_until_on__gte=today).exclude(suspended_at=None))
    states = certificates.annotate(
        state=Case(
            When(is_valid & is_ending, then=Value(QualificationState.ENDS_SOON.value)),
            When(is_valid, then=Value(QualificationState.VALID.value)),
            When(is_suspended, then=Value(QualificationState.SUSPENDED.value)),
            default=Value(QualificationState.ENDED.value),
            output_field=CharField(),
        )
    )
    if wanted.state:
        states = states.filter(state=wanted.state)
    return (
        states.order_by("engineer__number", "skill__key")
        .values_list("engineer__number", "skill__key", "engineer_id", "skill_id", "state")
        .distinct()
    )


def _rows(pairs: Sequence[tuple[str, str, int, int, str]], at: datetime) -> list[Qualification]:
    engineer_ids = {engineer_id for _number, _key, engineer_id, _skill_id, _state in pairs}
    engineers = Engineer.objects.select_related("user", "city").in_bulk(list(engineer_ids))
    skills = {skill.pk: skill for skill in Skill.objects.all()}
    book = PolicyBook.load()
    certificates: dict[tuple[int, int], list[EngineerCertificate]] = defaultdict(list)
    for certificate in EngineerCertificate.objects.filter(engineer__in=engineer_ids):
        certificates[certificate.engineer_id, certificate.skill_id].append(certificate)
    open_ones = SkillSuspension.objects.filter(engineer__in=engineer_ids, lifted_at=None)
    suspensions = {(row.engineer_id, row.skill_id): row for row in open_ones}
    rates = rework_rates(engineers.values(), skills.values(), book=book, at=at)
    today = timezone.localdate(at)
    return [
        Qualification(
            engineer=engineers[engineer_id],
            skill=skills[skill_id],
            state=state,
            certificate=_telling(certificates[engineer_id, skill_id], today),
            suspension=suspensions.get((engineer_id, skill_id)),
            rate=rates.get((engineer_id, skill_key)),
            policy=book.of(skill_id),
        )
        for _number, skill_key, engineer_id, skill_id, state in pairs
    ]
