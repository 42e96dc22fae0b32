"""How the admin looks (Unfold): our colours, and a menu by what people come for."""

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest
from django.templatetags.static import static
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


def may(permission: str) -> Callable[[HttpRequest], bool]:
    """Asks whether the reader has the permission: a menu never leads to a closed door."""

    def has_permission(request: HttpRequest) -> bool:
        return request.user.has_perm(permission)

    return has_permission


def rows(title: str | Promise, icon: str, app_label: str, model: str) -> dict[str, Any]:
    """A menu entry for the list of a model's rows."""
    return {
        "title": title,
        "icon": icon,
        "link": f"/admin/{app_label}/{model}/",
        "permission": may(f"{app_label}.view_{model}"),
    }


def board(title: str | Promise, icon: str, link: str, permission: str) -> dict[str, Any]:
    """A menu entry for a page outside the admin."""
    return {"title": title, "icon": icon, "link": link, "permission": may(permission), "active": False}


# The brand's petrol, from light to dark (static/css/repairhub.css has the same as --rh-brand).
PETROL = {
    "50": "oklch(97.6% .010 205)",
    "100": "oklch(94.2% .022 205)",
    "200": "oklch(88.5% .042 205)",
    "300": "oklch(80.5% .066 204)",
    "400": "oklch(70.0% .084 204)",
    "500": "oklch(58.5% .084 205)",
    "600": "oklch(44.4% .072 206)",
    "700": "oklch(38.4% .062 207)",
    "800": "oklch(33.0% .052 208)",
    "900": "oklch(28.5% .043 209)",
    "950": "oklch(21.0% .032 210)",
}

UNFOLD: dict[str, Any] = {
    "SITE_TITLE": "RepairHub",
    "SITE_HEADER": "RepairHub",
    "SITE_SUBHEADER": _("Catalogue, people, rules"),
    "SITE_URL": "/",
    "SITE_ICON": lambda request: static("img/logo.svg"),
    "SITE_FAVICONS": [
        {"rel": "icon", "type": "image/svg+xml", "href": lambda request: static("img/favicon.svg")}
    ],
    "DASHBOARD_CALLBACK": "repairhub.ops.admin_index.dashboard",
    "SHOW_LANGUAGES": True,
    "SHOW_HISTORY": True,
    "SHOW_BACK_BUTTON": True,
    "COLORS": {"primary": PETROL},
    "SIDEBAR": {
        "show_search": True,
        "show_all_applications": False,
        "navigation": [
            {
                "title": _("Boards"),
                "items": [
                    board(_("Dispatch"), "calendar_month", "/dispatch/", "accounts.see_dispatch_board"),
                    board(_("Claims"), "shield_question", "/claims/", "accounts.see_claims"),
                    board(
                        _("Qualification"), "verified_user", "/qualification/", "engineers.view_assessment"
                    ),
                ],
            },
            {
                "title": _("Catalogue"),
                "separator": True,
                "items": [
                    rows(_("Parts and prices"), "sell", "parts", "part"),
                    rows(_("Repairs"), "build", "orders", "repair"),
                    rows(_("Device models"), "smartphone", "parts", "devicemodel"),
                    rows(_("Brands"), "verified", "parts", "brand"),
                    rows(_("Components"), "category", "parts", "component"),
                    rows(_("Suppliers"), "local_shipping", "parts", "supplier"),
                ],
            },
            {
                "title": _("Stock"),
                "separator": True,
                "items": [
                    rows(_("Lots"), "inventory_2", "parts", "lot"),
                    rows(_("Stock units"), "qr_code_2", "parts", "stockunit"),
                    rows(_("Locations"), "warehouse", "parts", "stocklocation"),
                    rows(_("Ledger"), "receipt_long", "parts", "stockmovement"),
                ],
            },
            {
                "title": _("People and places"),
                "separator": True,
                "items": [
                    rows(_("Engineers"), "engineering", "engineers", "engineer"),
                    rows(_("Assessments"), "fact_check", "engineers", "assessment"),
                    rows(_("Skills"), "school", "engineers", "skill"),
                    rows(_("Users"), "group", "accounts", "user"),
                    rows(_("Cities"), "location_city", "places", "city"),
                ],
            },
            {
                "title": _("Rules"),
                "separator": True,
                "items": [
                    rows(_("Warranty terms"), "contract", "warranty", "warrantyterms"),
                    rows(_("Deadlines"), "timer", "sla", "slapolicy"),
                    rows(_("Qualification"), "rule", "engineers", "qualificationpolicy"),
                    rows(_("Broken windows"), "savings", "orders", "latepolicy"),
                ],
            },
            {
                "title": pgettext_lazy("menu", "What happened"),
                "separator": True,
                "items": [
                    rows(_("Orders"), "list_alt", "orders", "repairorder"),
                    rows(_("Quotes"), "request_quote", "orders", "quote"),
                    rows(_("Proposals"), "event_repeat", "orders", "proposal"),
                    rows(_("Credits"), "savings", "orders", "credit"),
                    rows(_("Fittings"), "memory", "orders", "fitting"),
                    rows(_("Visits"), "door_front", "engineers", "visit"),
                    rows(_("Claims"), "gavel", "warranty", "claim"),
                    rows(_("Warranties"), "workspace_premium", "warranty", "warranty"),
                    rows(_("Clocks"), "hourglass", "sla", "slaclock"),
                    rows(_("Messages"), "mail", "notifications", "message"),
                ],
            },
        ],
    },
}
