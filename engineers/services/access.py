"""Writing down how one gets in at a visit's place, and forgetting what nobody needs any more."""

from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Exists, OuterRef, Q
from django.utils.translation import gettext_lazy as _

from engineers.models import AccessNote, Visit
from engineers.selectors.access import access_note_of, may_see_place, place_key
from engineers.services.routes import locked_visit
from repairhub.core.errors import InvalidInput, NotAllowed

LONGEST = 300
KEPT_WHEN_REPLACED = timedelta(days=30)
"""So long the version before can be read again where somebody cleared it by mistake."""
KEPT_UNVISITED = timedelta(days=365)
"""A place that nobody was sent to for so long: the code of its gate is nobody's business any more."""


@transaction.atomic
def write_access_note(*, visit: Visit, text: str, by: Any, at: datetime) -> AccessNote | None:
    """The note that counts from now on for the visit's place; an empty text takes it back (None).

    The same text again writes nothing. Raises NotAllowed for anybody but the city's desk and the visit's own
    engineer, InvalidInput for a text of more than 300 characters.
    """
    visit = locked_visit(visit)
    if not may_see_place(visit, by):
        raise NotAllowed(
            _("The access note of visit %(reference)s is not yours to write.")
            % {"reference": visit.reference},
            next_step=_("The city's desk and the visit's engineer write it."),
        )
    text = " ".join(text.replace("\x00", "").split())
    if len(text) > LONGEST:
        raise InvalidInput(
            _("The note has %(length)d characters; %(most)d fit.") % {"length": len(text), "most": LONGEST},
            field="text",
            code="too_long",
            next_step=_("Shorten it: gate, lift, parking, entrance."),
        )
    present = access_note_of(visit)
    if text == (present.text if present else ""):
        return present
    latitude, longitude = place_key(visit)
    note = AccessNote.objects.create(
        city=visit.city, latitude=latitude, longitude=longitude, text=text, by=by, at=at
    )
    return note if text else None


def forget_access_notes(*, at: datetime) -> int:
    """Erases texts that nobody needs: replaced 30 days ago, or of a place without a visit for a year.

    Who wrote when stays. Returns how many texts were erased.
    """
    same_place = {name: OuterRef(name) for name in ("city", "latitude", "longitude")}
    replaced = AccessNote.objects.filter(**same_place, pk__gt=OuterRef("pk"), at__lte=at - KEPT_WHEN_REPLACED)
    near = 0.00006  # half of the fourth decimal, and a little for rounding
    visited = Visit.objects.filter(
        city=OuterRef("city"),
        latitude__range=(OuterRef("latitude") - near, OuterRef("latitude") + near),
        longitude__range=(OuterRef("longitude") - near, OuterRef("longitude") + near),
        on__gte=(at - KEPT_UNVISITED).date(),
    )
    unneeded = AccessNote.objects.exclude(text="").filter(
        Q(Exists(replaced)) | Q(~Exists(visited), at__lte=at - KEPT_UNVISITED)
    )
    return unneeded.update(text="", erased_at=at)
