"""A program that calls the API, and a city to book in."""

import json
from typing import Any

from django.test import Client

from repairhub.accounts.services.codes import prove_address, send_code
from repairhub.notifications.addresses import Address
from repairhub.notifications.models import Message
from repairhub.notifications.sealing import unseal
from repairhub.places.models import City
from tests.factories.engineers import MORNING, clock

PHONE = "+8613800138000"
KEY = "11111111-2222-3333-4444-555555555555"
SCREEN = "iphone-12.screen"
BATTERY = "iphone-12.battery"
TOTAL = "2149.00"


def get(path: str, *, language: str = "en", **query: Any) -> Any:
    """GET /api/v1/<path>."""
    return Client().get(f"/api/v1/{path}", query, headers={"Accept-Language": language})


def post(path: str, body: Any, *, language: str = "en", **headers: str) -> Any:
    """POST JSON to /api/v1/<path>; a body that is text is sent as it stands."""
    data = body if isinstance(body, str | bytes) else json.dumps(body)
    return Client().post(
        f"/api/v1/{path}",
        data,
        content_type="application/json",
        headers={"Accept-Language": language, **headers},
    )


def proof_of(value: str = PHONE, channel: str = "sms") -> str:
    """A proof of that address."""
    address = Address(channel, value)
    send_code(address=address, purpose="contact", language="en", at=MORNING, client="test")
    message = Message.objects.filter(template="one_time_code", address=value).latest("pk")
    assert message.secret is not None
    return prove_address(address=address, code=unseal(message.secret), purpose="contact", at=MORNING)


def order_body(city: City, proof: str, /, **changes: Any) -> dict[str, Any]:
    """A booking of an original screen, Monday 10 to 12; `None` leaves a field out."""
    body = {
        "proof": proof,
        "name": "Li Wei",
        "repairs": [{"repair": SCREEN, "grade": "original"}],
        "city": city.code,
        "latitude": city.latitude,
        "longitude": city.longitude,
        "address": "Jianguo Road 1",
        "window": {"start_at": clock("10:00").isoformat(), "end_at": clock("12:00").isoformat()},
        "total": TOTAL,
        **changes,
    }
    return {name: value for name, value in body.items() if value is not None}


def book(body: dict[str, Any], *, key: str = KEY, **headers: str) -> Any:
    """POST to orders/."""
    return post("orders/", body, **{"Idempotency-Key": key}, **headers)


def refusal(response: Any) -> dict[str, Any]:
    """The one error of a refusal, after a look at its shape."""
    body = response.json()
    assert response["Content-Type"] == "application/json"
    assert set(body) <= {"type", "errors", "details"}
    assert body["type"] in ("validation_error", "client_error")
    for error in body["errors"]:
        assert set(error) == {"code", "detail", "attr"}
        assert error["detail"]
    found: dict[str, Any] = body["errors"][0]
    return found
