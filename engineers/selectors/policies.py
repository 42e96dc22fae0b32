"""The qualification policy of each skill, read once for many questions."""

from collections.abc import Mapping
from dataclasses import dataclass

from engineers.models import QualificationPolicy


@dataclass(frozen=True)
class PolicyBook:
    """Every row of the policy. Without any, the model's own numbers count."""

    general: QualificationPolicy
    by_skill: Mapping[int, QualificationPolicy]

    @classmethod
    def load(cls) -> "PolicyBook":
        """The policy as it stands. One query."""
        rows = {row.skill_id: row for row in QualificationPolicy.objects.order_by("pk")}
        general = rows.pop(None, None) or QualificationPolicy()
        return cls(general, {skill_id: row for skill_id, row in rows.items() if skill_id is not None})

    def of(self, skill_id: int) -> QualificationPolicy:
        """The row that counts for the skill."""
        return self.by_skill.get(skill_id, self.general)
