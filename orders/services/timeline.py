"""The order's timeline: events chained by hash."""

import hashlib
import json
import secrets
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from orders.models import OrderEvent, RepairOrder

FIRST_CHAIN = "0" * 64


def append_event(
    order: RepairOrder, kind: str, *, by: Any, at: datetime, payload: dict[str, Any] | None = None
) -> OrderEvent:
    """The next event of the order. Call it with the order's row locked: sequence and chain follow on."""
    last = order.events.order_by("-sequence").first()
    sequence = last.sequence + 1 if last else 1
    previous = last.chain if last else FIRST_CHAIN
    salt = secrets.token_hex(16)
    digest = payload_digest(salt, payload or {})
    return OrderEvent.objects.create(
        order=order,
        sequence=sequence,
        kind=kind,
        payload=payload or {},
        salt=salt,
        digest=digest,
        chain=chain_digest(previous, sequence, kind, at, digest),
        by=by,
        at=at,
    )


def payload_digest(salt: str, payload: dict[str, Any]) -> str:
    """SHA-256 over salt and canonical JSON: tells nothing of the payload once the salt is gone."""
    text = json.dumps(payload, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(f"{salt}{text}".encode()).hexdigest()


def chain_digest(previous: str, sequence: int, kind: str, at: datetime, digest: str) -> str:
    """SHA-256 over everything before and this event."""
    return hashlib.sha256(f"{previous}|{sequence}|{kind}|{at.timestamp():.6f}|{digest}".encode()).hexdigest()


def chain_faults(order: RepairOrder) -> list[str]:
    """What is wrong with the order's chain, one line per fault; empty for a whole one."""
    return faults_of(order.reference, order.events.order_by("sequence"))


def faults_of(reference: str, events: Iterable[OrderEvent]) -> list[str]:
    """`chain_faults` of the order with that reference, whose events the caller has read by sequence."""
    faults = []
    previous = FIRST_CHAIN
    for number, event in enumerate(events, start=1):
        if event.sequence != number:
            faults.append(f"{reference}: event {number} is missing")
        erased = event.salt is None and event.payload is None
        if not erased and payload_digest(event.salt or "", event.payload or {}) != event.digest:
            faults.append(f"{reference}: the payload of event {event.sequence} was changed")
        if chain_digest(previous, event.sequence, event.kind, event.at, event.digest) != event.chain:
            faults.append(f"{reference}: the chain breaks at event {event.sequence}")
        previous = event.chain
    return faults
