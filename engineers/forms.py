"""What the board and the engineer's day are asked for."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from django import forms
from django.http import QueryDict
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from engineers.models import Engineer, Skill, Visit
from engineers.planning import CityClock, city_today
from engineers.services.lateness import MOST_MINUTES
from engineers.states import QualificationState, VisitStatus
from repairhub.core.errors import InvalidInput
from repairhub.places.models import FASTEST, SLOWEST, City

FARTHEST = timedelta(days=400)
SHOWN_STATES = [
    ("unassigned", gettext_lazy("Without an engineer")),
    ("at_risk", gettext_lazy("At risk")),
    *VisitStatus.choices,
]
"""What the board shows a visit as: the words of its colours."""


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
    skill = forms.SlugField(required=False, max_length=50)
    state = forms.ChoiceField(required=False, choices=SHOWN_STATES)
    who = forms.ChoiceField(required=False, choices=[("busy", ""), ("free", "")])
    name = forms.CharField(required=False, max_length=40)
    seen = forms.CharField(required=False, max_length=60)


@dataclass(frozen=True)
class BoardFilters:
    """Which city and day the board shows, what of it, which pages, and the visit that is open on it.

    `skill`: engineers certified for it and visits that need it. `state`: visits that the board shows in it,
    and who has some. `who`: "busy" with visits, "free" without. `name`: a part of a name or staff number.
    """

    city: City
    on: date
    today: date
    page: int = 1
    lanes: int = 1
    q: str = ""
    visit: str = ""
    skill: str = ""
    state: str = ""
    who: str = ""
    name: str = ""
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
            skill=asked.get("skill", ""),
            state=asked.get("state", ""),
            who=asked.get("who", ""),
            name=asked.get("name", "").strip(),
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
            "skill": self.skill,
            "state": self.state,
            "who": self.who,
            "name": self.name,
            **changes,
        }
        kept = {name: value for name, value in parts.items() if value not in ("", 1)}
        return f"{reverse('board')}?{urlencode(kept)}"

    @property
    def is_narrowed(self) -> bool:
        """Whether something of the day is left out."""
        return bool(self.skill or self.state or self.who or self.name)

    def needs_skill(self, visit: Visit) -> bool:
        """Whether the visit needs the skill asked for; every one does where none is."""
        return not self.skill or self.skill in visit.required_skills

    def leaves_out(self, visit: Visit, tone: str) -> bool:
        """Whether a visit on a lane is none of those asked for: it is drawn faintly."""
        return not self.needs_skill(visit) or (bool(self.state) and self.state != tone)


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


@dataclass(frozen=True)
class Wanted:
    """Where a dispatcher wants a visit: with whom, when, and how the visit stood when it was decided."""

    engineer: Engineer
    start_at: datetime
    seen: str


class MoveForm(forms.Form):
    """An engineer and a time by the city's clock; `to` ("12@10:35") is a button that holds both."""

    engineer = forms.IntegerField(required=False)
    start = forms.TimeField(required=False, input_formats=["%H:%M", "%H:%M:%S"])
    to = forms.RegexField(r"^\d{1,9}@\d{2}:\d{2}$", required=False, max_length=16)
    seen = forms.CharField(max_length=80)

    @property
    def typed_engineer(self) -> int | None:
        """The engineer that was chosen, to be chosen still where the move is refused."""
        text = self._button[0] or str(self.data.get("engineer", ""))
        return int(text) if text.isdecimal() and len(text) < 10 else None

    @property
    def typed_start(self) -> str:
        """The time that was typed."""
        return self._button[1] or str(self.data.get("start", ""))[:8]

    @property
    def _button(self) -> tuple[str, str]:
        engineer, _at, start = str(self.data.get("to", "")).partition("@")
        return engineer, start

    def wanted(self, visit: Visit) -> Wanted:
        """What is asked for. Raises InvalidInput where an engineer or a time is missing, naming the field."""
        self.is_valid()
        engineer = Engineer.objects.select_related("user").filter(pk=self.typed_engineer or 0).first()
        if engineer is None or "to" in self.errors:
            raise InvalidInput(_("Choose an engineer from the list."), field="engineer", code="required")
        start = self.cleaned_data.get("start")
        if self._button[1]:
            try:
                start = time.fromisoformat(self._button[1])
            except ValueError:
                start = None
        if start is None:
            raise InvalidInput(_("Say when it should begin, such as 10:30."), field="start", code="required")
        seconds = start.hour * 3600 + start.minute * 60
        return Wanted(
            engineer, CityClock.of(visit.city, visit.on).moment(seconds), self.cleaned_data.get("seen", "")
        )


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


class WeatherForm(forms.Form):
    """How much slower a day drives, and why."""

    factor = forms.DecimalField(
        label=gettext_lazy("Drives take (times as long)"),
        min_value=FASTEST,
        max_value=SLOWEST,
        max_digits=3,
        decimal_places=2,
        help_text=gettext_lazy("1 is a day like any other, 1.3 suits heavy rain, 1.6 snow or ice."),
        widget=forms.NumberInput(attrs={"step": "0.05", "inputmode": "decimal"}),
        error_messages=dict.fromkeys(
            ["min_value", "max_value", "max_digits", "max_decimal_places", "max_whole_digits", "invalid"],
            gettext_lazy("Give a number from 0.5 to 5, such as 1.3."),
        ),
    )
    reason = forms.CharField(
        label=gettext_lazy("Why"),
        max_length=120,
        required=False,
        help_text=gettext_lazy("Colleagues read it on the board. Not needed for a day like any other."),
    )


class DayQuery(forms.Form):
    """Which day the engineer looks at."""

    on = forms.DateField(required=False)


class QualificationFilter(forms.Form):
    """Which engineers and skills the managers' list shows; a wrong value shows all."""

    city = forms.ModelChoiceField(
        City.objects.none(),
        label=gettext_lazy("City"),
        required=False,
        to_field_name="code",
        empty_label=gettext_lazy("All"),
    )
    skill = forms.ModelChoiceField(
        Skill.objects.all(),
        label=gettext_lazy("Skill"),
        required=False,
        to_field_name="key",
        empty_label=gettext_lazy("All"),
    )
    state = forms.ChoiceField(
        label=gettext_lazy("State"),
        required=False,
        choices=[("", gettext_lazy("All")), *QualificationState.choices],
    )

    def __init__(self, *args: Any, cities: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["city"].queryset = cities  # type: ignore[attr-defined]
        for field in self.fields.values():
            field.widget.attrs["data-submit-on-change"] = True


class ReasonForm(forms.Form):
    """Why a skill is suspended, or comes back; how much has to be said is the service's to judge."""

    reason = forms.CharField(
        label=gettext_lazy("Reason"),
        required=False,
        max_length=2000,
        strip=False,
        help_text=gettext_lazy("The engineer reads it."),
        widget=forms.Textarea(attrs={"rows": 3}),
    )


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
