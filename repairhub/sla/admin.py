"""Targets may be changed, clocks and escalations only read."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin, TabularInline

from repairhub.core.read_only_admin import ReadOnlyAdmin

from .models import Escalation, SlaClock, SlaPolicy, SlaTarget
from .states import ShownState


class TargetInline(TabularInline):
    model = SlaTarget
    extra = 0
    can_delete = False
    fields = ["key", "minutes", "warn_before_minutes", "notify_role"]


@admin.register(SlaPolicy)
class SlaPolicyAdmin(ModelAdmin):
    """Changed targets count for clocks that start from now on; running clocks keep what was promised."""

    list_display = ["key", "name"]
    readonly_fields = ["key"]
    inlines = [TargetInline]

    def has_add_permission(self, request: HttpRequest) -> bool:
        """There is one policy; its targets are changed."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Clocks run by it."""
        return False


class EscalationInline(TabularInline):
    model = Escalation
    extra = 0
    fields = ["level", "due_at", "told", "created_at"]
    readonly_fields = fields
    can_delete = False

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Recorded by the sweep."""
        return False


@admin.register(SlaClock)
class SlaClockAdmin(ReadOnlyAdmin):
    list_display = ["label", "target", "scope", "state", "due_at", "warned_at", "breached_at", "stopped_at"]
    list_filter = ["target__key", "scope"]
    search_fields = ["label"]
    ordering = ["-started_at", "-id"]
    list_per_page = 50
    show_full_result_count = False
    inlines = [EscalationInline]
    fields = [
        "label", "link", "target", "scope", "state", "started_at", "due_at", "warn_at", "remaining", "moves",
        "paused_at", "warned_at", "breached_at", "stopped_at",
    ]  # fmt: skip
    readonly_fields = fields

    def get_queryset(self, request: HttpRequest) -> QuerySet[SlaClock]:
        """With its target."""
        return super().get_queryset(request).select_related("target")

    @admin.display(description=_("state"))
    def state(self, clock: SlaClock) -> str:
        """As of now, whether or not a sweep has passed."""
        return str(ShownState(clock.shown_state(timezone.now())).label)
