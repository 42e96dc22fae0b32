from datetime import date

import pytest

from orders.ports import Term, warranty_term
from parts.models import Grade
from repairhub.core.errors import Conflict
from warranty.models import WarrantyTerms

pytestmark = pytest.mark.django_db


class TestWarrantyTerm:
    @pytest.mark.parametrize("grade", Grade.values)
    def test_both_grades_are_promised_180_days_from_the_start(self, grade: str) -> None:
        assert warranty_term(grade, date(2026, 11, 22)) == Term(days=180, version="2026-1")

    def test_newer_terms_count_from_their_first_day_on(self) -> None:
        WarrantyTerms.objects.create(
            version="2027-1",
            grade=Grade.ORIGINAL,
            days=365,
            text_en="-",
            text_zh="-",
            valid_from_on=date(2027, 1, 1),
        )

        assert warranty_term("original", date(2026, 12, 31)).days == 180
        assert warranty_term("original", date(2027, 1, 1)) == Term(days=365, version="2027-1")
        assert warranty_term("certified", date(2027, 1, 1)).version == "2026-1"

    def test_nothing_is_promised_before_the_first_terms(self) -> None:
        with pytest.raises(Conflict, match="No warranty terms are in force"):
            warranty_term("original", date(2025, 12, 31))


class TestTheFirstTerms:
    def test_both_languages_name_the_days_and_what_is_not_covered(self) -> None:
        for terms in WarrantyTerms.objects.all():
            assert "180 full days" in terms.text_en
            assert "What is not covered" in terms.text_en
            assert "足 180 天" in terms.text_zh
            assert "不在保修范围内" in terms.text_zh
