"""GET /api/v1/cities/"""

from rest_framework import generics, serializers

from repairhub.core.api_fields import Pages, PublicAPI

from .models import City


class CitySerializer(serializers.ModelSerializer[City]):
    name = serializers.CharField(read_only=True, help_text="In the language asked for.")

    class Meta:
        model = City
        fields = [
            "code",
            "name",
            "name_en",
            "name_zh",
            "latitude",
            "longitude",
            "radius_km",
            "time_zone",
        ]
        read_only_fields = fields


class CityPages(Pages):
    ordering = ("name_en", "id")
    page_size = 100


class CityList(PublicAPI, generics.ListAPIView[City]):
    """Cities in which a visit can be booked. Places in degrees, radius in km."""

    refusals = (404,)
    queryset = City.objects.open()
    serializer_class = CitySerializer
    pagination_class = CityPages
