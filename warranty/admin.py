"""Warranty terms, a new version for every change; warranties and claims to look at."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import ChoicesCheckboxFilter, RangeDateFilter, RelatedDropdownFilter
from unfold.decorators import display

from repairhub.accounts.city_admin import OfOwnCities
from repairhub.core.history_admin import HistoryAdmin
from repairhub.core.read_only_admin import ReadOnlyAdmin, ReadOnlyInline
from warranty.models import Claim, ClaimPhoto, Decision, Remedy, Warranty, WarrantyTerms
from warranty.selectors.terms import are_published


@admin.register(WarrantyTerms)
class WarrantyTermsAdmin(HistoryAdmin):
    """What was published stays as it is: customers were promised it."""

    list_display = ["version", "shown_grade", "days", "valid_from_on"]
    list_filter = [("grade", ChoicesCheckboxFilter)]
    search_fields = ["version"]
    fieldsets = [
        (
            None,
            {
                "fields": [("version", "grade"), ("days", "valid_from_on"), "text_en", "text_zh"],
                "description": _(
                    "Quotes name the version that is valid on their day. From its first day on a version is "
                    "never edited: write a new one, valid from a later day."
                ),
            },
        )
    ]

    def has_change_permission(self, request: HttpRequest, obj: WarrantyTerms | None = None) -> bool:
        """Only drafts: nobody was promised them yet."""
        if obj is not None and are_published(obj, timezone.localdate()):
            return False
        return super().has_change_permission(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Versions are kept."""
        return False

    @display(description=_("Grade"), ordering="grade", label={"original": "info", "certified": "success"})
    def shown_grade(self, terms: WarrantyTerms) -> tuple[str, str]:
        """The grade, in a colour of its own."""
        return terms.grade, terms.get_grade_display()


@admin.register(Warranty)
class WarrantyAdmin(OfOwnCities, ReadOnlyAdmin):
    """Issued by the completion of a repair, replaced by a rework's."""

    city_path = "fitting__order__city"
    list_filter_submit = True
    list_display = ["number", "order", "part", "starts_on", "ends_on", "terms", "replaces"]
    list_filter = [("terms", RelatedDropdownFilter), ("ends_on", RangeDateFilter)]
    list_select_related = ["fitting__order", "fitting__unit__lot__part", "terms", "replaces"]
    list_per_page = 50
    search_fields = ["number", "fitting__order__reference", "fitting__unit__serial"]
    search_help_text = _("Number, order or serial")

    @display(description=_("Order"))
    def order(self, warranty: Warranty) -> str:
        """Whose repair it covers."""
        return warranty.fitting.order.reference

    @display(description=_("Part"))
    def part(self, warranty: Warranty) -> str:
        """What it covers."""
        return warranty.fitting.unit.lot.part.name


class DecisionInline(ReadOnlyInline):
    model = Decision
    fields = ["outcome", "reason", "by", "at"]


class RemedyInline(ReadOnlyInline):
    model = Remedy
    fields = ["kind", "status", "visit", "offered_at", "done_at"]


class ClaimPhotoInline(ReadOnlyInline):
    model = ClaimPhoto
    fields = ["digest"]


@admin.register(Claim)
class ClaimAdmin(OfOwnCities, ReadOnlyAdmin):
    """To look at: claims are answered on the case officer's pages."""

    city_path = "order__city"
    list_filter_submit = True
    list_display = ["reference", "order", "shown_status", "kind", "owner", "filed_at", "answered_at"]
    list_filter = [
        ("status", ChoicesCheckboxFilter),
        ("order__city", RelatedDropdownFilter),
        ("filed_at", RangeDateFilter),
    ]
    list_select_related = ["order", "owner"]
    list_per_page = 50
    search_fields = ["reference", "order__reference"]
    search_help_text = _("Reference of the claim or of the order")
    inlines = [DecisionInline, RemedyInline, ClaimPhotoInline]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Claim]:
        """With what the page shows in one row."""
        return super().get_queryset(request).select_related("order", "owner", "contact", "fitting")

    @display(
        description=_("Status"),
        ordering="status",
        label={"filed": "warning", "approved": "success", "refused": "danger"},
    )
    def shown_status(self, claim: Claim) -> tuple[str, str]:
        """The state, in a colour of its own."""
        return claim.status, claim.get_status_display()
