"""Booking: price, window, grade and term become a promise in one transaction."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from engineers.planning import city_today
from engineers.selectors.windows import VisitNeeds, missing_authorisations, missing_skills
from engineers.services.opening import Wish, promise
from engineers.services.planning import Opening, promise_visit
from orders.models import (
    BookingDraft,
    OrderContact,
    OrderVisit,
    Quote,
    QuoteApproval,
    QuoteLine,
    RepairOrder,
)
from orders.offers import GradeOption, choose, visit_needs
from orders.services.telling import schedule_reminder, tell_contacts, visit_context
from orders.services.timeline import append_event
from orders.signals import order_booked
from orders.states import VisitPurpose
from parts.models import DeviceModel
from repairhub.accounts.services.customers import customer_for
from repairhub.core.errors import Conflict, InvalidInput
from repairhub.core.money import format_money, rounded
from repairhub.core.tokens import new_reference
from repairhub.notifications.addresses import Address
from repairhub.places.models import City

MAX_CONTACTS = 2
LONGEST_NAME = 80


@dataclass(frozen=True)
class ContactDetails:
    """A person to reach; `proved` where the address was proved by a one-time code."""

    name: str
    address: Address
    proved: bool


@dataclass(frozen=True)
class BookingRequest:
    """Everything a booking needs. `repairs`: pairs (repair key, grade). `shown_total`: CNY, as shown."""

    device_model: DeviceModel
    repairs: Sequence[tuple[str, str]]
    city: City
    latitude: float
    longitude: float
    address: str
    window_start_at: datetime
    window_end_at: datetime
    contacts: Sequence[ContactDetails]
    language: str
    shown_total: Decimal | None = None
    district: str = ""
    access_note: str = ""
    draft_id: UUID | None = None
    how: str = field(default=QuoteApproval.How.BOOKING)


def book(*, request: BookingRequest, by: Any, at: datetime) -> RepairOrder:
    """The order, with quote version 1 approved and the visit in a real route.

    The same draft again gives the order it made. `by`: who books for the customer, None for themselves.
    Where no engineer has a gap, others are re-arranged, nobody dropped or late. Raises InvalidInput with the
    field, Conflict where the price changed since it was shown or nobody in the city may do it, WindowShut
    with the nearest windows.
    """
    return promise(
        lambda opening: _book(request, opening, by=by, at=at), wish=lambda: _wish(request, at), at=at
    )


def _wish(request: BookingRequest, at: datetime) -> Wish:
    options = choose(request.device_model, request.repairs, city_today(request.city, at))
    return Wish(
        city=request.city,
        latitude=request.latitude,
        longitude=request.longitude,
        window_start_at=request.window_start_at,
        window_end_at=request.window_end_at,
        needs=visit_needs(request.device_model, options),
    )


@transaction.atomic
def _book(request: BookingRequest, opening: Opening | None, *, by: Any, at: datetime) -> RepairOrder:
    made = _order_of_draft(request.draft_id)
    if made is not None:
        return made
    contacts = _checked_contacts(request.contacts)
    _check_request(request)
    options = choose(request.device_model, request.repairs, city_today(request.city, at))
    total = sum((option.total for option in options), Decimal(0))
    if request.shown_total is not None and request.shown_total != total:
        raise Conflict(
            _("The price is %(total)s now.") % {"total": format_money(total)},
            field="total",
            code="price_changed",
            next_step=_("Nothing was booked. Look at the new price, then confirm again."),
            details={"total": str(total)},
        )
    needs = visit_needs(request.device_model, options)
    check_city_can(request.city, request.device_model, needs, at)
    visit = promise_visit(
        city=request.city,
        latitude=request.latitude,
        longitude=request.longitude,
        window_start_at=request.window_start_at,
        window_end_at=request.window_end_at,
        needs=needs,
        by=by,
        at=at,
        opening=opening,
    )
    first = contacts[0]
    customer = customer_for(address=first.address, name=first.name, language=request.language, at=at)
    by = by or customer
    order = RepairOrder.objects.create(
        reference=new_reference("RH"),
        draft_id=request.draft_id,
        customer=customer,
        device_model=request.device_model,
        city=request.city,
        district=request.district.strip(),
        address=request.address.strip(),
        access_note=request.access_note.strip(),
        latitude=request.latitude,
        longitude=request.longitude,
        language=request.language,
        booked_at=at,
    )
    OrderVisit.objects.create(order=order, visit=visit, purpose=VisitPurpose.REPAIR)
    saved = [
        OrderContact.objects.create(
            order=order,
            position=position,
            name=contact.name.strip(),
            channel=contact.address.channel,
            address=contact.address.value,
            may_approve=contact.proved,
            proved_at=at if contact.proved else None,
        )
        for position, contact in enumerate(contacts, start=1)
    ]
    quote = _lock_price(order, options, total, contact=saved[0], how=request.how, at=at)
    append_event(
        order,
        "booked",
        by=by,
        at=at,
        payload={
            "device_model": request.device_model.name,
            "total": str(quote.total),
            **visit_context(visit),
        },
    )
    tell_contacts(order, "order_booked", key="booked", at=at, context=_booked_context(order, quote, visit))
    schedule_reminder(order, visit, at=at)
    order_booked.send(sender=RepairOrder, order=order, by=by, at=at)
    return order


def check_city_can(city: City, device_model: DeviceModel, needs: VisitNeeds, at: datetime) -> None:
    """Raises Conflict where nobody in the city may do it, with the maker's address where it takes them."""
    on = city_today(city, at)
    if missing_authorisations(city, needs.brands, on):
        brand = device_model.brand
        raise Conflict(
            _("This repair needs an authorisation by %(brand)s that nobody in %(city)s has.")
            % {"brand": brand.name, "city": city.name},
            field="repairs",
            code="no_authorisation_in_city",
            next_step=_("Please turn to the maker: %(url)s") % {"url": brand.support_url}
            if brand.support_url
            else _("Please turn to the maker."),
            details={"support_url": brand.support_url, "brand": brand.name},
        )
    if missing_skills(city, needs.skills, on):
        raise Conflict(
            _("Nobody in %(city)s is certified for this repair.") % {"city": city.name},
            field="repairs",
            code="no_skill_in_city",
            next_step=_("Choose another repair or another city."),
        )


