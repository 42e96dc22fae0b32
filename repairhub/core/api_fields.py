"""Pieces that API views share."""

import logging
from collections.abc import Mapping
from typing import IO, Any

from django.utils.translation import gettext_lazy as _
from rest_framework.exceptions import NotFound, ParseError
from rest_framework.pagination import Cursor, CursorPagination
from rest_framework.parsers import JSONParser
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.throttling import AnonRateThrottle
from rest_framework.views import APIView

from .errors import InvalidInput, NotFoundError

logger = logging.getLogger(__name__)
DEEPEST = 12  # levels of lists and objects in a body; ours have three


class FlatJSONParser(JSONParser):
    """JSON that is not nested beyond all reason: a body may not exhaust the stack."""

    def parse(
        self, stream: IO[Any], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Any:
        """The body. Raises ParseError."""
        try:
            body = super().parse(stream, media_type, parser_context)
        except RecursionError as error:
            raise _too_deep() from error
        if _is_deeper(body, DEEPEST):
            raise _too_deep()
        return body


class CallsByAddress(AnonRateThrottle):
    """Counts calls by the caller's address. Where the cache is down, everybody may call."""

    def get_ident(self, request: Request) -> str:
        """The address that the connection came from: what proxies add is read by our own middleware."""
        return str(request.META.get("REMOTE_ADDR", ""))

    def allow_request(self, request: Request, view: APIView) -> bool:
        """Whether the caller is below the limit."""
        try:
            return bool(super().allow_request(request, view))
        except Exception as error:
            logger.warning("Calls of the API are not counted: %s", type(error).__name__)
            return True


class CostlyCallsByAddress(CallsByAddress):
    """Counts calls that take a tenth of a second and more, by themselves."""

    scope = "costly"


class PublicAPI(APIView):
    """Base of endpoints that anybody may call: no session, so nothing to forge; calls are counted.

    `field_names`: what the endpoint calls a field of the services. `refusals`: further HTTP statuses that it
    answers with, for the schema.
    """

    authentication_classes = []
    permission_classes = [AllowAny]
    throttle_classes = [CallsByAddress]
    parser_classes = [FlatJSONParser]
    field_names: Mapping[str, str] = {}
    refusals: tuple[int, ...] = ()

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Before any query: PostgreSQL knows no NUL, and nobody has one in a name."""
        super().initial(request, *args, **kwargs)
        for name, values in request.query_params.lists():
            if any("\x00" in value for value in [name, *values]):
                raise InvalidInput(
                    _("Text may not hold the character NUL."), field=name.replace("\x00", ""), code="null"
                )


class Pages(CursorPagination):
    """Keyset paging: the next page costs the same as the first."""

    page_size = 50
    page_size_query_param = "page_size"
    max_page_size = 200

    def get_page_size(self, request: Request) -> int:
        """Rows of a page. Raises InvalidInput for anything but 1 to `max_page_size`."""
        asked = request.query_params.get(self.page_size_query_param)
        if asked is None:
            return self.page_size
        if not (
            asked.isascii() and asked.isdigit() and len(asked) < 6 and 1 <= int(asked) <= self.max_page_size
        ):
            raise InvalidInput(
                _("A page has 1 to %(most)d rows.") % {"most": self.max_page_size}, field="page_size"
            )
        return int(asked)

    def get_schema_operation_parameters(self, view: APIView) -> list[dict[str, Any]]:
        """What the schema says of paging: the page's size with its bounds."""
        parameters = super().get_schema_operation_parameters(view)
        for parameter in parameters:
            if parameter["name"] == self.page_size_query_param:
                parameter["schema"] = {"type": "integer", "minimum": 1, "maximum": self.max_page_size}
        return parameters

    def decode_cursor(self, request: Request) -> Cursor | None:
        """The place to go on from. Raises NotFound for one that we did not give out."""
        cursor = super().decode_cursor(request)
        if cursor is not None and "\x00" in str(cursor.position or ""):
            raise NotFound(self.invalid_cursor_message)
        return cursor


class NoSuchAddress(PublicAPI):
    """Every address under /api/ that is none: the API's own error shape, whatever the method."""

    schema = None

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Always raises NotFoundError."""
        raise NotFoundError(
            _("There is nothing at this address."),
            next_step=_("The addresses stand at /api/docs/; each ends with a slash."),
        )


def _too_deep() -> ParseError:
    return ParseError(_("The JSON is nested too deep."))


def _is_deeper(value: Any, levels: int) -> bool:
    children = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    if not children:
        return False
    return levels == 0 or any(_is_deeper(child, levels - 1) for child in children)
