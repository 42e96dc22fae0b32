"""Tokens nobody can guess, references people can read aloud, PINs people can write down."""

import hashlib
import secrets

# no 0/O, 1/I/L: read aloud over the phone
READABLE = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"


def new_token() -> str:
    """192 random bits, safe in a URL."""
    return secrets.token_urlsafe(24)


def hash_token(token: str) -> str:
    """SHA-256 in hex: enough for a token of 128 bits and more, which no dictionary holds."""
    return hashlib.sha256(token.encode()).hexdigest()


def new_reference(prefix: str) -> str:
    """Such as "RH-7K3M9Q2P": 8 characters without look-alikes (about 40 bits). Not a secret."""
    return f"{prefix}-{''.join(secrets.choice(READABLE) for _ in range(8))}"


def new_pin(digits: int = 6) -> str:
    """Random decimal digits; only useful with limited guesses."""
    return "".join(secrets.choice("0123456789") for _ in range(digits))
