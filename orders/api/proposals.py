"""POST /api/v1/orders/{reference}/proposals/{id}/answer/: the customer's answer to another window."""

from typing import Any

from django.utils import timezone
from django.utils.decorators import method_decorator
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from orders.api.orders import TOKEN_HEADER, OrderAnswer, order_of
from orders.digits import six_digits
from orders.models import OrderContact, Proposal, RepairOrder
from orders.services.accepting import MOST_WISHES, accept_proposal, check_pin, counter_proposal
from orders.services.proposals import decline_proposal
from orders.services.telling import contact_address
from orders.states import AnsweredHow
from repairhub.accounts.services.codes import proven_address
from repairhub.core.api_fields import CostlyCallsByAddress, PublicAPI
from repairhub.core.errors import InvalidInput, NotFoundError

ACCEPT, COUNTER, DECLINE = "accept", "counter", "decline"


class AnswerRequest(serializers.Serializer[Any]):
    answer = serializers.ChoiceField(choices=[ACCEPT, COUNTER, DECLINE])
    windows = serializers.ListField(
        child=serializers.DateTimeField(),
        required=False,
        max_length=MOST_WISHES,
        help_text="Starts of windows: the one accepted, or up to three others, the dearest first.",
    )
    proof = serializers.CharField(required=False, max_length=200, help_text="From phone-proofs/.")
    pin = serializers.CharField(
        required=False, max_length=20, help_text="The order's PIN, in place of a proof."
    )


@method_decorator(never_cache, "dispatch")
class ProposalAnswers(PublicAPI):
    throttle_classes = [CostlyCallsByAddress]
    field_names = {"window": "windows"}
    refusals = (404, 409)

    @extend_schema(
        request=AnswerRequest,
        responses=OrderAnswer,
        parameters=[
            OpenApiParameter(
                TOKEN_HEADER, str, OpenApiParameter.HEADER, description="The order's link token."
            )
        ],
    )
    def post(self, request: Request, reference: str, proposal_id: int) -> Response:
        """Accepts, declines or counters; the same again answers the same. The old window binds until then."""
        order = order_of(request, reference)
        fields = AnswerRequest(data=request.data)
        fields.is_valid(raise_exception=True)
        data = fields.validated_data
        proposal = Proposal.objects.of_windows().filter(pk=proposal_id, order=order).first()
        if proposal is None:
            raise NotFoundError(
                _("The order has no such proposal."), next_step=_("Take its number from the order.")
            )
        at = timezone.now()
        contact = _who(order, data, at)
        who = {
            "proposal": proposal,
            "by": order.customer,
            "at": at,
            "how": AnsweredHow.API,
            "contact": contact,
        }
        windows = data.get("windows", [])
        if data["answer"] == DECLINE:
            decline_proposal(**who)
        elif data["answer"] == COUNTER:
            counter_proposal(windows=windows, **who)
        elif len(windows) != 1:
            raise InvalidInput(_("Choose one window to accept."), field="windows", code="required")
        else:
            accept_proposal(choice=windows[0], **who)
        return Response(OrderAnswer(order_of(request, reference)).data)


def _who(order: RepairOrder, data: dict[str, Any], at: Any) -> OrderContact | None:
    """The contact whose address the proof shows, or None for the right PIN. Raises InvalidInput, TooMany."""
    if data.get("pin"):
        digits = six_digits(data["pin"])
        if digits is None:  # refused here, where no guess is counted
            raise InvalidInput(_("Enter the six digits of your PIN."), field="pin", code="invalid")
        check_pin(order=order, pin=digits)
        return None
    address = proven_address(token=data.get("proof", ""), at=at)
    for contact in order.contacts.all():
        if contact.proved_at is not None and contact_address(contact) == address:
            return contact
    raise InvalidInput(
        _("This proof is unknown, has run out, or is of nobody who may answer."),
        field="proof",
        code="unknown_proof",
        next_step=_("Get a new code for a contact of the order, or send the PIN."),
    )
