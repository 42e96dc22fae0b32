from decimal import Decimal

import pytest
from django.utils import translation

from repairhub.core.money import format_money, rounded


class TestFormatMoney:
    @pytest.mark.parametrize(
        ("amount", "shown"),
        [
            ("2149", "¥2,149"),
            ("2149.00", "¥2,149"),
            ("1049.50", "¥1,049.50"),
            ("0", "¥0"),
            ("1234567.891", "¥1,234,567.89"),
            ("99.995", "¥100"),
        ],
    )
    def test_shows_fen_only_where_there_are_any(self, amount: str, shown: str) -> None:
        with translation.override("en"):
            assert format_money(Decimal(amount)) == shown

    def test_reads_the_same_in_chinese(self) -> None:
        with translation.override("zh-hans"):
            assert format_money(Decimal("2149")) == "¥2,149"
            assert format_money(Decimal("12149.5")) == "¥12,149.50"

    def test_names_a_currency_that_has_no_sign(self) -> None:
        with translation.override("en"):
            assert format_money(Decimal("12"), "USD") == "USD 12"


class TestRounded:
    @pytest.mark.parametrize(("amount", "fen"), [("0.005", "0.01"), ("0.004", "0.00"), ("2.675", "2.68")])
    def test_rounds_half_a_fen_up(self, amount: str, fen: str) -> None:
        assert rounded(Decimal(amount)) == Decimal(fen)
