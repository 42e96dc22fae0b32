"""The engine's reasons in sentences: why, and what would make it possible."""

import pytest
from django.utils import translation

from engineers.dispatch import Reason, ReasonCode
from engineers.models import Skill
from engineers.reasons import Wording, sentence, sentences

WORDING = Wording(skills={"screen": "Screens"}, brands={"apple": "Apple"}, visits={7: "V-7"})
CODE = ReasonCode
SENTENCES = {
    CODE.FITS: (
        {"extra_travel": 61, "start": 36000, "after": 7, "before": None},
        "Fits after visit V-7: starts at 10:00, with 2 minutes more driving.",
    ),
    CODE.NOT_QUALIFIED: ({"skill": "screen", "level": 2}, "No certificate for “Screens”, level 2."),
    CODE.LEVEL_TOO_LOW: (
        {"skill": "screen", "level": 3, "held": 1},
        "Certified for “Screens” at level 1, but level 3 is needed.",
    ),
    CODE.CERTIFICATE_LAPSED: (
        {"skill": "screen", "level": 1, "why": "expired"},
        "The certificate for “Screens” has run out by that day.",
    ),
    CODE.NOT_AUTHORISED: ({"brand": "apple"}, "No authorisation by Apple on that day"),
    CODE.NOT_ON_SHIFT: ({"why": "absent"}, "Is absent on that day."),
    CODE.OUTSIDE_SHIFT: ({"shift_start": 28800, "shift_end": 61200}, "Works from 08:00 to 17:00"),
    CODE.TOO_SOON: (
        {"earliest": 37800, "window_end": 36000},
        "The arrival window ends at 10:00, and nobody can start before 10:30.",
    ),
    CODE.ARRIVES_LATE: ({"late_by": 300, "after": 7}, "Would come 5 minutes too late after visit V-7."),
    CODE.BREAKS_PROMISE: (
        {"late_by": 60, "visit": 7},
        "Visit V-7, already promised, would come 1 minute too late.",
    ),
    CODE.OVERRUNS_SHIFT: (
        {"late_by": 600, "shift_end": 61200},
        "Would be back 10 minutes after the shift ends at 17:00.",
    ),
    CODE.NOBODY_QUALIFIED: (
        {"skills": {"screen": 2}},
        "Nobody in this city holds every certificate needed on that day: Screens (2).",
    ),
    CODE.NOBODY_AUTHORISED: ({"brands": ["apple"]}, "Please turn to the maker."),
    CODE.NOBODY_ON_SHIFT: ({"qualified": 3}, "None of the 3 qualified engineers works"),
    CODE.NO_PARTS: ({"parts": ["lens"]}, "The van has no piece left of: lens."),
    CODE.NOBODY_HAS_PARTS: (
        {"parts": ["lens"], "qualified": 2},
        "None of the 2 qualified engineers at work has a piece left of: lens.",
    ),
    CODE.ALL_BUSY: ({"on_shift": 4, "late_by": 120}, "All 4 qualified engineers at work are busy"),
}


class TestSentence:
    @pytest.fixture(autouse=True)
    def english(self):
        with translation.override("en"):
            yield

    @pytest.mark.parametrize("code", CODE)
    def test_every_code_says_why_and_what_next(self, code):
        data, expected = SENTENCES[code]
        found = WORDING.sentence(Reason(code, data))
        assert expected in found
        assert found.endswith(".")

    @pytest.mark.parametrize(
        ("code", "data", "expected"),
        [
            (CODE.FITS, {"extra_travel": 0, "start": 36000, "after": None}, "Fits as the next visit"),
            (CODE.CERTIFICATE_LAPSED, {"skill": "screen", "why": "suspended"}, "is suspended."),
            (CODE.CERTIFICATE_LAPSED, {"skill": "screen", "why": "not_yet_valid"}, "is not valid yet"),
            (CODE.NOT_ON_SHIFT, {"why": "no_shift"}, "Does not work on that day."),
            (CODE.ARRIVES_LATE, {"late_by": 300, "after": None}, "even as the next visit"),
            (CODE.NOBODY_ON_SHIFT, {"qualified": 1}, "The one qualified engineer"),
            (CODE.ALL_BUSY, {"on_shift": 1, "late_by": 60}, "The one qualified engineer at work is busy"),
            (CODE.NOT_QUALIFIED, {"skill": "board", "level": 1}, "“board”"),
        ],
    )
    def test_says_each_case_in_its_own_words(self, code, data, expected):
        assert expected in WORDING.sentence(Reason(code, data))


@pytest.mark.django_db
class TestNames:
    def test_are_asked_once_for_many_reasons_in_the_readers_language(self, django_assert_num_queries):
        Skill.objects.create(key="screen-test", name_en="Screens", name_zh="屏幕")
        reasons = [
            Reason(CODE.NOT_QUALIFIED, {"skill": "screen-test", "level": 1}),
            Reason(CODE.LEVEL_TOO_LOW, {"skill": "screen-test", "level": 2, "held": 1}),
            Reason(CODE.NOT_AUTHORISED, {"brand": "nobody"}),
            Reason(CODE.BREAKS_PROMISE, {"late_by": 60, "visit": 0}),
        ]
        with translation.override("en"), django_assert_num_queries(3):
            found = sentences(reasons)
        assert all("“Screens”" in text for text in found[:2])
        with translation.override("zh-hans"):
            assert "屏幕" in sentence(reasons[0])

    def test_cost_nothing_where_none_is_needed(self, django_assert_num_queries):
        with django_assert_num_queries(0):
            sentence(Reason(CODE.NOT_ON_SHIFT, {"why": "absent"}))
