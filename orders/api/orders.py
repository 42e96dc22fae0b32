"""POST /api/v1/orders/ and GET /api/v1/orders/{reference}/."""

from decimal import Decimal
from typing import Any

from django.utils import timezone
from django.utils.decorators import method_decorator
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_field
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response

from engineers.states import ANNOUNCED, VisitStatus
from orders.api.catalogue import LONGEST_ID, MOST_REPAIRS, parse_repairs
from orders.links import is_token_of, order_pin, order_token, order_url
from orders.models import QuoteApproval, RepairOrder
from orders.services.booking import BookingRequest, ContactDetails, book
from orders.states import OrderStatus, ProposalReason, ProposalStatus, Side
from parts.models import Grade
from repairhub.accounts.api import AddressFields, address_of
from repairhub.accounts.services.codes import proven_address
from repairhub.core.api_fields import CostlyCallsByAddress, PublicAPI
from repairhub.core.errors import InvalidInput, NotFoundError
from repairhub.core.idempotency import LONGEST_KEY, SHORTEST_KEY, run_once
from repairhub.core.tokens import hash_token
from repairhub.notifications.addresses import Address
from repairhub.places.models import City

TOKEN_HEADER = "Order-Token"  # noqa: S105 - a header's name


class RepairChoice(serializers.Serializer[Any]):
    repair = serializers.CharField(max_length=LONGEST_ID, help_text="An id from repairs/.")
    grade = serializers.ChoiceField(choices=Grade.choices)


class WindowChoice(serializers.Serializer[Any]):
    start_at = serializers.DateTimeField()
    end_at = serializers.DateTimeField()


class SecondContact(AddressFields):
    name = serializers.CharField(max_length=80)
    proof = serializers.CharField(required=False, max_length=200)


class OrderRequest(serializers.Serializer[Any]):
    proof = serializers.CharField(max_length=200, help_text="From phone-proofs/.")
    name = serializers.CharField(max_length=80)
    repairs = RepairChoice(many=True, allow_empty=False, max_length=MOST_REPAIRS)  # type: ignore[call-arg]
    # closed ones too: what was booked before has to be answered as it was then, and book() refuses the rest
    city = serializers.SlugRelatedField("code", queryset=City.objects.all())
    latitude = serializers.FloatField(min_value=-90, max_value=90)
    longitude = serializers.FloatField(min_value=-180, max_value=180)
    district = serializers.CharField(required=False, allow_blank=True, max_length=80)
    address = serializers.CharField(max_length=200)
    access_note = serializers.CharField(required=False, allow_blank=True, max_length=200)
    window = WindowChoice()
    total = serializers.DecimalField(
        required=False,
        max_digits=10,
        decimal_places=2,
        help_text="The price that was shown; another one now is refused with 409.",
    )
    second_contact = SecondContact(required=False)


class LineAnswer(serializers.Serializer[Any]):
    repair = serializers.CharField(source="repair.name")
    grade = serializers.ChoiceField(choices=Grade.choices)
    part_price = serializers.DecimalField(max_digits=10, decimal_places=2)
    labour = serializers.DecimalField(max_digits=10, decimal_places=2)
    term_days = serializers.IntegerField()
    keeps_maker_warranty = serializers.BooleanField()


class VisitAnswer(serializers.Serializer[Any]):
    reference = serializers.CharField()
    status = serializers.ChoiceField(choices=VisitStatus.choices)
    window_start_at = serializers.DateTimeField()
    window_end_at = serializers.DateTimeField()
    engineer = serializers.SerializerMethodField(help_text="Once confirmed.")

    @extend_schema_field(serializers.CharField(allow_null=True))
    def get_engineer(self, visit: Any) -> str | None:
        """The engineer's name, once the customer may know it."""
        return visit.engineer.user.name if visit.engineer and visit.status in ANNOUNCED else None


