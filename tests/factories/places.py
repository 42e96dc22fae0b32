"""Cities with fixed data."""

import factory

from repairhub.places.models import City


class CityFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = City
        django_get_or_create = ("code",)

    code = "BJ"
    name_en = "Beijing"
    name_zh = "北京"
    latitude = 39.9042
    longitude = 116.4074
    radius_km = 30
    time_zone = "Asia/Shanghai"
    speed_kmh = 25
    is_open = True

    class Params:
        shanghai = factory.Trait(
            code="SH", name_en="Shanghai", name_zh="上海", latitude=31.2304, longitude=121.4737
        )
