"""The admin's first page: what asks for attention, each with the list behind it."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from engineers.models import EngineerCertificate
from parts.models import Part, StockUnit

SOON = timedelta(days=30)


@dataclass(frozen=True)
class Card:
    """A number with the list that it counts; shown to whoever may open that list."""

    title: str | Promise
    icon: str
    app_label: str
    model: str
    query: str
    count: Callable[[date], int]


CARDS = [
    Card(
        _("Parts not offered: switched off, or no valid certificate"),
        "block",
        "parts",
        "part",
        "offered=no",
        lambda on: Part.objects.exclude(pk__in=Part.objects.offered(on).values("pk")).count(),
    ),
    Card(
        _("Parts whose certificate ends within 30 days"),
        "event_busy",
        "parts",
        "part",
        "offered=ending",
        lambda on: Part.objects.lapsing(on, on + SOON).count(),
    ),
    Card(
        _("Parts with a sample price"),
        "sell",
        "parts",
        "part",
        "is_sample_price__exact=1",
        lambda on: Part.objects.filter(is_sample_price=True).count(),
    ),
    Card(
        _("Units in stock"),
        "inventory_2",
        "parts",
        "stockunit",
        "status__exact=in_stock",
        lambda on: StockUnit.objects.in_stock().count(),
    ),
    Card(
        _("Engineers with a certificate that ends within 30 days"),
        "engineering",
        "engineers",
        "engineer",
        "certificate=ending",
        lambda on: EngineerCertificate.objects.ending(on, on + SOON).values("engineer").distinct().count(),
    ),
]


def dashboard(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """Adds the cards that this reader may follow."""
    on = timezone.localdate()
    context["cards"] = [
        {
            "title": card.title,
            "icon": card.icon,
            "number": card.count(on),
            "link": reverse(f"admin:{card.app_label}_{card.model}_changelist") + "?" + card.query,
        }
        for card in CARDS
        if request.user.has_perm(f"{card.app_label}.view_{card.model}")
    ]
    return context
