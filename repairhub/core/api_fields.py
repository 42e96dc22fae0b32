"""Pieces that API views share."""

from rest_framework.pagination import CursorPagination
from rest_framework.permissions import AllowAny
from rest_framework.throttling import AnonRateThrottle


class PublicAPI:
    """Mixin of endpoints that anybody may call: no session, so nothing to forge; calls are counted by address."""

    authentication_classes: list[type] = []
    permission_classes = [AllowAny]
    throttle_classes = [AnonRateThrottle]


class Pages(CursorPagination):
    """Keyset paging: the next page costs the same as the first."""

    page_size = 50
    page_size_query_param = "page_size"
    max_page_size = 200
