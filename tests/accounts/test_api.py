"""POST /api/v1/phone-codes/ and /api/v1/phone-proofs/"""

from typing import Any

import pytest
import time_machine

from repairhub.accounts.models import AddressProof, OneTimeCode
from repairhub.accounts.services.codes import proven_address
from repairhub.core.tokens import hash_token
from repairhub.notifications.addresses import Address
from repairhub.notifications.models import Message
from repairhub.notifications.sealing import unseal
from tests.factories.accounts import NOON
from tests.orders.api.caller import post, refusal

PHONE = "+8613800138000"

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def noon() -> Any:
    """The clock stands at noon; `move_to` sets it."""
    with time_machine.travel(NOON, tick=False) as clock:
        yield clock


def sent_code() -> str:
    """The digits on their way."""
    message = Message.objects.filter(template="one_time_code").latest("pk")
    assert message.secret is not None
    return unseal(message.secret)


class TestPhoneCodes:
    @pytest.mark.parametrize(
        ("body", "address", "shown"),
        [
            ({"phone": "138 0013 8000"}, PHONE, "+86 138****8000"),
            ({"phone": "+44 20 7946 0018"}, "+442079460018", "+44 207****0018"),
            ({"email": "Li@Example.com"}, "li@example.com", "l***@example.com"),
        ],
    )
    def test_a_code_goes_to_a_phone_or_a_mail_address(
        self, body: dict[str, str], address: str, shown: str
    ) -> None:
        response = post("phone-codes/", body)
        assert response.status_code == 201
        assert response.json() == {"sent_to": shown, "expires_at": "2026-11-23T12:10:00+08:00"}
        assert OneTimeCode.objects.get().address == address

    def test_the_answer_does_not_hold_the_code(self) -> None:
        response = post("phone-codes/", {"phone": PHONE})
        assert sent_code() not in response.content.decode()

    def test_the_message_is_in_the_language_asked_for(self) -> None:
        post("phone-codes/", {"phone": PHONE}, language="zh-CN")
        assert Message.objects.get().language == "zh-hans"

    @pytest.mark.parametrize(
        ("body", "field"),
        [
            ({}, "phone"),
            ({"phone": PHONE, "email": "li@example.com"}, "phone"),
            ({"phone": ""}, "phone"),
            ({"phone": None}, "phone"),
            ({"phone": "1"}, "phone"),
            ({"phone": "x" * 41}, "phone"),
            ({"phone": ["1"]}, "phone"),
            ({"phone": {"a": 1}}, "phone"),
            ({"phone": True}, "phone"),
            ({"phone": "1\x00"}, "phone"),
            ({"phone": "li@example.com"}, "phone"),
            ({"email": PHONE}, "email"),
            ({"email": "li"}, "email"),
            ({"email": "x" * 250 + "@example.com"}, "email"),
            ({"email": "\ud800@example.com"}, "email"),
        ],
    )
    def test_bad_input_is_400_with_its_name(self, body: dict[str, Any], field: str) -> None:
        response = post("phone-codes/", body)
        assert response.status_code == 400
        assert refusal(response)["attr"] == field
        assert not OneTimeCode.objects.exists()

    @pytest.mark.parametrize("body", [{"phone": PHONE}, {"email": "li@example.com"}])
    def test_asked_again_at_once_429_says_when(self, body: dict[str, str]) -> None:
        post("phone-codes/", body)
        response = post("phone-codes/", body)
        assert response.status_code == 429
        assert refusal(response)["attr"] == next(iter(body))
        assert response["Retry-After"] == "60"
        assert "60 seconds" in refusal(response)["detail"]

    def test_a_channel_that_is_shut_says_which_one_is_open(self, settings: Any) -> None:
        settings.NOTIFICATION_CHANNELS = {"email": settings.NOTIFICATION_CHANNELS["email"]}
        response = post("phone-codes/", {"phone": PHONE})
        assert response.status_code == 400
        assert refusal(response)["attr"] == "phone"
        assert "mail address" in refusal(response)["detail"]


class TestPhoneProofs:
    def test_the_right_code_gives_a_proof_of_that_address(self) -> None:
        post("phone-codes/", {"phone": PHONE})
        response = post("phone-proofs/", {"phone": "138 0013 8000", "code": sent_code()})
        assert response.status_code == 201
        answer = response.json()
        assert answer["expires_at"] == "2026-11-24T00:00:00+08:00"
        assert proven_address(token=answer["proof"], at=NOON) == Address("sms", PHONE)
        assert "no-store" in response["Cache-Control"]

    def test_only_its_hash_is_kept(self) -> None:
        post("phone-codes/", {"phone": PHONE})
        proof = post("phone-proofs/", {"phone": PHONE, "code": sent_code()}).json()["proof"]
        assert AddressProof.objects.get().token_hash == hash_token(proof)

    def test_a_code_works_once(self) -> None:
        post("phone-codes/", {"phone": PHONE})
        code = sent_code()
        post("phone-proofs/", {"phone": PHONE, "code": code})
        assert post("phone-proofs/", {"phone": PHONE, "code": code}).status_code == 400

    def test_a_wrong_code_is_400_and_says_how_many_tries_are_left(self) -> None:
        post("phone-codes/", {"phone": PHONE})
        wrong = f"{(int(sent_code()) + 1) % 10**6:06d}"
        response = post("phone-proofs/", {"phone": PHONE, "code": wrong})
        assert response.status_code == 400
        assert refusal(response)["attr"] == "code"
        assert response.json()["details"] == {"attempts_left": 4}

    def test_a_code_of_another_address_proves_nothing(self) -> None:
        post("phone-codes/", {"phone": PHONE})
        response = post("phone-proofs/", {"phone": "+8613800138001", "code": sent_code()})
        assert response.status_code == 400

    def test_after_ten_minutes_it_is_too_late(self, noon: Any) -> None:
        post("phone-codes/", {"phone": PHONE})
        code = sent_code()
        noon.move_to("2026-11-23T12:10:00+08:00")
        assert post("phone-proofs/", {"phone": PHONE, "code": code}).status_code == 400

    @pytest.mark.parametrize(
        ("body", "field"),
        [
            ({"phone": PHONE}, "code"),
            ({"phone": PHONE, "code": ""}, "code"),
            ({"phone": PHONE, "code": "1234567890123"}, "code"),
            ({"phone": PHONE, "code": [1]}, "code"),
            ({"phone": PHONE, "code": "abcdef"}, "code"),
            ({"code": "123456"}, "phone"),
            ({"phone": "1", "code": "123456"}, "phone"),
        ],
    )
    def test_bad_input_is_400_with_its_name(self, body: dict[str, Any], field: str) -> None:
        response = post("phone-proofs/", body)
        assert response.status_code == 400
        assert refusal(response)["attr"] == field
