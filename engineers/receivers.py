"""News from below: a window that is about to break, or has; a city's new pace; a closed account."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.contrib.contenttypes.models import ContentType
from django.dispatch import receiver

from engineers.models import Engineer, Visit
from engineers.services.doorstep import mark_at_risk
from engineers.services.planning import ARRIVE_WITHIN_WINDOW
from engineers.services.review import review_engineer
from engineers.services.timing import retime_city
from engineers.wording import lost_their_engineer
from repairhub.accounts.models import User
from repairhub.accounts.signals import standing_changed
from repairhub.places.models import City
from repairhub.places.signals import travel_changed
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


@receiver(travel_changed)
def times_of_a_city(*, city: City, at: datetime, **_kwargs: Any) -> None:
    """Its coming days are planned with what drives and services take now."""
    retime_city(city=city, at=at)


@receiver(standing_changed)
def route_of_a_closed_account(*, user: User, by: Any, at: datetime, **_kwargs: Any) -> str:
    """Whose account is closed comes to nobody: their visits wait for somebody else at once."""
    engineer = Engineer.objects.filter(user=user).first()
    lost = review_engineer(engineer=engineer, by=by, at=at) if engineer is not None else []
    return lost_their_engineer(lost) if lost else ""
