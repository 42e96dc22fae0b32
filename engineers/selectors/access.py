"""The access note of a visit's place, for whoever may see where the visit is."""

from decimal import Decimal
from typing import Any

from engineers.models import AccessNote, Visit
from repairhub.accounts.rules import sees_dispatch_board

FOUR_DECIMALS = Decimal("0.0001")


def place_key(visit: Visit) -> tuple[Decimal, Decimal]:
    """The visit's latitude and longitude to four decimals, about 11 m: the key of its access note."""
    return (
        Decimal(visit.latitude).quantize(FOUR_DECIMALS),
        Decimal(visit.longitude).quantize(FOUR_DECIMALS),
    )


def access_note_of(visit: Visit) -> AccessNote | None:
    """The note that counts for the visit's place; None where there is none any more. One query."""
    note = AccessNote.objects.at_place(visit.city_id, *place_key(visit)).select_related("by").first()
    return note if note is not None and note.text else None


def may_see_place(visit: Visit, user: Any) -> bool:
    """Whether this person may see how to get in: the city's desk, and the engineer who was named for it."""
    if sees_dispatch_board(user):
        return Visit.objects.for_dispatcher(user).filter(pk=visit.pk).exists()
    return Visit.objects.for_engineer(user).filter(pk=visit.pk).exists()
