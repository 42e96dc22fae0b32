"""Engineers with what they may do and when they work; visits to look at."""

from datetime import timedelta
from typing import Any

from django.contrib import admin, messages
from django.db.models import Prefetch, QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin, TabularInline
from unfold.contrib.filters.admin import (
    BooleanRadioFilter,
    ChoicesCheckboxFilter,
    RangeDateFilter,
    RelatedDropdownFilter,
)
from unfold.decorators import display

from engineers import qualification_admin  # noqa: F401 - admin pages of their own
from engineers.models import (
    Absence,
    BrandAuthorisation,
    Engineer,
    EngineerCertificate,
    Skill,
    Visit,
    VisitEvent,
    WeeklyShift,
)
from engineers.services.review import review_engineer
from engineers.services.timing import retime_breaks
from engineers.wording import lost_their_engineer
from repairhub.accounts.city_admin import OfOwnCities
from repairhub.core.history_admin import HistoryAdmin
from repairhub.core.names import listed
from repairhub.core.read_only_admin import ReadOnlyAdmin, ReadOnlyInline

SOON = timedelta(days=30)


@admin.register(Skill)
class SkillAdmin(ModelAdmin):
    list_display = ["name_en", "name_zh", "key"]
    search_fields = ["name_en", "name_zh", "key"]
    prepopulated_fields = {"key": ["name_en"]}


class CertificateInline(ReadOnlyInline):
    """To look at: a certificate comes from an assessment, and stays on record."""

    model = EngineerCertificate
    fields = ["skill", "level", "number", "valid_from_on", "valid_until_on", "suspended_at"]
    verbose_name_plural = _("certificates")
    tab = True

    def get_queryset(self, request: HttpRequest) -> QuerySet[EngineerCertificate]:
        """With the skills' names."""
        return super().get_queryset(request).select_related("skill")


class AuthorisationInline(TabularInline):
    model = BrandAuthorisation
    fields = ["brand", "reference", "valid_from_on", "valid_until_on"]
    extra = 0
    tab = True


class ShiftInline(TabularInline):
    model = WeeklyShift
    fields = ["weekday", "on", "starts_at", "ends_at", "break_starts_at", "break_ends_at"]
    extra = 0
    tab = True


class AbsenceInline(TabularInline):
    model = Absence
    extra = 0
    tab = True


class CertificateFilter(admin.SimpleListFilter):
    """Engineers whose certificates have to be looked after."""

    title = _("certificates")
    parameter_name = "certificate"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        """What is wrong with them."""
        return [("ending", _("One ends within 30 days")), ("suspended", _("One is suspended"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Engineer]) -> QuerySet[Engineer]:
        """The engineers of the chosen answer."""
        today = timezone.localdate()
        certificates = {
            "ending": EngineerCertificate.objects.ending(today, today + SOON),
            "suspended": EngineerCertificate.objects.exclude(suspended_at=None),
        }.get(self.value() or "")
        return queryset if certificates is None else queryset.filter(pk__in=certificates.values("engineer"))


@admin.register(Engineer)
class EngineerAdmin(OfOwnCities, HistoryAdmin):
    list_display = ["number", "name", "city", "certified_for", "authorised_by", "is_active"]
    list_display_links = ["number", "name"]
    list_filter = [
        ("city", RelatedDropdownFilter),
        ("certificates__skill", RelatedDropdownFilter),
        CertificateFilter,
        ("authorisations__brand", RelatedDropdownFilter),
        ("is_active", BooleanRadioFilter),
    ]
    list_select_related = ["user", "city"]
    list_per_page = 50
    search_fields = ["number", "user__name", "user__phone"]
    search_help_text = _("Staff number, name or phone")
    autocomplete_fields = ["city"]
    raw_id_fields = ["user"]
    inlines = [CertificateInline, AuthorisationInline, ShiftInline, AbsenceInline]
    fieldsets = [
        (None, {"fields": [("number", "user"), ("city", "is_active"), ("base_latitude", "base_longitude")]})
    ]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Engineer]:
        """Engineers with what is valid today."""
        today = timezone.localdate()
        certificates = EngineerCertificate.objects.valid(today)
        authorisations = BrandAuthorisation.objects.filter(
            valid_from_on__lte=today, valid_until_on__gte=today
        )
        return (
            super()
            .get_queryset(request)
            .prefetch_related(
                Prefetch("certificates", certificates.select_related("skill"), to_attr="valid_certificates"),
                Prefetch(
                    "authorisations", authorisations.select_related("brand"), to_attr="valid_authorisations"
                ),
            )
        )

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """After a change: visits that the engineer cannot do any more wait for somebody else."""
        super().save_related(request, form, formsets, change)
        changed = bool(form.changed_data) or any(formset.has_changed() for formset in formsets)
        if not change or not changed:
            return
        at = timezone.now()
        lost = review_engineer(engineer=form.instance, by=request.user, at=at)
        retime_breaks(engineer=form.instance, at=at)
        if lost:
            self.message_user(request, lost_their_engineer(lost), messages.WARNING)

    @display(description=_("Name"), ordering="user__name")
    def name(self, engineer: Engineer) -> str:
        """Who it is."""
        return engineer.user.name

    @display(description=_("Certified today"))
    def certified_for(self, engineer: Any) -> str:
        """Skills with a certificate valid today, each with its level."""
        return listed(f"{one.skill.name} {one.level}" for one in engineer.valid_certificates) or "-"

    @display(description=_("Authorised today by"))
    def authorised_by(self, engineer: Any) -> str:
        """Makers whose authorisation is valid today."""
        return listed(one.brand.name for one in engineer.valid_authorisations) or "-"


class VisitEventInline(ReadOnlyInline):
    model = VisitEvent
    fields = ["at", "kind", "from_status", "to_status", "by", "reason"]
    verbose_name_plural = _("What happened")

    def get_queryset(self, request: HttpRequest) -> QuerySet[VisitEvent]:
        """The visit's events with the names of who did them."""
        return super().get_queryset(request).select_related("by")


@admin.register(Visit)
class VisitAdmin(OfOwnCities, ReadOnlyAdmin):
    """To look at: visits change on the dispatch board and on the engineer's phone."""

    list_filter_submit = True
    list_display = ["reference", "city", "window_start_at", "window_end_at", "shown_status", "engineer"]
    list_filter = [
        ("status", ChoicesCheckboxFilter),
        ("city", RelatedDropdownFilter),
        ("on", RangeDateFilter),
    ]
    list_select_related = ["city", "engineer__user"]
    list_per_page = 50
    search_fields = ["reference", "engineer__number", "engineer__user__name"]
    search_help_text = _("Reference, staff number or engineer")
    inlines = [VisitEventInline]

    @display(
        description=_("Status"),
        ordering="status",
        label={
            "planned": "warning",
            "confirmed": "info",
            "en_route": "info",
            "on_site": "info",
            "done": "success",
            "cannot_complete": "danger",
            "no_access": "danger",
        },
    )
    def shown_status(self, visit: Visit) -> tuple[str, str]:
        """Where the visit stands, in a colour of its own."""
        return visit.status, visit.get_status_display()
