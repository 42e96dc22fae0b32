"""Where a message goes: a channel and a value, never a user."""

import re
from dataclasses import dataclass

import phonenumbers
from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.utils.translation import gettext_lazy as _

from repairhub.core.errors import InvalidInput

from .states import Channel

FULL_WIDTH = str.maketrans("０１２３４５６７８９＋＠．－　", "0123456789+@.- ")
LONGEST_EMAIL = 254


@dataclass(frozen=True, order=True)
class Address:
    """A phone number in E.164 (channel "sms") or a mail address in lower case (channel "email")."""

    channel: str
    value: str

    @property
    def masked(self) -> str:
        """Enough for its owner to recognise it: "+86 138****8000", "a***@example.com"."""
        if self.channel == Channel.EMAIL:
            name, _at, host = self.value.rpartition("@")
            return f"{name[:1]}***@{host}"
        number = phonenumbers.parse(self.value)
        national = phonenumbers.national_significant_number(number)
        head, tail = (3, 4) if len(national) >= 10 else (1, 2)
        return f"+{number.country_code} {national[:head]}****{national[-tail:]}"

    def __str__(self) -> str:
        """The masked form: an address that slips into a log or a page by accident stays covered."""
        return self.masked

    def __repr__(self) -> str:
        return f"<Address {self.channel} {self.masked}>"


def parse_address(text: str, *, field: str = "address") -> Address:
    """The Address that a person typed: a mail address or a phone number (+country, or of China).

    Raises InvalidInput, naming `field`, with what to type instead.
    """
    text = (text or "").translate(FULL_WIDTH).strip()
    return _parse_email(text, field) if "@" in text else _parse_phone(text, field)


def _parse_email(text: str, field: str) -> Address:
    value = text.lower()
    try:
        validate_email(value)
    except ValidationError as error:
        raise InvalidInput(
            _("This is not a mail address."), field=field, next_step=_("It looks like name@example.com.")
        ) from error
    if len(value) > LONGEST_EMAIL:
        raise InvalidInput(_("This mail address is too long."), field=field)
    return Address(Channel.EMAIL, value)


def _parse_phone(text: str, field: str) -> Address:
    digits = re.sub(r"[\s().-]", "", text)
    try:
        if not re.fullmatch(r"\+?\d{4,17}", digits):
            raise phonenumbers.NumberParseException(phonenumbers.NumberParseException.NOT_A_NUMBER, "letters")
        number = phonenumbers.parse(digits, settings.PHONENUMBER_DEFAULT_REGION)
    except phonenumbers.NumberParseException as error:
        raise _bad_phone(field) from error
    if not phonenumbers.is_valid_number(number):
        raise _bad_phone(field)
    return Address(Channel.SMS, phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164))


def _bad_phone(field: str) -> InvalidInput:
    return InvalidInput(
        _("This is neither a phone number nor a mail address."),
        field=field,
        next_step=_("Type a number such as 138 0013 8000, or +country number, or a mail address."),
    )
