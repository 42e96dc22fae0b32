"""GET /api/v1/device-models/"""

import django_filters
from django.db.models import QuerySet
from django_filters.rest_framework import DjangoFilterBackend
from rest_framework import generics, serializers

from parts.models import Brand, DeviceModel
from repairhub.core.api_fields import Pages, PublicAPI


class DeviceModelSerializer(serializers.ModelSerializer[DeviceModel]):
    brand: serializers.SlugRelatedField[Brand] = serializers.SlugRelatedField("key", read_only=True)
    brand_name = serializers.CharField(source="brand.name", read_only=True)

    class Meta:
        model = DeviceModel
        fields = ["key", "name", "brand", "brand_name", "released_on"]
        read_only_fields = fields


class DeviceModelFilter(django_filters.FilterSet):
    search = django_filters.CharFilter(method="by_words", max_length=80, label="Words of brand and model")
    brand = django_filters.CharFilter("brand__key", max_length=50, label="Key of the brand")

    class Meta:
        model = DeviceModel
        fields: list[str] = []

    def by_words(self, queryset: QuerySet[DeviceModel], name: str, value: str) -> QuerySet[DeviceModel]:
        """Every word must be found."""
        return queryset.search(value)  # type: ignore[attr-defined]


class DeviceModelPages(Pages):
    ordering = ("name", "id")


class DeviceModelList(PublicAPI, generics.ListAPIView[DeviceModel]):
    """Device models that we repair."""

    refusals = (404,)
    queryset = DeviceModel.objects.offered()
    serializer_class = DeviceModelSerializer
    filter_backends = [DjangoFilterBackend]
    filterset_class = DeviceModelFilter
    pagination_class = DeviceModelPages
