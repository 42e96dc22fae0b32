"""Where every single part is: what the ledger adds up to."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from parts.models.catalogue import Part, Supplier
from parts.querysets import StockUnitQuerySet
from repairhub.places.models import City


class UnitStatus(models.TextChoices):
    """Where a unit stands in its life."""

    IN_STOCK = "in_stock", _("In stock")
    FITTED = "fitted", _("Fitted")
    QUARANTINED = "quarantined", _("In quarantine")


class Lot(models.Model):
    """Units of one part that came together; a bad lot is found and recalled as one."""

    part = models.ForeignKey(Part, on_delete=models.PROTECT, related_name="lots", verbose_name=_("part"))
    number = models.CharField(_("number"), max_length=60)
    supplier = models.ForeignKey(
        Supplier, on_delete=models.PROTECT, related_name="lots", verbose_name=_("supplier")
    )
    received_on = models.DateField(_("received on"))

    class Meta:
        verbose_name = _("lot")
        verbose_name_plural = _("lots")
        ordering = ["-received_on", "number"]
        constraints = [models.UniqueConstraint(fields=["part", "number"], name="lot_number_per_part")]

    def __str__(self) -> str:
        return self.number


class StockLocation(models.Model):
    """A place that holds units: warehouse, store, an engineer's van, quarantine."""

    class Kind(models.TextChoices):
        WAREHOUSE = "warehouse", _("Warehouse")
        STORE = "store", _("Store")
        VAN = "van", _("Van")
        QUARANTINE = "quarantine", _("Quarantine")

    kind = models.CharField(_("kind"), max_length=12, choices=Kind.choices)
    name = models.CharField(_("name"), max_length=120, unique=True)
    city = models.ForeignKey(
        City, on_delete=models.PROTECT, related_name="stock_locations", verbose_name=_("city")
    )
    custodian = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="stock_locations",
        verbose_name=_("custodian"),
    )

    class Meta:
        verbose_name = _("stock location")
        verbose_name_plural = _("stock locations")
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(
                fields=["custodian"], condition=models.Q(kind="van"), name="one_van_per_custodian"
            )
        ]

    def __str__(self) -> str:
        return self.name


class StockUnit(models.Model):
    """One piece with its serial. Status and location repeat the last movement, for quick reading."""

    serial = models.CharField(_("serial"), max_length=60, unique=True)
    lot = models.ForeignKey(Lot, on_delete=models.PROTECT, related_name="units", verbose_name=_("lot"))
    location = models.ForeignKey(
        StockLocation,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="units",
        verbose_name=_("location"),
    )
    status = models.CharField(
        _("status"), max_length=12, choices=UnitStatus.choices, default=UnitStatus.IN_STOCK, editable=False
    )

    objects = StockUnitQuerySet.as_manager()

    class Meta:
        verbose_name = _("stock unit")
        verbose_name_plural = _("stock units")
        ordering = ["serial"]
        indexes = [
            # reader: StockUnitQuerySet.at_hand, on the engineer's fitting step
            models.Index(
                fields=["location", "lot"], name="unit_at_hand", condition=models.Q(status="in_stock")
            ),
        ]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(status="fitted", location__isnull=True)
                | models.Q(status__in=["in_stock", "quarantined"], location__isnull=False),
                name="unit_lies_somewhere_unless_fitted",
            )
        ]

    def __str__(self) -> str:
        return self.serial


class StockMovement(models.Model):
    """A line of the stock ledger: append-only, and the only truth about where units are."""

    class Kind(models.TextChoices):
        RECEIVED = "received", _("Received")
        MOVED = "moved", _("Moved")
        FITTED = "fitted", _("Fitted")
        QUARANTINED = "quarantined", _("Put in quarantine")

    unit = models.ForeignKey(
        StockUnit, on_delete=models.PROTECT, related_name="movements", verbose_name=_("unit")
    )
    kind = models.CharField(_("kind"), max_length=12, choices=Kind.choices)
    from_location = models.ForeignKey(
        StockLocation,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="movements_out",
        verbose_name=pgettext_lazy("location", "from"),
    )
    to_location = models.ForeignKey(
        StockLocation,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="movements_in",
        verbose_name=pgettext_lazy("location", "to"),
    )
    reference = models.CharField(_("reference"), max_length=40, blank=True)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        related_name="+",
        verbose_name=_("by"),
    )
    at = models.DateTimeField(_("at"))

    class Meta:
        verbose_name = _("stock movement")
        verbose_name_plural = _("stock movements")
        ordering = ["-at", "-id"]
        constraints = [
            # what came from nowhere was received, what went nowhere was fitted, all else has both ends
            models.CheckConstraint(
                condition=models.Q(kind="received", from_location__isnull=True, to_location__isnull=False)
                | models.Q(kind="fitted", from_location__isnull=False, to_location__isnull=True)
                | models.Q(
                    kind__in=["moved", "quarantined"], from_location__isnull=False, to_location__isnull=False
                ),
                name="movement_ends_match_kind",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.unit} {self.get_kind_display()}"
