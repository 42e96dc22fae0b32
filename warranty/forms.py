"""What a customer says about a fault, and what a case officer answers."""

from typing import Any
from uuid import uuid4

from django import forms
from django.utils.translation import gettext_lazy as _

from orders.door_forms import PhotosField, PhotosInput
from orders.models import Fitting
from repairhub.accounts.models import User
from repairhub.core.photos import ACCEPTED
from repairhub.places.models import City
from warranty.models import Warranty
from warranty.services.claims import LONGEST_TEXT, MOST_PHOTOS
from warranty.services.deciding import LONGEST_REASON
from warranty.states import ClaimKind, ClaimStatus, Outcome

ANYTHING_ELSE = "other"


class ClaimForm(forms.Form):
    """A claim. `form_id` names this form: however often it is sent, it makes one claim."""

    form_id = forms.UUIDField(widget=forms.HiddenInput, initial=uuid4)
    fitting = forms.ChoiceField(
        label=_("What is it about?"),
        widget=forms.RadioSelect,
        error_messages={
            "required": _("Choose what it is about."),
            "invalid_choice": _("Choose one of the parts shown."),
        },
    )
    kind = forms.ChoiceField(
        label=_("What happened?"),
        choices=ClaimKind.choices,
        widget=forms.RadioSelect,
        error_messages={"required": _("Choose what happened.")},
    )
    text = forms.CharField(
        label=_("Describe what is wrong"),
        max_length=LONGEST_TEXT,
        help_text=_("What do you see, since when, and does it always happen?"),
        widget=forms.Textarea(attrs={"rows": 5}),
        error_messages={"required": _("Describe what is wrong, in your own words.")},
    )
    photos = PhotosField(
        label=_("Photos"),
        required=False,
        widget=PhotosInput(attrs={"accept": ACCEPTED}),
    )

    def __init__(self, *args: Any, warranties: list[Warranty], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fittings = {str(warranty.fitting_id): warranty.fitting for warranty in warranties}
        names = [(key, fitting.line.repair.name) for key, fitting in self.fittings.items()]
        self.fields["fitting"].choices = [  # type: ignore[attr-defined]
            *names,
            (ANYTHING_ELSE, _("Something else, or I am not sure")),
        ]
        self.fields["photos"].help_text = _(
            "Up to %(most)d photos. The place and time stored in them are removed."
        ) % {"most": MOST_PHOTOS}

    def claimed(self) -> Fitting | None:
        """The chosen fitting, or None for anything else."""
        return self.fittings.get(self.cleaned_data["fitting"])


class DecisionForm(forms.Form):
    """The answer to a claim."""

    outcome = forms.ChoiceField(
        choices=Outcome.choices, error_messages={"required": _("Approve the claim or refuse it.")}
    )
    reason = forms.CharField(
        label=_("Reason"),
        required=False,
        max_length=LONGEST_REASON,
        help_text=_("The customer reads it word by word. A refusal needs one: the cause, and what shows it."),
        widget=forms.Textarea(attrs={"rows": 4}),
    )


class TransferForm(forms.Form):
    """Who looks after the claim from now on."""

    owner = forms.ModelChoiceField(
        User.objects.none(),
        label=_("New owner"),
        empty_label=_("Choose a person"),
        error_messages={
            "required": _("Choose who takes the claim."),
            "invalid_choice": _("Choose one of the people shown."),
        },
    )

    def __init__(self, *args: Any, owners: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["owner"].queryset = owners  # type: ignore[attr-defined]


class ClaimFilter(forms.Form):
    """What the case officer's list shows; a wrong value shows the default."""

    MINE, NOBODY = "mine", "nobody"

    q = forms.CharField(
        label=_("Reference"),
        required=False,
        max_length=20,
        widget=forms.TextInput(attrs={"type": "search", "placeholder": "C-… / RH-…", "autocomplete": "off"}),
    )
    status = forms.ChoiceField(
        label=_("State"),
        required=False,
        choices=[
            ("", _("Waiting")),
            (ClaimStatus.APPROVED, _("Approved")),
            (ClaimStatus.REFUSED, _("Refused")),
            ("all", _("All")),
        ],
    )
    owner = forms.ChoiceField(label=_("Owner"), required=False)
    city = forms.ModelChoiceField(
        City.objects.none(), label=_("City"), required=False, to_field_name="code", empty_label=_("All")
    )

    def __init__(self, *args: Any, owners: Any, cities: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["owner"].choices = [  # type: ignore[attr-defined]
            ("", _("Everybody")),
            (self.MINE, _("Mine")),
            (self.NOBODY, _("Without owner")),
            *[(str(person.pk), person.name) for person in owners],
        ]
        self.fields["city"].queryset = cities  # type: ignore[attr-defined]
        for name in ("status", "owner", "city"):
            self.fields[name].widget.attrs["data-submit-on-change"] = True

    def chosen(self) -> dict[str, Any]:
        """The usable values alone."""
        self.is_valid()
        return {name: value for name, value in self.cleaned_data.items() if value}
