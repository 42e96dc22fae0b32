"""What customers type: the steps of a booking, codes, and finding an order again."""

import re
from datetime import datetime
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from orders.digits import six_digits
from orders.offers import RepairOffer
from parts.models import Grade
from repairhub.core.errors import DomainError
from repairhub.notifications.addresses import Address, parse_address
from repairhub.places.districts import district_instead
from repairhub.places.models import City, District

FIRST_YEAR, LAST_YEAR = 2000, 2999


class SearchForm(forms.Form):
    """Words of a model's name."""

    q = forms.CharField(
        label=_("Search your phone"),
        required=False,
        max_length=60,
        widget=forms.TextInput(attrs={"type": "search", "placeholder": _("such as iPhone 12")}),
    )


class RepairsForm(forms.Form):
    """One or more faults, each with the grade of the new part."""

    def __init__(self, *args: Any, offers: list[RepairOffer], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.offers = {offer.repair.key: offer for offer in offers}
        self.fields["repairs"] = forms.MultipleChoiceField(
            choices=[(key, key) for key in self.offers],
            error_messages={
                "required": _("Choose at least one fault."),
                "invalid_choice": _("One of these repairs is no longer offered. Choose again."),
            },
        )
        for key in self.offers:
            self.fields[f"grade-{key}"] = forms.ChoiceField(choices=Grade.choices, required=False)

    def clean(self) -> dict[str, Any]:
        """Every chosen fault needs a grade that is offered for it; a single one needs no choosing."""
        cleaned = super().clean() or {}
        self.pairs: list[list[str]] = []
        for key in cleaned.get("repairs", []):
            offer = self.offers[key]
            grade = cleaned.get(f"grade-{key}") or ""
            if not grade and len(offer.options) == 1:
                grade = offer.options[0].grade
            if offer.option(grade) is None:
                self.add_error(
                    f"grade-{key}",
                    _("Choose the part for: %(repair)s.") % {"repair": offer.repair.name},
                )
            else:
                self.pairs.append([key, grade])
        return cleaned


class PlaceForm(forms.Form):
    """City, district or the browser's location, and the address."""

    city = forms.ModelChoiceField(
        City.objects.none(),
        to_field_name="code",
        label=_("City"),
        error_messages={
            "required": _("Choose the city."),
            "invalid_choice": _("We do not work in this city. Choose one of the list."),
        },
    )
    district = forms.ModelChoiceField(
        District.objects.none(),
        required=False,
        label=_("District"),
        error_messages={"invalid_choice": _("We do not know this district. Choose one of the list.")},
    )
    address = forms.CharField(
        label=_("Street, house, door"),
        max_length=200,
        widget=forms.TextInput(attrs={"autocomplete": "street-address"}),
        error_messages={"required": _("Enter the address, so that the engineer finds you.")},
    )
    access_note = forms.CharField(
        label=_("How to get in"),
        required=False,
        max_length=200,
        help_text=_("Gate, floor, which bell. Please no door codes: the engineer rings or calls."),
    )
    latitude = forms.FloatField(required=False, min_value=-90, max_value=90, widget=forms.HiddenInput)
    longitude = forms.FloatField(required=False, min_value=-180, max_value=180, widget=forms.HiddenInput)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["city"].queryset = City.objects.open()  # type: ignore[attr-defined]
        self.fields["district"].queryset = District.objects.open()  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        """A place inside the city: the browser's location, or the middle of the district."""
        cleaned = super().clean() or {}
        city, district = cleaned.get("city"), cleaned.get("district")
        if city is None:
            return cleaned
        if district is not None and district.city_id != city.pk:
            self.add_error("district", _("This district is not in %(city)s.") % {"city": city.name})
            return cleaned
        located = cleaned.get("latitude") is not None and cleaned.get("longitude") is not None
        if located and not city.covers(cleaned["latitude"], cleaned["longitude"]):
            self.add_error(
                "city",
                _(
                    "Your location is more than %(km)d km from the centre of %(city)s. Choose the city you "
                    "are in, or take the district instead of your location."
                )
                % {"km": city.radius_km, "city": city.name},
            )
        elif located and district is not None:
            self._check_district(district, cleaned["latitude"], cleaned["longitude"])
        if not located and district is None:
            self.add_error("district", _("Choose the district, or use your location."))
        return cleaned

    def _check_district(self, district: District, latitude: float, longitude: float) -> None:
        """The way is planned to the location, the engineer reads the address: both have to be one place."""
        instead = district_instead(district, latitude, longitude)
        if instead is not None:
            self.add_error(
                "district",
                _(
                    "Your location lies in or near %(near)s, far from %(district)s. If we are to come to "
                    "%(district)s, take the district instead of your location; otherwise choose %(near)s."
                )
                % {"near": instead.name, "district": district.name},
            )

    def place(self) -> dict[str, Any]:
        """The place as the draft keeps it, the source of its coordinates named."""
        cleaned = self.cleaned_data
        district: District | None = cleaned["district"]
        located = cleaned.get("latitude") is not None and cleaned.get("longitude") is not None
        if located:
            latitude, longitude = round(cleaned["latitude"], 6), round(cleaned["longitude"], 6)
        else:
            latitude, longitude = district.latitude, district.longitude  # type: ignore[union-attr]
        return {
            "city": cleaned["city"].code,
            "district": district.name if district else "",
            "district_id": district.pk if district else None,
            "address": cleaned["address"],
            "access_note": cleaned["access_note"],
            "latitude": latitude,
            "longitude": longitude,
            "source": "browser" if located else "district",
        }


class WindowForm(forms.Form):
    """One arrival window, named by its start."""

    window = forms.DateTimeField(
        input_formats=["%Y-%m-%dT%H:%M:%S%z"],
        error_messages={
            "required": _("Choose an arrival window."),
            "invalid": _("This is not one of the windows shown. Choose again."),
        },
    )

    def clean_window(self) -> datetime:
        """A time of this century: calendars end at the year 9999, and zones go beyond that."""
        window: datetime = self.cleaned_data["window"]
        if not FIRST_YEAR <= window.year <= LAST_YEAR:
            raise forms.ValidationError(self.fields["window"].error_messages["invalid"], code="invalid")
        return window


class ContactsForm(forms.Form):
    """Who books, and perhaps who is at the door."""

    name = forms.CharField(
        label=_("Your name"),
        max_length=80,
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
        error_messages={"required": _("Enter your name.")},
    )
    address = forms.CharField(
        label=_("Phone or mail address"),
        max_length=254,
        help_text=_(
            "We send a code there. A broken phone receives none: then give another phone or a mail address."
        ),
        widget=forms.TextInput(attrs={"autocapitalize": "off", "spellcheck": "false"}),
        error_messages={"required": _("Enter a phone number or a mail address.")},
    )
    has_second = forms.BooleanField(label=_("Somebody else will be at the door"), required=False)
    second_name = forms.CharField(label=_("Their name"), max_length=80, required=False)
    second_address = forms.CharField(
        label=_("Their phone or mail address"),
        max_length=254,
        required=False,
        widget=forms.TextInput(attrs={"autocapitalize": "off", "spellcheck": "false"}),
    )

    def clean(self) -> dict[str, Any]:
        """Addresses that can be read; two different ones where there are two people."""
        cleaned = super().clean() or {}
        first = self._parsed("address")
        if not cleaned.get("has_second"):
            return cleaned
        if not cleaned.get("second_name") and "second_name" not in self.errors:
            self.add_error("second_name", _("Enter the name of who will be at the door."))
        if not cleaned.get("second_address") and "second_address" not in self.errors:
            self.add_error("second_address", _("Enter their phone number or mail address."))
        second = self._parsed("second_address")
        if first is not None and first == second:
            self.add_error("second_address", _("This is your own address. Enter theirs."))
        return cleaned

    def contacts(self) -> list[dict[str, str]]:
        """The contacts as the draft keeps them."""
        names = ["name", "second_name"] if self.cleaned_data["has_second"] else ["name"]
        addresses: list[Address] = [self.parsed[name.replace("name", "address")] for name in names]
        return [
            {"name": self.cleaned_data[name], "channel": str(address.channel), "address": address.value}
            for name, address in zip(names, addresses, strict=True)
        ]

    @property
    def parsed(self) -> dict[str, Address]:
        """Addresses by the field they were typed into."""
        if not hasattr(self, "_addresses"):
            self._addresses: dict[str, Address] = {}
        return self._addresses

    def _parsed(self, field: str) -> Address | None:
        text = self.cleaned_data.get(field)
        if not text:
            return None
        try:
            self.parsed[field] = parse_address(text, field=field)
        except DomainError as error:
            self.add_error(field, str(error))
            return None
        return self.parsed[field]


class CodeForm(forms.Form):
    """The six digits that were sent."""

    code = forms.CharField(
        label=_("Code"),
        max_length=20,
        widget=forms.TextInput(
            attrs={"inputmode": "numeric", "autocomplete": "one-time-code", "class": "code-input"}
        ),
        error_messages={"required": _("Enter the six digits.")},
    )

    borrowed = forms.BooleanField(
        label=_("This is not my phone: forget me when the browser is closed"), required=False
    )

    def clean_code(self) -> str:
        """Six digits, however they were spaced."""
        digits = six_digits(self.cleaned_data["code"])
        if digits is None:
            raise forms.ValidationError(_("The code has six digits."))
        return digits


class FindOrderForm(forms.Form):
    """An order's reference and the address of one of its contacts."""

    reference = forms.CharField(
        label=_("Order reference"),
        max_length=20,
        widget=forms.TextInput(
            attrs={"placeholder": "RH-7K3M9Q2P", "autocapitalize": "characters", "spellcheck": "false"}
        ),
        error_messages={"required": _("Enter the reference: it stands in every message from us.")},
    )
    address = forms.CharField(
        label=_("Phone or mail address"),
        max_length=254,
        help_text=_("The one that you gave when booking."),
        widget=forms.TextInput(attrs={"autocapitalize": "off", "spellcheck": "false"}),
        error_messages={"required": _("Enter the phone number or mail address of the order.")},
    )

    def clean_reference(self) -> str:
        """In capitals, with its prefix."""
        typed = re.sub(r"[\s–—_]", "-", self.cleaned_data["reference"].strip().upper())
        bare = re.sub(r"[^0-9A-Z]", "", typed).removeprefix("RH")
        return f"RH-{bare}"

    def clean_address(self) -> Address:
        """An address that we can send to."""
        try:
            return parse_address(self.cleaned_data["address"])
        except DomainError as error:
            raise forms.ValidationError(str(error)) from error
