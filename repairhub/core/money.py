"""Money is a Decimal with a currency."""

from decimal import ROUND_HALF_UP, Decimal

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
    # the same in English and Chinese: groups of three, a point before the fen
    return f"{SIGNS.get(currency, currency + ' ')}{amount:,.{decimals}f}"
