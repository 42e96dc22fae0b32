"""POST /api/v1/phone-codes/ and /api/v1/phone-proofs/: proving a phone or a mail address."""

from typing import Any

from django.utils import timezone
from django.utils.decorators import method_decorator
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response

from repairhub.core.api_fields import PublicAPI
from repairhub.core.errors import InvalidInput
from repairhub.notifications.addresses import Address, parse_address
from repairhub.notifications.states import Channel

from .browser import client_of
from .services.codes import PROOF_LIFE, prove_address, send_code
from .states import Purpose


class AddressFields(serializers.Serializer[Any]):
    """A phone or a mail address: exactly one of the two."""

    phone = serializers.CharField(required=False, max_length=40, help_text="+86 138 0013 8000")
    email = serializers.CharField(required=False, max_length=254)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Exactly one of phone and email."""
        if bool(attrs.get("phone")) == bool(attrs.get("email")):
            raise serializers.ValidationError({"phone": _("Give a phone number or a mail address.")})
        return attrs


def address_of(data: dict[str, Any]) -> Address:
    """The checked address of valid AddressFields. Raises InvalidInput naming phone or email."""
    field = "phone" if data.get("phone") else "email"
    address = parse_address(data[field], field=field)
    if (address.channel == Channel.SMS) != (field == "phone"):
        raise InvalidInput(
            _("This is a mail address.") if field == "phone" else _("This is a phone number."),
            field=field,
            next_step=_("Send it as “email”.") if field == "phone" else _("Send it as “phone”."),
        )
    return address


def address_fields(data: dict[str, Any]) -> dict[str, str]:
    """What valid AddressFields call the address that the services speak of."""
    return {"address": "phone" if data.get("phone") else "email"}


class CodeAnswer(serializers.Serializer[Any]):
    sent_to = serializers.CharField(help_text="Masked.")
    expires_at = serializers.DateTimeField()


class ProofRequest(AddressFields):
    code = serializers.CharField(max_length=12, help_text="The six digits.")


class ProofAnswer(serializers.Serializer[Any]):
    proof = serializers.CharField(help_text="Secret: shows that the address was proved. Good for 12 hours.")
    expires_at = serializers.DateTimeField()


class PhoneCodes(PublicAPI):
    @extend_schema(request=AddressFields, responses={201: CodeAnswer})
    def post(self, request: Request) -> Response:
        """Sends a one-time code to a phone (SMS) or a mail address."""
        fields = AddressFields(data=request.data)
        fields.is_valid(raise_exception=True)
        self.field_names = address_fields(fields.validated_data)
        address = address_of(fields.validated_data)
        code = send_code(
            address=address,
            purpose=Purpose.CONTACT,
            language=get_language() or "en",
            at=timezone.now(),
            client=client_of(request),
        )
        answer = {"sent_to": address.masked, "expires_at": code.expires_at}
        return Response(CodeAnswer(answer).data, status=status.HTTP_201_CREATED)


@method_decorator(never_cache, "dispatch")
class PhoneProofs(PublicAPI):
    @extend_schema(request=ProofRequest, responses={201: ProofAnswer})
    def post(self, request: Request) -> Response:
        """Gives a proof for the right code. A proof never signs in anybody."""
        fields = ProofRequest(data=request.data)
        fields.is_valid(raise_exception=True)
        at = timezone.now()
        address = address_of(fields.validated_data)
        proof = prove_address(
            address=address, code=fields.validated_data["code"], purpose=Purpose.CONTACT, at=at
        )
        answer = {"proof": proof, "expires_at": at + PROOF_LIFE}
        return Response(ProofAnswer(answer).data, status=status.HTTP_201_CREATED)
