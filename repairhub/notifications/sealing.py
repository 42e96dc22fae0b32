"""Secrets of the outbox lie encrypted (Fernet); the first key seals, every key opens."""

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings


class UnreadableSecretError(Exception):
    """None of settings.FERNET_KEYS opens this secret."""


def _keys() -> MultiFernet:
    return MultiFernet([Fernet(key) for key in settings.FERNET_KEYS])


def seal(text: str) -> str:
    """The text, encrypted with the first of settings.FERNET_KEYS."""
    return _keys().encrypt(text.encode()).decode()


def unseal(sealed: str) -> str:
    """The text behind `sealed`. Raises UnreadableSecretError where the key is gone."""
    try:
        return _keys().decrypt(sealed.encode()).decode()
    except InvalidToken as error:
        raise UnreadableSecretError("no key opens this secret") from error
