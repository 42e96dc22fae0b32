from django.contrib import admin
from unfold.admin import ModelAdmin

from .models import City


@admin.register(City)
class CityAdmin(ModelAdmin):
    list_display = ["code", "name_en", "name_zh", "radius_km", "speed_kmh", "time_zone", "is_open"]
    list_filter = ["is_open"]
    search_fields = ["code", "name_en", "name_zh"]
