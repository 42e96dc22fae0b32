from datetime import date, timedelta

import pytest
from django.utils import translation
from hypothesis import given
from hypothesis import strategies as st

from warranty.coverage import (
    FEWEST_DAYS_AFTER_REWORK,
    Coverage,
    Promise,
    Reason,
    ReasonCode,
    Span,
    coverage,
    first_span,
    span_after_rework,
)
from warranty.reasons import sentence

days = st.dates(min_value=date(2020, 1, 1), max_value=date(2090, 1, 1))
terms = st.integers(min_value=1, max_value=3000)
DAY = timedelta(days=1)


class TestFirstSpan:
    def test_180_days_are_the_rest_of_the_day_and_180_full_days(self) -> None:
        span = first_span(date(2026, 11, 22), 180)

        assert span == Span(date(2026, 11, 22), date(2027, 5, 21))
        assert span.covers(date(2026, 11, 22))
        assert span.covers(date(2027, 5, 21))
        assert not span.covers(date(2027, 5, 22))
        assert not span.covers(date(2026, 11, 21))

    def test_the_leap_day_is_a_day(self) -> None:
        assert first_span(date(2028, 2, 1), 30).ends_on == date(2028, 3, 2)

    @pytest.mark.parametrize("term", [0, -1])
    def test_less_than_a_day_is_no_warranty(self, term: int) -> None:
        with pytest.raises(ValueError, match="a day at least"):
            first_span(date(2026, 11, 22), term)

    @given(days, terms)
    def test_exactly_the_term_follows_the_first_day(self, on: date, term: int) -> None:
        span = first_span(on, term)
        assert sum(span.covers(on + n * DAY) for n in range(-2, term + 3)) == term + 1


class TestSpanAfterRework:
    def test_a_long_remainder_stays(self) -> None:
        span = span_after_rework(date(2027, 5, 21), date(2026, 12, 1))
        assert span == Span(date(2026, 12, 1), date(2027, 5, 21))

    def test_a_short_remainder_becomes_30_days(self) -> None:
        span = span_after_rework(date(2027, 5, 21), date(2027, 5, 20))
        assert span == Span(date(2027, 5, 20), date(2027, 6, 19))

    def test_a_rework_after_the_end_has_30_days_too(self) -> None:
        assert span_after_rework(date(2026, 1, 1), date(2026, 3, 1)).ends_on == date(2026, 3, 31)

    def test_days_in_our_hands_do_not_count(self) -> None:
        span = span_after_rework(date(2027, 5, 21), date(2026, 12, 8), held_days=7)
        assert span.ends_on == date(2027, 5, 28)

    def test_nobody_holds_a_phone_for_less_than_no_time(self) -> None:
        with pytest.raises(ValueError, match="less than no time"):
            span_after_rework(date(2027, 5, 21), date(2026, 12, 1), held_days=-1)

    @given(days, st.integers(min_value=-400, max_value=400), st.integers(min_value=0, max_value=60))
    def test_a_rework_never_shortens(self, ends_on: date, shift: int, held: int) -> None:
        finished_on = ends_on + shift * DAY
        span = span_after_rework(ends_on, finished_on, held_days=held)
        assert span.ends_on >= ends_on + held * DAY
        assert span.ends_on >= finished_on + FEWEST_DAYS_AFTER_REWORK * DAY
        assert span.ends_on in (ends_on + held * DAY, finished_on + FEWEST_DAYS_AFTER_REWORK * DAY)

    @given(days, terms, st.lists(st.integers(min_value=0, max_value=300), max_size=6))
    def test_any_number_of_reworks_leaves_no_day_less(self, on: date, term: int, gaps: list[int]) -> None:
        ends = [first_span(on, term).ends_on]
        for gap in gaps:
            on += gap * DAY
            ends.append(span_after_rework(ends[-1], on).ends_on)
        assert ends == sorted(ends)


