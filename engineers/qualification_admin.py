"""Assessments on record, the form for a new one, and the policy that skills are judged by."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.admin import ModelAdmin
from unfold.contrib.filters.admin import BooleanRadioFilter, RangeDateFilter, RelatedDropdownFilter
from unfold.decorators import display
from unfold.widgets import UnfoldAdminSelect2Widget, UnfoldAdminSelectWidget

from engineers.models import Assessment, Engineer, QualificationPolicy
from engineers.planning import city_today
from engineers.selectors.policies import PolicyBook
from engineers.services.assessing import AssessmentDraft, check_assessment
from engineers.services.qualification import record_assessment
from repairhub.accounts.city_admin import OfOwnCities
from repairhub.accounts.models import User
from repairhub.core.errors import DomainError
from repairhub.core.history_admin import HistoryAdmin

LEVELS = [("", "-"), *((level, str(level)) for level in (1, 2, 3))]


@admin.register(QualificationPolicy)
class QualificationPolicyAdmin(HistoryAdmin):
    list_display = [
        "applies_to", "pass_mark", "valid_days", "window_days", "least_finished", "warn_per_hundred",
        "suspend_per_hundred",
    ]  # fmt: skip
    list_select_related = ["skill"]
    fieldsets = [
        (
            gettext_lazy("Assessments and certificates"),
            {"fields": ["skill", ("pass_mark", "valid_days")]},
        ),
        (
            gettext_lazy("Rework rate"),
            {
                "fields": [
                    ("window_days", "least_finished"),
                    ("warn_per_hundred", "suspend_per_hundred"),
                    "passing_lifts",
                ],
                "description": gettext_lazy(
                    "Each night the repairs of the last days are counted by engineer and skill. Changed "
                    "numbers count from the next night on; a suspension keeps the counts it was decided on."
                ),
            },
        ),
    ]

    @display(description=gettext_lazy("Skill"))
    def applies_to(self, policy: QualificationPolicy) -> str:
        """The skill, or every other one."""
        return str(policy)


class AssessorField(forms.ModelChoiceField):
    """Who watched the work: anybody who works here, by name and role."""

    def __init__(self, **kwargs: Any) -> None:
        people = User.objects.get_queryset().staff().order_by("name", "pk")
        super().__init__(people, widget=UnfoldAdminSelect2Widget, **kwargs)

    def label_from_instance(self, obj: User) -> str:  # type: ignore[override]
        """Two people may have one name."""
        return f"{obj.name} · {obj.get_role_display()}"


class AssessmentForm(forms.ModelForm):  # type: ignore[type-arg]  # takes none at run time
    """What is typed; the service's rules answer at their field."""

    form_id = forms.UUIDField(widget=forms.HiddenInput, initial=uuid4)
    assessor = AssessorField(label=gettext_lazy("Assessor"))
    level = forms.TypedChoiceField(
        label=gettext_lazy("Level"), choices=LEVELS, coerce=int, widget=UnfoldAdminSelectWidget
    )

    class Meta:
        model = Assessment
        fields = ["engineer", "skill", "level", "score", "assessor", "assessed_on", "valid_until_on", "note"]

    def validate_unique(self) -> None:
        """A form sent twice is no mistake: the service answers it with what is there."""

    def draft(self) -> AssessmentDraft:
        """What was typed, for the service."""
        return AssessmentDraft(**{name: self.cleaned_data[name] for name in (*self.Meta.fields, "form_id")})

    def clean(self) -> dict[str, Any]:
        """Refused with a sentence at the field, and everything that was typed is kept."""
        cleaned = super().clean() or self.cleaned_data
        if not self.errors:
            draft = self.draft()
            try:
                check_assessment(
                    draft,
                    policy=PolicyBook.load().of(draft.skill.pk),
                    on=city_today(draft.engineer.city, timezone.now()),
                )
            except DomainError as refusal:
                self.add_error(refusal.field, str(refusal))
        return cleaned


