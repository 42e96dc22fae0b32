"""Claims: filed by the customer, kept by one named owner, whose clock never restarts."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.core.files.uploadedfile import UploadedFile
from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from orders.models import Fitting, OrderContact, RepairOrder
from orders.services.telling import tell_contacts
from orders.services.timeline import append_event
from orders.states import OrderStatus
from repairhub.accounts.models import User
from repairhub.core.errors import Conflict, InvalidInput, NotAllowed
from repairhub.core.photos import CleanPhoto, clean_photo
from repairhub.core.tokens import new_reference
from repairhub.places.models import City
from repairhub.sla.services.clocks import start_clock
from repairhub.sla.states import TargetKey
from warranty.models import Claim, ClaimPhoto
from warranty.querysets import case_officers, least_busy_officer
from warranty.states import ClaimKind, ClaimStatus

MOST_PHOTOS = 6
LONGEST_TEXT = 2000


def file_claim(
    *,
    order: RepairOrder,
    fitting: Fitting | None,
    kind: str,
    text: str,
    photos: Sequence["UploadedFile[Any]"],
    form_id: UUID,
    contact: OrderContact,
    by: Any,
    at: datetime,
) -> Claim:
    """The claim, with its owner and its clock. The same form again gives the claim that it made.

    Any number of claims may follow, also while one is open and after the warranty's end: the case officer
    sees what is covered. Raises InvalidInput with the field, NotAllowed for somebody else's contact, Conflict
    where the order is not completed.
    """
    made = _claim_of_form(form_id, order)
    if made is not None:
        return made
    said = _checked(order, fitting, kind, text, contact)
    cleaned = _cleaned(photos)
    stored: list[ClaimPhoto] = []
    try:
        with transaction.atomic():
            return _file(order, fitting, kind, said, cleaned, stored, form_id, contact, by=by, at=at)
    except BaseException:
        for photo in stored:  # rolled back: no file may stay behind
            photo.image.delete(save=False)
        raise


@transaction.atomic
def transfer_claim(*, claim: Claim, to: User, by: User, at: datetime) -> Claim:
    """The claim with another owner; its deadline stays. The owner it has already changes nothing.

    Raises NotAllowed where `by` does not see this claim, InvalidInput (field "owner") for somebody who does
    not decide claims of this city, Conflict once it is answered.
    """
    claim = locked_claim(claim, by)
    if claim.owner_id == to.pk:
        return claim
    if claim.status != ClaimStatus.FILED:
        raise answered_already(claim)
    if not possible_owners(claim.order.city).filter(pk=to.pk).exists():
        raise InvalidInput(
            _("%(name)s does not decide claims in %(city)s.")
            % {"name": to.name, "city": claim.order.city.name},
            field="owner",
            code="not_a_case_officer",
            next_step=_("Choose one of the people shown."),
        )
    before = claim.owner.name if claim.owner else ""
    claim.owner = to
    claim.save(update_fields=["owner"])
    payload = {"claim": claim.reference, "from": before, "to": to.name}
    append_event(claim.order, "claim_transferred", by=by, at=at, payload=payload)
    return claim


def take_over(*, claim: Claim, by: User, at: datetime) -> Claim:
    """The claim, owned by whoever asks. Raises as transfer_claim."""
    return transfer_claim(claim=claim, to=by, by=by, at=at)


def possible_owners(city: City) -> QuerySet[User]:
    """Who may own claims of the city: its case officers, and managers."""
    return case_officers(city.code, managers=True)


def locked_claim(claim: Claim, by: User) -> Claim:
    """The claim, fresh, with its order locked first and then its own row. Inside a transaction only.

    Raises NotAllowed where `by` does not decide claims of that city.
    """
    # lock order everywhere: the order, then what hangs on it
    order = RepairOrder.objects.select_for_update(of=("self",)).select_related("city").get(pk=claim.order_id)
    claim = Claim.objects.select_for_update(of=("self",)).select_related("owner").get(pk=claim.pk)
    claim.order = order
    if not possible_owners(order.city).filter(pk=by.pk).exists() and not (by.is_active and by.is_superuser):
        raise NotAllowed(
            _("You do not decide claims in %(city)s.") % {"city": order.city.name},
            code="not_a_case_officer",
            next_step=_("Ask a case officer of the city."),
        )
    return claim


def answered_already(claim: Claim) -> Conflict:
    """The refusal to whoever comes second."""
    decision = claim.decision
    return Conflict(
        _("%(name)s has answered this claim already: %(status)s.")
        % {"name": decision.by.name, "status": claim.get_status_display()},
        code="claim_answered",
        next_step=_("Load the page again to read the answer."),
    )


def _file(
    order: RepairOrder,
    fitting: Fitting | None,
    kind: str,
    text: str,
    photos: Sequence[CleanPhoto],
    stored: list[ClaimPhoto],
    form_id: UUID,
    contact: OrderContact,
    *,
    by: Any,
    at: datetime,
) -> Claim:
    # two connections with one form queue here; the second finds the claim of the first
    order = RepairOrder.objects.select_for_update(of=("self",)).select_related("city").get(pk=order.pk)
    made = _claim_of_form(form_id, order)
    if made is not None:
        return made
    if order.status != OrderStatus.COMPLETED:
        raise Conflict(
            _("A claim can be filed once the repair is completed; order %(reference)s is: %(status)s.")
            % {"reference": order.reference, "status": order.get_status_display()},
            code="order_not_completed",
            next_step=_("For anything before that, use your order page."),
        )
    try:
        with transaction.atomic():
            claim = Claim.objects.create(
                reference=new_reference("C"),
                form_id=form_id,
                order=order,
                fitting=fitting,
                contact=contact,
                kind=kind,
                text=text,
                owner=least_busy_officer(order.city.code),
                filed_at=at,
            )
    except IntegrityError as error:  # the form's id, used for another order at this very moment
        raise _foreign_form() from error
    for photo in photos:
        row = ClaimPhoto(claim=claim, digest=photo.digest)
        stored.append(row)
        row.image.save(photo.content.name or "photo.jpg", photo.content, save=True)
    clock = start_clock(
        subject=claim,
        target_key=TargetKey.ANSWER_CLAIM,
        at=at,
        scope=order.city.code,
        label=claim.reference,
        link=reverse("claim", args=[claim.reference]),
    )
    told = {
        "claim": claim.reference,
        "owner": claim.owner.name if claim.owner else "",
        "due_at": clock.due_at.isoformat() if clock.due_at else "",
        "time_zone": order.city.time_zone,
    }
    append_event(order, "claim_filed", by=by, at=at, payload={**told, "kind": kind})
    tell_contacts(order, "claim_filed", key=f"claim:{claim.reference}:filed", at=at, context=told)
    return claim


def _claim_of_form(form_id: UUID, order: RepairOrder) -> Claim | None:
    claim = Claim.objects.filter(form_id=form_id).select_related("owner").first()
    if claim is not None and claim.order_id != order.pk:
        raise _foreign_form()
    return claim


def _foreign_form() -> Conflict:
    return Conflict(
        _("This form was used for another order."),
        code="form_used",
        next_step=_("Open the form again from your order page."),
    )


def _checked(order: RepairOrder, fitting: Fitting | None, kind: str, text: str, contact: OrderContact) -> str:
    if contact.order_id != order.pk:
        raise NotAllowed(
            _("This contact does not belong to order %(reference)s.") % {"reference": order.reference},
            next_step=_("Prove one of the contacts of this order."),
        )
    if fitting is not None and fitting.order_id != order.pk:
        raise InvalidInput(
            _("This part was not fitted under order %(reference)s.") % {"reference": order.reference},
            field="fitting",
            code="other_order",
            next_step=_("Choose one of the parts shown."),
        )
    if kind not in ClaimKind.values:
        raise InvalidInput(_("Say what kind of fault it is."), field="kind", code="required")
    text = text.replace("\x00", "").replace("\r\n", "\n").strip()
    if not text:
        raise InvalidInput(_("Describe what is wrong, in your own words."), field="text", code="required")
    if len(text) > LONGEST_TEXT:
        raise InvalidInput(
            _("The description is longer than %(most)d characters.") % {"most": LONGEST_TEXT},
            field="text",
            code="too_long",
            next_step=_("Please say it more briefly."),
        )
    return text


def _cleaned(photos: Sequence["UploadedFile[Any]"]) -> list[CleanPhoto]:
    if len(photos) > MOST_PHOTOS:
        raise InvalidInput(
            ngettext("Send at most %(most)d photo.", "Send at most %(most)d photos.", MOST_PHOTOS)
            % {"most": MOST_PHOTOS},
            field="photos",
            code="too_many",
            next_step=_("Choose the ones that show the fault best."),
        )
    return [clean_photo(photo, field="photos") for photo in photos]