def shown_hash(options: Sequence[GradeOption], total: Decimal) -> str:
    """SHA-256 of exactly what the customer saw and approved: lines, prices, terms, total."""
    shown = {
        "lines": [
            {
                "repair": option.repair.key,
                "part": option.part.sku,
                "grade": option.grade,
                "part_price": str(rounded(option.part_price)),
                "labour": str(rounded(option.labour)),
                "term_days": option.term_days,
                "terms_version": option.terms_version,
                "keeps_maker_warranty": option.part.keeps_maker_warranty,
            }
            for option in options
        ],
        "total": str(rounded(total)),
    }
    return hashlib.sha256(json.dumps(shown, sort_keys=True).encode()).hexdigest()


def _order_of_draft(draft_id: UUID | None) -> RepairOrder | None:
    if draft_id is None:
        return None
    # two tabs that confirm at once queue here; the second finds the order of the first
    BookingDraft.objects.select_for_update().filter(pk=draft_id).first()
    return RepairOrder.objects.filter(draft_id=draft_id).first()


def _check_request(request: BookingRequest) -> None:
    if not request.address.strip():
        raise InvalidInput(_("Enter the address."), field="address", code="required")
    if not request.city.is_open:
        raise InvalidInput(
            _("We do not work in %(city)s at the moment.") % {"city": request.city.name},
            field="city",
            code="city_closed",
            next_step=_("Choose another city."),
        )
    if not request.device_model.is_active:
        raise InvalidInput(
            _("We do not repair %(model)s at the moment.") % {"model": request.device_model.name},
            field="repairs",
            code="not_offered",
            next_step=_("Choose another phone."),
        )
    for name, text, longest in (
        ("address", request.address, 200),
        ("district", request.district, 80),
        ("access_note", request.access_note, 200),
    ):
        if len(text.strip()) > longest:
            raise InvalidInput(
                _("This is longer than %(longest)d characters.") % {"longest": longest},
                field=name,
                code="too_long",
            )


def _checked_contacts(contacts: Sequence[ContactDetails]) -> Sequence[ContactDetails]:
    if not 1 <= len(contacts) <= MAX_CONTACTS:
        raise InvalidInput(_("Give one or two contacts."), field="contacts", code="required")
    if not contacts[0].proved:
        raise InvalidInput(
            _("Prove the first contact with the code that we sent."), field="contacts", code="not_proved"
        )
    if any(not 1 <= len(contact.name.strip()) <= LONGEST_NAME for contact in contacts):
        raise InvalidInput(
            _("Enter a name of at most %(longest)d characters.") % {"longest": LONGEST_NAME},
            field="name",
            code="required",
        )
    if len({contact.address.value for contact in contacts}) != len(contacts):
        raise InvalidInput(
            _("The second contact needs another phone or mail address."), field="contacts", code="twice"
        )
    return contacts


def _lock_price(
    order: RepairOrder,
    options: Sequence[GradeOption],
    total: Decimal,
    *,
    contact: OrderContact,
    how: str,
    at: datetime,
) -> Quote:
    quote = Quote.objects.create(order=order, version=1, total=total, offered_at=at, offered_by=None)
    QuoteLine.objects.bulk_create(
        [
            QuoteLine(
                quote=quote,
                position=position,
                repair=option.repair,
                part=option.part,
                grade=option.grade,
                part_price=option.part_price,
                labour=option.labour,
                minutes=option.repair.minutes,
                term_days=option.term_days,
                terms_version=option.terms_version,
                keeps_maker_warranty=option.part.keeps_maker_warranty,
                is_sample_price=option.part.is_sample_price,
            )
            for position, option in enumerate(options, start=1)
        ]
    )
    QuoteApproval.objects.create(
        quote=quote, contact=contact, how=how, shown_hash=shown_hash(options, total), at=at
    )
    return quote


def _booked_context(order: RepairOrder, quote: Quote, visit: Any) -> dict[str, Any]:
    return {"device_model": order.device_model.name, "total": str(quote.total), **visit_context(visit)}
