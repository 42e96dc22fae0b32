from django.contrib import admin
from unfold.admin import ModelAdmin, TabularInline

from .models import City, District


class DistrictInline(TabularInline):
    model = District
    fields = ["name_en", "name_zh", "latitude", "longitude"]
    extra = 0


@admin.register(City)
class CityAdmin(ModelAdmin):
    list_display = ["code", "name_en", "name_zh", "radius_km", "speed_kmh", "time_zone", "is_open"]
    list_filter = ["is_open"]
    search_fields = ["code", "name_en", "name_zh"]
    inlines = [DistrictInline]
