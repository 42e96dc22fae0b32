"""One-time codes: they prove that somebody reads an address. They never sign anybody in."""

import hashlib
import logging
from datetime import datetime, timedelta
from typing import Any

from django.core.cache import cache
from django.db import connection, transaction
from django.utils.crypto import constant_time_compare, salted_hmac
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from repairhub.core.errors import InvalidInput, TooMany
from repairhub.core.tokens import hash_token, new_pin, new_token
from repairhub.notifications import channels
from repairhub.notifications.addresses import Address
from repairhub.notifications.services import cancel, enqueue
from repairhub.notifications.states import Channel

from ..models import AddressProof, OneTimeCode
from ..states import Purpose

logger = logging.getLogger(__name__)

CODE_LIFE = timedelta(minutes=10)
PROOF_LIFE = timedelta(hours=12)
PAUSE_BETWEEN_CODES = timedelta(minutes=1)
CODES_PER_HOUR = 5  # to one address for one purpose
CODES_PER_CLIENT_AND_HOUR = 20
HOUR = timedelta(hours=1)

TEMPLATES = {
    Purpose.CONTACT: "one_time_code",
    Purpose.DOOR: "door_code",
    Purpose.PROPOSAL: "proposal_code",
}


def send_code(
    *,
    address: Address,
    purpose: str,
    language: str,
    at: datetime,
    client: str,
    about: str = "",
    context: dict[str, Any] | None = None,
) -> OneTimeCode:
    """Sends six digits to the address, good for ten minutes; an older code for the purpose stops counting.

    `client` names the caller for the limit (its IP address); it is not stored. `about`: the one thing that
    the code agrees to, which its message says with `context`; for anything else it is wrong.
    Raises TooMany with `details["retry_after_s"]`, InvalidInput (field "address") where we cannot send by
    that channel.
    """
    if not channels.is_open(address.channel):
        raise InvalidInput(
            _("We cannot send text messages at the moment.")
            if address.channel == Channel.SMS
            else _("We cannot send e-mail at the moment."),
            field="address",
            next_step=_("Please give a mail address instead.")
            if address.channel == Channel.SMS
            else _("Please give a phone number instead."),
        )
    _count_client(client)
    with transaction.atomic():
        _queue_for(address, purpose)
        _guard_pace(address, purpose, at)
        digits = new_pin()
        code = OneTimeCode.objects.create(
            purpose=purpose,
            channel=address.channel,
            address=address.value,
            code_hash=_code_hash(address, purpose, digits, about),
            created_at=at,
            expires_at=at + CODE_LIFE,
        )
        prefix = f"code:{purpose}:{_digest(address.channel, address.value)}:"
        cancel(key_prefix=prefix, at=at)  # an older code that has not left yet would only confuse
        enqueue(
            key=f"{prefix}{code.pk}",
            address=address,
            language=language,
            template=TEMPLATES[Purpose(purpose)],
            context={"minutes": int(CODE_LIFE.total_seconds() // 60), **(context or {})},
            at=at,
            expires_at=code.expires_at,
            secret=digits,
            is_urgent=True,
        )
    return code


def prove_address(*, address: Address, code: str, purpose: str, at: datetime, about: str = "") -> str:
    """The proof token (to be kept by the browser or the API's client) for the right code, once.

    `about`: what the code was sent for, where it agrees to one thing.

    Raises InvalidInput (field "code") saying how many guesses are left. The count of wrong guesses is
    committed before that, so this must not run inside another transaction (RuntimeError).
    """
    digits = _digits(code)
    with transaction.atomic(durable=True):
        newest = OneTimeCode.objects.sent_to(address, purpose).select_for_update().first()
        if newest is None or not newest.is_live(at):
            refusal = _dead(newest)
        elif constant_time_compare(newest.code_hash, _code_hash(address, purpose, digits, about)):
            newest.used_at = at
            newest.save(update_fields=["used_at"])
            return _new_proof(address, at)
        else:
            newest.attempts += 1
            newest.save(update_fields=["attempts"])
            refusal = _wrong(newest)
    raise refusal


def is_code_of(*, address: Address, code: str, purpose: str, at: datetime, about: str = "") -> bool:
    """Whether `prove_address` would take the code; counts nothing, so never say so to whoever typed it."""
    newest = OneTimeCode.objects.sent_to(address, purpose).first()
    expected = _code_hash(address, purpose, _digits(code), about)
    return newest is not None and newest.is_live(at) and constant_time_compare(newest.code_hash, expected)


def _digits(code: str) -> str:
    return "".join(str(int(letter)) for letter in code if letter.isdecimal())


def proven_address(*, token: str, at: datetime) -> Address | None:
    """The address that the token's holder has proved, or None where the token is unknown or has run out."""
    if not token:
        return None
    proof = AddressProof.objects.filter(token_hash=hash_token(token), expires_at__gt=at).first()
    return None if proof is None else Address(proof.channel, proof.address)


def forget_old_codes(*, at: datetime) -> int:
    """Deletes codes and proofs that ran out more than a day ago; returns how many rows went."""
    limit = at - timedelta(days=1)
    codes, _by_model = OneTimeCode.objects.filter(expires_at__lt=limit).delete()
    proofs, _by_model = AddressProof.objects.filter(expires_at__lt=limit).delete()
    return codes + proofs


def _new_proof(address: Address, at: datetime) -> str:
    token = new_token()
    AddressProof.objects.create(
        token_hash=hash_token(token),
        channel=address.channel,
        address=address.value,
        created_at=at,
        expires_at=at + PROOF_LIFE,
    )
    return token


def _dead(code: OneTimeCode | None) -> InvalidInput:
    used_up = code is not None and not code.attempts_left
    return InvalidInput(
        _("Too many wrong guesses.") if used_up else _("This code is not valid, or its time has run out."),
        code="code_used_up" if used_up else "code_expired",
        field="code",
        next_step=_("Please ask for a new code."),
        details={"attempts_left": 0},
    )


def _wrong(code: OneTimeCode) -> InvalidInput:
    left = code.attempts_left
    if not left:
        return _dead(code)
    return InvalidInput(
        _("This is not the code we sent."),
        code="code_wrong",
        field="code",
        next_step=ngettext("You have %(left)d more try.", "You have %(left)d more tries.", left)
        % {"left": left},
        details={"attempts_left": left},
    )


def _queue_for(address: Address, purpose: str) -> None:
    """Two requests for one address at once: the second waits for the first, then meets the pause."""
    number = int.from_bytes(
        hashlib.sha256(f"code:{purpose}:{address.channel}:{address.value}".encode()).digest()[:8], signed=True
    )
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [number])


def _guard_pace(address: Address, purpose: str, at: datetime) -> None:
    asked = list(
        OneTimeCode.objects.sent_to(address, purpose)
        .asked_since(at - HOUR)
        .values_list("created_at", flat=True)[:CODES_PER_HOUR]
    )
    if asked and asked[0] > at - PAUSE_BETWEEN_CODES:
        raise _too_many(asked[0] + PAUSE_BETWEEN_CODES - at)
    if len(asked) >= CODES_PER_HOUR:
        raise _too_many(asked[-1] + HOUR - at)


def _count_client(client: str) -> None:
    """A fixed window of an hour in the shared cache; where that is down, the limit per address holds."""
    key = f"codes-by-client:{_digest('client', client)}"
    try:
        cache.add(key, 0, timeout=int(HOUR.total_seconds()))
        asked = cache.incr(key)
    except Exception as error:
        logger.warning("Codes per client are not counted: %s", type(error).__name__)
        return
    if asked > CODES_PER_CLIENT_AND_HOUR:
        raise _too_many(HOUR)


def _too_many(wait: timedelta) -> TooMany:
    seconds = max(1, int(wait.total_seconds()) + (1 if wait.microseconds else 0))
    minutes = -(-seconds // 60)
    return TooMany(
        _("Too many codes were asked for."),
        field="address",
        next_step=(
            ngettext("Please try again in %(n)d second.", "Please try again in %(n)d seconds.", seconds)
            % {"n": seconds}
            if seconds <= 60
            else ngettext("Please try again in %(n)d minute.", "Please try again in %(n)d minutes.", minutes)
            % {"n": minutes}
        ),
        details={"retry_after_s": seconds},
    )


def _code_hash(address: Address, purpose: str, digits: str, about: str) -> str:
    """Keyed with SECRET_KEY: six digits alone would be guessed from a stolen table."""
    return _digest("code", purpose, address.channel, address.value, digits, *([about] if about else []))


def _digest(*parts: str) -> str:
    return salted_hmac("repairhub.accounts.codes", "\0".join(parts), algorithm="sha256").hexdigest()
