"""A customer's browser, step by step through a booking: a test client that follows nothing by itself."""

from datetime import timedelta
from typing import Any

from django.test import Client
from django.urls import reverse
from django.utils import timezone

from engineers.models import Engineer
from orders.forms import PlaceForm
from orders.links import order_token
from orders.models import RepairOrder
from orders.services.drafts import keep_choices, start_draft
from repairhub.notifications.models import Message
from repairhub.notifications.sealing import unseal
from repairhub.places.models import City, District
from tests.factories.accounts import AddressProofFactory
from tests.factories.door import catalogue, qualified_engineer
from tests.factories.engineers import CENTRE, MORNING, clock
from tests.factories.places import CityFactory

PHONE, MAIL = "+8613800138000", "li@example.com"
WINDOW = clock("10:00") + timedelta(days=1)  # Tuesday, 10 to 12


class Browser:
    """One browser session. Every step posts what a person would; `last` is the last answer."""

    def __init__(self, client: Client | None = None) -> None:
        self.client = client or Client()

    def get(self, page: str, /, *args: Any, **query: Any) -> Any:
        """The page of that name."""
        return self.client.get(reverse(page, args=args), query)

    def post(self, page: str, /, *args: Any, **data: Any) -> Any:
        """A form sent to the page of that name, with the draft that the page showed."""
        return self.client.post(reverse(page, args=args), {"draft": self.draft, **data})

    @property
    def draft(self) -> str:
        """The draft of this session, as the forms carry it."""
        return str(self.client.session.get("draft", ""))

    def choose_phone(self) -> Any:
        """An iPhone 12."""
        self.post("book", brand="apple")
        return self.post("book_device", device_model="iphone-12")

    def choose_repair(self, **data: Any) -> Any:
        """Its screen, the original part."""
        return self.post("book_repairs", **(data or {"repairs": ["screen"], "grade-screen": "original"}))

    def choose_place(self, **data: Any) -> Any:
        """A street in Chaoyang."""
        district = District.objects.get(name_en="Chaoyang")
        place = {"city": "BJ", "district": district.pk, "address": "Jianguo Road 1, room 5"}
        return self.post("book_place", **{**place, **data})

    def choose_window(self, start_at: Any = WINDOW) -> Any:
        """Tuesday, ten to twelve."""
        return self.post("book_window", window=start_at.isoformat())

    def give_contact(self, **data: Any) -> Any:
        """Li Wei, by phone."""
        return self.post("book_contact", **{"name": "Li Wei", "address": PHONE, **data})

    def prove(self, address: str = PHONE, position: int = 1) -> Any:
        """The code that came."""
        return self.post("book_code", position, code=code_sent_to(address))

    def up_to_confirm(self) -> "Browser":
        """Everything chosen and proved as `walk_to_confirm` does, without asking for every page."""
        at, district = timezone.now(), District.objects.get(name_en="Chaoyang")
        form = PlaceForm({"city": "BJ", "district": district.pk, "address": "Jianguo Road 1, room 5"})
        assert form.is_valid()
        choices = {
            "brand": "apple",
            "device_model": "iphone-12",
            "repairs": [["screen", "original"]],
            "place": form.place(),
            "window": [moment.isoformat() for moment in (WINDOW, WINDOW + timedelta(hours=2))],
            "contacts": [{"name": "Li Wei", "channel": "sms", "address": PHONE}],
        }
        draft = start_draft(at=at)
        for name, value in choices.items():
            keep_choices(draft_id=draft.pk, choices={name: value}, at=at)
        token = f"proof-of-{draft.pk}"
        AddressProofFactory(token=token, address=PHONE, created_at=at)
        session = self.client.session
        session["draft"], session["proofs"] = str(draft.pk), [token]
        session.save()
        return self

    def walk_to_confirm(self) -> "Browser":
        """Every step before the confirmation, on its page."""
        self.choose_phone()
        self.choose_repair()
        self.choose_place()
        self.choose_window()
        self.give_contact()
        self.prove()
        return self

    def shown(self) -> dict[str, str]:
        """What the confirm page's form carries now."""
        context = self.get("book_confirm").context
        return {
            "draft": self.draft,
            "shown_total": str(context["progress"].total),
            "shown": context["progress"].shown_hash,
        }

    def confirm(self, form: dict[str, str] | None = None) -> Any:
        """The last button."""
        return self.client.post(reverse("book_confirm"), form or self.shown())

    def book(self) -> RepairOrder:
        """The order, confirmed by this browser."""
        self.up_to_confirm().confirm()
        return RepairOrder.objects.get(draft_id=self.draft)

    def prove_on_order(self, order: RepairOrder, position: int = 1) -> Any:
        """A code asked for on the order's page, and typed in."""
        contact = order.contacts.get(position=position)
        at_page = [order.reference, order_token(order)]
        self.client.post(reverse("order_code", args=at_page), {"contact": position})
        code = code_sent_to(contact.address)
        return self.client.post(reverse("order_code", args=at_page), {"contact": position, "code": code})


def code_sent_to(address: str) -> str:
    """The digits on their way to that address."""
    message = Message.objects.filter(template="one_time_code", address=address).latest("pk")
    assert message.secret is not None
    return unseal(message.secret)


def open_city(**fields: Any) -> tuple[City, Engineer]:
    """Beijing with one district, a catalogue, and one engineer who can do all of it."""
    city = CityFactory(**fields)
    District.objects.get_or_create(
        city=city,
        name_en="Chaoyang",
        defaults={"name_zh": "朝阳区", "latitude": CENTRE[0] + 0.01, "longitude": CENTRE[1] + 0.01},
    )
    catalogue()
    return city, qualified_engineer(city)


__all__ = ["MORNING", "Browser", "code_sent_to", "open_city"]
