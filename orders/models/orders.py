"""The repair order: one customer, one device, one promise."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy
from django_fsm import FSMField, transition

from engineers.models import Visit
from orders.querysets import OrderQuerySet
from orders.states import OPEN, Channel, OrderKind, OrderStatus, Payer, VisitPurpose
from parts.models import DeviceModel
from repairhub.core.lifecycle import LifecycleMixin
from repairhub.places.models import City


class BookingDraft(models.Model):
    """What a browser session has chosen so far. Its id stands on the order, so one draft makes one order."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    data = models.JSONField(default=dict)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()

    def __str__(self) -> str:
        return str(self.id)


class RepairOrder(LifecycleMixin, models.Model):
    """What one customer was promised for one device. The price is the approved quote's, nothing else's."""

    reference = models.CharField(_("reference"), max_length=20, unique=True)
    draft_id = models.UUIDField(_("draft"), null=True, blank=True, unique=True, editable=False)
    customer = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="orders", verbose_name=_("customer")
    )
    kind = models.CharField(_("kind"), max_length=20, choices=OrderKind.choices, default=OrderKind.REPAIR)
    channel = models.CharField(_("channel"), max_length=20, choices=Channel.choices, default=Channel.ON_SITE)
    payer = models.CharField(_("payer"), max_length=20, choices=Payer.choices, default=Payer.CUSTOMER)
    device_model = models.ForeignKey(
        DeviceModel, on_delete=models.PROTECT, related_name="orders", verbose_name=_("device model")
    )
    city = models.ForeignKey(City, on_delete=models.PROTECT, related_name="orders", verbose_name=_("city"))
    district = models.CharField(_("district"), max_length=80, blank=True)
    address = models.CharField(_("address"), max_length=200)
    access_note = models.CharField(_("how to get in"), max_length=200, blank=True)
    latitude = models.FloatField(_("latitude (degrees)"))
    longitude = models.FloatField(_("longitude (degrees)"))
    language = models.CharField(_("language"), max_length=10, choices=settings.LANGUAGES)
    status = FSMField(
        _("status"), max_length=20, choices=OrderStatus.choices, default=OrderStatus.BOOKED, protected=True
    )
    link_version = models.PositiveSmallIntegerField(_("version of the link"), default=1, editable=False)
    pin_version = models.PositiveSmallIntegerField(_("version of the PIN"), default=1, editable=False)
    pin_failures = models.PositiveSmallIntegerField(_("wrong PINs"), default=0, editable=False)
    booked_at = models.DateTimeField(_("booked at"))
    completed_at = models.DateTimeField(_("completed at"), null=True, blank=True)
    ended_at = models.DateTimeField(_("ended at"), null=True, blank=True)
    visits = models.ManyToManyField(
        Visit, through="OrderVisit", related_name="orders", verbose_name=_("visits")
    )

    objects = OrderQuerySet.as_manager()

    class Meta:
        verbose_name = _("repair order")
        verbose_name_plural = _("repair orders")
        ordering = ["-booked_at"]
        constraints = [
            models.CheckConstraint(condition=Q(status__in=OrderStatus.values), name="order_status_known"),
            models.CheckConstraint(
                condition=~Q(status=OrderStatus.COMPLETED) | Q(completed_at__isnull=False),
                name="order_completed_has_time",
            ),
            models.CheckConstraint(
                condition=Q(latitude__range=(-90, 90), longitude__range=(-180, 180)), name="order_on_earth"
            ),
        ]

    def __str__(self) -> str:
        return self.reference

    @property
    def is_open(self) -> bool:
        """Whether something is still to be done."""
        return self.status in OPEN

    # The moves. Services lock, guard, write the event and announce; nobody else calls these.
    @transition(field=status, source=OrderStatus.BOOKED, target=OrderStatus.IN_REPAIR)
    def start(self) -> None:
        """The customer let the engineer begin."""

    @transition(field=status, source=OrderStatus.IN_REPAIR, target=OrderStatus.BOOKED)
    def put_back(self) -> None:
        """The visit ended without the repair; another one will finish it."""

    @transition(field=status, source=OrderStatus.IN_REPAIR, target=OrderStatus.COMPLETED)
    def complete(self) -> None:
        """Every line of the approved quote is done."""

    @transition(field=status, source=OrderStatus.BOOKED, target=OrderStatus.CANCELLED)
    def cancel(self) -> None:
        """The customer no longer wants it."""

    @transition(field=status, source=list(OPEN), target=OrderStatus.UNREPAIRABLE)
    def declare_unrepairable(self) -> None:
        """Nothing we may do brings the device back."""


class OrderContact(models.Model):
    """Who is told and may approve: the one who books, and the one at the door."""

    order = models.ForeignKey(
        RepairOrder, on_delete=models.CASCADE, related_name="contacts", verbose_name=_("repair order")
    )
    position = models.PositiveSmallIntegerField(_("position"))
    name = models.CharField(pgettext_lazy("person", "name"), max_length=80)
    channel = models.CharField(_("channel"), max_length=10)
    address = models.CharField(_("phone or e-mail"), max_length=254)
    may_approve = models.BooleanField(_("may approve"), default=True)
    proved_at = models.DateTimeField(_("proved at"), null=True, blank=True)

    class Meta:
        verbose_name = _("contact")
        verbose_name_plural = _("contacts")
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(fields=["order", "position"], name="contact_position_once"),
            models.UniqueConstraint(fields=["order", "address"], name="contact_address_once"),
            models.CheckConstraint(condition=Q(position__in=[1, 2]), name="order_has_two_contacts_at_most"),
        ]

    def __str__(self) -> str:
        return f"{self.order_id}/{self.position}"  # never a name: this is what logs and lists show


class OrderVisit(models.Model):
    """Which visit serves which order, and for what."""

    order = models.ForeignKey(
        RepairOrder, on_delete=models.PROTECT, related_name="order_visits", verbose_name=_("repair order")
    )
    visit = models.ForeignKey(
        Visit, on_delete=models.PROTECT, related_name="order_visits", verbose_name=_("visit")
    )
    purpose = models.CharField(
        _("purpose"), max_length=10, choices=VisitPurpose.choices, default=VisitPurpose.REPAIR
    )

    class Meta:
        ordering = ["id"]
        constraints = [models.UniqueConstraint(fields=["order", "visit"], name="order_visit_once")]

    def __str__(self) -> str:
        return f"{self.order_id} {self.visit_id}"
