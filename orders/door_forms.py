"""What an engineer enters at the door."""

from typing import Any

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext_lazy as _

from engineers.states import CannotCompleteReason
from orders.digits import six_digits
from orders.states import OldPartFate
from repairhub.core.photos import ACCEPTED

LONGEST_DIGITS = 12


class DigitsInput(forms.PasswordInput):
    """Digits that the customer said: typed openly, and never sent back with the page."""

    input_type = "text"


class PinForm(forms.Form):
    pin = forms.CharField(
        label=_("The customer's PIN"),
        max_length=LONGEST_DIGITS,
        help_text=_("Six digits that the customer wrote down when booking."),
        widget=DigitsInput(attrs={"inputmode": "numeric", "autocomplete": "off"}),
        error_messages={"required": _("Enter the six digits that the customer tells you.")},
    )

    def clean_pin(self) -> str:
        """Six digits; anything else is refused here, where no guess is counted."""
        digits = six_digits(self.cleaned_data["pin"])
        if digits is None:
            raise forms.ValidationError(_("The PIN has six digits. Ask the customer to read it again."))
        return digits


class DoorCodeForm(forms.Form):
    code = forms.CharField(
        label=_("Door code"),
        max_length=LONGEST_DIGITS,
        help_text=_("Six digits that the customer reads to you from the message."),
        widget=DigitsInput(attrs={"inputmode": "numeric", "autocomplete": "off"}),
        error_messages={"required": _("Enter the six digits from the customer’s message.")},
    )

    def clean_code(self) -> str:
        """Six digits; anything else is refused here, where no guess is counted."""
        digits = six_digits(self.cleaned_data["code"])
        if digits is None:
            raise forms.ValidationError(_("The door code has six digits. Ask the customer to read it again."))
        return digits


class SerialForm(forms.Form):
    serial = forms.CharField(
        label=_("Serial of the new part"),
        max_length=60,
        help_text=_("Scan or type it before you open the phone."),
        widget=forms.TextInput(
            attrs={
                "autocomplete": "off",
                "autocapitalize": "characters",
                "list": "at-hand",
                "spellcheck": "false",
            }
        ),
        error_messages={"required": _("Scan or type the serial of the new part.")},
    )


class OldPartForm(forms.Form):
    old_serial = forms.CharField(
        label=_("Serial of the old part"),
        max_length=60,
        help_text=_("Write “none” where it has none or it cannot be read."),
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
        error_messages={"required": _("Enter the old part’s serial, or “none” where it has none.")},
    )
    fate = forms.ChoiceField(
        label=_("What becomes of the old part? Ask the customer."),
        choices=OldPartFate.choices,
        widget=forms.RadioSelect,
        error_messages={"required": _("Ask the customer what becomes of the old part.")},
    )


class PhotosInput(forms.ClearableFileInput):
    allow_multiple_selected = True


class PhotosField(forms.FileField):
    """One or several files; cleaned data is always a list."""

    widget = PhotosInput

    def clean(self, data: Any, initial: Any = None) -> list[UploadedFile]:
        """Each file checked by itself."""
        files = data if isinstance(data, list | tuple) else [data]
        return [super(PhotosField, self).clean(file, initial) for file in files if file or self.required]


class FinishForm(forms.Form):
    photo = PhotosField(
        label=_("Photo of the phone as you hand it back"),
        help_text=_("The front, with the screen lit. It shows in which condition you gave it back."),
        widget=PhotosInput(attrs={"accept": ACCEPTED, "capture": "environment"}),
        error_messages={"required": _("Take a photo of the phone as you hand it back.")},
    )
    note = forms.CharField(
        label=_("Note on the condition"),
        max_length=500,
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
    )


class CannotCompleteForm(forms.Form):
    reason = forms.ChoiceField(
        label=_("Why can it not be completed?"),
        choices=[("", _("Choose a reason")), *CannotCompleteReason.choices],
        error_messages={"required": _("Say why it cannot be completed.")},
    )
    note = forms.CharField(
        label=_("In a few words"), max_length=500, required=False, widget=forms.Textarea(attrs={"rows": 2})
    )


class NoAccessForm(forms.Form):
    note = forms.CharField(
        label=_("What did you try?"),
        max_length=500,
        help_text=_("Bell, calls, gate. The customer reads this."),
        widget=forms.Textarea(attrs={"rows": 2}),
        error_messages={"required": _("Say what you tried: bell, calls, gate.")},
    )
