"""Finding an order again: the link goes to whom the order knows; nobody learns anything else."""

import hashlib
import logging
from datetime import datetime

from django.core.cache import cache
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from orders.links import order_url
from orders.models import OrderContact
from repairhub.core.errors import TooMany
from repairhub.notifications.addresses import Address
from repairhub.notifications.services import enqueue

logger = logging.getLogger(__name__)

ASKED_PER_CLIENT_AND_HOUR = 20
HOUR_S = 3600
# one message per contact in this time, however often it is asked for
PAUSE_S = 600


@transaction.atomic
def send_order_link(*, reference: str, address: Address, language: str, at: datetime, client: str) -> None:
    """Sends the order's link to this address, where it is that of a proved contact of the order.

    Where it is not, nothing is sent and nothing said: the caller answers the same. `client` names the caller
    for the limit. Raises TooMany.
    """
    _count(client)
    contact = (
        OrderContact.objects.filter(
            order__reference=reference,
            channel=address.channel,
            address=address.value,
            proved_at__isnull=False,
        )
        .select_related("order__city")
        .first()
    )
    if contact is None:
        return
    order = contact.order
    enqueue(
        key=f"order:{order.pk}:link:{contact.position}:{int(at.timestamp()) // PAUSE_S}",
        address=address,
        language=language,
        template="order_link",
        context={"reference": order.reference},
        secret=order_url(order),
        at=at,
        city_code=order.city.code,
    )


def _count(client: str) -> None:
    """A fixed window of an hour in the shared cache; without it one message per pause still holds."""
    key = f"links-by-client:{hashlib.sha256(client.encode()).hexdigest()}"
    try:
        cache.add(key, 0, timeout=HOUR_S)
        asked = cache.incr(key)
    except Exception as error:
        logger.warning("Requests for links are not counted: %s", type(error).__name__)
        return
    if asked > ASKED_PER_CLIENT_AND_HOUR:
        raise TooMany(
            _("Orders were looked for too often from here."),
            next_step=_("Please try again in an hour, or use the link in our messages."),
            details={"retry_after_s": HOUR_S},
        )
