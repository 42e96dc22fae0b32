"""The outbox for managers: what left, what waits. Addresses are masked, secrets never shown."""

from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from repairhub.core.read_only_admin import ReadOnlyAdmin

from .models import Message


@admin.register(Message)
class MessageAdmin(ReadOnlyAdmin):
    list_display = [
        "created_at", "template", "channel", "masked", "language", "status", "attempts", "not_before_at",
        "sent_at", "last_error",
    ]  # fmt: skip
    list_filter = ["status", "channel", "template", "city_code"]
    search_fields = ["key"]
    ordering = ["-created_at", "-id"]
    list_per_page = 50
    show_full_result_count = False
    fields = [
        "key", "template", "channel", "masked", "language", "city_code", "status", "created_at",
        "not_before_at", "expires_at", "attempts", "claimed_until", "sent_at", "closed_at", "last_error",
    ]  # fmt: skip
    readonly_fields = fields

    @admin.display(description=_("address"))
    def masked(self, message: Message) -> str:
        """Enough to recognise it."""
        return message.to.masked
