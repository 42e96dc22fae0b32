"""Template tags that every page has."""

from decimal import Decimal

from django import template

from repairhub.core.money import format_money

register = template.Library()


@register.filter
def money(amount: Decimal | None, currency: str = "CNY") -> str:
    """The amount with its sign, or nothing."""
    return "" if amount is None else format_money(amount, currency)