@admin.register(Assessment)
class AssessmentAdmin(OfOwnCities, ModelAdmin):
    """Recorded once, then only looked at: what was wrong is mended by another assessment."""

    city_path = "engineer__city"
    form = AssessmentForm
    list_filter_submit = True
    warn_unsaved_form = True
    list_display = [
        "engineer",
        "skill",
        "level",
        "shown_score",
        "assessor",
        "assessed_on",
        "certificate_number",
    ]
    list_filter = [
        ("engineer__city", RelatedDropdownFilter),
        ("skill", RelatedDropdownFilter),
        ("passed", BooleanRadioFilter),
        ("assessed_on", RangeDateFilter),
    ]
    list_select_related = ["engineer__user", "skill", "assessor", "certificate"]
    list_per_page = 50
    search_fields = ["engineer__number", "engineer__user__name", "certificate__number"]
    search_help_text = gettext_lazy("Staff number, engineer or certificate")
    autocomplete_fields = ["engineer", "skill"]
    fieldsets = [
        (
            None,
            {
                "fields": [
                    ("engineer", "assessor"), ("skill", "level"), "score", ("assessed_on", "valid_until_on"),
                    "note", "form_id",
                ],
                "description": gettext_lazy(
                    "A passed assessment gives a certificate with a number of its own. An assessment is "
                    "never changed: where something was wrong, record another one."
                ),
            },
        )
    ]  # fmt: skip

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """What was recorded stays as it is."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Assessments are kept."""
        return False

    def get_fieldsets(self, request: HttpRequest, obj: Assessment | None = None) -> Any:
        """One that is on record shows also what it came to, and who wrote it down."""
        if obj is None:
            return super().get_fieldsets(request, obj)
        seen = [
            ("engineer", "assessor"), ("skill", "level"), ("score", "pass_mark"), "passed",
            ("assessed_on", "valid_until_on"), "note", ("recorded_by", "recorded_at"), "certificate_number",
        ]  # fmt: skip
        return [(None, {"fields": seen})]

    def get_readonly_fields(self, request: HttpRequest, obj: Assessment | None = None) -> Any:
        """Everything, once it is on record."""
        return (
            () if obj is None else ("pass_mark", "passed", "recorded_by", "recorded_at", "certificate_number")
        )

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        """Today, and as long as the policy allows; engineer and skill where the address names them."""
        today = timezone.localdate()
        days = PolicyBook.load().general.valid_days
        given = super().get_changeform_initial_data(request)
        return {
            "assessed_on": today,
            "valid_until_on": today + timedelta(days=days),
            "form_id": uuid4(),
            **given,
        }

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Only engineers of the reader's cities."""
        if db_field.name == "engineer":
            kwargs["queryset"] = Engineer.objects.for_manager(request.user).select_related("user", "city")
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Assessment]:
        """With the names that a row shows."""
        return super().get_queryset(request).select_related("engineer__user", "skill", "assessor")

    def save_model(self, request: HttpRequest, obj: Assessment, form: Any, change: bool) -> None:
        """Recorded by the service, which gives the certificate; says what came of it."""
        recorded = record_assessment(draft=form.draft(), by=request.user, at=timezone.now())
        obj.pk = recorded.pk
        obj._state.adding = False
        obj.refresh_from_db()
        self.message_user(request, *_outcome(recorded))

    @display(description=gettext_lazy("Score"), label={True: "success", False: "danger"}, ordering="score")
    def shown_score(self, assessment: Assessment) -> tuple[bool, str]:
        """The score beside the mark of its day."""
        return assessment.passed, f"{assessment.score} / {assessment.pass_mark}"

    @display(description=gettext_lazy("Certificate"))
    def certificate_number(self, assessment: Assessment) -> str:
        """What it gave."""
        certificate = getattr(assessment, "certificate", None)
        return certificate.number if certificate else "-"


def _outcome(assessment: Assessment) -> tuple[str, int]:
    if not assessment.passed:
        said = _("Not passed: %(mark)d points are needed. There is no certificate.")
        return said % {"mark": assessment.pass_mark}, messages.WARNING
    facts = {"number": assessment.certificate.number}
    if assessment.certificate.suspended_at is not None:
        said = _("Passed: certificate %(number)s. The skill is still suspended, and so is this certificate.")
        return said % facts, messages.WARNING
    if assessment.lifted.exists():
        said = _("Passed: certificate %(number)s. The suspension is lifted.")
        return said % facts, messages.SUCCESS
    return _("Passed: certificate %(number)s.") % facts, messages.SUCCESS
