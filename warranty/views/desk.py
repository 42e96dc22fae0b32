"""The case officer's desk: what waits, everything about one claim side by side, and the answer."""

from collections.abc import Iterator
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import get_language, override
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from orders.models import HandOverPhoto
from repairhub.accounts.access import role_required
from repairhub.accounts.models import User
from repairhub.accounts.states import Role
from repairhub.core.errors import DomainError
from repairhub.core.pages import render_page
from repairhub.core.photo_responses import photo_response
from repairhub.places.models import City
from warranty.exports import claim_lines
from warranty.forms import ClaimFilter, DecisionForm, TransferForm
from warranty.models import Claim, ClaimPhoto
from warranty.querysets import case_officers
from warranty.selectors.claim_list import Wanted, claim_page, ordered_claims
from warranty.selectors.claim_page import claim_view, claims_in_reach, hand_over_before
from warranty.services.claims import possible_owners, transfer_claim
from warranty.services.claims import take_over as take_over_claim
from warranty.services.deciding import decide_claim
from warranty.states import Outcome

officer = role_required(Role.CASE_OFFICER, Role.MANAGER)
# by GET one comes here from a sign-in or the language switch, and is led to the claim
posted = require_http_methods(["GET", "HEAD", "POST"])


@officer
@require_safe
def claims(request: HttpRequest) -> HttpResponse:
    """What waits for an answer, the nearest deadline first; other claims by the filter."""
    form = _filter(request)
    page = claim_page(_wanted(form), _reader(request), after=request.GET.get("after", ""), at=timezone.now())
    context = {"form": form, "page": page, "is_later_page": "after" in request.GET}
    return render_page(request, "warranty/claims.html", context)


@officer
@require_safe
def claims_csv(request: HttpRequest) -> StreamingHttpResponse:
    """Every claim of the filter as a table for spreadsheets."""
    found = ordered_claims(_wanted(_filter(request)), _reader(request))
    language = get_language() or "en"

    def lines() -> Iterator[str]:
        # the body is written after the request's language has been put away
        with override(language):
            yield from claim_lines(found.iterator(chunk_size=500))

    response = StreamingHttpResponse(lines(), content_type="text/csv; charset=utf-8")
    response.headers["Content-Disposition"] = 'attachment; filename="claims.csv"'
    response.headers["Cache-Control"] = "private, no-store"
    return response


@officer
@require_safe
def claim(request: HttpRequest, reference: str) -> HttpResponse:
    """One claim with everything that it is decided by."""
    return _page(request, _claim(request, reference))


@officer
@posted
def decide(request: HttpRequest, reference: str) -> HttpResponse:
    """The answer; whoever comes second reads who was first, and keeps what they wrote."""
    if request.method != "POST":
        return redirect("claim", reference)
    found = _claim(request, reference)
    form = DecisionForm(request.POST)
    if not form.is_valid():
        return _page(request, found, decision_form=form, status=400)
    try:
        decided = decide_claim(claim=found, **form.cleaned_data, by=_reader(request), at=timezone.now())
    except DomainError as error:
        if error.field in form.fields:
            form.add_error(error.field, str(error))
            return _page(request, found, decision_form=form, status=error.status)
        return _page(
            request, _claim(request, reference), decision_form=form, error=error, status=error.status
        )
    said = (
        _("Approved. The customer is told to choose a window for the rework.")
        if decided.decision.outcome == Outcome.APPROVED
        else _("Refused. The customer is told the reason.")
    )
    messages.success(request, said)
    return redirect("claim", reference)


@officer
@posted
def transfer(request: HttpRequest, reference: str) -> HttpResponse:
    """Another owner; the deadline stays."""
    if request.method != "POST":
        return redirect("claim", reference)
    found = _claim(request, reference)
    form = TransferForm(request.POST, owners=possible_owners(found.order.city))
    if not form.is_valid():
        return _page(request, found, transfer_form=form, status=400)
    try:
        given = transfer_claim(
            claim=found, to=form.cleaned_data["owner"], by=_reader(request), at=timezone.now()
        )
    except DomainError as error:
        return _page(request, _claim(request, reference), error=error, status=error.status)
    messages.success(
        request, _("%(name)s looks after this claim now.") % {"name": given.owner and given.owner.name}
    )
    return redirect("claim", reference)


@officer
@posted
def take_over(request: HttpRequest, reference: str) -> HttpResponse:
    """The reader becomes the owner."""
    if request.method != "POST":
        return redirect("claim", reference)
    found = _claim(request, reference)
    try:
        take_over_claim(claim=found, by=_reader(request), at=timezone.now())
    except DomainError as error:
        return _page(request, _claim(request, reference), error=error, status=error.status)
    messages.success(request, _("You look after this claim now."))
    return redirect("claim", reference)


@officer
@require_safe
def claim_photo(request: HttpRequest, reference: str, photo_id: int) -> HttpResponse:
    """A photo of the claim."""
    found = _claim(request, reference)
    return photo_response(get_object_or_404(ClaimPhoto, pk=photo_id, claim=found).image)


@officer
@require_safe
def hand_over_photo(request: HttpRequest, reference: str, photo_id: int) -> HttpResponse:
    """A photo of the phone as we gave it back before this claim."""
    hand_over = hand_over_before(_claim(request, reference))
    return photo_response(get_object_or_404(HandOverPhoto, pk=photo_id, hand_over=hand_over).image)


def _reader(request: HttpRequest) -> User:
    assert isinstance(request.user, User)  # noqa: S101 - the door of every view here
    return request.user


def _claim(request: HttpRequest, reference: str) -> Claim:
    return get_object_or_404(claims_in_reach(request.user), reference=reference)


def _filter(request: HttpRequest) -> ClaimFilter:
    own = list(_reader(request).cities.values_list("pk", flat=True))
    cities = City.objects.filter(pk__in=own) if own else City.objects.all()
    return ClaimFilter(request.GET, owners=case_officers("", managers=True), cities=cities)


def _wanted(form: ClaimFilter) -> Wanted:
    chosen = form.chosen()
    city = chosen.get("city")
    return Wanted(
        status=chosen.get("status", ""),
        owner=chosen.get("owner", ""),
        city_id=city.pk if city else None,
        q=chosen.get("q", ""),
    )


def _page(
    request: HttpRequest,
    found: Claim,
    *,
    decision_form: DecisionForm | None = None,
    transfer_form: TransferForm | None = None,
    error: DomainError | None = None,
    status: int = 200,
) -> HttpResponse:
    at = timezone.now()
    view = claim_view(found)
    context: dict[str, Any] = {
        "view": view,
        "claim": view.claim,
        "order": view.claim.order,
        "city": view.claim.order.city,
        "clock_state": view.clock.shown_state(at) if view.clock else "",
        "decision_form": decision_form or DecisionForm(),
        "transfer_form": transfer_form or TransferForm(owners=view.owners),
        "error": error,
    }
    return render_page(request, "warranty/claim.html", context, status=status)
