"""The order's timeline: every event in the customer's words, chained by hash."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from orders.models.orders import RepairOrder


class OrderEvent(models.Model):
    """One thing that happened. `digest` salts and hashes the payload, `chain` covers all digests so far.

    Erasing a person's data deletes payload and salt and leaves the chain whole; all else is append-only.
    """

    order = models.ForeignKey(
        RepairOrder, on_delete=models.PROTECT, related_name="events", verbose_name=_("repair order")
    )
    sequence = models.PositiveIntegerField(_("number"))
    kind = models.CharField(_("kind"), max_length=40)
    payload = models.JSONField(_("facts"), null=True)
    salt = models.CharField(_("salt"), max_length=32, null=True)
    digest = models.CharField(_("digest"), max_length=64)
    chain = models.CharField(_("chain"), max_length=64)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+", verbose_name=_("by")
    )
    at = models.DateTimeField(_("at"))

    class Meta:
        ordering = ["sequence"]
        constraints = [
            models.UniqueConstraint(fields=["order", "sequence"], name="order_event_sequence_once")
        ]

    def __str__(self) -> str:
        return f"{self.order_id} {self.sequence} {self.kind}"
