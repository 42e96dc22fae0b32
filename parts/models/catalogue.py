"""What exists: brands, device models, components and the parts that fit them, in two grades."""

from django.core.validators import MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from parts.querysets import DeviceModelQuerySet, PartQuerySet
from repairhub.core.money import CURRENCY
from repairhub.core.names import NamedInTwoLanguages


class Grade(models.TextChoices):
    """The promise about a part: from the maker, or from a third party with a certificate."""

    ORIGINAL = "original", _("Original")
    CERTIFIED = "certified", _("Certified third-party")


class Brand(NamedInTwoLanguages):
    """A maker of phones; `support_url` is where we point for what we may not do."""

    key = models.SlugField(_("key"), unique=True)
    support_url = models.URLField(_("maker's support page"), blank=True)
    position = models.PositiveSmallIntegerField(_("position"), default=0)
    history = HistoricalRecords()

    class Meta:
        verbose_name = _("brand")
        verbose_name_plural = _("brands")
        ordering = ["position", "name_en"]


class DeviceModel(models.Model):
    """A phone as its maker sells it, such as "iPhone 12"."""

    brand = models.ForeignKey(
        Brand, on_delete=models.PROTECT, related_name="device_models", verbose_name=_("brand")
    )
    key = models.SlugField(_("key"), unique=True)
    name = models.CharField(_("name"), max_length=80)
    released_on = models.DateField(_("released on"), null=True, blank=True)
    is_active = models.BooleanField(_("offered"), default=True)
    history = HistoricalRecords()

    objects = DeviceModelQuerySet.as_manager()

    class Meta:
        verbose_name = _("device model")
        verbose_name_plural = _("device models")
        ordering = ["brand__position", "-released_on", "name"]
        constraints = [models.UniqueConstraint(fields=["brand", "name"], name="device_model_name_per_brand")]

    def __str__(self) -> str:
        return self.name


class Component(NamedInTwoLanguages):
    """A piece of a phone that can fail: screen, battery, camera."""

    key = models.SlugField(_("key"), unique=True)

    class Meta:
        verbose_name = _("component")
        verbose_name_plural = _("components")
        ordering = ["key"]


class Supplier(models.Model):
    """Who sells us parts."""

    name = models.CharField(_("name"), max_length=120, unique=True)

    class Meta:
        verbose_name = _("supplier")
        verbose_name_plural = _("suppliers")
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class Part(NamedInTwoLanguages):
    """A catalogue entry: one component in one grade, for the models it fits, at a price."""

    sku = models.CharField(_("SKU"), max_length=60, unique=True)
    component = models.ForeignKey(
        Component, on_delete=models.PROTECT, related_name="parts", verbose_name=_("component")
    )
    grade = models.CharField(_("grade"), max_length=12, choices=Grade.choices)
    fits = models.ManyToManyField(DeviceModel, related_name="parts", verbose_name=_("fits"))
    supplier = models.ForeignKey(
        Supplier, on_delete=models.PROTECT, related_name="parts", verbose_name=_("supplier")
    )
    price = models.DecimalField(
        _("price"), max_digits=10, decimal_places=2, validators=[MinValueValidator(0)]
    )
    currency = models.CharField(_("currency"), max_length=3, default=CURRENCY)
    is_sample_price = models.BooleanField(
        _("sample price"), default=False, help_text=_("Not a published price: shown as a sample.")
    )
    price_source = models.CharField(_("source of the price"), max_length=200, blank=True)
    keeps_maker_warranty = models.BooleanField(_("keeps the maker's warranty"), default=False)
    needs_brand_authorisation = models.BooleanField(_("needs the brand's authorisation"), default=False)
    is_active = models.BooleanField(_("offered"), default=True)
    history = HistoricalRecords(m2m_fields=[fits])

    objects = PartQuerySet.as_manager()

    class Meta:
        verbose_name = _("part")
        verbose_name_plural = _("parts")
        ordering = ["sku"]
        indexes = [
            # reader: PartQuerySet.offered with a component, on every catalogue page
            models.Index(
                fields=["component", "grade"], name="part_offered", condition=models.Q(is_active=True)
            ),
        ]
        constraints = [
            models.CheckConstraint(condition=models.Q(price__gte=0), name="part_price_not_negative"),
            models.CheckConstraint(condition=models.Q(grade__in=Grade.values), name="part_grade_known"),
        ]


class PartCertificate(models.Model):
    """Proof of a certified part's quality; without a valid one the part is not offered."""

    part = models.ForeignKey(
        Part, on_delete=models.CASCADE, related_name="certificates", verbose_name=_("part")
    )
    number = models.CharField(_("number"), max_length=60)
    issuer = models.CharField(_("issuer"), max_length=120)
    valid_from_on = models.DateField(_("valid from"))
    valid_until_on = models.DateField(_("valid until"))
    history = HistoricalRecords()

    class Meta:
        verbose_name = _("part certificate")
        verbose_name_plural = _("part certificates")
        constraints = [
            models.UniqueConstraint(fields=["part", "number"], name="part_certificate_number"),
            models.CheckConstraint(
                condition=models.Q(valid_until_on__gte=models.F("valid_from_on")),
                name="part_certificate_days",
            ),
        ]

    def __str__(self) -> str:
        return self.number
