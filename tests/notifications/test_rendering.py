"""A message speaks its reader's language, in the city's time."""

import re
from pathlib import Path

import pytest
from django.conf import settings
from django.template import TemplateDoesNotExist
from django.utils import translation

from repairhub.notifications.rendering import render
from repairhub.sla.states import TargetKey

MESSAGES = Path(settings.BASE_DIR) / "templates" / "messages"


def sla_message(language: str = "en", **context) -> str:
    facts = {
        "target": "assign_within",
        "about": "RH-1",
        "link": "/dispatch/",
        "due_at": "2026-11-23T04:00:00+00:00",
    }
    wording = render(template="sla_warning", language=language, channel="email", context={**facts, **context})
    return f"{wording.subject}\n{wording.body}"


class TestRender:
    def test_the_first_line_is_the_subject_and_the_rest_the_text(self):
        wording = render(
            template="one_time_code", language="en", channel="sms", context={"minutes": 10}, secret="123456"
        )
        assert wording.subject == "Your RepairHub code: 123456"
        assert wording.body.startswith("123456 is your RepairHub code.")
        assert "10 minutes" in wording.body

    def test_times_are_those_of_the_city(self):
        assert "12:00" in sla_message() or "noon" in sla_message()
        assert "4:00" in sla_message(time_zone="UTC") or "4 a.m." in sla_message(time_zone="UTC")

    def test_links_start_with_the_public_address(self, settings):
        settings.PUBLIC_URL = "https://repairhub.example/"
        assert "https://repairhub.example/dispatch/" in sla_message()

    def test_nothing_is_escaped_for_html(self):
        assert "R&D <1>" in sla_message(about="R&D <1>")

    def test_a_line_break_in_a_fact_adds_no_header(self):
        wording = render(
            template="sla_breach",
            language="en",
            channel="email",
            context={"about": "x\r\nBcc: all@example.com"},
        )
        assert "\n" not in wording.subject
        assert "\r" not in wording.subject

    def test_the_language_of_the_sender_does_not_matter(self):
        with translation.override("zh-hans"):
            chinese_worker = sla_message("en")
        assert chinese_worker == sla_message("en")

    def test_a_name_in_two_languages_is_that_of_the_reader(self):
        names = {"about_en": "Beijing", "about_zh": "北京"}
        assert "Beijing" in sla_message("en", **names)
        assert "北京" in sla_message("zh-hans", **names)

    def test_an_unknown_template_is_an_error_and_no_empty_message(self):
        with pytest.raises(TemplateDoesNotExist):
            render(template="no_such_message", language="en", channel="sms", context={})


CODE = {"minutes": 10}
DEADLINE = {"about": "RH-1", "link": "/dispatch/", "due_at": "2026-11-23T04:00:00+00:00"}
FACTS = {
    "one_time_code": [CODE],
    "door_code": [CODE],
    "sla_warning": [{**DEADLINE, "target": key} for key in (*TargetKey.values, "another")],
    "sla_breach": [{**DEADLINE, "target": key} for key in (*TargetKey.values, "another")],
}


class TestTemplates:
    @pytest.mark.parametrize("path", sorted(MESSAGES.glob("*.txt")), ids=lambda path: path.stem)
    def test_each_begins_with_its_subject(self, path):
        first, _newline, rest = path.read_text().partition("\n")
        assert re.sub(r"{%.*?%}", "", first).startswith("Subject: ")
        assert rest.strip()

    @pytest.mark.parametrize(("template", "facts"), [(name, one) for name in FACTS for one in FACTS[name]])
    @pytest.mark.parametrize("language", ["en", "zh-hans"])
    def test_no_fact_is_missing(self, template, facts, language):
        wording = render(template=template, language=language, channel="sms", context=facts, secret="123456")
        said = f"{wording.subject} {wording.body}"
        if "minutes" in facts:
            assert "123456" in wording.body
            assert "10" in wording.body
        else:
            assert said.count("RH-1") >= 2
            assert "/dispatch/" in said
            assert "12:00" in said or "noon" in said
