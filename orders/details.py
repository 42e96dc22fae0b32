"""What board and engineer's day show of a visit: the answer to the port that engineers declares."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime

from django.db.models import F, OuterRef, Prefetch, Subquery
from django.db.models.functions import Coalesce
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from engineers.models import Visit
from engineers.ports import NeededPart, VisitDetails, VisitTitle
from orders import ports
from orders.models import Fitting, OrderContact, OrderVisit, Proposal, QuoteLine
from orders.services.telling import contact_address
from orders.states import VisitPurpose
from repairhub.core.moments import format_moment
from repairhub.core.names import listed, name_column
from repairhub.notifications.states import Channel
from repairhub.places.models import City, District


def details_of_visits(visits: Sequence[Visit], unmasked: bool) -> dict[int, VisitDetails]:
    """Details by visit id in three queries; names and phones masked unless `unmasked`."""
    links = list(
        OrderVisit.objects.filter(visit__in=[visit.pk for visit in visits])
        .annotate(
            district=_district_name(),
            visit_reference=F("visit__reference"),
            proposed_until=_proposed_until(),
        )
        .select_related("order__device_model", "order__city")
        .only(
            "visit_id", "purpose", "order__reference", "order__address", "order__district",
            "order__device_model__name", "order__city",
        )
        .order_by("id")
    )  # fmt: skip
    ids = {link.order_id for link in links}
    repairs = _approved_repairs(ids)
    contacts: dict[int, list[OrderContact]] = defaultdict(list)
    for contact in OrderContact.objects.filter(order__in=ids).order_by("order", "position"):
        contacts[contact.order_id].append(contact)
    return {
        link.visit_id: _details(link, repairs[link.order_id], contacts[link.order_id], unmasked)
        for link in links
    }


def titles_of_visits(visits: Sequence[Visit]) -> dict[int, VisitTitle]:
    """Reference and title by visit id, in two queries: nothing personal is read for a list."""
    links = OrderVisit.objects.filter(visit__in=[visit.pk for visit in visits]).order_by("id")
    rows = list(
        links.annotate(proposed_until=_proposed_until()).values_list(
            "visit_id",
            "order_id",
            "purpose",
            "order__reference",
            "order__device_model__name",
            "proposed_until",
        )
    )
    repairs = _approved_repairs({order_id for _visit, order_id, *_rest in rows})
    cities = {visit.pk: visit.city for visit in visits}
    return {
        visit_id: VisitTitle(
            reference, _title(phone, repairs[order_id], purpose), _notice(cities[visit_id], until)
        )
        for visit_id, order_id, purpose, reference, phone, until in rows
    }


def _title(phone: str, repairs: Iterable[str], purpose: str) -> str:
    title = f"{phone} · {listed(repairs)}"
    return _("Rework: %(what)s") % {"what": title} if purpose == VisitPurpose.REWORK else title


def _approved_repairs(order_ids: Iterable[int]) -> dict[int, list[str]]:
    """The repairs of each order's newest approved quote, in the reader's language, in their order."""
    approved = QuoteLine.objects.filter(quote__order__in=order_ids, quote__approval__isnull=False)
    rows = approved.order_by("quote__order", "-quote__version", "position").values_list(
        "quote__order", "quote__version", f"repair__{name_column()}"
    )
    newest: dict[int, int] = {}
    repairs: dict[int, list[str]] = defaultdict(list)
    for order_id, version, name in rows:
        if newest.setdefault(order_id, version) == version:
            repairs[order_id].append(name)
    return repairs


def _district_name() -> Coalesce:
    """The order's district in the reader's language, as City.district_name says it, with no query."""
    known = District.objects.known_as(OuterRef("order__district")).filter(city=OuterRef("order__city"))
    return Coalesce(Subquery(known.values(name_column())[:1]), "order__district")


def _proposed_until() -> Subquery:
    """Until when a proposal of another window waits for the customer's answer, with no query."""
    waiting = Proposal.objects.open().of_windows().filter(visit=OuterRef("visit"))
    return Subquery(waiting.values("expires_at")[:1])


def _notice(city: City, until: datetime | None) -> str:
    if until is None:
        return ""
    return _("Another window proposed, open until %(until)s") % {"until": format_moment(until, city)}


def _details(
    link: OrderVisit, repairs: Iterable[str], contacts: Sequence[OrderContact], unmasked: bool
) -> VisitDetails:
    order, district = link.order, link.district  # type: ignore[attr-defined]  # annotated
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
        title=_title(order.device_model.name, repairs, link.purpose),
        address=place,
        contact_name=name,
        phone=phone,
        url=reverse("door", args=[link.visit_reference]),  # type: ignore[attr-defined]  # annotated
        notice=_notice(link.order.city, link.proposed_until),  # type: ignore[attr-defined]  # annotated
    )


def references_of_visits(ids: Collection[int]) -> dict[object, str]:
    """The order's reference by visit id: the newest order's where a visit serves several. One query."""
    links = OrderVisit.objects.filter(visit__in=ids).order_by("id")
    return dict(links.values_list("visit_id", "order__reference"))


def visits_ordered_under(text: str) -> list[int]:
    """Ids of the newest visits of orders whose reference begins with the text, twenty at most."""
    links = OrderVisit.objects.filter(order__reference__startswith=text).order_by("-id")
    return list(links.values_list("visit_id", flat=True)[:20])


def parts_of_visits(visits: Sequence[Visit]) -> dict[int, list[NeededPart]]:
    """What each visit has still to fit, by visit id: the lines of the approved quote without a new part.

    A rework fits anew what its claim says. Six queries, and one for each rework.
    """
    links = list(
        OrderVisit.objects.filter(visit__in=[visit.pk for visit in visits])
        .select_related("order__device_model", "visit")
        .prefetch_related(
            "order__quotes__approval",
            "order__quotes__lines__part__component",
            "order__quotes__lines__repair",
            Prefetch("order__fittings", Fitting.objects.standing()),
        )
        .order_by("id")
    )
    needed: dict[int, list[NeededPart]] = {}
    for link in links:
        needed.setdefault(link.visit_id, []).extend(_needed(link))
    return needed


def _needed(link: OrderVisit) -> list[NeededPart]:
    order = link.order
    quote = next(quote for quote in order.quotes.all() if hasattr(quote, "approval"))
    lines = list(quote.lines.all())
    if link.purpose == VisitPurpose.REWORK:
        again = ports.rework_lines(order, link.visit)
        fitted = {one.line_id for one in order.fittings.all() if one.visit_id == link.visit_id}
        lines = [line for line in lines if line.pk in again and line.pk not in fitted]
    else:
        fitted = {one.line_id for one in order.fittings.all()}
        lines = [line for line in lines if line.pk not in fitted]
    return [
        NeededPart(
            name=f"{order.device_model.name} · {line.repair.name}",
            component_id=line.part.component_id,
            grade=line.grade,
            grade_label=line.grade_label,
            device_model_id=order.device_model_id,
            reference=order.reference,
        )
        for line in lines
    ]


def masked_name(name: str) -> str:
    """The first letter or character, the rest covered."""
    return f"{name[:1]}**" if name else ""
