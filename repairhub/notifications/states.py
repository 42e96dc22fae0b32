"""The channels of a message and the states of its way out."""

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


class Channel(models.TextChoices):
    SMS = "sms", _("SMS")
    EMAIL = "email", pgettext_lazy("channel", "e-mail")


class MessageStatus(models.TextChoices):
    QUEUED = "queued", _("waiting")
    SENT = "sent", _("sent")
    FAILED = "failed", _("given up")
    CANCELLED = "cancelled", _("cancelled")


# A message that was withdrawn while a server was already taking it did leave: the row says what is true.
MAY_TURN_OUT_SENT = [MessageStatus.QUEUED, MessageStatus.CANCELLED]
