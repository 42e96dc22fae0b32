"""One page for the order's whole life, and what its customer does there."""

from datetime import datetime
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe
from django_htmx.http import HttpResponseClientRefresh

from engineers.policy import booking_days
from engineers.selectors.windows import arrival_window_from, offered_windows
from engineers.services.planning import WindowShut
from orders.access import linked_order, order_view, proven_contact
from orders.forms import CodeForm, WindowForm
from orders.models import HandOverPhoto, OrderContact
from orders.order_page import OrderPage
from orders.services.accepting import counter_proposal
from orders.services.contacts import prove_contact
from orders.services.telling import contact_address
from orders.services.visits import cancel_order, choose_window, needs_of
from orders.states import AnsweredHow, VisitPurpose
from orders.views.booking_choices import by_day
from repairhub.accounts.browser import client_of, remember_proof
from repairhub.accounts.services.codes import send_code
from repairhub.accounts.states import Purpose
from repairhub.core.errors import Conflict, DomainError, NotAllowed
from repairhub.core.pages import render_page
from repairhub.core.photo_responses import photo_response

read_or_send = require_http_methods(["GET", "HEAD", "POST"])


@order_view
@require_safe
def order(request: HttpRequest, reference: str, token: str) -> HttpResponse:
    """Where the order stands. The page asks again each 15 seconds; 204 says that nothing is new.

    On news the browser loads the whole page: PIN, photos and what upper apps show hang on the state as well.
    """
    page = _page(request, reference, token)
    if request.headers.get("HX-Request") and "seen" in request.GET:
        is_new = request.GET["seen"] != page.state
        return HttpResponseClientRefresh() if is_new else HttpResponse(status=204)
    return render_page(request, "orders/order/page.html", {"page": page, "order": page.order})


@order_view
@read_or_send
def order_code(request: HttpRequest, reference: str, token: str) -> HttpResponse:
    """Proves that the reader is one of the order's contacts: sends a code, takes the six digits.

    A reader who has done so can have the other contact prove their address as well.
    """
    page = _page(request, reference, token)
    contact = _chosen(page, request.POST.get("contact") or request.GET.get("contact", ""))
    if contact is None:
        return redirect(page.path)
    form = CodeForm(request.POST if "code" in request.POST else None)
    error: DomainError | None = None
    address = contact_address(contact)
    at = timezone.now()
    try:
        if request.method == "POST" and not form.is_bound:
            send_code(
                address=address,
                purpose=Purpose.CONTACT,
                language=get_language() or page.order.language,
                at=at,
                client=client_of(request),
            )
            return redirect(f"{request.path}?contact={contact.position}")
        if form.is_bound and form.is_valid():
            code = form.cleaned_data["code"]
            is_other = page.is_proven
            token_of_proof = prove_contact(contact=contact, code=code, by=page.order.customer, at=at)
            if is_other:
                messages.success(request, _("The address is proved. They are told from now on."))
            else:
                remember_proof(request, token_of_proof)
            if form.cleaned_data["borrowed"]:
                request.session.set_expiry(0)
            return redirect(page.path)
    except DomainError as refusal:
        error = refusal
        if form.is_bound:
            form.add_error("code", str(refusal))
    context = {
        "page": page,
        "contact": contact,
        "masked": address.masked,
        "form": form,
        "error": None if form.is_bound else error,
    }
    status = error.status if error else (400 if form.errors else 200)
    return render_page(request, "orders/order/code.html", context, status=status)


@order_view
@read_or_send
def order_window(request: HttpRequest, reference: str, token: str) -> HttpResponse:
    """Another window, by the customer's word alone; the old promise stands until the new one is made."""
    page = _page(request, reference, token)
    refused = _not_yours(page)
    if refused is not None:
        return refused
    if not page.can_choose_window:
        raise Conflict(
            _("The window cannot be moved any more."),
            next_step=_("Your order's page shows where your order stands."),
        )
    form = WindowForm(request.POST or None)
    refusal: DomainError | None = None
    at = timezone.now()
    if form.is_bound and form.is_valid():
        try:
            window = arrival_window_from(page.order.city, form.cleaned_data["window"], at)
            if window is not None:
                # open or not: the service says whether it can still be promised, and what is near where not
                _take(page, window, at)
                messages.success(
                    request, _("Your new window is promised. The PIN for it stands on this page.")
                )
                return redirect(page.path)
            form.add_error("window", form.fields["window"].error_messages["invalid"])
        except DomainError as error:
            refusal = error
    return _windows_shown(request, page, form, refusal, at)


