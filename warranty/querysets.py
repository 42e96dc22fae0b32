"""Questions about warranties and claims."""

from datetime import date
from typing import TYPE_CHECKING, Any

from django.db import models
from django.db.models import Count, F, Q, QuerySet

from repairhub.accounts.models import User
from repairhub.accounts.states import Role
from warranty import states

if TYPE_CHECKING:
    from warranty.models import Claim, Remedy, Warranty, WarrantyTerms  # noqa: F401


class WarrantyTermsQuerySet(models.QuerySet["WarrantyTerms"]):
    def in_force(self, grade: str, on: date) -> "WarrantyTerms | None":
        """The newest terms of the grade that are valid on that day."""
        return self.filter(grade=grade, valid_from_on__lte=on).order_by("-valid_from_on", "-id").first()


class WarrantyQuerySet(models.QuerySet["Warranty"]):
    def in_force(self, on: date) -> "WarrantyQuerySet":
        """Warranties that cover that day and were not taken over by a rework's."""
        return self.filter(starts_on__lte=on, ends_on__gte=on, replaced_by=None)

    def newest(self) -> "WarrantyQuerySet":
        """Warranties that no rework has replaced: one per fitted line."""
        return self.filter(replaced_by=None)

    def with_part(self) -> "WarrantyQuerySet":
        """Loads what people read of a warranty: the repair, the part, the terms."""
        return self.select_related(
            "terms", "fitting__line__repair", "fitting__line__part", "fitting__unit__lot__part"
        )


class ClaimQuerySet(models.QuerySet["Claim"]):
    def waiting(self) -> "ClaimQuerySet":
        """Claims without an answer, the oldest first."""
        return self.filter(status=states.ClaimStatus.FILED).order_by("filed_at", "id")

    def answered(self) -> "ClaimQuerySet":
        """Claims with an answer, the newest answer first."""
        return self.exclude(status=states.ClaimStatus.FILED).order_by("-answered_at", "-id")

    def for_case_officer(self, user: Any) -> "ClaimQuerySet":
        """Claims in the cities this person works for (none named: all)."""
        cities = list(user.cities.values_list("pk", flat=True))
        return self.filter(order__city_id__in=cities) if cities else self.all()


class RemedyQuerySet(models.QuerySet["Remedy"]):
    def owed(self) -> "RemedyQuerySet":
        """Promised and not given yet, with or without a visit."""
        return self.filter(status__in=states.OWED)


def case_officers(city_code: str, *, managers: bool = False) -> QuerySet[User]:
    """Who decides claims of that city: its case officers; with `managers`, its managers too."""
    people = Q(pk__in=User.objects.working_for(Role.CASE_OFFICER, city_code).values("pk"))
    if managers:
        people |= Q(pk__in=User.objects.working_for(Role.MANAGER, city_code).values("pk"))
    return User.objects.get_queryset().filter(people).order_by("name", "pk")


def least_busy_officer(city_code: str) -> User | None:
    """The city's case officer with the fewest open claims; of several, whoever joined first."""
    open_claims = Count("claims", filter=Q(claims__status=states.ClaimStatus.FILED))
    return (
        case_officers(city_code)
        .annotate(open_claims=open_claims)
        .order_by(F("open_claims").asc(), "pk")
        .first()
    )
