"""The parts desk: catalogue with prices and certificates, and where every unit is."""

from datetime import timedelta
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import Count, Exists, OuterRef, Q, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import formats, timezone
from django.utils.functional import Promise
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy
from unfold.admin import ModelAdmin, TabularInline
from unfold.contrib.filters.admin import (
    BooleanRadioFilter,
    ChoicesCheckboxFilter,
    RangeDateFilter,
    RangeDateTimeFilter,
    RelatedDropdownFilter,
)
from unfold.decorators import action, display
from unfold.widgets import UnfoldAdminSelect2Widget, UnfoldAdminTextareaWidget

from parts.models import (
    Brand,
    Component,
    DeviceModel,
    Lot,
    Part,
    PartCertificate,
    StockLocation,
    StockMovement,
    StockUnit,
    Supplier,
    UnitStatus,
)
from parts.services.stock import receive_units
from repairhub.accounts.models import User
from repairhub.accounts.states import Role
from repairhub.core.errors import DomainError
from repairhub.core.history_admin import HistoryAdmin
from repairhub.core.money import format_money
from repairhub.core.read_only_admin import ReadOnlyAdmin, ReadOnlyInline

SOON = timedelta(days=30)
IN_STOCK = Q(units__status=UnitStatus.IN_STOCK)


@admin.register(Brand)
class BrandAdmin(HistoryAdmin):
    list_display = ["name_en", "name_zh", "key", "position", "support_url"]
    search_fields = ["name_en", "name_zh", "key"]
    prepopulated_fields = {"key": ["name_en"]}


@admin.register(DeviceModel)
class DeviceModelAdmin(HistoryAdmin):
    list_display = ["name", "brand", "released_on", "is_active"]
    list_filter = [("brand", RelatedDropdownFilter), ("is_active", BooleanRadioFilter)]
    list_select_related = ["brand"]
    search_fields = ["name", "key", "brand__name_en", "brand__name_zh"]
    prepopulated_fields = {"key": ["name"]}


@admin.register(Component)
class ComponentAdmin(ModelAdmin):
    list_display = ["name_en", "name_zh", "key"]
    search_fields = ["name_en", "name_zh", "key"]
    prepopulated_fields = {"key": ["name_en"]}


@admin.register(Supplier)
class SupplierAdmin(ModelAdmin):
    list_display = ["name"]
    search_fields = ["name"]


class OfferedFilter(admin.SimpleListFilter):
    """Parts that may be promised today, and those that may not."""

    title = _("offered today")
    parameter_name = "offered"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        """Yes, no, or soon no more."""
        return [
            ("yes", _("Yes")),
            ("no", _("No")),
            ("ending", _("Yes, but its certificate ends within 30 days")),
        ]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Part]) -> QuerySet[Part]:
        """The parts of the chosen answer."""
        today = timezone.localdate()
        offered = Part.objects.offered(today)
        if self.value() == "ending":
            return queryset.filter(pk__in=Part.objects.lapsing(today, today + SOON).values("pk"))
        if self.value() == "yes":
            return queryset.filter(pk__in=offered.values("pk"))
        if self.value() == "no":
            return queryset.exclude(pk__in=offered.values("pk"))
        return queryset


class PartCertificateInline(TabularInline):
    model = PartCertificate
    extra = 0
    verbose_name_plural = _("certificates: without a valid one a certified part is not offered")


