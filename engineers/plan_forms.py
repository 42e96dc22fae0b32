"""What a plan run is asked for with, from the board and from the API."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from django import forms
from django.utils.translation import gettext as _

from engineers.forms import FARTHEST
from engineers.models import Engineer, Visit
from engineers.selectors.board import cities_of
from engineers.services.lateness import MOST_MINUTES
from engineers.states import PlanCause
from repairhub.accounts.models import User
from repairhub.core.errors import InvalidInput, NotFoundError
from repairhub.places.models import City


class AskPlan(forms.Form):
    """The question: which city and day, why, and about whom. A visit brings its city and day along."""

    city = forms.CharField(required=False, max_length=8)
    on = forms.DateField(required=False)
    cause = forms.ChoiceField(choices=PlanCause.choices)
    engineer = forms.IntegerField(required=False, min_value=1)
    visit = forms.CharField(required=False, max_length=20)
    minutes = forms.IntegerField(required=False, min_value=1, max_value=MOST_MINUTES)

    def question(self, user: User, today: Mapping[int, date]) -> dict[str, Any]:
        """The arguments of `ask_for_plan` within this person's cities; `today` by city.

        Raises InvalidInput with the field, NotFoundError for what is not theirs.
        """
        if not self.is_valid():
            field = next(iter(self.errors))
            raise InvalidInput(str(self.errors[field][0]), field=field, code="invalid")
        given = self.cleaned_data
        visit = self._visit(user)
        city = visit.city if visit is not None else self._city(user)
        on = visit.on if visit is not None else given["on"] or today[city.pk]
        if abs(on - today[city.pk]) > FARTHEST:
            raise InvalidInput(_("This day is too far away."), field="on", code="invalid")
        return {
            "city": city,
            "on": on,
            "cause": given["cause"],
            "engineer": self._engineer(city),
            "visit": visit,
            "minutes": given["minutes"],
        }

    def _city(self, user: User) -> City:
        city = next((one for one in cities_of(user) if one.code == self.cleaned_data["city"]), None)
        if city is None:
            raise InvalidInput(_("Choose one of your cities."), field="city", code="unknown")
        return city

    def _visit(self, user: User) -> Visit | None:
        reference = self.cleaned_data["visit"].upper()
        if not reference:
            return None
        mine = Visit.objects.for_dispatcher(user).select_related("city")
        visit = mine.filter(reference=reference).first()
        if visit is None:
            raise NotFoundError(
                _("There is no visit %(reference)s in your cities.") % {"reference": reference},
                field="visit",
                next_step=_("Search the board by its reference, or ask who looks after the city."),
            )
        return visit

    def _engineer(self, city: City) -> Engineer | None:
        number = self.cleaned_data["engineer"]
        if number is None:
            return None
        engineer = Engineer.objects.filter(pk=number, city=city).first()
        if engineer is None:
            raise InvalidInput(_("Choose an engineer from the list."), field="engineer", code="unknown")
        return engineer
