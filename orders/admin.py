"""The repair catalogue to edit, and orders to look at with everything that was promised."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import (
    BooleanRadioFilter,
    ChoicesCheckboxFilter,
    RangeDateTimeFilter,
    RelatedDropdownFilter,
)
from unfold.decorators import display

from orders import admin_promises  # noqa: F401
from orders.models import Fitting, OrderContact, OrderEvent, OrderVisit, Quote, QuoteLine, Repair, RepairOrder
from orders.services.telling import contact_address
from orders.wording import words_of
from repairhub.accounts.city_admin import OfOwnCities
from repairhub.core.history_admin import HistoryAdmin
from repairhub.core.moments import format_moment, format_window
from repairhub.core.money import format_money
from repairhub.core.read_only_admin import ReadOnlyAdmin, ReadOnlyInline


@admin.register(Repair)
class RepairAdmin(HistoryAdmin):
    list_display = ["name_en", "name_zh", "component", "needed_skill", "minutes", "shown_labour", "is_active"]
    list_filter = [
        ("component", RelatedDropdownFilter),
        ("skill", RelatedDropdownFilter),
        ("is_active", BooleanRadioFilter),
    ]
    list_select_related = ["component", "skill"]
    search_fields = ["name_en", "name_zh", "key"]
    autocomplete_fields = ["component", "skill"]
    prepopulated_fields = {"key": ["name_en"]}
    history_list_display = ["labour"]
    fieldsets = [
        (None, {"fields": [("name_en", "name_zh"), ("fault_en", "fault_zh"), ("key", "component")]}),
        (_("The work"), {"fields": [("skill", "skill_level"), "minutes"]}),
        (
            _("Price"),
            {
                "fields": ["labour"],
                "description": _("Added to the part's price. Orders keep the price the customer approved."),
            },
        ),
        (_("Where it is shown"), {"fields": [("position", "is_active")]}),
    ]

    @display(description=_("Skill"), ordering="skill__key")
    def needed_skill(self, repair: Repair) -> str:
        """The skill with its lowest level."""
        return f"{repair.skill.name} {repair.skill_level}"

    @display(description=_("Labour"), ordering="labour")
    def shown_labour(self, repair: Repair) -> str:
        """As people write it."""
        return format_money(repair.labour)

    @display(description=_("Labour"))
    def labour(self, version: Any) -> str:
        """The labour of that version; the page "History" heads the column with this name."""
        return format_money(version.labour)


class ContactInline(ReadOnlyInline):
    model = OrderContact
    hide_title = True
    fields = ["position", "name_covered", "address_covered", "may_approve", "proved_at"]
    readonly_fields = ["name_covered", "address_covered"]

    @display(description=_("Name"))
    def name_covered(self, contact: OrderContact) -> str:
        """Its first letter."""
        return _covered(contact.name)

    @display(description=_("Phone or e-mail"))
    def address_covered(self, contact: OrderContact) -> str:
        """Enough for its owner to recognise it."""
        return contact_address(contact).masked


class VisitInline(ReadOnlyInline):
    model = OrderVisit
    hide_title = True
    fields = ["visit", "purpose", "window", "status"]
    readonly_fields = ["window", "status"]
    verbose_name_plural = _("Visits")

    def get_queryset(self, request: HttpRequest) -> QuerySet[OrderVisit]:
        """Visits with their city."""
        return super().get_queryset(request).select_related("visit__city")

    @display(description=_("Promised window"))
    def window(self, link: OrderVisit) -> str:
        """By the clock of the city."""
        return format_window(link.visit.window_start_at, link.visit.window_end_at, link.visit.city)

    @display(description=_("Status"))
    def status(self, link: OrderVisit) -> str:
        """Where the visit stands."""
        return link.visit.get_status_display()


class QuoteInline(ReadOnlyInline):
    model = Quote
    hide_title = True
    fields = ["version", "total", "offered_at", "approved"]
    readonly_fields = ["approved"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Quote]:
        """Quotes with their approval."""
        return super().get_queryset(request).select_related("approval")

    @display(description=_("Approved at"))
    def approved(self, quote: Quote) -> str:
        """When the customer said yes, or nothing."""
        return format_moment(quote.approval.at) if hasattr(quote, "approval") else "-"


class FittingInline(ReadOnlyInline):
    model = Fitting
    hide_title = True
    fields = ["line", "unit", "engineer", "fitted_at", "removed_at", "old_part_fate", "void_reason"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Fitting]:
        """Fittings with what they name."""
        return super().get_queryset(request).select_related("line", "unit__lot", "engineer__user")


class EventInline(ReadOnlyInline):
    model = OrderEvent
    fields = ["at", "what", "who", "chain_start"]
    readonly_fields = ["what", "who", "chain_start"]
    hide_title = True
    verbose_name_plural = _("What happened")

    def get_queryset(self, request: HttpRequest) -> QuerySet[OrderEvent]:
        """Events with who did them."""
        return super().get_queryset(request).select_related("by")

    @display(description=_("What"))
    def what(self, event: OrderEvent) -> str:
        """The event's name as the customer reads it; what it says besides is the customer's."""
        return words_of(event).what

    @display(description=_("Who"))
    def who(self, event: OrderEvent) -> str:
        """The name of who works here; a customer is just the customer."""
        if event.by is None:
            return str(_("system"))
        return event.by.name if event.by.is_staff_role else event.by.get_role_display()

    @display(description=_("Chain"))
    def chain_start(self, event: OrderEvent) -> str:
        """The first digits of the chain up to here."""
        return event.chain[:12]


@admin.register(RepairOrder)
class RepairOrderAdmin(OfOwnCities, ReadOnlyAdmin):
    """To look at: an order changes by its customer's word and by the work at the door."""

    list_display = ["reference", "device_model", "city", "shown_status", "price", "booked_at"]
    list_filter = [
        ("status", ChoicesCheckboxFilter),
        ("city", RelatedDropdownFilter),
        ("device_model__brand", RelatedDropdownFilter),
        ("booked_at", RangeDateTimeFilter),
    ]
    list_filter_submit = True
    list_select_related = ["device_model", "city"]
    list_per_page = 50
    search_fields = ["reference", "device_model__name", "visits__reference"]
    search_help_text = _("Reference of the order or a visit, device model")
    fields = [
        ("reference", "status"),
        ("device_model", "city"),
        ("district_name", "address_covered"),
        ("kind", "channel", "payer"),
        ("booked_at", "completed_at", "ended_at"),
    ]
    readonly_fields = ["district_name", "address_covered"]
    inlines = [VisitInline, QuoteInline, FittingInline, ContactInline, EventInline]

    def get_queryset(self, request: HttpRequest) -> QuerySet[RepairOrder]:
        """Orders with their quotes."""
        return super().get_queryset(request).prefetch_related("quotes__approval")

    @display(
        description=_("Status"),
        ordering="status",
        label={
            "booked": "info",
            "in_repair": "info",
            "completed": "success",
            "cancelled": "warning",
            "unrepairable": "danger",
        },
    )
    def shown_status(self, order: RepairOrder) -> tuple[str, str]:
        """Where the order stands, in a colour of its own."""
        return order.status, order.get_status_display()

    @display(description=_("Price"))
    def price(self, order: RepairOrder) -> str:
        """The newest approved quote's total."""
        approved = (quote for quote in order.quotes.all() if hasattr(quote, "approval"))
        return next((format_money(quote.total, quote.currency) for quote in approved), "-")

    @display(description=_("District"))
    def district_name(self, order: RepairOrder) -> str:
        """The district in the reader's language."""
        return order.city.district_name(order.district)

    @display(description=_("Address"))
    def address_covered(self, order: RepairOrder) -> str:
        """Nobody at the desk needs the door."""
        return _covered(order.address)


