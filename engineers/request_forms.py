"""What engineers fill in to ask the desk, and the desk to answer."""

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from engineers.models import WeeklyShift
from engineers.states import RequestKind, RequestStatus

DATE = {"type": "date"}
TIME = {"type": "time"}


class ReasonField(forms.CharField):
    """A few words that the other side reads."""

    def __init__(self) -> None:
        needed = _("Say in a few words why.")
        super().__init__(label=_("Why"), max_length=120, error_messages={"required": needed})


class AbsenceForm(forms.Form):
    from_on = forms.DateField(
        label=_("First day"),
        widget=forms.DateInput(attrs=DATE, format="%Y-%m-%d"),
        error_messages={"required": _("Choose the first day.")},
    )
    until_on = forms.DateField(
        label=_("Last day"),
        widget=forms.DateInput(attrs=DATE, format="%Y-%m-%d"),
        error_messages={"required": _("Choose the last day.")},
    )
    reason = ReasonField()


class ShiftForm(forms.Form):
    """Hours of a weekday, or of the one day where it is named."""

    weekday = forms.TypedChoiceField(
        label=_("Every week on"),
        choices=[("", _("only on one day")), *WeeklyShift.Weekday.choices],
        coerce=int,
        empty_value=None,
        required=False,
    )
    on = forms.DateField(
        label=_("Only on"), required=False, widget=forms.DateInput(attrs=DATE, format="%Y-%m-%d")
    )
    starts_at = forms.TimeField(
        label=_("Starts at"),
        widget=forms.TimeInput(attrs=TIME, format="%H:%M"),
        error_messages={"required": _("Say when you would start.")},
    )
    ends_at = forms.TimeField(
        label=_("Ends at"),
        widget=forms.TimeInput(attrs=TIME, format="%H:%M"),
        error_messages={"required": _("Say when you would end.")},
    )
    reason = ReasonField()


class AnswerForm(forms.Form):
    answer = forms.CharField(
        label=_("What the engineer reads"),
        max_length=300,
        required=False,
        help_text=_("Needed where you refuse."),
        widget=forms.Textarea(attrs={"rows": 2}),
    )


class RequestFilters(forms.Form):
    """The desk's list: what cannot be read counts as not asked for."""

    status = forms.ChoiceField(
        label=_("State"),
        choices=[*RequestStatus.choices, ("all", pgettext_lazy("requests", "All"))],
        required=False,
    )
    kind = forms.ChoiceField(
        label=_("Kind"),
        choices=[("", pgettext_lazy("requests", "All")), *RequestKind.choices],
        required=False,
    )
    page = forms.IntegerField(required=False, min_value=1, widget=forms.HiddenInput)
