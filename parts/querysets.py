"""Questions about the catalogue and the stock, in the words of the trade."""

from datetime import date
from typing import TYPE_CHECKING

from django.db import models
from django.db.models import Exists, OuterRef, Q

if TYPE_CHECKING:
    from parts.models import DeviceModel


class DeviceModelQuerySet(models.QuerySet["DeviceModel"]):
    def offered(self) -> "DeviceModelQuerySet":
        """Models that can be booked."""
        return self.filter(is_active=True).select_related("brand")

    def search(self, text: str) -> "DeviceModelQuerySet":
        """Models whose name or brand holds every word of `text`."""
        found = self
        for word in text.split():
            found = found.filter(
                Q(name__icontains=word)
                | Q(brand__name_en__icontains=word)
                | Q(brand__name_zh__icontains=word)
            )
        return found


class PartQuerySet(models.QuerySet["Part"]):  # type: ignore[name-defined]  # a circle: models use it
    def offered(self, on: date) -> "PartQuerySet":
        """Parts that may be promised on that day: a certified one needs a certificate valid then."""
        from parts.models import Grade, PartCertificate

        valid = PartCertificate.objects.filter(
            part=OuterRef("pk"), valid_from_on__lte=on, valid_until_on__gte=on
        )
        return self.filter(is_active=True).filter(Q(grade=Grade.ORIGINAL) | Exists(valid))

    def lapsing(self, on: date, by: date) -> "PartQuerySet":
        """Parts that may be promised on `on` and, as things stand, no more on `by`."""
        return self.offered(on).exclude(
            pk__in=self.model._default_manager.get_queryset().offered(by).values("pk")
        )

    def for_model(self, device_model: "DeviceModel") -> "PartQuerySet":
        """Parts that fit the model."""
        return self.filter(fits=device_model)


class StockUnitQuerySet(models.QuerySet["StockUnit"]):  # type: ignore[name-defined]  # a circle: models use it
    def in_stock(self) -> "StockUnitQuerySet":
        """Units that can be taken and fitted."""
        from parts.models import UnitStatus

        return self.filter(status=UnitStatus.IN_STOCK)

    def at_hand(self, user_id: int, city_id: int) -> "StockUnitQuerySet":
        """Units in this person's van or in a store or warehouse of the city, the van's first."""
        mine = Q(location__custodian_id=user_id)
        near = Q(location__city_id=city_id, location__kind__in=["store", "warehouse"])
        return (
            self.in_stock()
            .filter(mine | near)
            .order_by(models.Case(models.When(mine, then=0), default=1), "serial")
        )
