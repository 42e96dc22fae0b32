"""What a broken window is worth, and what was proposed and credited, to look at."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import ChoicesCheckboxFilter, RangeDateTimeFilter
from unfold.decorators import display

from orders.models import Credit, LatePolicy, Proposal
from repairhub.accounts.city_admin import OfOwnCities
from repairhub.core.history_admin import HistoryAdmin
from repairhub.core.moments import format_window
from repairhub.core.money import format_money
from repairhub.core.read_only_admin import ReadOnlyAdmin


@admin.register(LatePolicy)
class LatePolicyAdmin(OfOwnCities, HistoryAdmin):
    """Changed numbers count for windows that break from now on; credits given stay as they were given."""

    list_display = [
        "__str__",
        "percent_per_hour",
        "cap_percent",
        "lost_window_percent",
        "answer_hours",
        "starts_at",
    ]
    list_select_related = ["city"]
    fieldsets = [
        (None, {"fields": [("city", "starts_at")]}),
        (
            _("Credit"),
            {
                "fields": [("percent_per_hour", "cap_percent", "lost_window_percent")],
                "description": _("In per cent of the labour on the approved quote."),
            },
        ),
        (_("Proposals"), {"fields": ["answer_hours"]}),
    ]

    def get_readonly_fields(self, request: HttpRequest, obj: LatePolicy | None = None) -> list[str]:
        """Where and since when it holds stays: what was promised under it was promised by it."""
        return ["city", "starts_at"] if obj else []

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Credits were given by it."""
        return False


@admin.register(Proposal)
class ProposalAdmin(OfOwnCities, ReadOnlyAdmin):
    """Made and answered by services alone: nobody here can agree for a customer."""

    city_path = "order__city"
    list_display = ["order", "visit", "old_window", "shown_status", "raised_by", "reason", "created_at"]
    list_filter = [
        ("status", ChoicesCheckboxFilter),
        ("reason", ChoicesCheckboxFilter),
        ("created_at", RangeDateTimeFilter),
    ]
    list_filter_submit = True
    list_select_related = ["order__city", "visit"]
    list_per_page = 50
    search_fields = ["order__reference", "visit__reference"]
    search_help_text = _("Reference of the order or the visit")
    fields = [
        ("order", "visit", "kind", "status"),
        ("raised_by", "created_by", "created_at", "expires_at"),
        ("reason", "note"),
        ("old_window", "offered", "credit"),
        ("closed_at", "closed_by", "how"),
        ("new_visit", "answers"),
        ("withdrawn_because", "end_note"),
    ]
    readonly_fields = ["old_window", "offered"]

    @display(
        description=_("Status"),
        ordering="status",
        label={
            "open": "info",
            "accepted": "success",
            "declined": "warning",
            "expired": "warning",
            "withdrawn": "warning",
        },
    )
    def shown_status(self, proposal: Proposal) -> tuple[str, str]:
        """Where it stands, in a colour of its own."""
        return proposal.status, proposal.get_status_display()

    @display(description=_("Promised window"))
    def old_window(self, proposal: Proposal) -> str:
        """By the clock of the city."""
        start_at, end_at = proposal.old_window_start_at, proposal.old_window_end_at
        return format_window(start_at, end_at, proposal.order.city) if start_at and end_at else "-"

    @display(description=_("Windows offered"))
    def offered(self, proposal: Proposal) -> str:
        """All of them, by the clock of the city."""
        city = proposal.order.city
        return "; ".join(format_window(*window, city) for window in proposal.options) or "-"


@admin.register(Credit)
class CreditAdmin(OfOwnCities, ReadOnlyAdmin):
    city_path = "order__city"
    list_display = ["order", "visit", "reason", "shown_amount", "at"]
    list_filter = [("reason", ChoicesCheckboxFilter), ("at", RangeDateTimeFilter)]
    list_filter_submit = True
    list_select_related = ["order", "visit"]
    list_per_page = 50
    search_fields = ["order__reference", "visit__reference"]
    search_help_text = _("Reference of the order or the visit")
    fields = [("order", "visit", "proposal"), ("reason", "amount", "currency"), ("by", "at")]

    @display(description=_("Amount"), ordering="amount")
    def shown_amount(self, credit: Credit) -> str:
        """As people write it."""
        return format_money(credit.amount, credit.currency)