class ProposalAnswer(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    status = serializers.ChoiceField(choices=ProposalStatus.choices)
    raised_by = serializers.ChoiceField(choices=Side.choices)
    reason = serializers.ChoiceField(choices=ProposalReason.choices)
    old_window_start_at = serializers.DateTimeField()
    old_window_end_at = serializers.DateTimeField()
    windows = serializers.SerializerMethodField()
    credit = serializers.DecimalField(
        max_digits=10, decimal_places=2, help_text="CNY, given once another window is agreed."
    )
    expires_at = serializers.DateTimeField()

    @extend_schema_field(WindowChoice(many=True))
    def get_windows(self, proposal: Any) -> list[dict[str, Any]]:
        """The windows offered."""
        windows = [{"start_at": start_at, "end_at": end_at} for start_at, end_at in proposal.options]
        return list(WindowChoice(windows, many=True).data)


class OrderAnswer(serializers.Serializer[RepairOrder]):
    reference = serializers.CharField()
    status = serializers.ChoiceField(choices=OrderStatus.choices)
    device_model = serializers.CharField(source="device_model.name")
    city = serializers.CharField(source="city.code")
    booked_at = serializers.DateTimeField()
    quote_version = serializers.SerializerMethodField()
    total = serializers.SerializerMethodField()
    currency = serializers.SerializerMethodField()
    lines = serializers.SerializerMethodField()
    visits = serializers.SerializerMethodField()
    credit = serializers.SerializerMethodField()
    proposals = ProposalAnswer(many=True)

    @extend_schema_field(serializers.DecimalField(max_digits=10, decimal_places=2))
    def get_credit(self, order: RepairOrder) -> str:
        """CNY credited for windows that we broke: what is owed is the total less this."""
        return str(sum((credit.amount for credit in order.credits.all()), Decimal("0.00")))

    def get_quote_version(self, order: RepairOrder) -> int:
        """The version that the customer approved."""
        return int(self._quote(order).version)

    @extend_schema_field(serializers.DecimalField(max_digits=10, decimal_places=2))
    def get_total(self, order: RepairOrder) -> str:
        """CNY."""
        return str(self._quote(order).total)

    def get_currency(self, order: RepairOrder) -> str:
        """ISO 4217."""
        return str(self._quote(order).currency)

    @extend_schema_field(LineAnswer(many=True))
    def get_lines(self, order: RepairOrder) -> list[dict[str, Any]]:
        """The approved quote's lines."""
        return list(LineAnswer(self._quote(order).lines.all(), many=True).data)

    @extend_schema_field(VisitAnswer(many=True))
    def get_visits(self, order: RepairOrder) -> list[dict[str, Any]]:
        """The visits so far."""
        visits = [link.visit for link in order.order_visits.all()]
        return list(VisitAnswer(visits, many=True).data)

    def _quote(self, order: RepairOrder) -> Any:
        return next(quote for quote in order.quotes.all() if hasattr(quote, "approval"))


class BookedAnswer(OrderAnswer):
    link_token = serializers.CharField(help_text="Secret: opens the order.")
    url = serializers.CharField()
    pin = serializers.CharField(help_text="Secret: the customer writes it down; it opens the door step.")


@method_decorator(never_cache, "dispatch")
class Orders(PublicAPI):
    throttle_classes = [CostlyCallsByAddress]
    field_names = {"place": "latitude", "repair": "repairs", "contacts": "second_contact"}
    refusals = (409, 422)

    @extend_schema(
        request=OrderRequest,
        responses={201: BookedAnswer},
        parameters=[
            OpenApiParameter(
                "Idempotency-Key",
                {
                    "type": "string",
                    "minLength": SHORTEST_KEY,
                    "maxLength": LONGEST_KEY,
                    "pattern": "^[ -~]*$",
                },
                OpenApiParameter.HEADER,
                required=True,
                description="With the same key and body comes the same answer; the proof has its own keys.",
            )
        ],
    )
    def post(self, request: Request) -> Response:
        """Books: the price is locked, and the window stands in a real engineer's route."""
        fields = OrderRequest(data=request.data)
        fields.is_valid(raise_exception=True)
        at = timezone.now()

        def action() -> tuple[int, Any]:
            order = book(request=_booking(fields.validated_data, at), by=None, at=at)
            return status.HTTP_201_CREATED, OrderAnswer(_loaded(order.reference)).data

        code, answer = run_once(
            scope=f"orders:{hash_token(fields.validated_data['proof'])}",
            key=request.headers.get("Idempotency-Key", ""),
            body=request.data,
            at=at,
            action=action,
        )
        # secrets are never stored: they are derived from the order each time
        order = RepairOrder.objects.get(reference=answer["reference"])
        secrets = {"link_token": order_token(order), "url": order_url(order), "pin": order_pin(order)}
        return Response({**answer, **secrets}, status=code)


@method_decorator(never_cache, "dispatch")
class OrderDetail(PublicAPI):
    refusals = (404,)

    @extend_schema(
        responses=OrderAnswer,
        parameters=[
            OpenApiParameter(
                TOKEN_HEADER, str, OpenApiParameter.HEADER, description="The order's link token."
            ),
            OpenApiParameter("token", str, description="The same, where a header cannot be sent."),
        ],
    )
    def get(self, request: Request, reference: str) -> Response:
        """The order, without personal data. 404 for a wrong token as for an unknown order."""
        return Response(OrderAnswer(order_of(request, reference)).data)


def order_of(request: Request, reference: str) -> RepairOrder:
    """The order behind reference and token. NotFoundError for a wrong token as for an unknown order."""
    token = request.headers.get(TOKEN_HEADER) or request.query_params.get("token", "")
    order = RepairOrder.objects.with_page_data().filter(reference=reference).first()
    if order is None or not is_token_of(order, token):
        raise NotFoundError(
            _("There is no order with this reference and token."),
            next_step=_("Take both from the message you got when booking."),
        )
    return order


def _loaded(reference: str) -> RepairOrder:
    return RepairOrder.objects.with_page_data().get(reference=reference)


def _booking(data: dict[str, Any], at: Any) -> BookingRequest:
    address = proven_address(token=data["proof"], at=at)
    if address is None:
        raise InvalidInput(
            _("This proof is unknown or has run out."),
            field="proof",
            code="unknown_proof",
            next_step=_("Get a new code from /api/v1/phone-codes/."),
        )
    model, choices = parse_repairs([(choice["repair"], choice["grade"]) for choice in data["repairs"]])
    contacts = [ContactDetails(data["name"], address, proved=True)]
    second = data.get("second_contact")
    if second:
        other = _second_address(second)
        proved = proven_address(token=second.get("proof", ""), at=at) == other
        contacts.append(ContactDetails(second["name"], other, proved=proved))
    return BookingRequest(
        device_model=model,
        repairs=choices,
        city=data["city"],
        latitude=data["latitude"],
        longitude=data["longitude"],
        district=data.get("district", ""),
        address=data["address"],
        access_note=data.get("access_note", ""),
        window_start_at=data["window"]["start_at"],
        window_end_at=data["window"]["end_at"],
        contacts=contacts,
        language=get_language() or "en",
        shown_total=data.get("total"),
        how=QuoteApproval.How.API,
    )


def _second_address(second: dict[str, Any]) -> Address:
    try:
        return address_of(second)
    except InvalidInput as error:
        error.field = f"second_contact.{error.field}"
        raise