@order_view
@read_or_send
def order_cancel(request: HttpRequest, reference: str, token: str) -> HttpResponse:
    """Asks once more, then cancels at no cost."""
    page = _page(request, reference, token)
    refused = _not_yours(page)
    if refused is not None:
        return refused
    refusal: DomainError | None = None
    if request.method == "POST":
        try:
            cancel_order(order=page.order, by=page.order.customer, at=timezone.now())
        except DomainError as error:
            refusal = error
        else:
            messages.success(request, _("Your order is cancelled. It cost you nothing."))
            return redirect(page.path)
    elif not page.can_cancel:
        return redirect(page.path)
    context = {"page": page, "refusal": refusal}
    status = refusal.status if refusal else 200
    return render_page(request, "orders/order/cancel.html", context, status=status)


@order_view
@require_safe
def order_photo(request: HttpRequest, reference: str, token: str, photo_id: int) -> HttpResponse:
    """A photo of the hand-over, for a proved contact of this order alone."""
    page = _page(request, reference, token)
    if not page.is_proven:
        raise Http404
    photo = get_object_or_404(HandOverPhoto, pk=photo_id, hand_over__order=page.order)
    return photo_response(photo.image)


def _page(request: HttpRequest, reference: str, token: str) -> OrderPage:
    order = linked_order(reference, token)
    return OrderPage(order, proven_contact(request, order), timezone.now())


def _not_yours(page: OrderPage) -> HttpResponse | None:
    """Back to the page, where a code can be asked for; a contact who may not approve is told so."""
    if not page.is_proven:
        return redirect(f"{page.path}#prove")
    if not page.may_approve:
        raise NotAllowed(
            _("Only a contact who may approve can change this order."),
            next_step=_("Please ask the person who booked."),
        )
    return None


def _chosen(page: OrderPage, position: str) -> OrderContact | None:
    """The contact of that position: one proved when booking, and for who may approve one not proved yet."""
    for contact in page.order.contacts.all():
        is_open = page.may_approve if contact.proved_at is None else not page.is_proven
        if is_open and str(contact.position) == position:
            return contact
    return None


def _offered(page: OrderPage, at: Any) -> Any:
    order = page.order
    return offered_windows(
        city=order.city,
        latitude=order.latitude,
        longitude=order.longitude,
        needs=needs_of(order),
        at=at,
        leaving_out=page.movable_visit,
    )


def _take(page: OrderPage, window: tuple[datetime, datetime], at: datetime) -> None:
    """The window that the customer chose: a counter-offer where we had asked for another one."""
    order = page.order
    if page.proposal is not None:
        counter_proposal(
            proposal=page.proposal,
            windows=[window[0]],
            by=order.customer,
            at=at,
            how=AnsweredHow.PAGE,
            contact=page.reader,
        )
        return
    choose_window(
        order=order,
        window_start_at=window[0],
        window_end_at=window[1],
        purpose=VisitPurpose.REPAIR,
        line_ids=None,
        by=order.customer,
        at=at,
    )


def _windows_shown(
    request: HttpRequest, page: OrderPage, form: WindowForm, refusal: DomainError | None, at: Any
) -> HttpResponse:
    offered = _offered(page, at)
    visit = page.visit
    context = {
        "page": page,
        "form": form,
        "refusal": refusal,
        "nearest": refusal.nearest if isinstance(refusal, WindowShut) else [],
        "days": by_day(offered),
        "days_ahead": booking_days(),
        "has_open": any(window.is_open for window in offered),
        "city": page.order.city,
        "chosen": visit.window_start_at if visit and visit.is_open else None,
    }
    status = refusal.status if refusal else (400 if form.errors else 200)
    return render_page(request, "orders/order/window.html", context, status=status)
