"""What is typed about a proposal: the customer's answer, and what the dispatch desk proposes."""

from datetime import datetime
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from orders.digits import six_digits
from orders.forms import FIRST_YEAR, LAST_YEAR
from orders.states import DESK_REASONS

WINDOW_FORMATS = ["%Y-%m-%dT%H:%M:%S%z"]
NO_SUCH_WINDOW = _("This is not one of the windows shown. Choose again.")


class WindowField(forms.DateTimeField):
    """An arrival window, named by its start."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(
            input_formats=WINDOW_FORMATS,
            error_messages={"required": _("Choose an arrival window."), "invalid": NO_SUCH_WINDOW},
            **kwargs,
        )

    def clean(self, value: Any) -> datetime | None:
        """A time of this century: calendars end at the year 9999, and zones go beyond that."""
        window: datetime | None = super().clean(value)
        if window is not None and not FIRST_YEAR <= window.year <= LAST_YEAR:
            raise forms.ValidationError(NO_SUCH_WINDOW, code="invalid")
        return window


class AnswerForm(forms.Form):
    """The customer's answer: yes to one of the windows, or no. The PIN where no contact is proved."""

    ACCEPT, DECLINE = "accept", "decline"

    answer = forms.ChoiceField(choices=[(ACCEPT, ACCEPT), (DECLINE, DECLINE)])
    window = WindowField(required=False)
    pin = forms.CharField(required=False, max_length=20)

    def __init__(self, *args: Any, needs_pin: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.needs_pin = needs_pin

    def clean(self) -> dict[str, Any]:
        """A yes names its window; who has proved nothing gives the PIN."""
        data: dict[str, Any] = super().clean() or {}
        is_yes = data.get("answer") == self.ACCEPT
        if is_yes and "window" not in self.errors and not data.get("window"):
            self.add_error("window", self.fields["window"].error_messages["required"])
        if self.needs_pin and "pin" not in self.errors:
            digits = six_digits(str(data.get("pin", "")))
            if digits is None:  # refused here, where no guess is counted
                self.add_error("pin", _("Enter the six digits of your PIN."))
            data["pin"] = digits or ""
        return data


class ProposeForm(forms.Form):
    """Why another window is proposed, and which ones."""

    reason = forms.ChoiceField(
        label=_("Why?"),
        choices=[("", _("Choose a reason")), *((reason.value, reason.label) for reason in DESK_REASONS)],
        error_messages={"required": _("Say why another window is proposed.")},
    )
    note = forms.CharField(
        label=_("In your own words"),
        required=False,
        max_length=300,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("The customer reads it on the order's page. Name nobody else and no place."),
    )
    windows = forms.TypedMultipleChoiceField(
        label=_("Windows"),
        coerce=datetime.fromisoformat,
        error_messages={
            "required": _("Choose one window at least."),
            "invalid_choice": NO_SUCH_WINDOW,
        },
    )

    def __init__(self, *args: Any, starts: list[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["windows"].choices = [(start, start) for start in starts]  # type: ignore[attr-defined]


class WithdrawForm(forms.Form):
    """Why a proposal is taken back."""

    note = forms.CharField(max_length=300, required=False)


class PhoneForm(forms.Form):
    """What the customer said on the phone: the window, and the code that was read out."""

    window = WindowField()
    code = forms.CharField(max_length=20, required=False)

    def clean_code(self) -> str:
        """Six digits or nothing; anything else is refused here, where no guess is counted."""
        typed = self.cleaned_data["code"]
        digits = six_digits(typed)
        if typed and digits is None:
            raise forms.ValidationError(_("The code has six digits. Ask the customer to read it again."))
        return digits or ""
