"""The outbox for managers: what left, what waits. Addresses are masked, secrets never shown."""

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from repairhub.core.errors import DomainError
from repairhub.core.read_only_admin import ReadOnlyAdmin

from .models import Message
from .services import send_again


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
    actions = ["put_back"]

    @admin.action(description=_("Send again"), permissions=["view"])
    def put_back(self, request: HttpRequest, chosen: "QuerySet[Message]") -> None:
        """Puts what was given up back into the outbox, and says of each other one why not."""
        again = 0
        for message in chosen:
            try:
                send_again(message_id=message.pk, at=timezone.now())
            except DomainError as refusal:
                self.message_user(request, f"{message}: {refusal}", messages.ERROR)
            else:
                again += 1
        if again:
            said = ngettext(
                "%(n)d message is on its way again.", "%(n)d messages are on their way again.", again
            )
            self.message_user(request, said % {"n": again}, messages.SUCCESS)

    @admin.display(description=_("address"))
    def masked(self, message: Message) -> str:
        """Enough to recognise it."""
        return message.to.masked
