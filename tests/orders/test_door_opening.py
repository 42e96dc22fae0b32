"""The customer lets the engineer begin: by the PIN, or by a door code."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import translation

from engineers.models import CityDay, EngineerCertificate
from engineers.states import VisitStatus
from orders.links import order_pin
from orders.models import RepairOrder
from orders.services import door as verbs
from orders.states import OrderStatus
from repairhub.accounts.models import OneTimeCode
from repairhub.core.errors import Conflict, InvalidInput, NotAllowed, TooMany
from repairhub.notifications.models import Message
from repairhub.notifications.sealing import unseal
from tests.factories.accounts import EngineerUserFactory
from tests.factories.door import Door, door, standing, working
from tests.factories.places import CityFactory

AWAY = [status for status in VisitStatus if status != VisitStatus.ON_SITE]
FULL_WIDTH = str.maketrans("0123456789", "０１２３４５６７８９")
NOT_BOOKED = [status for status in OrderStatus if status != OrderStatus.BOOKED]

pytestmark = pytest.mark.django_db


def wrong(pin: str) -> str:
    """Six digits that are not the PIN."""
    return f"{(int(pin) + 1) % 10**6:06d}"


def sent_code(place: Door, channel: str = "sms") -> str:
    """The digits on their way to the customer."""
    message = Message.objects.filter(template="door_code", channel=channel).latest("pk")
    return unseal(message.secret)


class TestSendDoorCode:
    def test_every_proved_contact_gets_one(self) -> None:
        place = door()
        sent = verbs.send_door_code(**place.who)
        assert [address.channel for address in sent] == ["sms", "email"]
        assert Message.objects.filter(template="door_code").count() == 2

    def test_a_contact_that_was_not_proved_gets_none(self) -> None:
        place = door()
        place.order.contacts.filter(position=2).update(proved_at=None)
        assert [address.channel for address in verbs.send_door_code(**place.who)] == ["sms"]

    def test_it_is_in_the_language_of_the_order(self) -> None:
        place = door(language="zh-hans")
        with translation.override("en"):
            verbs.send_door_code(**place.who)
        assert set(Message.objects.filter(template="door_code").values_list("language", flat=True)) == {
            "zh-hans"
        }

    def test_one_contact_out_of_reach_does_not_keep_it_from_the_other(self, settings: Any) -> None:
        place = door()
        settings.NOTIFICATION_CHANNELS = {"email": settings.NOTIFICATION_CHANNELS["email"]}
        assert [address.channel for address in verbs.send_door_code(**place.who)] == ["email"]

    def test_asked_again_at_once_it_says_when(self) -> None:
        place = door()
        verbs.send_door_code(**place.who)
        with pytest.raises(TooMany) as refusal:
            verbs.send_door_code(**place.who)
        assert 0 < refusal.value.details["retry_after_s"] <= 60
        assert Message.objects.filter(template="door_code").count() == 2

    def test_without_any_proved_contact_it_says_whom_to_call(self) -> None:
        place = door()
        place.order.contacts.update(proved_at=None)
        with pytest.raises(Conflict, match="dispatcher"):
            verbs.send_door_code(**place.who)

    def test_refused_unless_the_engineer_stands_at_the_door(self, subtests: pytest.Subtests) -> None:
        place = door()
        for status in AWAY:
            with subtests.test(status=status), pytest.raises(Conflict) as refusal:
                verbs.send_door_code(**standing(place, visit=status).who)
            assert refusal.value.code == "wrong_state"
        assert not OneTimeCode.objects.exists()

    def test_refused_once_the_work_has_started(self) -> None:
        place = working()
        with pytest.raises(Conflict, match="already started"):
            verbs.send_door_code(**place.who)

    def test_another_engineer_may_not(self) -> None:
        place = door()
        with pytest.raises(NotAllowed):
            verbs.send_door_code(**{**place.who, "by": EngineerUserFactory()})


class TestStartWithPin:
    def test_the_right_pin_starts_the_repair(self) -> None:
        place = door()
        order = verbs.start_with_pin(**place.who, pin=order_pin(place.order))
        place.refresh()
        assert order.status == place.order.status == OrderStatus.IN_REPAIR
        assert place.visit.started_at == place.at
        event = place.order.events.latest("sequence")
        assert (event.kind, event.payload, event.by) == ("started", {"how": "pin"}, place.by)

    @pytest.mark.parametrize("form", ["{0}{1}{2} {3}{4}{5}", " {0}{1}{2}-{3}{4}{5} ", "full-width"])
    def test_however_the_digits_are_typed(self, form: str) -> None:
        place = door()
        digits = order_pin(place.order)
        pin = digits.translate(FULL_WIDTH) if form == "full-width" else form.format(*digits)
        assert verbs.start_with_pin(**place.who, pin=pin).status == OrderStatus.IN_REPAIR

    def test_pressed_twice_it_starts_once_and_costs_no_guess(self) -> None:
        place = door()
        verbs.start_with_pin(**place.who, pin=order_pin(place.order))
        verbs.start_with_pin(**place.who, pin=order_pin(place.order))
        assert place.order.events.filter(kind="started").count() == 1
        assert place.refresh().order.pin_failures == 0

    def test_a_wrong_pin_starts_nothing_and_says_how_many_tries_are_left(self) -> None:
        place = door()
        with pytest.raises(InvalidInput, match="4 tries are left") as refusal:
            verbs.start_with_pin(**place.who, pin=wrong(order_pin(place.order)))
        assert refusal.value.field == "pin"
        place.refresh()
        assert (place.order.status, place.order.pin_failures) == (OrderStatus.BOOKED, 1)
        assert place.visit.started_at is None

    def test_what_is_no_pin_is_a_wrong_one(self, subtests: pytest.Subtests) -> None:
        place = door()
        for typed in ("", "abc", "12345", "1234567", "²³¹²³¹", "' OR 1=1"):
            RepairOrder.objects.update(pin_failures=0)
            with subtests.test(typed=typed), pytest.raises(InvalidInput) as refusal:
                verbs.start_with_pin(**place.who, pin=typed)
            assert refusal.value.field == "pin"
            assert place.refresh().order.pin_failures == 1

    def test_after_five_wrong_guesses_the_right_one_no_longer_counts(self) -> None:
        place = door()
        pin = order_pin(place.order)
        for _guess in range(4):
            with pytest.raises(InvalidInput):
                verbs.start_with_pin(**place.who, pin=wrong(pin))
        for guess in (wrong(pin), pin, pin):
            with pytest.raises(TooMany, match="door code") as refusal:
                verbs.start_with_pin(**place.who, pin=guess)
            assert refusal.value.field == "pin"
        assert place.refresh().order.status == OrderStatus.BOOKED
        assert place.order.pin_failures == 5

    def test_wrong_guesses_are_forgotten_with_the_right_one(self) -> None:
        place = door()
        with pytest.raises(InvalidInput):
            verbs.start_with_pin(**place.who, pin=wrong(order_pin(place.order)))
        verbs.start_with_pin(**place.who, pin=order_pin(place.order))
        assert place.refresh().order.pin_failures == 0

    def test_a_pin_that_was_changed_no_longer_opens(self) -> None:
        place = door()
        pin = order_pin(place.order)
        RepairOrder.objects.update(pin_version=2)
        with pytest.raises(InvalidInput):
            verbs.start_with_pin(**place.who, pin=pin)

    def test_the_days_plan_reckons_with_it(self) -> None:
        place = door()
        before = CityDay.objects.get(city=place.visit.city, on=place.visit.on).version
        place.start()
        assert CityDay.objects.get(city=place.visit.city, on=place.visit.on).version > before

    def test_refused_unless_the_engineer_stands_at_the_door(self, subtests: pytest.Subtests) -> None:
        place = door()
        for status in AWAY:
            with subtests.test(status=status), pytest.raises(Conflict) as refusal:
                verbs.start_with_pin(**standing(place, visit=status).who, pin=order_pin(place.order))
            assert refusal.value.code == "wrong_state"
        assert place.refresh().order.pin_failures == 0

    def test_refused_unless_the_order_waits_for_its_repair(self, subtests: pytest.Subtests) -> None:
        place = door()
        for status in NOT_BOOKED:
            with subtests.test(status=status), pytest.raises(Conflict) as refusal:
                verbs.start_with_pin(**standing(place, order=status).who, pin=order_pin(place.order))
            assert refusal.value.code == "order_closed"
            place.refresh()
            assert (place.order.status, place.visit.started_at) == (status, None)

    def test_another_engineer_may_not_even_guess(self) -> None:
        place = door()
        with pytest.raises(NotAllowed):
            verbs.start_with_pin(**{**place.who, "by": EngineerUserFactory()}, pin=order_pin(place.order))
        assert place.refresh().order.pin_failures == 0

    def test_the_pin_of_another_order_is_not_to_be_guessed_here(self) -> None:
        place = door()
        other = door(city=CityFactory(shanghai=True))
        with pytest.raises(NotAllowed):
            verbs.start_with_pin(**{**place.who, "order": other.order}, pin=order_pin(other.order))

    def test_refused_where_the_certificate_was_suspended_after_dispatching(self) -> None:
        place = door()
        EngineerCertificate.objects.update(suspended_at=place.at - timedelta(hours=1))
        with pytest.raises(Conflict, match="suspended") as refusal:
            verbs.start_with_pin(**place.who, pin=order_pin(place.order))
        assert refusal.value.code == "not_qualified"
        assert "Do not open the phone" in str(refusal.value)
        place.refresh()
        assert (place.order.status, place.visit.started_at) == (OrderStatus.BOOKED, None)


@pytest.mark.django_db(transaction=True)
class TestGuessesAreCommitted:
    def test_a_refusal_does_not_take_its_count_back(self) -> None:
        place = door()
        for left in (4, 3):
            with pytest.raises(InvalidInput, match=f"{left} tries"):
                verbs.start_with_pin(**place.who, pin=wrong(order_pin(place.order)))
        assert RepairOrder.objects.get(pk=place.order.pk).pin_failures == 2

    def test_inside_another_transaction_it_does_not_run(self) -> None:
        from django.db import transaction

        place = door()
        with transaction.atomic(), pytest.raises(RuntimeError):
            verbs.start_with_pin(**place.who, pin=wrong(order_pin(place.order)))


class TestStartWithCode:
    @pytest.mark.parametrize("channel", ["sms", "email"])
    def test_the_code_that_either_contact_got_starts_the_repair(self, channel: str) -> None:
        place = door()
        verbs.send_door_code(**place.who)
        order = verbs.start_with_code(**place.who, code=sent_code(place, channel))
        assert order.status == OrderStatus.IN_REPAIR
        assert place.order.events.latest("sequence").payload == {"how": "door_code"}

    def test_it_opens_where_the_pin_is_closed(self) -> None:
        place = door()
        RepairOrder.objects.update(pin_failures=5)
        verbs.send_door_code(**place.who)
        assert verbs.start_with_code(**place.who, code=sent_code(place)).status == OrderStatus.IN_REPAIR

    def test_pressed_twice_it_starts_once(self) -> None:
        place = door()
        verbs.send_door_code(**place.who)
        code = sent_code(place)
        verbs.start_with_code(**place.who, code=code)
        assert verbs.start_with_code(**place.who, code=code).status == OrderStatus.IN_REPAIR
        assert place.order.events.filter(kind="started").count() == 1

    def test_a_wrong_code_says_how_many_tries_are_left(self) -> None:
        place = door()
        verbs.send_door_code(**place.who)
        wrong_code = next(c for c in ("111111", "222222", "333333") if c not in codes())
        with pytest.raises(InvalidInput, match="4 more tries") as refusal:
            verbs.start_with_code(**place.who, code=wrong_code)
        assert refusal.value.field == "code"
        assert place.refresh().order.status == OrderStatus.BOOKED

    def test_of_two_contacts_the_live_code_says_what_to_do(self) -> None:
        place = door()
        verbs.send_door_code(**place.who)
        OneTimeCode.objects.filter(channel="email").update(attempts=5)
        wrong_code = next(c for c in ("111111", "222222", "333333") if c not in codes())
        with pytest.raises(InvalidInput, match="4 more tries"):
            verbs.start_with_code(**place.who, code=wrong_code)

    def test_after_five_wrong_guesses_a_new_one_is_needed(self) -> None:
        place = door()
        verbs.send_door_code(**place.who)
        OneTimeCode.objects.update(attempts=5)
        with pytest.raises(InvalidInput, match="new code"):
            verbs.start_with_code(**place.who, code=sent_code(place))

    def test_a_code_that_proves_a_contact_opens_no_door(self) -> None:
        from repairhub.accounts.services.codes import send_code

        place = door()
        contact = place.order.contacts.get(position=1)
        send_code(
            address=verbs.contact_address(contact), purpose="contact", language="en", at=place.at, client="x"
        )
        code = unseal(Message.objects.get(template="one_time_code").secret)
        with pytest.raises(InvalidInput):
            verbs.start_with_code(**place.who, code=code)

    def test_before_any_was_sent_it_asks_for_one(self) -> None:
        place = door()
        with pytest.raises(InvalidInput) as refusal:
            verbs.start_with_code(**place.who, code="123456")
        assert refusal.value.field == "code"

    def test_refused_unless_the_engineer_stands_at_the_door(self, subtests: pytest.Subtests) -> None:
        place = door()
        for status in AWAY:
            with subtests.test(status=status), pytest.raises(Conflict) as refusal:
                verbs.start_with_code(**standing(place, visit=status).who, code="123456")
            assert refusal.value.code == "wrong_state"

    def test_refused_unless_the_order_waits_for_its_repair(self, subtests: pytest.Subtests) -> None:
        place = door()
        verbs.send_door_code(**place.who)
        for status in NOT_BOOKED:
            OneTimeCode.objects.update(used_at=None)
            with subtests.test(status=status), pytest.raises(Conflict) as refusal:
                verbs.start_with_code(**standing(place, order=status).who, code=sent_code(place))
            assert refusal.value.code == "order_closed"

    def test_another_engineer_may_not(self) -> None:
        place = door()
        verbs.send_door_code(**place.who)
        with pytest.raises(NotAllowed):
            verbs.start_with_code(**{**place.who, "by": EngineerUserFactory()}, code=sent_code(place))


def codes() -> set[str]:
    """Every code on its way."""
    return {unseal(m.secret) for m in Message.objects.filter(template="door_code")}
