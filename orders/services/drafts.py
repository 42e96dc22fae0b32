"""The booking draft: what a browser session has chosen so far, kept on the server."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction

from orders.models import BookingDraft, RepairOrder

DRAFT_LIFE = timedelta(days=2)
# what is given up when a choice it hangs on changes: a window was offered for these repairs at this place
DEPENDING = {
    "brand": ("device_model",),
    "device_model": ("repairs",),
    "repairs": ("window",),
    "place": ("window",),
}


def start_draft(*, at: datetime) -> BookingDraft:
    """An empty draft."""
    return BookingDraft.objects.create(created_at=at, updated_at=at)


@transaction.atomic
def keep_choices(*, draft_id: UUID, choices: dict[str, Any], at: datetime) -> BookingDraft:
    """The draft with these choices; what hangs on a choice that changed is given up.

    A draft that has made its order stays as it was.
    """
    draft = BookingDraft.objects.select_for_update().get(pk=draft_id)
    if order_of_draft(draft_id) is not None:
        return draft
    data = dict(draft.data)
    for name, value in choices.items():
        if data.get(name) != value:
            _give_up(data, name)
        data[name] = value
    draft.data, draft.updated_at = data, at
    draft.save(update_fields=["data", "updated_at"])
    return draft


def forget_old_drafts(*, at: datetime) -> int:
    """Deletes drafts that nobody touched for two days; returns how many. They hold names and addresses.

    An order does not need the draft that it was made from.
    """
    deleted, _by_model = BookingDraft.objects.filter(updated_at__lt=at - DRAFT_LIFE).delete()
    return deleted


def order_of_draft(draft_id: UUID) -> RepairOrder | None:
    """The order that the draft has made."""
    return RepairOrder.objects.filter(draft_id=draft_id).first()


def _give_up(data: dict[str, Any], name: str) -> None:
    for depending in DEPENDING.get(name, ()):
        data.pop(depending, None)
        _give_up(data, depending)
