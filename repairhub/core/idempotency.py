"""The same request twice does the work once."""

import hashlib
import json
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.db import connection, transaction
from django.utils.translation import gettext_lazy as _

from .errors import InvalidInput, KeyReused
from .models import IdempotentRequest

Answer = tuple[int, Any]
KEPT = timedelta(days=7)
SHORTEST_KEY, LONGEST_KEY = 8, 120


def run_once(*, scope: str, key: str, body: Any, at: datetime, action: Callable[[], Answer]) -> Answer:
    """The answer (HTTP status, JSON body) of `action`, or the stored one where this key was seen before.

    Key and work are committed in one transaction, so a crash leaves neither. Two requests at once with one
    key queue behind an advisory lock. Raises InvalidInput for an unusable key, KeyReused (422) for the same
    key with another body. A refusal (DomainError) rolls back and is not stored: the client may try again.
    """
    if not (SHORTEST_KEY <= len(key) <= LONGEST_KEY and key.isascii() and key.isprintable()):
        raise InvalidInput(
            _("The Idempotency-Key must have %(least)d to %(most)d printable ASCII characters.")
            % {"least": SHORTEST_KEY, "most": LONGEST_KEY},
            field="Idempotency-Key",
            code="invalid",
            next_step=_("Send a new random one with each new request, and the same one with a repetition."),
        )
    # the order of the fields makes no other request
    digest = hashlib.sha256(json.dumps(body, sort_keys=True, cls=DjangoJSONEncoder).encode()).hexdigest()
    with transaction.atomic():
        _lock(f"{scope}:{key}")
        seen = IdempotentRequest.objects.filter(scope=scope, key=key).first()
        if seen is None:
            status, answer = action()
            seen = IdempotentRequest.objects.create(
                scope=scope,
                key=key,
                request_digest=digest,
                response_status=status,
                response_body=json.dumps(answer, cls=DjangoJSONEncoder, ensure_ascii=False),
                created_at=at,
            )
        elif seen.request_digest != digest:
            raise KeyReused(
                _("This Idempotency-Key was used with another body."),
                field="Idempotency-Key",
                next_step=_("Send a new key for a new request."),
            )
        return seen.response_status, json.loads(seen.response_body)


def forget_old_answers(*, at: datetime) -> int:
    """Deletes answers older than a week: nobody repeats a request after that. Returns how many went."""
    return IdempotentRequest.objects.filter(created_at__lt=at - KEPT).delete()[0]


def _lock(name: str) -> None:
    number = int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], signed=True)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [number])
