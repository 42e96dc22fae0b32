"""The last steps of a booking: contacts and their codes, the confirmation, and what was promised."""

from datetime import datetime
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.crypto import constant_time_compare
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from engineers.services.planning import WindowShut
from orders.access import proven_contact
from orders.forms import CodeForm, ContactsForm, WindowForm
from orders.links import order_path, order_pin
from orders.progress import Person
from orders.services.booking import BookingRequest, ContactDetails
from orders.services.booking import book as book_order
from orders.services.telling import contact_address
from orders.services.visits import approved_quote
from orders.views.booking import Booking, step
from orders.views.booking_choices import windows_page
from repairhub.accounts.browser import client_of, remember_proof
from repairhub.accounts.services.codes import CODE_LIFE, prove_address, send_code
from repairhub.accounts.states import Purpose
from repairhub.core.errors import DomainError
from repairhub.core.pages import render_page
from repairhub.notifications.addresses import Address


@step("book_contact")
def book_contact(request: HttpRequest, booking: Booking) -> HttpResponse:
    """Who books, and perhaps who is at the door; the first one is sent a code."""
    form = ContactsForm(request.POST or None, initial=_kept_contacts(booking.progress.people))
    status = 200
    if form.is_bound and form.is_valid():
        booking.keep(contacts=form.contacts())
        first = booking.progress.people[0]
        if first.proved:
            return redirect("book_confirm")
        try:
            _send(request, booking, first.address)
        except DomainError as error:
            form.add_error("address", str(error))
            status = error.status
        else:
            return redirect("book_code", 1)
    status = status if status != 200 or not form.errors else 400
    return booking.page("book_contact", "orders/book/contact.html", {"form": form}, status=status)


@step("book_contact")
def book_code(request: HttpRequest, booking: Booking, position: int) -> HttpResponse:
    """The six digits of one contact; a wrong code says how many tries are left."""
    people = booking.progress.people
    if not 1 <= position <= len(people):
        return redirect("book_contact")
    person = people[position - 1]
    if person.proved:
        return redirect("book_confirm")
    form = CodeForm(request.POST if "code" in request.POST else None)
    error: DomainError | None = None
    try:
        if request.method == "POST" and not form.is_bound:
            _send(request, booking, person.address, again=True)
            messages.success(request, _("A new code is on its way."))
            return redirect("book_code", position)
        if form.is_bound and form.is_valid():
            token = prove_address(
                address=person.address,
                code=form.cleaned_data["code"],
                purpose=Purpose.CONTACT,
                at=booking.at,
            )
            remember_proof(request, token)
            if form.cleaned_data["borrowed"]:
                request.session.set_expiry(0)
            return redirect("book_confirm")
    except DomainError as refusal:
        error = refusal
        if form.is_bound:
            form.add_error("code", str(refusal))
    context = {
        "form": form,
        "person": person,
        "position": position,
        "was_sent": _was_sent(booking, person.address),
        "error": None if form.is_bound else error,
    }
    status = error.status if error else (400 if form.errors else 200)
    return booking.page("book_contact", "orders/book/code.html", context, status=status)


@step("book_confirm")
def book_confirm(request: HttpRequest, booking: Booking) -> HttpResponse:
    """Everything that binds, once more; then the order is made, once."""
    if request.method != "POST":
        return _confirm_page(booking)
    if request.POST.get("shown_total") != str(booking.progress.total):
        return _confirm_page(booking, changed=_("The price has changed since you saw it."), status=409)
    if not constant_time_compare(request.POST.get("shown", ""), booking.progress.shown_hash):
        changed = _("What you chose was changed in another tab since you saw this page.")
        return _confirm_page(booking, changed=changed, status=409)
    try:
        book_order(request=_booking_request(booking), by=None, at=booking.at)
    except WindowShut as error:
        booking.keep(window=None)
        return windows_page(booking, WindowForm(), refusal=error, status=error.status)
    except DomainError as error:
        return _confirm_page(booking, refusal=error, status=error.status)
    return redirect("booked")


@login_not_required
@never_cache
@require_safe
def booked(request: HttpRequest) -> HttpResponse:
    """What was promised, with the PIN to write down."""
    booking = Booking(request)
    order = booking.order
    if order is None:
        return booking.go_on()
    contact = proven_contact(request, order)
    visit = order.visits.select_related("city").order_by("-pk")[0]
    context = {
        "order": order,
        "visit": visit,
        "quote": approved_quote(order),
        "link": order_path(order),
        "pin": order_pin(order) if contact else "",
        "told": [contact_address(one).masked for one in order.contacts.exclude(proved_at=None)],
    }
    return render_page(request, "orders/book/booked.html", context)


def _confirm_page(
    booking: Booking, *, changed: str = "", refusal: DomainError | None = None, status: int = 200
) -> HttpResponse:
    return booking.page(
        "book_confirm",
        "orders/book/confirm.html",
        {"changed": changed, "refusal": refusal},
        status=status,
    )


def _booking_request(booking: Booking) -> BookingRequest:
    progress = booking.progress
    plan, window = progress.visit_plan, progress.window
    if window is None or progress.draft is None:
        raise LookupError("the steps before the confirmation are not done")
    pin = plan.pin
    return BookingRequest(
        device_model=plan.device_model,
        repairs=[(option.repair.key, option.grade) for option in progress.options],
        city=pin.city,
        latitude=pin.latitude,
        longitude=pin.longitude,
        district=pin.district,
        address=pin.address,
        access_note=pin.access_note,
        window_start_at=window[0],
        window_end_at=window[1],
        contacts=[ContactDetails(one.name, one.address, one.proved) for one in progress.people],
        language=booking.language,
        shown_total=progress.total,
        draft_id=progress.draft.pk,
    )


def _send(request: HttpRequest, booking: Booking, address: Address, *, again: bool = False) -> None:
    """Sends a code, unless one that still counts is already there and nobody asked for another."""
    if not again and _was_sent(booking, address):
        return
    send_code(
        address=address,
        purpose=Purpose.CONTACT,
        language=booking.language,
        at=booking.at,
        client=client_of(request),
    )
    booking.keep(codes={**booking.progress.data.get("codes", {}), address.value: booking.at.isoformat()})


def _was_sent(booking: Booking, address: Address) -> bool:
    sent = booking.progress.data.get("codes", {}).get(address.value)
    return bool(sent) and booking.at < datetime.fromisoformat(sent) + CODE_LIFE


def _kept_contacts(people: list[Person]) -> dict[str, Any]:
    kept: dict[str, Any] = {}
    if people:
        kept |= {"name": people[0].name, "address": people[0].address.value}
    if len(people) > 1:
        kept |= {
            "has_second": True,
            "second_name": people[1].name,
            "second_address": people[1].address.value,
        }
    return kept