@admin.register(Part)
class PartAdmin(HistoryAdmin):
    list_display = [
        "sku",
        "shown_name",
        "component",
        "shown_grade",
        "shown_price",
        "shown_source",
        "offered_today",
    ]
    list_display_links = ["sku", "shown_name"]
    list_filter = [
        ("grade", ChoicesCheckboxFilter),
        ("component", RelatedDropdownFilter),
        ("fits__brand", RelatedDropdownFilter),
        ("supplier", RelatedDropdownFilter),
        OfferedFilter,
        ("is_sample_price", BooleanRadioFilter),
        ("needs_brand_authorisation", BooleanRadioFilter),
    ]
    list_select_related = ["component"]
    list_per_page = 50
    search_fields = ["sku", "name_en", "name_zh", "fits__name", "supplier__name"]
    autocomplete_fields = ["fits", "component", "supplier"]
    inlines = [PartCertificateInline]
    readonly_fields = ["price_history"]
    fieldsets = [
        (None, {"fields": [("sku", "grade"), ("component", "supplier"), ("name_en", "name_zh"), "fits"]}),
        (
            _("Price"),
            {
                "fields": [("price", "currency"), "is_sample_price", "price_source", "price_history"],
                "description": _("Without labour. Orders keep the price that the customer approved."),
            },
        ),
        (_("Promises"), {"fields": ["is_active", "keeps_maker_warranty", "needs_brand_authorisation"]}),
    ]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Part]:
        """Parts, each knowing whether it may be promised today."""
        offered = Part.objects.offered(timezone.localdate()).filter(pk=OuterRef("pk"))
        return super().get_queryset(request).annotate(is_offered_today=Exists(offered))

    @display(description=pgettext_lazy("thing", "Name"), ordering="name_en")
    def shown_name(self, part: Part) -> str:
        """In the reader's language."""
        return part.name

    @display(description=_("Grade"), ordering="grade", label={"original": "info", "certified": "success"})
    def shown_grade(self, part: Part) -> tuple[str, str]:
        """The grade, in a colour of its own."""
        return part.grade, part.get_grade_display()

    @display(description=_("Price"), ordering="price")
    def shown_price(self, part: Part) -> str:
        """The price as people write it."""
        return format_money(part.price, part.currency)

    @display(
        description=_("Published?"),
        ordering="is_sample_price",
        label={"sample": "warning", "published": "success"},
    )
    def shown_source(self, part: Part) -> tuple[str, str | Promise]:
        """Whether the price was published or is a sample."""
        return ("sample", _("Sample")) if part.is_sample_price else ("published", _("Published"))

    @display(description=_("Offered today"), boolean=True)
    def offered_today(self, part: Part) -> bool:
        """Whether customers may choose it today."""
        return bool(getattr(part, "is_offered_today", False))

    @display(description=_("Prices so far"))
    def price_history(self, part: Part | None) -> str | SafeString:
        """The last ten prices, newest first, with who set each of them and when."""
        if part is None or part.pk is None:  # the page that adds one
            return "-"
        lines, before = [], None
        for version in part.history.select_related("history_user").order_by("history_date", "history_id"):
            if version.price != before:
                lines.append(
                    (
                        formats.date_format(
                            timezone.localtime(version.history_date), "SHORT_DATETIME_FORMAT"
                        ),
                        format_money(version.price, version.currency),
                        str(version.history_user or _("system")),
                    )
                )
            before = version.price
        return format_html_join("", "<div>{} &middot; {} &middot; {}</div>", reversed(lines[-10:])) or "-"


class ReceiveUnitsForm(forms.Form):
    """Serials that came with a lot, and where they lie now."""

    location = forms.ModelChoiceField(
        StockLocation.objects.exclude(kind=StockLocation.Kind.QUARANTINE).order_by("kind", "name"),
        label=_("Location"),
        widget=UnfoldAdminSelect2Widget,
    )
    serials = forms.CharField(
        label=_("Serials"), help_text=_("One a line."), widget=UnfoldAdminTextareaWidget, max_length=60_000
    )

    def clean_serials(self) -> list[str]:
        """The serials, one a line, without empty lines."""
        return [line.strip() for line in self.cleaned_data["serials"].splitlines() if line.strip()]


@admin.register(Lot)
class LotAdmin(ModelAdmin):
    list_display = ["number", "part", "supplier", "received_on", "units_in_stock", "units_in_all"]
    list_filter = [("supplier", RelatedDropdownFilter), ("received_on", RangeDateFilter)]
    list_filter_submit = True
    list_select_related = ["part", "supplier"]
    list_per_page = 50
    search_fields = ["number", "part__sku", "part__name_en", "part__name_zh", "units__serial"]
    autocomplete_fields = ["part", "supplier"]
    actions_detail = ["receive"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Lot]:
        """Lots with the number of their units."""
        return (
            super()
            .get_queryset(request)
            .annotate(in_stock=Count("units", IN_STOCK, distinct=True), in_all=Count("units", distinct=True))
        )

    @display(description=_("In stock"))
    def units_in_stock(self, lot: Lot) -> int:
        """Units that can still be fitted."""
        return int(getattr(lot, "in_stock", 0))

    @display(description=_("Received"))
    def units_in_all(self, lot: Lot) -> int:
        """Units that ever came."""
        return int(getattr(lot, "in_all", 0))

    @action(description=_("Receive units"), url_path="receive", permissions=["change"], icon="inventory_2")
    def receive(self, request: HttpRequest, object_id: int) -> HttpResponse:
        """New serials of this lot go into the books."""
        lot = get_object_or_404(Lot, pk=object_id)
        form = ReceiveUnitsForm(request.POST or None)
        if request.method == "POST" and form.is_valid():
            try:
                units = receive_units(lot=lot, by=request.user, at=timezone.now(), **form.cleaned_data)
            except DomainError as refusal:
                form.add_error(refusal.field, str(refusal))
            else:
                messages.success(request, _("Received: %(count)d units.") % {"count": len(units)})
                return HttpResponseRedirect(reverse("admin:parts_lot_change", args=[lot.pk]))
        context = {
            **self.admin_site.each_context(request),
            "title": _("Receive units of lot %(lot)s") % {"lot": lot},
            "opts": self.model._meta,
            "lot": lot,
            "form": form,
        }
        return TemplateResponse(request, "admin/parts/lot/receive.html", context)


