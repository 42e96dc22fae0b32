"""Template tags that every page has."""

from datetime import date, datetime
from decimal import Decimal

from django import template
from django.http import HttpRequest
from django.utils.formats import number_format
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from repairhub.core import moments, pages
from repairhub.core.money import format_money

register = template.Library()


@register.filter
def money(amount: Decimal | None, currency: str = "CNY") -> str:
    """The amount with its sign, or nothing."""
    return "" if amount is None else format_money(amount, currency)


@register.simple_tag
def local_window(start_at: datetime | None, end_at: datetime | None, place: object | None = None) -> str:
    """An arrival window by the clock of the place: "Tue 24 Nov, 10:00–12:00", or nothing."""
    if start_at is None or end_at is None:
        return ""
    return moments.format_window(start_at, end_at, place)


@register.filter
def city_time(at: datetime | None, place: object | None = None) -> str:
    """Day and time by the clock of the place: "Tue 24 Nov, 10:05", or nothing."""
    return moments.format_moment(at, place) if at else ""


@register.filter
def city_clock(at: datetime | None, place: object | None = None) -> str:
    """Only the time by the clock of the place: "10:05", or nothing."""
    return moments.format_time(at, place) if at else ""


@register.filter
def city_day(at: datetime | date | None, place: object | None = None) -> str:
    """The day, for a moment by the clock of the place: "Tue 24 Nov", or nothing."""
    if at is None:
        return ""
    return moments.format_day(at.astimezone(moments.zone_of(place)) if isinstance(at, datetime) else at)


@register.filter
def full_date(on: date | None) -> str:
    """A day with its year: "24 Nov 2026", or nothing."""
    return "" if on is None else moments.format_date(on)


@register.filter
def distance(km: float | None) -> str:
    """A distance in km as people say it: "850 m", "3.2 km", "24 km", or nothing."""
    if km is None:
        return ""
    if km < 0.995:
        return _("%(metres)s m") % {"metres": int(round(km * 100) * 10)}
    decimals = 0 if km >= 9.95 else 1
    # number_format cuts digits off, it does not round
    return _("%(km)s km") % {"km": number_format(round(km, decimals), decimal_pos=decimals)}


@register.simple_tag
def state_badge(state: str, label: str) -> SafeString:
    """A state as a badge; its tone stands in repairhub.css under .state-<state>."""
    return format_html('<span class="badge-state state-{}">{}</span>', state, label)


@register.filter
def starts_with(text: str | None, beginning: str) -> bool:
    """Whether the text begins so: for the current entry of a navigation."""
    return bool(text) and str(text).startswith(beginning)


@register.filter
def wants_fragment(request: HttpRequest) -> bool:
    """Whether htmx asks for a part of the page it is on."""
    return pages.wants_fragment(request)


@register.filter
def frame(request: HttpRequest) -> str:
    """The template around an answer that anybody may meet: none for a fragment, the staff's for staff."""
    if pages.wants_fragment(request):
        return "fragment.html"
    user = getattr(request, "user", None)
    return "staff_base.html" if user is not None and user.is_authenticated else "base.html"
