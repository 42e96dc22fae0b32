"""Money is a Decimal with a currency; shown in the reader's language."""

from decimal import ROUND_HALF_UP, Decimal

from django.utils.formats import number_format

CURRENCY = "CNY"
SIGNS = {"CNY": "¥"}
CENT = Decimal("0.01")


def rounded(amount: Decimal) -> Decimal:
    """The amount in whole fen (CNY 0.01), half up."""
    return amount.quantize(CENT, ROUND_HALF_UP)


def format_money(amount: Decimal, currency: str = CURRENCY) -> str:
    """Such as "¥2,149" or "¥1,049.50": fen only where there are any."""
    amount = rounded(Decimal(amount))
    decimals = 0 if amount == amount.to_integral_value() else 2
    digits = number_format(amount, decimal_pos=decimals, use_l10n=True, force_grouping=True)
    return f"{SIGNS.get(currency, currency + ' ')}{digits}"
