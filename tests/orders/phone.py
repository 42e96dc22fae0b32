"""An engineer's phone: a test client that follows nothing by itself."""

import re
from typing import Any

from django.http import HttpResponse
from django.test import Client
from django.urls import reverse

from tests.factories.door import Door

STEPS = (
    "set_out",
    "arrive",
    "turn_back",
    "send_code",
    "start",
    "code",
    "fit",
    "take_out",
    "put_back",
    "dead_part",
    "finish",
    "cannot_complete",
    "no_access",
)


class Phone:
    """The engineer's phone, signed in."""

    def __init__(self, place: Door, user: Any = None) -> None:
        self.place = place
        self.client = Client()
        self.client.force_login(user or place.by)

    def look(self) -> HttpResponse:
        """The page as it is now."""
        return self.client.get(reverse("door", args=[self.place.visit.reference]))

    def press(self, step: str, **fields: Any) -> HttpResponse:
        """The button of that step."""
        return self.client.post(reverse("door_step", args=[self.place.visit.reference, step]), fields)

    def heading(self) -> str:
        """What the screen asks for."""
        found = re.search(r'<h2 id="step-name">([^<]+)</h2>', text(self.look()))
        return found[1] if found else ""


def text(response: HttpResponse) -> str:
    """The page's source."""
    return response.content.decode()


def moved_on(response: HttpResponse, place: Door) -> bool:
    """The step was done: the browser is sent to the page of the visit."""
    return response.status_code == 302 and response["Location"] == reverse(
        "door", args=[place.visit.reference]
    )
