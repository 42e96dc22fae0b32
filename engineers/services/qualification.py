"""What an engineer may do: assessments give certificates, a skill is suspended and comes back."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from simple_history.utils import bulk_create_with_history

from engineers.models import Assessment, Engineer, EngineerCertificate, Skill, SkillSuspension, Visit
from engineers.planning import city_today
from engineers.rules import may_judge
from engineers.selectors.policies import PolicyBook
from engineers.selectors.rework_rates import ReworkCount
from engineers.services.assessing import AssessmentDraft, check_assessment, new_assessment, new_certificate
from engineers.services.review import plan_anew, review_engineer
from engineers.services.telling import tell_of_suspension, tell_skill_is_back
from engineers.states import MOVABLE, SuspensionKind
from repairhub.core.errors import Conflict, InvalidInput, NotAllowed
from repairhub.places.models import City

SHORTEST_REASON, LONGEST_REASON = 10, 500


@dataclass(frozen=True)
class Suspended:
    """A suspension, and the visits that lost their engineer by it (none where it stood already)."""

    suspension: SkillSuspension
    lost: Sequence[Visit]


@transaction.atomic
def record_assessment(*, draft: AssessmentDraft, by: Any, at: datetime) -> Assessment:
    """The assessment on record; a passed one with its certificate, beside the earlier ones.

    A passed re-assessment lifts a suspension for reworks where the skill's policy says so: one held since the
    suspension, at the highest level that was suspended or above. Under any other suspension the new
    certificate is suspended as well. The same form again gives what is there. Raises InvalidInput naming the
    field, NotAllowed.
    """
    engineer = _locked_engineer(draft.engineer)
    present = Assessment.objects.filter(form_id=draft.form_id).first()
    if present is not None:
        return present
    _check_may_judge(engineer, by)
    policy = PolicyBook.load().of(draft.skill.pk)
    check_assessment(draft, policy=policy, on=city_today(engineer.city, at))
    assessment = new_assessment(draft, policy, by=by, at=at)
    assessment.save()
    if not assessment.passed:
        return assessment
    certificate = new_certificate(assessment)
    suspension = _open_suspension(engineer, draft.skill)
    if suspension is not None and policy.passing_lifts and _clears(assessment, suspension):
        _lift(suspension, reason="", through=assessment, by=by, at=at)
    elif suspension is not None:
        certificate.suspended_at, certificate.suspension = suspension.suspended_at, suspension
    _save(certificate, by)
    if certificate.suspended_at is None:
        _plan_what_waits(engineer.city, draft.skill, at)
    return assessment


@transaction.atomic
def record_assessments(
    *, drafts: Sequence[AssessmentDraft], by: Any, at: datetime, note: str = ""
) -> list[EngineerCertificate]:
    """Many assessments from before RepairHub kept them, with their certificates, in a few queries.

    For engineers who have no suspension yet. `note` stands in the certificates' history. Raises InvalidInput
    as `record_assessment` does; then none is recorded.
    """
    book = PolicyBook.load()
    rows = []
    for draft in drafts:
        policy = book.of(draft.skill.pk)
        check_assessment(draft, policy=policy, on=city_today(draft.engineer.city, at))
        rows.append(new_assessment(draft, policy, by=by, at=at))
    Assessment.objects.bulk_create(rows)
    numbers = {draft.form_id: draft.number for draft in drafts}
    certificates = [new_certificate(row, numbers[row.form_id]) for row in rows if row.passed]
    stored: list[EngineerCertificate] = bulk_create_with_history(
        certificates, EngineerCertificate, default_date=at, default_user=by, default_change_reason=note
    )
    return stored


@transaction.atomic
def suspend_skill(
    *,
    engineer: Engineer,
    skill: Skill,
    reason: str,
    at: datetime,
    by: Any = None,
    counts: ReworkCount | None = None,
) -> Suspended:
    """The skill, suspended: every certificate of it that has not run out stops counting at once.

    Visits from today on that need it and have not been started lose the engineer in the same transaction,
    also the one that the engineer is on the way to; their days are planned anew right after the commit. The
    engineer and the managers of the city are told. With `counts` it is a suspension by the rework rate, whose
    reason the counts are. Where the skill is suspended already nothing changes. Raises InvalidInput (field
    "reason"), NotAllowed, Conflict where there is no certificate to suspend.
    """
    engineer = _locked_engineer(engineer)
    if by is not None:
        _check_may_judge(engineer, by)
    present = _open_suspension(engineer, skill)
    if present is not None:
        return Suspended(present, [])
    reason = "" if counts is not None else checked_reason(reason)
    today = city_today(engineer.city, at)
    certificates = EngineerCertificate.objects.filter(engineer=engineer, skill=skill, suspended_at=None)
    held = list(certificates.filter(valid_until_on__gte=today).order_by("pk"))
    if not held:
        raise Conflict(
            _("%(engineer)s has no valid certificate for “%(skill)s”, so there is nothing to suspend.")
            % {"engineer": engineer.user.name, "skill": skill.name},
            code="no_certificate",
            next_step=_("Reload the page to see what is valid."),
        )
    suspension = SkillSuspension.objects.create(
        engineer=engineer,
        skill=skill,
        kind=SuspensionKind.DECISION if counts is None else SuspensionKind.REWORK_RATE,
        reason=reason,
        finished=None if counts is None else counts.finished,
        reworked=None if counts is None else counts.reworked,
        window_days=None if counts is None else counts.window_days,
        suspended_at=at,
        suspended_by=by,
    )
    for certificate in held:
        certificate.suspended_at, certificate.suspension = at, suspension
        _save(certificate, by)
    lost = review_engineer(engineer=engineer, by=by, at=at, even_en_route=True)
    tell_of_suspension(suspension, lost, at=at)
    return Suspended(suspension, lost)


@transaction.atomic
def lift_suspension(
    *, engineer: Engineer, skill: Skill, reason: str, by: Any, at: datetime
) -> SkillSuspension:
    """The suspension, ended by a manager: the certificates count again for as long as they last.

    Raises InvalidInput (field "reason"), NotAllowed, Conflict where the skill is not suspended.
    """
    engineer = _locked_engineer(engineer)
    _check_may_judge(engineer, by)
    suspension = _open_suspension(engineer, skill)
    if suspension is None:
        raise Conflict(
            _("“%(skill)s” is not suspended for %(engineer)s.")
            % {"engineer": engineer.user.name, "skill": skill.name},
            code="not_suspended",
            next_step=_("Reload the page: somebody may have lifted it meanwhile."),
        )
    _lift(suspension, reason=checked_reason(reason), through=None, by=by, at=at)
    _plan_what_waits(engineer.city, skill, at)
    return suspension


def checked_reason(reason: str) -> str:
    """The reason as it is stored. Raises InvalidInput (field "reason") where it is too short or too long."""
    reason = " ".join(reason.replace("\x00", "").split())
    if len(reason) < SHORTEST_REASON:
        raise InvalidInput(
            ngettext(
                "Give the reason in %(least)d character or more.",
                "Give the reason in %(least)d characters or more.",
                SHORTEST_REASON,
            )
            % {"least": SHORTEST_REASON},
            field="reason",
            code="required",
            next_step=_("The engineer reads it: say what happened and what follows."),
        )
    if len(reason) > LONGEST_REASON:
        raise InvalidInput(
            _("The reason is longer than %(most)d characters.") % {"most": LONGEST_REASON},
            field="reason",
            code="too_long",
            next_step=_("Please say it more briefly."),
        )
    return reason


def _lift(
    suspension: SkillSuspension, *, reason: str, through: Assessment | None, by: Any, at: datetime
) -> None:
    suspension.lifted_at, suspension.lifted_by, suspension.lift_reason = at, by, reason
    suspension.lifted_through = through
    suspension.save(update_fields=["lifted_at", "lifted_by", "lift_reason", "lifted_through"])
    for certificate in suspension.certificates.order_by("pk"):
        certificate.suspended_at = certificate.suspension = None
        _save(certificate, by)
    tell_skill_is_back(suspension, at=at)


def _clears(assessment: Assessment, suspension: SkillSuspension) -> bool:
    """Whether the assessment answers what the suspension doubts: held since, and at its level or above."""
    if suspension.kind != SuspensionKind.REWORK_RATE:
        return False
    if assessment.assessed_on < city_today(assessment.engineer.city, suspension.suspended_at):
        return False
    return all(one.level <= assessment.level for one in suspension.certificates.all())


def _locked_engineer(engineer: Engineer) -> Engineer:
    # no_key: a route that is written at this moment refers to the engineer and must not wait for us, while we
    # come to wait for its day
    rows = Engineer.objects.select_related("city", "user").select_for_update(of=("self",), no_key=True)
    return rows.get(pk=engineer.pk)


def _open_suspension(engineer: Engineer, skill: Skill) -> SkillSuspension | None:
    rows = SkillSuspension.objects.filter(engineer=engineer, skill=skill, lifted_at=None)
    return rows.select_related("engineer__user", "engineer__city", "skill").first()


def _check_may_judge(engineer: Engineer, by: Any) -> None:
    if may_judge(by, engineer):
        return
    raise NotAllowed(
        _("Only a manager of %(city)s decides what this engineer may do, and never for themselves.")
        % {"city": engineer.city.name},
        code="not_their_manager",
        next_step=_("Ask a manager of the city."),
    )


def _save(certificate: EngineerCertificate, by: Any) -> None:
    # the row of its history names who did it, also outside a request
    certificate._history_user = by  # type: ignore[attr-defined]  # read by simple-history
    certificate.save()


def _plan_what_waits(city: City, skill: Skill, at: datetime) -> None:
    """Plans the days on which a visit without an engineer needs the skill: somebody may do it now."""
    waiting = Visit.objects.filter(
        city=city,
        on__gte=city_today(city, at),
        engineer=None,
        status__in=MOVABLE,
        required_skills__has_key=skill.key,
    )
    plan_anew(waiting.values_list("city_id", "on").distinct())
