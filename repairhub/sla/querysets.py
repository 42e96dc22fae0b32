"""Questions about many clocks."""

from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING

from django.contrib.contenttypes.models import ContentType
from django.db import models
from django.db.models import F, Q

if TYPE_CHECKING:
    from .models import SlaClock  # noqa: F401


class SlaClockQuerySet(models.QuerySet["SlaClock"]):
    def open(self) -> "SlaClockQuerySet":
        """Not stopped: running or paused."""
        return self.filter(stopped_at__isnull=True)

    def for_subjects(self, subjects: Iterable[models.Model]) -> "SlaClockQuerySet":
        """The clocks of these things, of whatever models they are."""
        wanted = Q(pk__in=[])
        by_model: dict[type[models.Model], list[int]] = {}
        for subject in subjects:
            by_model.setdefault(type(subject), []).append(subject.pk)
        for model, ids in by_model.items():
            wanted |= Q(content_type=ContentType.objects.get_for_model(model), object_id__in=ids)
        return self.filter(wanted)

    def about(self, target_key: str) -> "SlaClockQuerySet":
        """The clocks of one target."""
        return self.filter(target__key=target_key)

    def breach_due(self, at: datetime) -> "SlaClockQuerySet":
        """Running past their due moment, the breach not recorded yet; the most overdue first."""
        return self.open().filter(breached_at__isnull=True, due_at__lte=at).order_by("due_at", "id")

    def warning_due(self, at: datetime) -> "SlaClockQuerySet":
        """Running into their warning time, neither warned nor breached; the most urgent first."""
        return (
            self.open()
            .filter(warned_at__isnull=True, breached_at__isnull=True, warn_at__lte=at, due_at__gt=at)
            .order_by("warn_at", "id")
        )

    def most_urgent_first(self) -> "SlaClockQuerySet":
        """By due moment; paused clocks last."""
        return self.order_by(F("due_at").asc(nulls_last=True), "id")
