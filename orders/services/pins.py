"""The customer's PIN: right or wrong, and how often it was wrong."""

from django.db.models import F
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from orders.links import is_pin_of
from orders.models import RepairOrder
from repairhub.core.errors import DomainError, InvalidInput, TooMany

PIN_GUESSES = 5


def guess_pin(*, order: RepairOrder, pin: str) -> DomainError | None:
    """None for the right PIN; else the refusal (field "pin") as a value, so that it does not undo the count.

    After five wrong guesses the PIN is closed, the right one too. Inside a transaction only, which the caller
    commits before raising.
    """
    locked = RepairOrder.objects.select_for_update().get(pk=order.pk)
    if locked.pin_failures >= PIN_GUESSES:
        return _closed()
    # other keyboards have other digits: a Chinese one may type them full-width
    if is_pin_of(locked, "".join(str(int(letter)) for letter in pin if letter.isdecimal())):
        RepairOrder.objects.filter(pk=order.pk).update(pin_failures=0)
        return None
    RepairOrder.objects.filter(pk=order.pk).update(pin_failures=F("pin_failures") + 1)
    left = PIN_GUESSES - locked.pin_failures - 1
    return _wrong(left) if left else _closed()


def renew_pin(order: RepairOrder) -> None:
    """Another PIN with all its tries: who learnt the last one opens no later visit with it.

    Call it with the order's row locked. The customer reads the new one on the order's page.
    """
    order.pin_version += 1
    order.pin_failures = 0
    order.save(update_fields=["pin_version", "pin_failures"])


def _wrong(left: int) -> InvalidInput:
    return InvalidInput(
        ngettext(
            "This is not the customer's PIN; %(left)d try is left.",
            "This is not the customer's PIN; %(left)d tries are left.",
            left,
        )
        % {"left": left},
        field="pin",
        code="wrong_pin",
        next_step=_("Ask for the six digits from the booking, or send a door code."),
        details={"attempts_left": left},
    )


def _closed() -> TooMany:
    return TooMany(
        _("The PIN was wrong too often and is closed."),
        field="pin",
        code="pin_closed",
        next_step=_("Send a door code to the customer instead."),
    )
