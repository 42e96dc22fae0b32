"""One-time codes and what they prove: an address, for this browser session, and never a staff role."""

from datetime import datetime

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from repairhub.notifications.addresses import Address
from repairhub.notifications.states import Channel

from ..states import Purpose

MAX_ATTEMPTS = 5


class OneTimeCodeQuerySet(models.QuerySet["OneTimeCode"]):
    def sent_to(self, address: Address, purpose: str) -> "OneTimeCodeQuerySet":
        """Codes for this address and purpose, the newest first."""
        return self.filter(channel=address.channel, address=address.value, purpose=purpose).order_by(
            "-created_at", "-id"
        )

    def asked_since(self, since: datetime) -> "OneTimeCodeQuerySet":
        """Codes asked for after `since`."""
        return self.filter(created_at__gt=since)


class OneTimeCode(models.Model):
    """Six digits sent to an address. Only a keyed hash is kept here; only the newest one counts."""

    purpose = models.CharField(_("purpose"), max_length=16, choices=Purpose.choices)
    channel = models.CharField(_("channel"), max_length=8, choices=Channel.choices)
    address = models.CharField(_("address"), max_length=254)
    code_hash = models.CharField(max_length=64)
    attempts = models.PositiveSmallIntegerField(_("wrong guesses"), default=0)
    created_at = models.DateTimeField(_("created at"))
    expires_at = models.DateTimeField(_("good until"))
    used_at = models.DateTimeField(_("used at"), null=True, blank=True)

    objects = OneTimeCodeQuerySet.as_manager()

    class Meta:
        verbose_name = _("one-time code")
        verbose_name_plural = _("one-time codes")
        constraints = [
            models.CheckConstraint(
                condition=Q(purpose__in=Purpose.values), name="one_time_code_purpose_known"
            ),
            models.CheckConstraint(
                condition=Q(channel__in=Channel.values), name="one_time_code_channel_known"
            ),
            models.CheckConstraint(
                condition=Q(attempts__lte=MAX_ATTEMPTS), name="one_time_code_guesses_limited"
            ),
            models.CheckConstraint(
                condition=Q(expires_at__gt=F("created_at")), name="one_time_code_expires_after_creation"
            ),
        ]
        indexes = [
            # read by OneTimeCodeQuerySet.sent_to(): the newest code, and how many were asked for
            models.Index(fields=["address", "purpose", "-created_at"], name="one_time_code_newest"),
        ]

    def __str__(self) -> str:
        return f"{self.purpose} {self.pk}"

    @property
    def attempts_left(self) -> int:
        """Guesses that are left."""
        return max(MAX_ATTEMPTS - self.attempts, 0)

    def is_live(self, at: datetime) -> bool:
        """Whether it can still be used."""
        return self.used_at is None and self.attempts_left > 0 and at < self.expires_at


class AddressProof(models.Model):
    """Whoever holds the token has read a code sent to this address. Only the token's hash is kept."""

    token_hash = models.CharField(max_length=64)
    channel = models.CharField(_("channel"), max_length=8, choices=Channel.choices)
    address = models.CharField(_("address"), max_length=254)
    created_at = models.DateTimeField(_("created at"))
    expires_at = models.DateTimeField(_("good until"))

    class Meta:
        verbose_name = _("proof of an address")
        verbose_name_plural = _("proofs of addresses")
        constraints = [
            models.UniqueConstraint(fields=["token_hash"], name="address_proof_once_per_token"),
            models.CheckConstraint(
                condition=Q(channel__in=Channel.values), name="address_proof_channel_known"
            ),
            models.CheckConstraint(
                condition=Q(expires_at__gt=F("created_at")), name="address_proof_expires_after_creation"
            ),
        ]

    def __str__(self) -> str:
        return f"proof {self.pk}"
