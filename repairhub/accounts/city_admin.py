"""Admin pages of things that happen in a city: staff with named cities see these alone."""

from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest


class OfOwnCities:
    """Narrows an admin to the reader's cities; who has none named looks after every city.

    `city_path` leads from the row to its city. To be named before the admin's other bases.
    """

    city_path = "city"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """The rows of the reader's cities: for lists, pages, searches and actions alike."""
        rows: QuerySet[Any] = super().get_queryset(request)  # type: ignore[misc]
        cities = _own_cities(request)
        return rows.filter(**{f"{self.city_path}__in": cities}) if cities else rows


def _own_cities(request: HttpRequest) -> list[int]:
    """Keys of the reader's cities, asked for once in a request."""
    known: list[int] | None = getattr(request, "own_cities", None)
    if known is None:
        known = list(request.user.cities.values_list("pk", flat=True))  # type: ignore[union-attr]
        request.own_cities = known  # type: ignore[attr-defined]
    return known