class CustodianField(forms.ModelChoiceField):
    """Who keeps a van's stock: one of the engineers, or whoever keeps one now, by name and phone."""

    def __init__(self, **kwargs: Any) -> None:
        people = User.objects.get_queryset()
        keeping = StockLocation.objects.exclude(custodian=None).values("custodian")
        engineers = people.filter(Q(role=Role.ENGINEER, is_active=True) | Q(pk__in=keeping))
        super().__init__(engineers.order_by("name", "pk"), widget=UnfoldAdminSelect2Widget, **kwargs)

    def label_from_instance(self, obj: User) -> str:  # type: ignore[override]
        """Two engineers may have one name."""
        return f"{obj.name} · {obj.phone}" if obj.phone else obj.name


@admin.register(StockLocation)
class StockLocationAdmin(ModelAdmin):
    list_display = ["name", "kind", "city", "custodian", "units_in_stock"]
    list_filter = [("kind", ChoicesCheckboxFilter), ("city", RelatedDropdownFilter)]
    list_filter_submit = True
    list_select_related = ["city", "custodian"]
    list_per_page = 50
    search_fields = ["name", "custodian__name", "custodian__phone"]
    autocomplete_fields = ["city"]

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """A custodian is chosen here, among the engineers alone: the list of all people is for managers."""
        if db_field.name != "custodian":
            return super().formfield_for_foreignkey(db_field, request, **kwargs)
        return CustodianField(label=db_field.verbose_name, required=False)

    def get_queryset(self, request: HttpRequest) -> QuerySet[StockLocation]:
        """Locations with the number of units lying there."""
        return super().get_queryset(request).annotate(in_stock=Count("units", IN_STOCK))

    @display(description=_("In stock"))
    def units_in_stock(self, location: StockLocation) -> SafeString:
        """How many units lie there, linked to their list."""
        return format_html(
            '<a href="{}?location__id__exact={}">{}</a>',
            reverse("admin:parts_stockunit_changelist"),
            location.pk,
            getattr(location, "in_stock", 0),
        )


class MovementInline(ReadOnlyInline):
    model = StockMovement
    fields = ["at", "kind", "from_location", "to_location", "reference", "by"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[StockMovement]:
        """The unit's ledger lines with their names."""
        return super().get_queryset(request).select_related("from_location", "to_location", "by")


@admin.register(StockUnit)
class StockUnitAdmin(ReadOnlyAdmin):
    list_filter_submit = True
    list_display = ["serial", "part", "lot", "shown_status", "location"]
    list_filter = [
        ("status", ChoicesCheckboxFilter),
        ("location__city", RelatedDropdownFilter),
        ("lot__part__component", RelatedDropdownFilter),
    ]
    list_select_related = ["lot__part", "location"]
    list_per_page = 50
    search_fields = ["serial", "lot__number", "lot__part__sku"]
    search_help_text = _("Serial, lot or SKU")
    inlines = [MovementInline]

    @display(description=_("Part"), ordering="lot__part__sku")
    def part(self, unit: StockUnit) -> Part:
        """What the unit is."""
        return unit.lot.part

    @display(
        description=_("Status"),
        ordering="status",
        label={"in_stock": "success", "fitted": "info", "quarantined": "danger"},
    )
    def shown_status(self, unit: StockUnit) -> tuple[str, str]:
        """Where the unit stands, in a colour of its own."""
        return unit.status, unit.get_status_display()


@admin.register(StockMovement)
class StockMovementAdmin(ReadOnlyAdmin):
    list_filter_submit = True
    list_display = ["at", "unit", "kind", "from_location", "to_location", "reference", "by"]
    list_filter = [("kind", ChoicesCheckboxFilter), ("at", RangeDateTimeFilter)]
    list_select_related = ["unit", "from_location", "to_location", "by"]
    list_per_page = 50
    search_fields = ["unit__serial", "reference"]
    search_help_text = _("Serial or reference")
