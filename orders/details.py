"""What board and engineer's day show of a visit: the answer to the port that engineers declares."""

from collections.abc import Sequence
from datetime import datetime

from django.db.models import OuterRef, Subquery
from django.db.models.functions import Coalesce
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from engineers.models import Visit
from engineers.ports import VisitDetails
from orders.models import OrderVisit, Proposal
from orders.services.telling import contact_address
from orders.states import VisitPurpose
from repairhub.core.moments import format_moment
from repairhub.core.names import listed, name_column
from repairhub.notifications.states import Channel
from repairhub.places.models import District


def details_of_visits(visits: Sequence[Visit], unmasked: bool) -> dict[int, VisitDetails]:
    """Details by visit id in a fixed number of queries; names and phones masked unless `unmasked`."""
    links = (
        OrderVisit.objects.filter(visit__in=[visit.pk for visit in visits])
        .select_related("order__device_model", "order__city", "visit")
        .prefetch_related("order__contacts", "order__quotes__approval", "order__quotes__lines__repair")
        .annotate(district=_district_name(), proposed_until=_proposed_until())
        .order_by("id")
    )
    return {link.visit_id: _details(link, link.district, link.proposed_until, unmasked) for link in links}


def _district_name() -> Coalesce:
    """The order's district in the reader's language, as City.district_name says it, with no query."""
    known = District.objects.known_as(OuterRef("order__district")).filter(city=OuterRef("order__city"))
    return Coalesce(Subquery(known.values(name_column())[:1]), "order__district")


def _proposed_until() -> Subquery:
    """Until when a proposal of another window waits for the customer's answer, with no query."""
    waiting = Proposal.objects.open().of_windows().filter(visit=OuterRef("visit"))
    return Subquery(waiting.values("expires_at")[:1])


def _notice(link: OrderVisit, until: datetime | None) -> str:
    if until is None:
        return ""
    return _("Another window proposed, open until %(until)s") % {
        "until": format_moment(until, link.order.city)
    }


def _details(
    link: OrderVisit, district: str, proposed_until: datetime | None, unmasked: bool
) -> VisitDetails:
    order = link.order
    quote = next(quote for quote in order.quotes.all() if hasattr(quote, "approval"))
    repairs = listed(line.repair.name for line in quote.lines.all())
    title = f"{order.device_model.name} · {repairs}"
    if link.purpose == VisitPurpose.REWORK:
        title = _("Rework: %(what)s") % {"what": title}
    contacts = list(order.contacts.all())
    at_door = contacts[-1]
    phones = [c for c in reversed(contacts) if c.channel == Channel.SMS]
    place = " ".join(part for part in (district, order.address) if part)
    if unmasked:
        name, phone = at_door.name, phones[0].address if phones else ""
    else:
        name, phone = masked_name(at_door.name), contact_address(phones[0]).masked if phones else ""
        place = district or pgettext("place", "Address on the order")
    return VisitDetails(
        reference=order.reference,
        title=title,
        address=place,
        contact_name=name,
        phone=phone,
        url=reverse("door", args=[link.visit.reference]),
        notice=_notice(link, proposed_until),
    )


def visits_ordered_under(text: str) -> list[int]:
    """Ids of the newest visits of orders whose reference begins with the text, twenty at most."""
    links = OrderVisit.objects.filter(order__reference__startswith=text).order_by("-id")
    return list(links.values_list("visit_id", flat=True)[:20])


def masked_name(name: str) -> str:
    """The first letter or character, the rest covered."""
    return f"{name[:1]}**" if name else ""
