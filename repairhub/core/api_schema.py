"""The OpenAPI schema of our endpoints, with the one shape of every refusal."""

from typing import Any

from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import Direction, OpenApiResponse
from rest_framework import serializers

REFUSAL_TYPES = [
    ("validation_error", "The request is at fault."),
    ("client_error", "It cannot be done, or not now."),
    ("server_error", "We are at fault."),
]
MEANING = {
    400: "Something in the request is wrong; `attr` names it.",
    403: "Not for this caller.",
    404: "Nothing of that name.",
    405: "Another method than this address has.",
    406: "Only JSON is spoken here.",
    409: "The state of things forbids it now; `details` says more.",
    415: "The body is no JSON.",
    422: "The Idempotency-Key was used with another body.",
    429: "Too often; the header Retry-After says when.",
}


class ErrorAnswer(serializers.Serializer[Any]):
    code = serializers.CharField(help_text="For programs.")
    detail = serializers.CharField(help_text="For people, in the language asked for.")
    attr = serializers.CharField(allow_null=True, help_text="The input at fault.")


class RefusalAnswer(serializers.Serializer[Any]):
    """What every refusal looks like."""

    type = serializers.ChoiceField(choices=REFUSAL_TYPES)
    errors = ErrorAnswer(many=True)  # type: ignore[assignment]  # a field, though serializers have such a property
    details = serializers.DictField(required=False, help_text="Data of the refusal, as the nearest windows.")


class RefusalSchema(AutoSchema):
    """Adds to every operation of ours the refusals that it can answer with."""

    def _get_response_bodies(self, direction: Direction = "response") -> dict[str, Any]:
        bodies: dict[str, Any] = super()._get_response_bodies(direction)
        refusals = getattr(self.view, "refusals", None)
        if direction != "response" or refusals is None:
            return bodies
        statuses = {400, 405, 406, 429, *refusals} | ({415} if self.method == "POST" else set())
        for status in sorted(statuses):
            answer = OpenApiResponse(RefusalAnswer, MEANING[status])
            bodies[str(status)] = self._get_response_for_code(answer, str(status), direction=direction)
        return bodies
