"""The customer's pages after the repair: file a claim, choose the rework's window, see one's own photos."""

from datetime import datetime
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from engineers.policy import booking_days
from engineers.selectors.windows import arrival_window_from, offered_windows
from engineers.states import MOVABLE
from orders.access import linked_order, order_view, proven_contact
from orders.forms import WindowForm
from orders.links import order_path
from orders.models import OrderContact, RepairOrder
from orders.services.visits import open_visit
from orders.states import OrderStatus
from orders.views.booking_choices import by_day
from repairhub.core.errors import DomainError, NotAllowed
from repairhub.core.photo_responses import photo_response
from warranty.forms import ClaimForm
from warranty.models import ClaimPhoto, Remedy
from warranty.selectors.order_page import hours_to_answer, owed_on, promises_of
from warranty.services.claims import file_claim
from warranty.services.remedies import choose_rework_window, owed_needs


@order_view
@require_http_methods(["GET", "POST"])
def file_claim_page(request: HttpRequest, reference: str, token: str) -> HttpResponse:
    """What went wrong, in the customer's words and photos; a refusal keeps what was typed."""
    order = linked_order(reference, token)
    contact = proven_contact(request, order)
    if contact is None:
        return _prove_first(request, order)
    if order.status != OrderStatus.COMPLETED:
        messages.info(request, _("A claim can be filed here once the repair is completed."))
        return redirect(order_path(order))
    warranties = promises_of(order)
    form = ClaimForm(request.POST or None, request.FILES or None, warranties=warranties)
    if not form.is_bound or not form.is_valid():
        return _claim_page(request, order, form, status=400 if form.is_bound else 200)
    try:
        claim = _file(form, order, contact)
    except DomainError as error:
        form.add_error(error.field if error.field in form.fields else None, str(error))
        return _claim_page(request, order, form, status=error.status)
    messages.success(
        request, _("We have your claim %(reference)s and answer it here.") % {"reference": claim.reference}
    )
    return redirect(order_path(order) + "#claims")


@order_view
@require_http_methods(["GET", "POST"])
def rework_window(request: HttpRequest, reference: str, token: str) -> HttpResponse:
    """The windows of a rework visit; the one chosen before stands until another is confirmed."""
    order = linked_order(reference, token)
    contact = proven_contact(request, order)
    if contact is None:
        return _prove_first(request, order)
    if not contact.may_approve:
        raise NotAllowed(
            _("Only a contact who may approve can choose a window for this order."),
            next_step=_("Please ask the person who booked."),
        )
    owed = owed_on(order)
    if not owed:
        messages.info(request, _("No rework is waiting for a window."))
        return redirect(order_path(order))
    form = WindowForm(request.POST or None)
    at = timezone.now()
    if not form.is_bound or not form.is_valid():
        return _rework_page(request, order, owed, form, at=at, status=400 if form.is_bound else 200)
    try:
        _choose(order, owed[0], form.cleaned_data["window"], at)
    except DomainError as error:
        return _rework_page(request, order, owed, form, at=at, refusal=error, status=error.status)
    messages.success(
        request, _("Your window is booked. The rework costs you nothing. The PIN for it stands on this page.")
    )
    return redirect(order_path(order) + "#claims")


@order_view
@require_safe
def own_claim_photo(request: HttpRequest, reference: str, token: str, photo_id: int) -> HttpResponse:
    """A photo of one of the order's claims, for whoever proved a contact of the order."""
    order = linked_order(reference, token)
    if proven_contact(request, order) is None:
        raise Http404
    return photo_response(get_object_or_404(ClaimPhoto, pk=photo_id, claim__order=order).image)


def _file(form: ClaimForm, order: RepairOrder, contact: OrderContact) -> Any:
    data = form.cleaned_data
    return file_claim(
        order=order,
        fitting=form.claimed(),
        kind=data["kind"],
        text=data["text"],
        photos=data["photos"],
        form_id=data["form_id"],
        contact=contact,
        by=order.customer,
        at=timezone.now(),
    )


def _choose(order: RepairOrder, remedy: Remedy, start_at: datetime, at: datetime) -> None:
    # a window that we do not have has no end: the service refuses it in its own words
    window = arrival_window_from(order.city, start_at, at) or (start_at, start_at)
    choose_rework_window(
        remedy=remedy,
        window_start_at=window[0],
        window_end_at=window[1],
        by=order.customer,
        at=at,
    )


def _offered(order: RepairOrder, at: datetime) -> Any:
    present = open_visit(order)  # would be given up for the new window
    return offered_windows(
        city=order.city,
        latitude=order.latitude,
        longitude=order.longitude,
        needs=owed_needs(order),
        at=at,
        leaving_out=present.visit if present is not None and present.visit.status in MOVABLE else None,
    )


def _prove_first(request: HttpRequest, order: RepairOrder) -> HttpResponse:
    messages.info(
        request, _("Prove one of the order's contacts with a code first: this page shows personal data.")
    )
    return redirect(order_path(order) + "#prove")


def _claim_page(request: HttpRequest, order: RepairOrder, form: ClaimForm, *, status: int) -> HttpResponse:
    context = {
        "order": order,
        "form": form,
        "back_url": order_path(order),
        "hours": hours_to_answer(),
        "lost_photos": bool(request.FILES) and bool(form.errors),
    }
    return render(request, "warranty/file_claim.html", context, status=status)


def _rework_page(
    request: HttpRequest,
    order: RepairOrder,
    owed: list[Remedy],
    form: WindowForm,
    *,
    at: datetime,
    refusal: DomainError | None = None,
    status: int,
) -> HttpResponse:
    visit = next((remedy.visit for remedy in owed if remedy.visit is not None), None)
    movable = visit is None or visit.is_movable or visit.is_ended
    offered = _offered(order, at) if movable else []
    context = {
        "order": order,
        "owed": owed,
        "visit": visit,
        "movable": movable,
        "form": form,
        "refusal": refusal,
        "nearest": getattr(refusal, "nearest", []),
        "days": by_day(offered),
        "days_ahead": booking_days(),
        "has_open": any(window.is_open for window in offered),
        "city": order.city,
        "chosen": visit.window_start_at if visit else None,
        "minutes": owed_needs(order).service_minutes,
        "back_url": order_path(order),
    }
    return render(request, "warranty/rework_window.html", context, status=status)
