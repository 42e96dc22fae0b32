from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin, TabularInline
from unfold.decorators import display

from .models import City, CityPace, District
from .pictures import pace_pictures
from .signals import travel_changed

COUNTS_FOR_PLANS = {"speed_kmh", "slack_minutes"}


class DistrictInline(TabularInline):
    model = District
    fields = ["name_en", "name_zh", "latitude", "longitude"]
    extra = 0
    tab = True


class PaceInline(TabularInline):
    model = CityPace
    fields = ["days", "hour", "travel_factor", "service_factor"]
    extra = 0
    tab = True


@admin.register(City)
class CityAdmin(ModelAdmin):
    list_display = ["code", "name_en", "name_zh", "radius_km", "speed_kmh", "time_zone", "is_open"]
    list_filter = ["is_open"]
    search_fields = ["code", "name_en", "name_zh"]
    inlines = [PaceInline, DistrictInline]
    readonly_fields = ["pace"]

    @display(description=_("The day, hour by hour"))
    def pace(self, city: City | None) -> str:
        """A picture of the 24 hours of a workday and of a day of the weekend."""
        rows = list(city.paces.all()) if city is not None and city.pk else []
        return render_to_string("admin/places/pace.html", {"pictures": pace_pictures(rows)})

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """After a change of the pace, the speed or the slack: whoever plans with them hears of it."""
        super().save_related(request, form, formsets, change)
        paces = [formset for formset in formsets if formset.model is CityPace]
        if change and (COUNTS_FOR_PLANS & set(form.changed_data) or any(f.has_changed() for f in paces)):
            travel_changed.send(sender=City, city=form.instance, by=request.user, at=timezone.now())
