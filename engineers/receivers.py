"""News from the clocks: a promised window that is about to break, or has."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.contrib.contenttypes.models import ContentType
from django.dispatch import receiver

from engineers.models import Visit
from engineers.services.doorstep import mark_at_risk
from engineers.services.planning import ARRIVE_WITHIN_WINDOW
from repairhub.sla.models import SlaClock
from repairhub.sla.signals import clocks_breached, clocks_warned


@receiver([clocks_warned, clocks_breached])
def windows_at_risk(*, clocks: Sequence[SlaClock], at: datetime, **_kwargs: Any) -> None:
    """The visits behind these clocks head the board's tray, one batch for all of them."""
    visits = ContentType.objects.get_for_model(Visit).pk
    ids = [
        clock.object_id
        for clock in clocks
        if clock.target.key == ARRIVE_WITHIN_WINDOW and clock.content_type_id == visits
    ]
    if ids:
        mark_at_risk(visit_ids=ids, at=at)
