"""GET /api/v1/device-models/"""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from parts.models import DeviceModel
from tests.factories.parts import BrandFactory, DeviceModelFactory
from tests.orders.api.caller import get, refusal

pytestmark = pytest.mark.django_db


@pytest.fixture
def models() -> None:
    """Two iPhones and a Huawei."""
    huawei = BrandFactory(key="huawei", name_en="Huawei", name_zh="华为")
    DeviceModelFactory()
    DeviceModelFactory(key="iphone-13", name="iPhone 13")
    DeviceModelFactory(key="mate-60", name="Mate 60", brand=huawei)


def found(**query: str) -> list[str]:
    """Keys of the models found."""
    return [model["key"] for model in get("device-models/", **query).json()["results"]]


@pytest.mark.usefixtures("models")
class TestDeviceModels:
    def test_all_that_we_repair_by_name(self) -> None:
        assert found() == ["mate-60", "iphone-12", "iphone-13"]

    def test_what_stands_in_a_row(self) -> None:
        assert get("device-models/", search="iphone 12").json()["results"] == [
            {
                "key": "iphone-12",
                "name": "iPhone 12",
                "brand": "apple",
                "brand_name": "Apple",
                "released_on": "2020-10-23",
            }
        ]

    @pytest.mark.parametrize(
        ("words", "keys"),
        [
            ("iphone 12", ["iphone-12"]),
            ("12 IPHONE", ["iphone-12"]),
            ("apple 13", ["iphone-13"]),
            ("华为", ["mate-60"]),
            ("苹果 12", ["iphone-12"]),
            ("nokia", []),
            ("100%", []),
            ("_", []),
        ],
    )
    def test_every_word_must_be_found_in_brand_or_model(self, words: str, keys: list[str]) -> None:
        assert found(search=words) == keys

    def test_of_one_brand(self) -> None:
        assert found(brand="huawei") == ["mate-60"]

    def test_one_that_is_no_longer_offered_is_not_found(self) -> None:
        DeviceModel.objects.filter(key="iphone-12").update(is_active=False)
        assert found(search="iphone") == ["iphone-13"]

    @pytest.mark.parametrize("field", ["search", "brand"])
    def test_more_text_than_anybody_types_is_400_with_its_name(self, field: str) -> None:
        response = get("device-models/", **{field: "x" * 81})
        assert response.status_code == 400
        assert refusal(response)["attr"] == field

    def test_the_brand_is_called_in_the_language_asked_for(self) -> None:
        (model,) = get("device-models/", search="mate", language="zh-CN").json()["results"]
        assert model["brand_name"] == "华为"


class TestQueries:
    def test_as_many_for_a_hundred_models_as_for_twenty(self) -> None:
        def queries() -> int:
            with CaptureQueriesContext(connection) as seen:
                assert get("device-models/", page_size="200").status_code == 200
            return len(seen)

        for number in range(100):
            if number == 20:
                few = queries()
            DeviceModelFactory(key=f"phone-{number}", name=f"Phone {number}")
        assert queries() == few == 1
