"""The outbox: what must be said to whom, and what became of it."""

from datetime import datetime

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django_fsm import FSMField, transition

from repairhub.core.lifecycle import LifecycleMixin

from .addresses import Address
from .querysets import MessageQuerySet
from .states import MAY_TURN_OUT_SENT, Channel, MessageStatus


class Message(LifecycleMixin, models.Model):
    """One message to one address, rendered in its language when it is sent.

    `key` makes it unique for its reason ("sla:7:breach:12"), so that asking twice sends once.
    `secret` is what only its reader may see (a code, a link), encrypted, wiped once the message is through.
    `is_urgent` says that somebody waits for it before a screen (a code): it leaves by its own bell, is tried
    again within seconds, and is soon given up; the sweep takes it only where the bell was lost.
    `claimed_until` is the lease of the worker that is sending it now.
    """

    key = models.CharField(_("key"), max_length=200)
    channel = models.CharField(_("channel"), max_length=8, choices=Channel.choices)
    address = models.CharField(_("address"), max_length=254)
    language = models.CharField(_("language"), max_length=10)
    template = models.CharField(_("template"), max_length=60)
    context = models.JSONField(_("context"), default=dict)
    secret = models.TextField(_("secret, encrypted"), null=True, editable=False)
    is_urgent = models.BooleanField(_("somebody waits for it"), default=False)
    city_code = models.CharField(_("city"), max_length=8, blank=True)
    status = FSMField(
        _("status"),
        max_length=10,
        choices=MessageStatus.choices,
        default=MessageStatus.QUEUED,
        protected=True,
    )
    not_before_at = models.DateTimeField(_("not before"))
    expires_at = models.DateTimeField(_("useless after"), null=True, blank=True)
    created_at = models.DateTimeField(_("created at"))
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    claimed_until = models.DateTimeField(_("claimed until"), null=True, blank=True)
    sent_at = models.DateTimeField(_("sent at"), null=True, blank=True)
    closed_at = models.DateTimeField(_("given up or cancelled at"), null=True, blank=True)
    last_error = models.CharField(_("last error"), max_length=200, blank=True)

    objects = MessageQuerySet.as_manager()

    class Meta:
        verbose_name = _("message")
        verbose_name_plural = _("messages")
        constraints = [
            models.UniqueConstraint(fields=["key"], name="message_once_per_key"),
            models.CheckConstraint(condition=Q(channel__in=Channel.values), name="message_channel_known"),
            models.CheckConstraint(condition=Q(status__in=MessageStatus.values), name="message_status_known"),
            models.CheckConstraint(
                condition=Q(status=MessageStatus.SENT, sent_at__isnull=False)
                | (~Q(status=MessageStatus.SENT) & Q(sent_at__isnull=True)),
                name="message_sent_has_its_time",
            ),
            models.CheckConstraint(
                condition=Q(status=MessageStatus.QUEUED)
                | Q(status=MessageStatus.FAILED, is_urgent=False)
                | Q(secret__isnull=True),
                name="message_secret_wiped_once_through",
            ),
        ]
        indexes = [
            # read by MessageQuerySet.due(), each minute
            models.Index(
                fields=["not_before_at"], condition=Q(status=MessageStatus.QUEUED), name="message_due"
            ),
            # read by MessageQuerySet.waiting_under(), when what a message announces is called off
            models.Index(
                fields=["key"],
                opclasses=["varchar_pattern_ops"],
                condition=Q(status=MessageStatus.QUEUED),
                name="message_waiting_by_key",
            ),
            # read by MessageQuerySet.newest_first(): the admin's list and the demo's page
            models.Index(fields=["-created_at", "-id"], name="message_newest_first"),
        ]

    def __str__(self) -> str:
        return f"{self.template} {self.key}"

    @property
    def to(self) -> Address:
        """Where it goes."""
        return Address(self.channel, self.address)

    @transition(status, source=MAY_TURN_OUT_SENT, target=MessageStatus.SENT)
    def mark_sent(self, at: datetime) -> None:
        self.sent_at, self.closed_at, self.claimed_until = at, None, None
        self.secret, self.last_error = None, ""

    @transition(status, source=MessageStatus.QUEUED, target=MessageStatus.FAILED)
    def give_up(self, at: datetime, why: str) -> None:
        self.closed_at, self.claimed_until, self.last_error = at, None, why
        if self.is_urgent:
            self.secret = None  # a code is never sent again; a link may be, by a manager

    @transition(status, source=MessageStatus.FAILED, target=MessageStatus.QUEUED)
    def try_again(self, at: datetime) -> None:
        self.not_before_at, self.closed_at, self.attempts, self.last_error = at, None, 0, ""

    @transition(status, source=MessageStatus.QUEUED, target=MessageStatus.CANCELLED)
    def withdraw(self, at: datetime) -> None:
        self.closed_at, self.claimed_until, self.secret = at, None, None


class DemoDelivery(models.Model):
    """What the sandbox would have sent: the demo's page shows it, codes too. Never on a real server."""

    message = models.OneToOneField(Message, on_delete=models.CASCADE, related_name="delivery")
    channel = models.CharField(_("channel"), max_length=8, choices=Channel.choices)
    address = models.CharField(_("address"), max_length=254)
    subject = models.CharField(_("subject"), max_length=200)
    body = models.TextField(_("text"))
    language = models.CharField(_("language"), max_length=10)
    created_at = models.DateTimeField(_("delivered at"))

    class Meta:
        verbose_name = _("delivery in the demo")
        verbose_name_plural = _("deliveries in the demo")
        indexes = [
            # read by the demo's page of messages
            models.Index(fields=["-created_at", "-id"], name="demo_delivery_newest"),
        ]

    def __str__(self) -> str:
        return self.subject
