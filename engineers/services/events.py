"""The fifth beat of every move: one row that says what, from, to, who, when, why."""

from datetime import datetime
from typing import Any

from engineers.models import Visit, VisitEvent


def record(
    visit: Visit,
    kind: str,
    *,
    by: Any,
    at: datetime,
    from_status: str = "",
    reason: str = "",
    data: dict[str, Any] | None = None,
) -> VisitEvent:
    """The event row of a visit's change; `by` is None for the system."""
    return VisitEvent.objects.create(
        visit=visit,
        kind=kind,
        from_status=from_status,
        to_status=visit.status,
        by=by,
        at=at,
        reason=reason,
        data=data or {},
    )
