"""The API's addresses: version 1, its schema and its docs page."""

from typing import Any

urlpatterns: list[Any] = []