class LineInline(ReadOnlyInline):
    model = QuoteLine
    hide_title = True
    fields = [
        "position",
        "repair",
        "part",
        "grade",
        "part_price",
        "labour",
        "minutes",
        "term_days",
        "terms_version",
        "keeps_maker_warranty",
        "is_sample_price",
    ]

    def get_queryset(self, request: HttpRequest) -> QuerySet[QuoteLine]:
        """Lines with their repair and part."""
        return super().get_queryset(request).select_related("repair", "part")


@admin.register(Quote)
class QuoteAdmin(OfOwnCities, ReadOnlyAdmin):
    """Never changed once offered: more money is a new version."""

    city_path = "order__city"
    list_display = ["order", "version", "total", "offered_at", "approved"]
    list_filter = [("offered_at", RangeDateTimeFilter)]
    list_filter_submit = True
    list_select_related = ["order", "approval"]
    list_per_page = 50
    search_fields = ["order__reference"]
    fields = [
        ("order", "version"),
        ("total", "currency"),
        ("offered_at", "offered_by"),
        "approved",
        "shown_hash",
    ]
    readonly_fields = ["approved", "shown_hash"]
    inlines = [LineInline]

    @display(description=_("Approved at"))
    def approved(self, quote: Quote) -> str:
        """When the customer said yes, or nothing."""
        return format_moment(quote.approval.at) if hasattr(quote, "approval") else "-"

    @display(description=_("Hash of what was shown"))
    def shown_hash(self, quote: Quote) -> str:
        """What exactly the customer approved."""
        return quote.approval.shown_hash if hasattr(quote, "approval") else "-"


@admin.register(Fitting)
class FittingAdmin(OfOwnCities, ReadOnlyAdmin):
    city_path = "order__city"
    list_display = ["unit", "order", "repair", "engineer", "fitted_at", "removed_at", "void_reason"]
    list_filter = [
        ("void_reason", ChoicesCheckboxFilter),
        ("engineer__city", RelatedDropdownFilter),
        ("line__part__component", RelatedDropdownFilter),
        ("fitted_at", RangeDateTimeFilter),
    ]
    list_filter_submit = True
    list_select_related = ["unit", "order", "line__repair", "engineer__user"]
    list_per_page = 50
    search_fields = ["unit__serial", "order__reference", "unit__lot__number"]
    search_help_text = _("Serial, order or lot")

    @display(description=_("Repair"), ordering="line__repair__key")
    def repair(self, fitting: Fitting) -> str:
        """What was replaced."""
        return fitting.line.repair.name


def _covered(text: str) -> str:
    return f"{text[:1]}***" if text else ""
