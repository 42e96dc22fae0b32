"""What is offered on a day, and what the database refuses of a part."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.db import IntegrityError, transaction

from parts.models import DeviceModel, Part
from tests.factories.parts import (
    DAY,
    BrandFactory,
    DeviceModelFactory,
    PartCertificateFactory,
    PartFactory,
)

pytestmark = pytest.mark.django_db


def offered(on: date = DAY) -> list[str]:
    return sorted(Part.objects.offered(on).values_list("sku", flat=True))


class TestOffered:
    def test_an_original_part_needs_no_certificate(self):
        PartFactory()
        assert offered() == ["IPHONE12-SCR-O"]

    def test_a_certified_part_without_a_certificate_is_not_offered(self):
        PartFactory(certified=True)
        assert offered() == []

    @pytest.mark.parametrize(
        ("first", "last", "is_offered"),
        [
            (DAY, DAY, True),
            (DAY - timedelta(days=90), DAY + timedelta(days=90), True),
            (DAY + timedelta(days=1), DAY + timedelta(days=90), False),
            (DAY - timedelta(days=90), DAY - timedelta(days=1), False),
        ],
        ids=["valid that day alone", "valid", "not valid yet", "run out"],
    )
    def test_a_certified_part_is_offered_while_its_certificate_is_valid(self, first, last, is_offered):
        PartCertificateFactory(valid_from_on=first, valid_until_on=last)
        assert offered() == (["IPHONE12-SCR-C"] if is_offered else [])

    def test_a_valid_certificate_beside_one_that_ran_out_is_enough(self):
        part = PartFactory(certified=True)
        PartCertificateFactory(part=part, valid_from_on=date(2025, 1, 1), valid_until_on=date(2025, 12, 31))
        PartCertificateFactory(part=part)
        assert offered() == ["IPHONE12-SCR-C"]

    def test_two_valid_certificates_offer_the_part_once(self):
        part = PartFactory(certified=True)
        PartCertificateFactory(part=part)
        PartCertificateFactory(part=part)
        assert offered() == ["IPHONE12-SCR-C"]

    def test_a_part_taken_off_the_list_is_not_offered(self):
        PartFactory(is_active=False)
        assert offered() == []


class TestLapsing:
    def test_parts_offered_now_whose_last_certificate_ends_before_the_day(self):
        PartFactory()
        ending = PartFactory(certified=True)
        PartCertificateFactory(part=ending, valid_until_on=DAY + timedelta(days=10))
        assert list(Part.objects.lapsing(DAY, DAY + timedelta(days=10))) == []
        assert list(Part.objects.lapsing(DAY, DAY + timedelta(days=11))) == [ending]
        PartCertificateFactory(part=ending, valid_until_on=DAY + timedelta(days=300))
        assert list(Part.objects.lapsing(DAY, DAY + timedelta(days=11))) == []

    def test_a_part_that_is_not_offered_any_more_is_not_lapsing(self):
        PartCertificateFactory(valid_until_on=DAY - timedelta(days=1))
        assert list(Part.objects.lapsing(DAY, DAY + timedelta(days=30))) == []


class TestForModel:
    def test_only_parts_that_fit_the_model(self):
        mini = DeviceModelFactory(key="iphone-12-mini", name="iPhone 12 mini")
        PartFactory()
        PartFactory(sku="IPHONE12MINI-SCR-O", fits=[mini])
        assert [part.sku for part in Part.objects.for_model(mini)] == ["IPHONE12MINI-SCR-O"]

    def test_one_part_may_fit_two_models(self):
        models = [DeviceModelFactory(), DeviceModelFactory(key="iphone-12-pro", name="iPhone 12 Pro")]
        part = PartFactory(sku="IPHONE12-BAT-O", fits=models)
        assert [list(Part.objects.for_model(model)) for model in models] == [[part], [part]]


class TestSearchOfModels:
    @pytest.mark.parametrize("words", ["iphone 12", "12 apple", "苹果 12", " IPHONE "])
    def test_every_word_is_found_in_brand_or_name(self, words):
        DeviceModelFactory()
        DeviceModelFactory(
            brand=BrandFactory(key="huawei", name_en="Huawei", name_zh="华为"), key="p60", name="P60"
        )
        assert [model.key for model in DeviceModel.objects.offered().search(words)] == ["iphone-12"]

    def test_a_word_that_is_nowhere_finds_nothing(self):
        DeviceModelFactory()
        assert not DeviceModel.objects.search("iphone 99").exists()


class TestWhatTheDatabaseRefuses:
    def test_a_price_below_zero(self):
        with pytest.raises(IntegrityError, match="part_price_not_negative"), transaction.atomic():
            PartFactory(price=Decimal(-1))

    def test_an_unknown_grade(self):
        with pytest.raises(IntegrityError, match="part_grade_known"), transaction.atomic():
            PartFactory(grade="refurbished")

    def test_a_certificate_that_ends_before_it_begins(self):
        with pytest.raises(IntegrityError, match="part_certificate_days"), transaction.atomic():
            PartCertificateFactory(valid_until_on=date(2025, 12, 31))


class TestHistory:
    def test_a_new_price_leaves_the_old_one_on_record(self):
        part = PartFactory()
        part.price = Decimal(1999)
        part.save()
        prices = part.history.order_by("history_date", "history_id").values_list("price", flat=True)
        assert list(dict.fromkeys(prices)) == [Decimal(2049), Decimal(1999)]

    def test_which_models_a_part_fitted_is_on_record_too(self):
        part = PartFactory()
        part.fits.add(DeviceModelFactory(key="iphone-12-pro", name="iPhone 12 Pro"))
        versions = part.history.order_by("history_id")
        assert [len(version.fits.all()) for version in versions][-2:] == [1, 2]
