"""What people type becomes one address, or a sentence that says what to type instead."""

import pytest

from repairhub.core.errors import InvalidInput
from repairhub.notifications.addresses import Address, parse_address


class TestParseAddress:
    @pytest.mark.parametrize(
        ("typed", "value"),
        [
            ("13800138000", "+8613800138000"),
            ("138 0013 8000", "+8613800138000"),
            ("138-0013-8000", "+8613800138000"),
            ("+86 13800138000", "+8613800138000"),
            ("１３８００１３８０００", "+8613800138000"),
            ("+49 151 23456789", "+4915123456789"),
            ("010 6552 9988", "+861065529988"),
        ],
    )
    def test_a_phone_number_in_any_spelling_is_one_address(self, typed, value):
        assert parse_address(typed) == Address("sms", value)

    @pytest.mark.parametrize("typed", ["Wang@Example.COM", " wang@example.com ", "wang＠example．com"])
    def test_a_mail_address_is_kept_in_lower_case(self, typed):
        assert parse_address(typed) == Address("email", "wang@example.com")

    @pytest.mark.parametrize(
        "typed", ["", " ", "abc", "123", "+", "1380013800x", "12345678901234567890", "@", "a@b", "a b@c.de"]
    )
    def test_anything_else_is_refused_with_what_to_type(self, typed):
        with pytest.raises(InvalidInput) as refusal:
            parse_address(typed, field="contact")
        assert refusal.value.field == "contact"
        assert refusal.value.next_step

    def test_none_is_refused_like_nothing(self):
        with pytest.raises(InvalidInput):
            parse_address(None)


class TestMasked:
    @pytest.mark.parametrize(
        ("address", "masked"),
        [
            (Address("sms", "+8613800138000"), "+86 138****8000"),
            (Address("sms", "+4915123456789"), "+49 151****6789"),
            (Address("sms", "+35312345"), "+353 1****45"),
            (Address("email", "wang@example.com"), "w***@example.com"),
        ],
    )
    def test_its_owner_recognises_it_and_nobody_else_can_use_it(self, address, masked):
        assert address.masked == masked
        assert address.value not in f"{address} {address!r} {[address]}"
