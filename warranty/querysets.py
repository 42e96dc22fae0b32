"""Questions about warranties and claims."""

from datetime import date
from typing import TYPE_CHECKING, Any

from django.db import models

if TYPE_CHECKING:
    from warranty.models import Claim, Warranty, WarrantyTerms  # noqa: F401


class WarrantyTermsQuerySet(models.QuerySet["WarrantyTerms"]):
    def in_force(self, grade: str, on: date) -> "WarrantyTerms | None":
        """The newest terms of the grade that are valid on that day."""
        return self.filter(grade=grade, valid_from_on__lte=on).order_by("-valid_from_on", "-id").first()


class WarrantyQuerySet(models.QuerySet["Warranty"]):
    def in_force(self, on: date) -> "WarrantyQuerySet":
        """Warranties that cover that day and were not taken over by a rework's."""
        return self.filter(starts_on__lte=on, ends_on__gte=on, replaced_by=None)


class ClaimQuerySet(models.QuerySet["Claim"]):
    def waiting(self) -> "ClaimQuerySet":
        """Claims without an answer, the oldest first."""
        return self.filter(status="filed").order_by("filed_at", "id")

    def for_case_officer(self, user: Any) -> "ClaimQuerySet":
        """Claims in the cities this person works for (none named: all)."""
        cities = list(user.cities.values_list("pk", flat=True))
        return self.filter(order__city_id__in=cities) if cities else self.all()
