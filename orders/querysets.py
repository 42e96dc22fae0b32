"""Questions about orders, in the words of the people who ask them."""

from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.db import models
from django.db.models import F, Prefetch, Q

from orders import states

if TYPE_CHECKING:
    from orders.models import LatePolicy
    from repairhub.places.models import City


class OrderQuerySet(models.QuerySet["RepairOrder"]):  # type: ignore[name-defined]  # a circle: models use it
    def open(self) -> "OrderQuerySet":
        """Orders for which something is still to be done."""
        return self.filter(status__in=states.OPEN)

    def for_engineer(self, user: Any) -> "OrderQuerySet":
        """Orders that this engineer has a named visit for."""
        from engineers.models import Visit

        return self.filter(visits__in=Visit.objects.for_engineer(user)).distinct()

    def with_page_data(self) -> "OrderQuerySet":
        """Loads what the order page shows, in a fixed number of queries."""
        from orders.models import OrderVisit, Quote, QuoteLine

        return self.select_related("device_model__brand", "city").prefetch_related(
            "contacts",
            Prefetch(
                "quotes",
                Quote.objects.select_related("approval").prefetch_related(
                    Prefetch("lines", QuoteLine.objects.select_related("repair", "part"))
                ),
            ),
            Prefetch(
                "order_visits", OrderVisit.objects.select_related("visit__engineer__user", "visit__city")
            ),
            "events",
            "proposals",
            "credits",
        )


class FittingQuerySet(models.QuerySet["Fitting"]):  # type: ignore[name-defined]  # a circle: models use it
    def standing(self) -> "FittingQuerySet":
        """Fittings that count: their unit is in the phone, or about to go in."""
        return self.filter(voided_at=None)

    def void(self) -> "FittingQuerySet":
        """Fittings whose unit did not stay in: put back, or dead on arrival. Their line is fitted anew."""
        return self.exclude(voided_at=None)


class ProposalQuerySet(models.QuerySet["Proposal"]):  # type: ignore[name-defined]  # a circle: models use it
    def open(self) -> "ProposalQuerySet":
        """Proposals that wait for an answer."""
        return self.filter(status=states.ProposalStatus.OPEN)

    def of_windows(self) -> "ProposalQuerySet":
        """Proposals of another arrival window."""
        return self.filter(kind=states.ProposalKind.NEW_WINDOW)

    def lapsed(self, at: datetime) -> "ProposalQuerySet":
        """Open ones whose time to answer is over."""
        return self.open().filter(expires_at__lte=at)


class LatePolicyQuerySet(models.QuerySet["LatePolicy"]):
    def holding(self, city: "City", at: datetime) -> "LatePolicy | None":
        """The policy for a window of the city that ends then: its own before the general one, or None."""
        there = self.filter(Q(city=city) | Q(city=None), starts_at__lte=at)
        return there.order_by(F("city").desc(nulls_last=True)).first()
