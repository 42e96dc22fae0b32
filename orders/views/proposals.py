"""The customer's answer to a proposal: on the order's page, or with the PIN on any device."""

from datetime import datetime

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from engineers.services.planning import WindowShut
from orders.access import linked_order, order_view, proven_contact
from orders.models import Proposal
from orders.order_page import OrderPage
from orders.proposal_forms import AnswerForm
from orders.services.accepting import accept_proposal, check_pin
from orders.services.proposals import decline_proposal
from orders.states import AnsweredHow
from repairhub.core.errors import DomainError, NotAllowed
from repairhub.core.pages import render_page


@order_view
@require_http_methods(["GET", "HEAD", "POST"])
def order_proposal(request: HttpRequest, reference: str, token: str, proposal_id: int) -> HttpResponse:
    """Our proposal of another window, to be accepted or declined. Pressed twice it is answered once."""
    at = timezone.now()
    order = linked_order(reference, token)
    page = OrderPage(order, proven_contact(request, order), at)
    proposal = get_object_or_404(Proposal.objects.of_windows(), pk=proposal_id, order=order)
    if request.method != "POST":
        return _shown(request, page, None, None) if page.proposal == proposal else redirect(page.path)
    form = AnswerForm(request.POST, needs_pin=not page.is_proven)
    refusal: DomainError | None = None
    if form.is_valid():
        try:
            return _answered(request, page, proposal, form, at)
        except DomainError as error:
            refusal = error
            if error.field in form.fields:
                form.add_error(error.field, str(error))
    return _shown(request, page, form, refusal)


def _answered(
    request: HttpRequest, page: OrderPage, proposal: Proposal, form: AnswerForm, at: datetime
) -> HttpResponse:
    data = form.cleaned_data
    how = AnsweredHow.PAGE if page.is_proven else AnsweredHow.PIN
    if page.is_proven and not page.may_approve:
        raise NotAllowed(
            _("Only a contact who may approve can answer for this order."),
            next_step=_("Please ask the person who booked."),
        )
    if not page.is_proven:
        check_pin(order=page.order, pin=data["pin"])
    by, contact = page.order.customer, page.reader
    if data["answer"] == AnswerForm.ACCEPT:
        accept_proposal(proposal=proposal, choice=data["window"], by=by, at=at, how=how, contact=contact)
        messages.success(request, _("Thank you. Your new window is promised, and the old one is given up."))
    else:
        decline_proposal(proposal=proposal, by=by, at=at, how=how, contact=contact)
        messages.success(request, _("Your window stays promised as it was."))
    return redirect(page.path)


def _shown(
    request: HttpRequest, page: OrderPage, form: AnswerForm | None, refusal: DomainError | None
) -> HttpResponse:
    if page.proposal is None:  # closed since the reader saw it: the order's page says what is promised now
        messages.warning(request, str(refusal) if refusal else _("This proposal has been closed."))
        return redirect(page.path)
    is_shut = isinstance(refusal, WindowShut)
    context = {
        "page": page,
        "form": form,
        "refusal": refusal if refusal is not None and (is_shut or refusal.field is None) else None,
        "nearest": refusal.nearest if isinstance(refusal, WindowShut) else [],
    }
    status = refusal.status if refusal else (400 if form is not None and form.errors else 200)
    return render_page(request, "orders/order/proposal.html", context, status=status)
