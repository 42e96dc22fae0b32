"""The policy for broken windows."""

from datetime import UTC, datetime
from typing import Any

from orders.models import LatePolicy

NEW_YEAR = datetime(2026, 1, 1, tzinfo=UTC)


def restore_general_policy(**kwargs: Any) -> None:
    """The row of the data migration, which a flush takes away; it holds for everything that tests promise."""
    LatePolicy.objects.update_or_create(city=None, defaults={"starts_at": NEW_YEAR})
