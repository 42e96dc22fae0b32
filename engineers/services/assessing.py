"""An assessment before it is recorded: what it must say, and what it gives."""

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from django.utils.translation import gettext_lazy as _

from engineers.models import Assessment, Engineer, EngineerCertificate, QualificationPolicy, Skill
from repairhub.accounts.models import User
from repairhub.core.errors import InvalidInput
from repairhub.core.moments import format_date
from repairhub.core.tokens import new_reference


@dataclass(frozen=True)
class AssessmentDraft:
    """What is said of an assessment. One `form_id` makes one; `number`: the certificate's, if it has one."""

    engineer: Engineer
    skill: Skill
    level: int
    score: int
    assessor: User
    assessed_on: date
    valid_until_on: date
    note: str = ""
    number: str = ""
    form_id: UUID = field(default_factory=uuid4)


def check_assessment(draft: AssessmentDraft, *, policy: QualificationPolicy, on: date) -> None:
    """Raises InvalidInput, naming the field, for an assessment that cannot be recorded on that day."""
    if draft.assessor.pk == draft.engineer.user_id:
        raise InvalidInput(
            _("Nobody assesses themselves."),
            field="assessor",
            code="own_assessment",
            next_step=_("Name the person who watched the work."),
        )
    if not (draft.assessor.is_active and draft.assessor.is_staff_role):
        raise InvalidInput(
            _("The assessor does not work here."),
            field="assessor",
            code="not_staff",
            next_step=_("Name the person who watched the work."),
        )
    if not 1 <= draft.level <= 3:
        raise InvalidInput(_("Choose a level from 1 to 3."), field="level", code="out_of_range")
    if not 0 <= draft.score <= 100:
        raise InvalidInput(_("Give a score from 0 to 100."), field="score", code="out_of_range")
    if draft.assessed_on > on:
        raise InvalidInput(
            _("This day has not come yet."),
            field="assessed_on",
            code="in_the_future",
            next_step=_("Record the assessment once it was held."),
        )
    if draft.valid_until_on <= draft.assessed_on:
        raise InvalidInput(
            _("A certificate ends after the day of its assessment."), field="valid_until_on", code="too_early"
        )
    latest = draft.assessed_on + timedelta(days=policy.valid_days)
    if draft.valid_until_on > latest:
        raise InvalidInput(
            _("By the policy for this skill the certificate ends on %(latest)s at the latest.")
            % {"latest": format_date(latest)},
            field="valid_until_on",
            code="too_late",
            next_step=_("Choose an earlier day, or change the policy."),
        )


def new_assessment(
    draft: AssessmentDraft, policy: QualificationPolicy, *, by: Any, at: datetime
) -> Assessment:
    """The row to be stored, passed or not by the policy's mark of today."""
    return Assessment(
        form_id=draft.form_id,
        engineer=draft.engineer,
        skill=draft.skill,
        level=draft.level,
        score=draft.score,
        pass_mark=policy.pass_mark,
        passed=draft.score >= policy.pass_mark,
        assessor=draft.assessor,
        assessed_on=draft.assessed_on,
        valid_until_on=draft.valid_until_on,
        note=draft.note.replace("\x00", "").strip()[:500],
        recorded_by=by,
        recorded_at=at,
    )


def new_certificate(assessment: Assessment, number: str = "") -> EngineerCertificate:
    """The certificate that a passed assessment gives, to be stored, with a number of its own."""
    return EngineerCertificate(
        engineer=assessment.engineer,
        skill=assessment.skill,
        level=assessment.level,
        number=number or new_reference("EC"),
        valid_from_on=assessment.assessed_on,
        valid_until_on=assessment.valid_until_on,
        assessment=assessment,
    )
