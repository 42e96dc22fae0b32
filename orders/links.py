"""Order links and PINs: HMACs over the order and a version. Nothing is stored, both can be shown again,
and raising the version revokes them."""

import base64
import hashlib
import hmac

from django.conf import settings
from django.urls import reverse
from django.utils.crypto import constant_time_compare

from orders.models import RepairOrder

TOKEN_BYTES = 24  # 192 bits
PIN_DIGITS = 6


def order_token(order: RepairOrder) -> str:
    """The unguessable part of the order's link."""
    return _token(str(settings.SECRET_KEY), order)


def is_token_of(order: RepairOrder, token: str) -> bool:
    """Whether the token opens this order, also under a key that was rotated out."""
    keys = [str(key) for key in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)]
    return any(constant_time_compare(_token(key, order), token) for key in keys)


def order_path(order: RepairOrder) -> str:
    """The path of the order's page, token included."""
    return reverse("order", args=[order.reference, order_token(order)])


def order_url(order: RepairOrder) -> str:
    """The whole address, for messages."""
    return settings.PUBLIC_URL.rstrip("/") + order_path(order)


def order_pin(order: RepairOrder) -> str:
    """Six digits that the customer writes down at booking; staff never see them. Guesses are limited."""
    return _pin(str(settings.SECRET_KEY), order)


def is_pin_of(order: RepairOrder, pin: str) -> bool:
    """Whether these are the order's digits."""
    digits = "".join(pin.split())
    keys = [str(key) for key in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)]
    return any(constant_time_compare(_pin(key, order), digits) for key in keys)


def _token(key: str, order: RepairOrder) -> str:
    digest = _mac(key, f"order-link:{order.pk}:{order.link_version}")
    return base64.urlsafe_b64encode(digest[:TOKEN_BYTES]).decode().rstrip("=")


def _pin(key: str, order: RepairOrder) -> str:
    number = int.from_bytes(_mac(key, f"order-pin:{order.pk}:{order.pin_version}")[:8])
    return str(number % 10**PIN_DIGITS).zfill(PIN_DIGITS)


def _mac(key: str, message: str) -> bytes:
    return hmac.new(key.encode(), message.encode(), hashlib.sha256).digest()
