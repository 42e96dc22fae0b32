"""Refusals: why something cannot be done, as data and as a sentence for the person who reads it."""

from typing import Any

from django.utils.functional import Promise


class DomainError(Exception):
    """A rule said no. `message` is a whole sentence; `next_step` says what the reader can do now.

    `field` names the input at fault, `details` carries data for the page (such as the nearest windows).
    """

    status = 400
    code = "refused"

    def __init__(
        self,
        message: str | Promise,
        *,
        code: str | None = None,
        field: str | None = None,
        next_step: str | Promise = "",
        details: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.code = code or self.code
        self.field = field
        self.next_step = next_step
        self.details = details or {}

    def __str__(self) -> str:
        """The sentence, with what to do next, in the active language."""
        return f"{self.message} {self.next_step}".strip()


class InvalidInput(DomainError):
    """What was sent cannot be read or is out of range: HTTP 400, with the field's name."""

    status = 400
    code = "invalid"


class NotAllowed(DomainError):
    """This person may not do that: HTTP 403."""

    status = 403
    code = "not_allowed"


class NotFoundError(DomainError):
    """Nothing of that name within this person's reach: HTTP 404."""

    status = 404
    code = "not_found"


class Conflict(DomainError):
    """The state of things forbids it now: HTTP 409."""

    status = 409
    code = "conflict"


class KeyReused(DomainError):
    """An idempotency key came back with another body: HTTP 422."""

    status = 422
    code = "key_reused"


class TooMany(DomainError):
    """Asked too often: HTTP 429; `details["retry_after_s"]` in seconds."""

    status = 429
    code = "too_many"