def promise(number: str, first: date, last: date) -> Promise:
    """A warranty of these days."""
    return Promise(number, Span(first, last))


FIRST = promise("W-1", date(2026, 11, 22), date(2027, 5, 21))
SECOND = promise("W-2", date(2027, 5, 10), date(2027, 6, 9))


class TestCoverage:
    @pytest.mark.parametrize("on", [date(2026, 11, 22), date(2027, 1, 1), date(2027, 5, 21)])
    def test_covered_from_the_first_to_the_last_day(self, on: date) -> None:
        answer = coverage([FIRST], on)
        assert answer == Coverage(True, (Reason(ReasonCode.COVERED_UNTIL, "W-1", date(2027, 5, 21)),))

    def test_not_covered_once_it_has_ended(self) -> None:
        answer = coverage([FIRST], date(2027, 5, 22))
        assert answer == Coverage(False, (Reason(ReasonCode.ENDED_ON, "W-1", date(2027, 5, 21)),))

    def test_not_covered_before_it_begins(self) -> None:
        answer = coverage([FIRST], date(2026, 11, 21))
        assert answer == Coverage(False, (Reason(ReasonCode.STARTS_ON, "W-1", date(2026, 11, 22)),))

    def test_no_warranty_covers_nothing(self) -> None:
        assert coverage([], date(2026, 11, 21)) == Coverage(False, (Reason(ReasonCode.NO_WARRANTY),))

    def test_the_newest_that_covers_the_day_decides_and_the_earlier_is_named(self) -> None:
        answer = coverage([FIRST, SECOND], date(2027, 5, 20))
        assert answer.is_covered
        assert answer.reasons == (
            Reason(ReasonCode.REPLACED_BY, "W-1", successor="W-2"),
            Reason(ReasonCode.COVERED_UNTIL, "W-2", date(2027, 6, 9)),
        )

    def test_a_claim_of_the_time_before_the_rework_is_covered_by_the_earlier(self) -> None:
        answer = coverage([FIRST, SECOND], date(2027, 4, 1))
        assert answer.is_covered
        assert answer.reasons[-1] == Reason(ReasonCode.COVERED_UNTIL, "W-1", date(2027, 5, 21))

    def test_a_gap_before_a_goodwill_rework_is_not_covered(self) -> None:
        late = promise("W-2", date(2027, 7, 1), date(2027, 7, 31))
        answer = coverage([FIRST, late], date(2027, 6, 15))
        assert not answer.is_covered
        assert answer.reasons[-1] == Reason(ReasonCode.ENDED_ON, "W-1", date(2027, 5, 21))

    @given(days, terms, st.lists(st.integers(min_value=0, max_value=90), max_size=4), days)
    def test_covered_exactly_where_some_span_covers(
        self, start: date, term: int, gaps: list[int], on: date
    ) -> None:
        chain = [Promise("W-0", first_span(start, term))]
        for number, gap in enumerate(gaps, start=1):
            start += gap * DAY
            chain.append(Promise(f"W-{number}", span_after_rework(chain[-1].span.ends_on, start)))
        answer = coverage(chain, on)
        assert answer.is_covered == any(one.span.covers(on) for one in chain)
        assert len(answer.reasons) == len(chain)


class TestSentences:
    @pytest.mark.parametrize("code", list(ReasonCode))
    @pytest.mark.parametrize("language", ["en", "zh-hans"])
    def test_every_reason_is_a_whole_sentence(self, code: ReasonCode, language: str) -> None:
        reason = Reason(code, "W-1", date(2027, 5, 21), successor="W-2")
        with translation.override(language):
            said = sentence(reason)
        assert said.endswith((".", "。"))
        assert "%" not in said

    def test_the_last_day_is_said_to_be_covered(self) -> None:
        said = sentence(Reason(ReasonCode.COVERED_UNTIL, "W-1", date(2027, 5, 21)))
        assert said == "Warranty W-1 covers it to the end of 21 May 2027."
