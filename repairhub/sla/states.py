"""Targets, levels and the shown states of a clock."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class TargetKey(models.TextChoices):
    ASSIGN_WITHIN = "assign_within", _("assign within")
    ARRIVE_WITHIN_WINDOW = "arrive_within_window", _("arrive within the window")
    ANSWER_CLAIM = "answer_claim", _("answer the claim")


class Level(models.TextChoices):
    WARNING = "warning", _("warning")
    BREACH = "breach", _("breach")


class ShownState(models.TextChoices):
    """Derived when read, never stored."""

    RUNNING = "running", _("running")
    WARNING = "warning", _("due soon")
    BREACHED = "breached", _("overdue")
    PAUSED = "paused", _("paused")
    KEPT = "kept", _("kept")
    MISSED = "missed", _("missed")
