"""Contacts of an order: one whose address was not proved when booking can prove it later."""

from datetime import datetime
from typing import Any

from django.db import transaction

from orders.models import OrderContact, RepairOrder
from orders.services.telling import contact_address, schedule_reminder
from orders.services.timeline import append_event
from orders.services.visits import open_visit
from repairhub.accounts.services.codes import prove_address
from repairhub.accounts.states import Purpose


def prove_contact(*, contact: OrderContact, code: str, by: Any, at: datetime) -> str:
    """The token of the proof. From the first one on the contact is told what happens and may approve.

    A wrong guess is counted before it is refused, so this must not run inside another transaction. Raises
    InvalidInput (field "code") with the tries that are left.
    """
    token = prove_address(address=contact_address(contact), code=code, purpose=Purpose.CONTACT, at=at)
    if contact.proved_at is None:
        _let_in(contact, by, at)
    return token


@transaction.atomic
def _let_in(contact: OrderContact, by: Any, at: datetime) -> None:
    orders = RepairOrder.objects.select_for_update(of=("self",)).select_related("city")
    order = orders.get(pk=contact.order_id)
    fresh = OrderContact.objects.select_for_update().get(pk=contact.pk)
    if fresh.proved_at is not None:
        return  # the other of two clicks was first
    fresh.proved_at, fresh.may_approve = at, True
    fresh.save(update_fields=["proved_at", "may_approve"])
    append_event(order, "contact_proved", by=by, at=at, payload={"position": fresh.position})
    link = open_visit(order)
    if link is not None and link.visit.window_start_at > at:
        schedule_reminder(order, link.visit, at=at)
