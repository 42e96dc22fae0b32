"""One-time codes: six digits prove an address, a few times an hour, and nothing else."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction

from repairhub.accounts.models import AddressProof, OneTimeCode
from repairhub.accounts.services import codes
from repairhub.accounts.services.codes import (
    CODES_PER_CLIENT_AND_HOUR,
    CODES_PER_HOUR,
    forget_old_codes,
    prove_address,
    proven_address,
    send_code,
)
from repairhub.accounts.states import Purpose
from repairhub.core.errors import InvalidInput, TooMany
from repairhub.notifications.models import Message
from repairhub.notifications.sealing import unseal
from repairhub.notifications.sending import send_message
from repairhub.notifications.states import MessageStatus
from tests.connections import both_at_once
from tests.factories.accounts import NOON, AddressProofFactory, OneTimeCodeFactory, mail, phone

pytestmark = pytest.mark.django_db


def after(**kwargs):
    return NOON + timedelta(**kwargs)


def ask(address=None, *, at=NOON, purpose=Purpose.CONTACT, client="198.51.100.7", language="en") -> str:
    """The digits that were sent."""
    send_code(address=address or phone(), purpose=purpose, language=language, at=at, client=client)
    return unseal(Message.objects.newest_first()[0].secret)


def another(digits: str) -> str:
    return f"{(int(digits) + 1) % 1_000_000:06d}"


class TestSendCode:
    def test_six_digits_wait_encrypted_in_the_outbox(self):
        digits = ask()
        message = Message.objects.get()
        assert len(digits) == 6
        assert digits.isdecimal()
        assert (message.template, message.address, message.language) == (
            "one_time_code",
            "+8613800138000",
            "en",
        )
        assert message.expires_at == after(minutes=10)

    def test_nothing_that_is_kept_tells_the_digits_or_the_address(self):
        digits = ask()
        message, code = Message.objects.get(), OneTimeCode.objects.get()
        assert digits not in f"{message.key} {message.context} {message.secret} {code.code_hash}"
        assert "138" not in message.key or "13800138000" not in message.key

    @pytest.mark.parametrize(
        ("purpose", "template"), [(Purpose.CONTACT, "one_time_code"), (Purpose.DOOR, "door_code")]
    )
    def test_the_words_fit_the_purpose(self, purpose, template):
        ask(purpose=purpose)
        assert Message.objects.get().template == template

    def test_a_second_one_within_a_minute_is_refused_with_the_seconds_to_wait(self):
        ask()
        with pytest.raises(TooMany) as refusal:
            ask(at=after(seconds=20))
        assert refusal.value.details == {"retry_after_s": 40}
        assert "40 seconds" in str(refusal.value)
        ask(at=after(minutes=1))

    def test_a_sixth_one_within_the_hour_is_refused_with_the_minutes_to_wait(self):
        for number in range(CODES_PER_HOUR):
            ask(at=after(minutes=2 * number))
        with pytest.raises(TooMany) as refusal:
            ask(at=after(minutes=20))
        assert refusal.value.details == {"retry_after_s": 40 * 60}
        assert "40 minutes" in str(refusal.value)
        ask(at=after(minutes=60))

    def test_a_client_may_not_ask_for_many_addresses(self):
        for number in range(CODES_PER_CLIENT_AND_HOUR):
            ask(mail(f"wang{number}@example.com"))
        with pytest.raises(TooMany):
            ask(mail("one.more@example.com"))
        ask(mail("one.more@example.com"), client="203.0.113.9")

    def test_without_the_cache_people_can_still_book(self, settings):
        settings.CACHES = {
            "default": {
                "BACKEND": "django.core.cache.backends.redis.RedisCache",
                "LOCATION": "redis://127.0.0.1:1/0",
            }
        }
        assert ask()

    def test_the_limits_of_one_purpose_leave_the_other_alone(self):
        ask()
        ask(purpose=Purpose.DOOR)

    def test_by_a_channel_that_is_closed_here_it_is_refused_with_the_other(self, settings):
        settings.NOTIFICATION_CHANNELS = {"email": settings.NOTIFICATION_CHANNELS["email"]}
        with pytest.raises(InvalidInput) as refusal:
            ask(phone())
        assert refusal.value.field == "address"
        assert "mail address" in str(refusal.value)
        assert ask(mail())

    def test_an_older_code_that_has_not_left_is_called_off(self):
        ask()
        ask(at=after(minutes=2))
        assert [message.status for message in Message.objects.order_by("id")] == [
            MessageStatus.CANCELLED,
            MessageStatus.QUEUED,
        ]

    def test_an_unknown_purpose_is_refused_by_the_database(self):
        with pytest.raises(IntegrityError, match="one_time_code_purpose_known"), transaction.atomic():
            OneTimeCodeFactory(purpose="login")


class TestProveAddress:
    def prove(self, digits, *, at=NOON, address=None, purpose=Purpose.CONTACT) -> str:
        return prove_address(address=address or phone(), code=digits, purpose=purpose, at=at)

    def test_the_right_digits_give_a_token_that_proves_the_address(self):
        token = self.prove(ask())
        assert proven_address(token=token, at=NOON) == phone()
        assert not AddressProof.objects.filter(token_hash=token).exists()

    @pytest.mark.parametrize(
        "spelling",
        ["{0[0]}{0[1]}{0[2]} {0[3]}{0[4]}{0[5]}", " {0} ", "{0[0]}{0[1]}{0[2]}-{0[3]}{0[4]}{0[5]}"],
    )
    def test_spaces_do_not_matter(self, spelling):
        assert self.prove(spelling.format(ask()))

    def test_full_width_digits_are_digits(self):
        digits = ask().translate(str.maketrans("0123456789", "０１２３４５６７８９"))
        assert self.prove(digits)

    def test_once_only(self):
        digits = ask()
        self.prove(digits)
        with pytest.raises(InvalidInput, match="not valid"):
            self.prove(digits)

    def test_wrong_digits_are_refused_with_the_tries_that_are_left(self):
        digits = ask()
        for left in (4, 3, 2, 1):
            with pytest.raises(InvalidInput) as refusal:
                self.prove(another(digits))
            assert refusal.value.details == {"attempts_left": left}
            assert refusal.value.field == "code"
        assert self.prove(digits)

    def test_after_five_wrong_tries_even_the_right_digits_are_refused(self):
        digits = ask()
        for _try in range(5):
            with pytest.raises(InvalidInput):
                self.prove(another(digits))
        with pytest.raises(InvalidInput, match="Too many wrong guesses") as refusal:
            self.prove(digits)
        assert refusal.value.code == "code_used_up"
        assert OneTimeCode.objects.get().attempts == 5

    def test_after_ten_minutes_it_is_refused(self):
        digits = ask()
        with pytest.raises(InvalidInput, match="its time has run out"):
            self.prove(digits, at=after(minutes=10))

    def test_only_the_newest_code_counts(self):
        old = ask()
        new = ask(at=after(minutes=2))
        if old != new:
            with pytest.raises(InvalidInput):
                self.prove(old, at=after(minutes=2))
        assert self.prove(new, at=after(minutes=2))

    def test_a_code_of_another_purpose_or_address_is_refused(self):
        digits = ask()
        for wrong in ({"purpose": Purpose.DOOR}, {"address": mail()}, {"address": phone("+8613800138001")}):
            with pytest.raises(InvalidInput):
                self.prove(digits, **wrong)

    @pytest.mark.parametrize("typed", ["", "      ", "abcdef", "²²²²²²"])
    def test_what_is_no_number_is_refused_like_a_wrong_one(self, typed):
        ask()
        with pytest.raises(InvalidInput):
            self.prove(typed)

    def test_without_a_code_it_is_refused_alike(self):
        with pytest.raises(InvalidInput, match="ask for a new code"):
            self.prove("123456")


@pytest.mark.django_db(transaction=True)
class TestGuessesCount:
    def test_inside_another_transaction_it_does_not_run_for_a_rollback_would_give_guesses_back(self):
        with pytest.raises(RuntimeError), transaction.atomic():
            prove_address(address=phone(), code="123456", purpose=Purpose.CONTACT, at=NOON)

    def test_a_refused_guess_is_committed(self):
        digits = ask()
        with pytest.raises(InvalidInput):
            prove_address(address=phone(), code=another(digits), purpose=Purpose.CONTACT, at=NOON)
        assert OneTimeCode.objects.get().attempts == 1

    def test_of_two_guesses_at_once_both_count(self):
        wrong = another(ask())
        both_at_once(lambda: prove_address(address=phone(), code=wrong, purpose=Purpose.CONTACT, at=NOON))
        assert OneTimeCode.objects.get().attempts == 2

    def test_the_right_digits_twice_at_once_prove_once(self):
        digits = ask()
        both_at_once(lambda: prove_address(address=phone(), code=digits, purpose=Purpose.CONTACT, at=NOON))
        assert AddressProof.objects.count() == 1

    def test_of_two_requests_for_a_code_at_once_one_meets_the_pause(self):
        results = both_at_once(
            lambda: send_code(address=phone(), purpose=Purpose.CONTACT, language="en", at=NOON, client="x")
        )
        assert sum(isinstance(result, TooMany) for result in results) == 1
        assert OneTimeCode.objects.count() == 1


class TestProvenAddress:
    def test_half_a_day_long(self):
        AddressProofFactory(token="right")
        assert proven_address(token="right", at=after(hours=12, seconds=-1)) == phone()
        assert proven_address(token="right", at=after(hours=12)) is None

    @pytest.mark.parametrize("token", ["", "wrong"])
    def test_any_other_token_proves_nothing(self, token):
        AddressProofFactory(token="right")
        assert proven_address(token=token, at=NOON) is None


class TestForgetOldCodes:
    def test_what_ran_out_a_day_ago_goes(self):
        OneTimeCodeFactory()
        AddressProofFactory()
        assert forget_old_codes(at=after(hours=12)) == 0
        assert forget_old_codes(at=after(days=2)) == 2


class TestNoTrace:
    def test_neither_digits_nor_addresses_are_logged(self, caplog):
        caplog.set_level("DEBUG")
        digits = ask()
        send_message(message_id=Message.objects.get().pk, at=NOON)
        with pytest.raises(InvalidInput):
            prove_address(address=phone(), code=another(digits), purpose=Purpose.CONTACT, at=NOON)
        lines = [record.getMessage() for record in caplog.records if record.name.startswith("repairhub")]
        assert not any(digits in line or "13800138000" in line for line in lines)

    def test_the_code_hash_is_keyed(self, settings):
        before = codes._code_hash(phone(), Purpose.CONTACT, "123456", "")
        settings.SECRET_KEY = "another"
        assert codes._code_hash(phone(), Purpose.CONTACT, "123456", "") != before
