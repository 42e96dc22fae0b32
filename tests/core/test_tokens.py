import re

from repairhub.core.tokens import (
    READABLE,
    hash_token,
    new_pin,
    new_reference,
    new_token,
)


class TestNewToken:
    def test_holds_192_bits_safe_in_a_url(self) -> None:
        assert re.fullmatch(r"[A-Za-z0-9_-]{32}", new_token())

    def test_never_comes_twice(self) -> None:
        assert len({new_token() for _ in range(1000)}) == 1000


class TestHashToken:
    def test_is_the_same_for_the_same_token_and_does_not_show_it(self) -> None:
        token = new_token()
        assert hash_token(token) == hash_token(token)
        assert token not in hash_token(token)
        assert len(hash_token(token)) == 64


class TestNewReference:
    def test_can_be_read_aloud(self) -> None:
        for _ in range(200):
            prefix, letters = new_reference("RH").split("-")
            assert prefix == "RH"
            assert len(letters) == 8
            assert set(letters) <= set(READABLE)

    def test_has_no_look_alikes(self) -> None:
        assert not set("01ILO") & set(READABLE)


class TestPin:
    def test_has_six_digits_and_keeps_its_zeros(self) -> None:
        assert all(re.fullmatch(r"\d{6}", new_pin()) for _ in range(200))
