"""What the board and the engineer's day are asked for."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django import forms
from django.http import QueryDict
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from engineers.models import Engineer
from engineers.planning import city_today
from engineers.services.lateness import MOST_MINUTES
from repairhub.core.errors import InvalidInput
from repairhub.places.models import City

FARTHEST = timedelta(days=400)


def day_asked(on: date | None, today: date) -> date:
    """The day asked for, or today where none is or it lies more than 400 days away."""
    return on if on is not None and abs(on - today) <= FARTHEST else today


class BoardQuery(forms.Form):
    """The board's address: every part may be missing, what cannot be read counts as missing."""

    city = forms.CharField(required=False, max_length=8)
    on = forms.DateField(required=False)
    page = forms.IntegerField(required=False, min_value=1)
    lanes = forms.IntegerField(required=False, min_value=1)
    q = forms.CharField(required=False, max_length=20)
    visit = forms.CharField(required=False, max_length=20)
    seen = forms.CharField(required=False, max_length=60)


@dataclass(frozen=True)
class BoardFilters:
    """Which city and day the board shows, which pages of it, and the visit that is open on it."""

    city: City
    on: date
    today: date
    page: int = 1
    lanes: int = 1
    q: str = ""
    visit: str = ""
    seen: str = ""

    @classmethod
    def read(cls, query: QueryDict, cities: Sequence[City], at: datetime) -> "BoardFilters":
        """The first city and its today where the address names none of those allowed."""
        form = BoardQuery(query)
        form.is_valid()
        asked: dict[str, Any] = {name: value for name, value in form.cleaned_data.items() if value}
        city = next((c for c in cities if c.code == asked.get("city")), cities[0])
        today = city_today(city, at)
        return cls(
            city=city,
            on=day_asked(asked.get("on"), today),
            today=today,
            page=asked.get("page", 1),
            lanes=asked.get("lanes", 1),
            q=asked.get("q", "").strip(),
            visit=asked.get("visit", ""),
            seen=asked.get("seen", ""),
        )

    def address(self, **changes: str | int) -> str:
        """The board's address with these filters, some changed; what is empty or 1 is left out."""
        parts: dict[str, str | int] = {
            "city": self.city.code,
            "on": self.on.isoformat(),
            "page": self.page,
            "lanes": self.lanes,
            "q": self.q,
            **changes,
        }
        kept = {name: value for name, value in parts.items() if value not in ("", 1)}
        return f"{reverse('board')}?{urlencode(kept)}"


class NameEngineer(forms.Form):
    """A dispatcher's choice, with how the visit stood when it was made."""

    engineer = forms.IntegerField()
    seen = forms.CharField(max_length=60)

    def chosen(self) -> Engineer:
        """The engineer named. Raises InvalidInput where nobody is, or nobody of that number exists."""
        found = Engineer.objects.filter(pk=self.cleaned_data["engineer"]).first() if self.is_valid() else None
        if found is None:
            raise InvalidInput(_("Choose an engineer from the list."), field="engineer", code="required")
        return found


class TurnBackForm(forms.Form):
    """What is in the way of an engineer who has set out: on the visit's page and on the board."""

    reason = forms.CharField(
        label=gettext_lazy("What is in the way?"),
        max_length=500,
        help_text=gettext_lazy("The desk reads this; the customer is told that we are seeing to it."),
        widget=forms.Textarea(attrs={"rows": 2}),
        error_messages={"required": gettext_lazy("Say what is in the way.")},
    )

    def said(self) -> str:
        """The reason. Raises InvalidInput where there is none, or none that can be kept."""
        if not self.is_valid():
            raise InvalidInput(str(self.errors["reason"][0]), field="reason", code="invalid")
        return str(self.cleaned_data["reason"])


class DayQuery(forms.Form):
    """Which day the engineer looks at."""

    on = forms.DateField(required=False)


class LateForm(forms.Form):
    """How late: a button's minutes, or "other" with the minutes typed."""

    minutes = forms.CharField(
        max_length=5, error_messages={"required": gettext_lazy("Say how late you are.")}
    )
    other = forms.IntegerField(
        label=gettext_lazy("Other: minutes"),
        required=False,
        min_value=1,
        max_value=MOST_MINUTES,
        widget=forms.NumberInput(attrs={"inputmode": "numeric"}),
    )

    def clean(self) -> dict[str, Any]:
        """`minutes` as a number."""
        cleaned = super().clean() or {}
        minutes = cleaned.get("minutes", "")
        number = cleaned.get("other") if minutes == "other" else minutes
        if minutes and not self.errors:
            if isinstance(number, str):
                number = int(number) if number.isascii() and number.isdigit() else None
            if number is None:
                self.add_error("other", gettext_lazy("Say how late you are."))
            cleaned["minutes"] = number
        return cleaned
