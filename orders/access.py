"""Who may read an order: the link opens its page, a proved contact's address opens what is personal."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils.cache import patch_cache_control
from django.views.defaults import page_not_found

from orders.links import is_token_of
from orders.models import OrderContact, RepairOrder
from orders.services.telling import contact_address
from repairhub.accounts.browser import proofs
from repairhub.core.errors import DomainError

View = Callable[..., HttpResponseBase]


def linked_order(reference: str, token: str) -> RepairOrder:
    """The order behind its link, with what its page shows. Http404 for a wrong token as for no order."""
    order = RepairOrder.objects.with_page_data().filter(reference=reference).first()
    if order is None or not is_token_of(order, token):
        raise Http404
    return order


def proven_contact(request: HttpRequest, order: RepairOrder) -> OrderContact | None:
    """The contact of the order whose address this browser session has proved; one who may approve first.

    Only contacts proved when booking count: an address that somebody merely typed opens nothing.
    """
    proved = proofs(request)
    found = [
        contact
        for contact in order.contacts.all()
        if contact.proved_at is not None and contact_address(contact) in proved
    ]
    return min(found, key=lambda contact: (not contact.may_approve, contact.position), default=None)


def order_view(view: View) -> View:
    """A page behind an order's link: open without an account, kept by no cache and no search engine.

    That goes for its refusals as well. The referrer stays within this site (the link never leaves with it).
    It is not `no-referrer`: browsers then send `Origin: null` with the page's own forms, and these would be
    refused as forged.
    """

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        try:
            response = view(request, *args, **kwargs)
        except Http404 as error:
            response = page_not_found(request, error)
        except DomainError as error:
            response = render(request, "refused.html", {"error": error}, status=error.status)
        response.headers["Referrer-Policy"] = "same-origin"
        response.headers["X-Robots-Tag"] = "noindex, nofollow"
        patch_cache_control(response, private=True, no_store=True)
        return response

    return login_not_required(guarded)
