"""What the customer is told: messages to the order's proved contacts, in the order's language."""

from datetime import datetime, timedelta
from typing import Any

from django.conf import settings

from engineers.models import Visit
from orders.links import order_url
from orders.models import OrderContact, RepairOrder
from repairhub.notifications.addresses import Address
from repairhub.notifications.services import Draft, cancel, enqueue_many


def tell_contacts(
    order: RepairOrder,
    template: str,
    *,
    key: str,
    at: datetime,
    context: dict[str, Any] | None = None,
    not_before_at: datetime | None = None,
    expires_at: datetime | None = None,
) -> None:
    """One message per proved contact, in the outbox. `key` names the occasion: it is told once."""
    shown = {"reference": order.reference, **(context or {})}
    contacts = order.contacts.exclude(proved_at=None)
    enqueue_many(
        [
            Draft(
                key=f"order:{order.pk}:{key}:{contact.position}",
                address=contact_address(contact),
                language=order.language,
                template=template,
                context=shown,
                # the link opens the order: it lies encrypted in the outbox and is wiped once sent
                secret=order_url(order),
                not_before_at=not_before_at,
                expires_at=expires_at,
                city_code=order.city.code,
            )
            for contact in contacts
        ],
        at=at,
    )


def contact_address(contact: OrderContact) -> Address:
    """Where the contact is reached."""
    return Address(contact.channel, contact.address)


def visit_context(visit: Visit) -> dict[str, Any]:
    """What message templates show of a visit: the promised window, in the city's zone."""
    zone = visit.city.zone
    return {
        "window_start_at": visit.window_start_at.astimezone(zone).isoformat(),
        "window_end_at": visit.window_end_at.astimezone(zone).isoformat(),
        "time_zone": visit.city.time_zone,
    }


def schedule_reminder(order: RepairOrder, visit: Visit, *, at: datetime) -> None:
    """The reminder before the promised window: a row that leaves at its time, never after the window."""
    tell_contacts(
        order,
        "visit_reminder",
        key=_reminder_key(visit),
        at=at,
        context=visit_context(visit),
        not_before_at=visit.window_start_at - timedelta(minutes=settings.REMINDER_MINUTES),
        expires_at=visit.window_end_at,
    )


def call_off_reminder(order: RepairOrder, visit: Visit, *, at: datetime) -> None:
    """No reminder of a visit that will not take place, or is already there."""
    cancel(key_prefix=f"order:{order.pk}:{_reminder_key(visit)}:", at=at)


def call_off_late_word(order: RepairOrder, visit: Visit, *, at: datetime) -> int:
    """What still waits to be said of its running late is not said; returns how many messages."""
    return cancel(key_prefix=f"order:{order.pk}:{late_word_key(visit)}:", at=at)


def late_word_key(visit: Visit) -> str:
    """How the keys of messages of its running late begin."""
    return f"visit:{visit.reference}:late"


def _reminder_key(visit: Visit) -> str:
    return f"visit:{visit.reference}:reminder"
