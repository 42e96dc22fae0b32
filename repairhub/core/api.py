"""One error shape for the API: drf-standardized-errors, with our refusals among them."""

from drf_standardized_errors.handler import exception_handler
from drf_standardized_errors.types import ExceptionHandlerContext
from rest_framework.exceptions import APIException
from rest_framework.response import Response
from rest_framework.settings import api_settings

from .errors import DomainError


class Refusal(APIException):
    """A DomainError on its way out of the API."""

    def __init__(self, error: DomainError) -> None:
        self.status_code = error.status
        super().__init__(str(error), error.code)


def handle_exception(exception: Exception, context: ExceptionHandlerContext) -> Response | None:
    """{"type", "errors": [{"code", "detail", "attr"}]}, for DomainErrors with `details` beside it.

    `attr` is the input at fault: a view that calls it otherwise than the services says so in `field_names`.
    """
    if not isinstance(exception, DomainError):
        response = exception_handler(exception, context)
        for error in response.data["errors"] if response is not None else []:
            error["attr"] = _named(error["attr"])
        return response
    response = exception_handler(Refusal(exception), context)
    if response is not None:
        names: dict[str, str] = getattr(context["view"], "field_names", {})
        response.data["errors"][0]["attr"] = names.get(exception.field or "", exception.field)
        if exception.status == 400:
            response.data["type"] = "validation_error"
        if exception.details:
            response.data["details"] = exception.details
        if "retry_after_s" in exception.details:
            response["Retry-After"] = str(exception.details["retry_after_s"])
    return response


def _named(attr: str | None) -> str | None:
    """The input's own name: what is wrong with a whole list is named after the list."""
    return (attr or "").removesuffix(api_settings.NON_FIELD_ERRORS_KEY).removesuffix(".") or None
