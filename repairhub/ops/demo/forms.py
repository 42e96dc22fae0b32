"""What the demo's messages are asked for."""

from django import forms

from repairhub.notifications.states import Channel


class MessagesQuery(forms.Form):
    """Every part may be missing, and what cannot be read counts as missing."""

    address = forms.CharField(required=False, max_length=254)
    channel = forms.ChoiceField(required=False, choices=Channel.choices)
    before = forms.CharField(required=False, max_length=80)
    seen = forms.CharField(required=False, max_length=20)

    def asked(self) -> dict[str, str]:
        """Each part as it can be used, "" for the others."""
        self.is_valid()
        return {name: self.cleaned_data.get(name, "") for name in self.fields}
