import pytest
from django.utils import translation
from django.utils.translation import gettext_lazy

from repairhub.core.errors import (
    Conflict,
    DomainError,
    InvalidInput,
    KeyReused,
    NotAllowed,
    NotFoundError,
    TooMany,
)


class TestDomainError:
    def test_says_why_and_what_next_in_one_breath(self) -> None:
        error = Conflict("That window has been taken.", next_step="Choose another one.")
        assert str(error) == "That window has been taken. Choose another one."

    def test_says_only_why_where_nothing_can_be_done(self) -> None:
        assert str(DomainError("It is gone.")) == "It is gone."

    def test_speaks_the_language_of_whoever_reads_it_and_not_of_whoever_raised_it(self) -> None:
        with translation.override("en"):
            error = DomainError(gettext_lazy("Monday"))
        with translation.override("zh-hans"):
            assert str(error) == "星期一"

    def test_keeps_the_field_and_the_data_for_the_page(self) -> None:
        error = InvalidInput("No such day.", field="day", code="no_day", details={"nearest": [1, 2]})
        assert (error.field, error.code, error.details) == ("day", "no_day", {"nearest": [1, 2]})

    def test_has_a_code_of_its_kind_where_none_is_given(self) -> None:
        assert NotAllowed("No.").code == "not_allowed"
        assert NotAllowed("No.").details == {}

    @pytest.mark.parametrize(
        ("kind", "status"),
        [
            (InvalidInput, 400),
            (NotAllowed, 403),
            (NotFoundError, 404),
            (Conflict, 409),
            (KeyReused, 422),
            (TooMany, 429),
        ],
    )
    def test_knows_its_status(self, kind: type[DomainError], status: int) -> None:
        assert kind("No.").status == status
