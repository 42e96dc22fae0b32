"""What the board is told of its visits: titles for hundreds, details for one, nothing personal in a list."""

from dataclasses import asdict

import pytest
from django.utils.translation import override

from engineers.models import Visit
from engineers.ports import visit_details, visit_titles
from orders.models import OrderVisit, Quote, QuoteApproval, QuoteLine, Repair
from orders.states import VisitPurpose
from tests.factories.warranty import Workshop

pytestmark = pytest.mark.django_db


@pytest.fixture
def shop(db: None) -> Workshop:
    """A workshop with one order."""
    shop = Workshop.open()
    shop.book("screen-replacement", "battery-replacement")
    return shop


def copy_of(row: object, **changes: object) -> object:
    """Another row like it."""
    model = type(row)
    fields = {field.attname: getattr(row, field.attname) for field in model._meta.concrete_fields}  # type: ignore[attr-defined]
    return model.objects.create(**{**fields, "id": None, **changes})  # type: ignore[attr-defined]


class TestTitles:
    def test_say_the_phone_and_the_repairs_in_the_reader_s_language(self, shop: Workshop) -> None:
        visit = Visit.objects.get()
        with override("zh-hans"):
            assert visit_titles([visit])[visit.pk].title == "iPhone 12 · 更换screen、更换battery"
        title = visit_titles([visit])[visit.pk]
        assert title.title == "iPhone 12 · Screen replacement, Battery replacement"
        assert title.reference.startswith("RH-")

    def test_are_those_of_the_details(self, shop: Workshop) -> None:
        visit = Visit.objects.get()
        title, details = visit_titles([visit])[visit.pk], visit_details([visit])[visit.pk]
        assert (title.reference, title.title) == (details.reference, details.title)

    def test_hold_nothing_personal(self, shop: Workshop) -> None:
        said = str(asdict(visit_titles(list(Visit.objects.all()))[Visit.objects.get().pk]))
        assert "Li" not in said.replace("Liquid", "")
        assert "Jianguo" not in said

    def test_are_of_the_newest_approved_quote(self, shop: Workshop) -> None:
        first = Quote.objects.get()
        second = copy_of(first, version=2)
        third = copy_of(first, version=3)
        battery = Repair.objects.get(key="battery-replacement")
        line = QuoteLine.objects.filter(quote=first, repair=battery).get()
        for quote in (second, third):
            copy_of(line, quote_id=quote.pk, position=0)  # type: ignore[attr-defined]
        visit = Visit.objects.get()
        # the second and the third are only offered
        assert visit_titles([visit])[visit.pk].title.count("replacement") == 2
        copy_of(QuoteApproval.objects.get(quote=first), quote_id=second.pk)  # type: ignore[attr-defined]
        assert visit_titles([visit])[visit.pk].title == "iPhone 12 · Battery replacement"
        assert visit_details([visit])[visit.pk].title == "iPhone 12 · Battery replacement"

    def test_name_a_rework(self, shop: Workshop) -> None:
        OrderVisit.objects.update(purpose=VisitPurpose.REWORK)
        visit = Visit.objects.get()
        assert visit_titles([visit])[visit.pk].title.startswith("Rework: iPhone 12")

    def test_of_a_visit_without_an_order_are_missing(self, shop: Workshop) -> None:
        OrderVisit.objects.all().delete()
        assert visit_titles(list(Visit.objects.all())) == {}
