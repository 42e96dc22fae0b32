"""Every message that left, a page at a time."""

import re
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q, QuerySet

from repairhub.notifications.models import DemoDelivery

PAGE = 25
CODE = re.compile(r"(?<!\d)\d{6}(?!\d)")


@dataclass(frozen=True)
class Delivery:
    """One message with the six digits in it, if there are any."""

    row: DemoDelivery
    code: str


@dataclass(frozen=True)
class DeliveryPage:
    """Newest first; `older` is the cursor of the next page, "" on the last one."""

    deliveries: list[Delivery]
    older: str
    newest_id: int


def deliveries(*, address: str = "", channel: str = "", before: str = "") -> DeliveryPage:
    """Messages older than the cursor `before`, whose address holds `address` (spaces do not count).

    An unreadable cursor counts as none.
    """
    rows: QuerySet[DemoDelivery] = DemoDelivery.objects.order_by("-created_at", "-id")
    if wanted := re.sub(r"[\s()-]", "", address):
        rows = rows.filter(address__icontains=wanted)
    if channel:
        rows = rows.filter(channel=channel)
    if (cursor := _read(before)) is not None:
        at, last_id = cursor
        rows = rows.filter(created_at__lte=at).filter(Q(created_at__lt=at) | Q(id__lt=last_id))
    found = list(rows[: PAGE + 1])
    shown = found[:PAGE]
    return DeliveryPage(
        deliveries=[Delivery(row, _code_in(row)) for row in shown],
        older=_cursor(shown[-1]) if len(found) > PAGE else "",
        newest_id=max((row.pk for row in shown), default=0),
    )


def _code_in(row: DemoDelivery) -> str:
    found = CODE.search(row.body)
    return found.group() if found else ""


def _cursor(row: DemoDelivery) -> str:
    return f"{row.created_at.isoformat()}_{row.pk}"


def _read(cursor: str) -> tuple[datetime, int] | None:
    moment, _, number = cursor.partition("_")
    try:
        at = datetime.fromisoformat(moment)
        return (at, int(number)) if at.tzinfo else None
    except ValueError:
        return None
