"""What engineers and their managers are told about qualifications: each thing once, by the outbox's keys."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from engineers.models import Engineer, SkillSuspension, Visit
from repairhub.accounts.models import User
from repairhub.accounts.states import Role
from repairhub.notifications.services import Draft, enqueue_many


def tell_of_suspension(suspension: SkillSuspension, lost: Sequence[Visit], *, at: datetime) -> None:
    """The engineer and the managers of the city learn what was suspended, why, and what happens next."""
    context = {
        **_about(suspension),
        "kind": suspension.kind,
        "reason": suspension.reason,
        "finished": suspension.finished,
        "reworked": suspension.reworked,
        "window_days": suspension.window_days,
        "visits": [visit.reference for visit in lost],
    }
    people = _engineer_and_managers(suspension.engineer)
    enqueue_many(drafts(people, f"suspension:{suspension.pk}", "skill_suspended", context), at=at)


def tell_skill_is_back(suspension: SkillSuspension, *, at: datetime) -> None:
    """The engineer and the managers of the city learn that the skill counts again, and why."""
    context = {
        **_about(suspension),
        "reason": suspension.lift_reason,
        "by_assessment": suspension.lifted_through_id is not None,
    }
    people = _engineer_and_managers(suspension.engineer)
    enqueue_many(drafts(people, f"suspension:{suspension.pk}:lifted", "skill_back", context), at=at)


def tell_of_many_reworks(
    engineer: Engineer, skill: Any, *, finished: int, reworked: int, window_days: int, at: datetime
) -> None:
    """A warning before a suspension, to the engineer and the managers of the city; once a month at most."""
    context = {
        **_names(engineer, skill),
        "finished": finished,
        "reworked": reworked,
        "window_days": window_days,
    }
    month = at.astimezone(engineer.city.zone).strftime("%Y-%m")
    key = f"reworks:{engineer.pk}:{skill.pk}:{month}"
    enqueue_many(drafts(_engineer_and_managers(engineer), key, "many_reworks", context), at=at)


def drafts(
    people: Iterable[tuple[User, str]], key: str, template: str, context: dict[str, Any]
) -> list[Draft]:
    """One message to each of these people, in their language; `reader`: "engineer" or "manager"."""
    return [
        Draft(
            key=f"{key}:{person.pk}",
            address=person.address,
            language=person.language,
            template=template,
            context={**context, "reader": reader},
            city_code=context["city"],
        )
        for person, reader in people
    ]


def _engineer_and_managers(engineer: Engineer) -> list[tuple[User, str]]:
    managers = User.objects.working_for(Role.MANAGER, engineer.city.code).order_by("pk")
    told = [(engineer.user, "engineer")] if engineer.user.is_active else []
    return [*told, *((manager, "manager") for manager in managers if manager.pk != engineer.user_id)]


def _about(suspension: SkillSuspension) -> dict[str, Any]:
    return _names(suspension.engineer, suspension.skill)


def _names(engineer: Engineer, skill: Any) -> dict[str, Any]:
    return {
        "engineer": engineer.user.name,
        "engineer_id": engineer.pk,
        "number": engineer.number,
        "skill_en": skill.name_en,
        "skill_zh": skill.name_zh,
        "skill_key": skill.key,
        "city": engineer.city.code,
        "time_zone": engineer.city.time_zone,
    }
