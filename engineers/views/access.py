"""The engineer writes down how one gets in, for whoever comes to that place next."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _

from engineers.models import Visit
from engineers.ports import visit_details
from engineers.selectors.access import access_note_of
from engineers.services.access import LONGEST, write_access_note
from engineers.views.board import posted
from repairhub.accounts.access import role_required
from repairhub.accounts.states import Role
from repairhub.core.errors import DomainError, NotFoundError


@role_required(Role.ENGINEER)
@posted
def own_access_note(request: HttpRequest, reference: str) -> HttpResponse:
    """The note about the place of one of the engineer's visits: a page of its own, then back to the visit."""
    visit = (
        Visit.objects.for_engineer(request.user)
        .select_related("city")
        .filter(reference=reference.upper())
        .first()
    )
    if visit is None:
        raise NotFoundError(
            _("There is no visit %(reference)s on your list.") % {"reference": reference},
            next_step=_("Reload your day: it may have been given to somebody else."),
        )
    details = visit_details([visit], unmasked=True).get(visit.pk)
    note = access_note_of(visit)
    context: dict[str, Any] = {
        "visit": visit,
        "details": details,
        "text": note.text if note else "",
        "longest_note": LONGEST,
    }
    if request.method == "POST":
        text = request.POST.get("text", "")
        try:
            write_access_note(visit=visit, text=text, by=request.user, at=timezone.now())
        except DomainError as error:
            context |= {"error": error, "text": text}
            return render(request, "engineers/access_note.html", context, status=error.status)
        messages.success(request, _("Kept for this place: the next engineer sees it too."))
        return redirect(details.url if details else "engineer_day")
    return render(request, "engineers/access_note.html", context)
