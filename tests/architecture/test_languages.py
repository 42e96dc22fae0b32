"""Every text in English and Chinese: the catalogue is whole, fresh and compiled.

Where a test here fails after a text was changed: `make messages`, translate what is empty or fuzzy in
locale/zh_Hans, and commit both files.
"""

import gettext
import re
from collections.abc import Iterable, Iterator
from html.parser import HTMLParser
from importlib.util import find_spec
from pathlib import Path

import polib
import pytest
from django.contrib import admin
from django.template.base import Lexer, TokenType
from django.utils.functional import Promise
from django.utils.translation import trans_real

from tests.architecture.texts import (
    CATALOGUE,
    ROOMS,
    ROOT,
    Text,
    our_templates,
    our_texts,
    refusals_in_python,
    texts_in_python,
    texts_in_template,
)

PLACEHOLDER = re.compile(r"%%|%\(\w+\)[sd]|%[sd]|\{\w*\}|</?\w+[^>]*>")
# read the same by everybody
NAMES = {"RepairHub", "RH", "CSV", "API", "English"}


@pytest.fixture(scope="module")
def catalogue() -> polib.POFile:
    """The Chinese texts as people edit them."""
    return polib.pofile(str(CATALOGUE))


def chinese_of(entry: polib.POEntry) -> str:
    """The translation; Chinese has one form for every number."""
    return entry.msgstr_plural.get(0, "") if entry.msgid_plural else entry.msgstr


def as_text(entry: polib.POEntry) -> Text:
    """The entry as the code says it."""
    return Text(entry.msgid, entry.msgid_plural, entry.msgctxt or "")


def not_collected(texts: Iterable[tuple[str, Text]], entries: Iterable[polib.POEntry]) -> list[str]:
    """ "path: text" of every text that the catalogue does not have."""
    known = {as_text(entry) for entry in entries}
    return [f"{path}: {text.text!r}" for path, text in texts if text not in known]


class TestCatalogue:
    def test_every_text_is_translated(self, catalogue: polib.POFile) -> None:
        assert [entry.msgid for entry in catalogue if not chinese_of(entry).strip()] == []

    def test_no_translation_is_a_guess(self, catalogue: polib.POFile) -> None:
        assert [entry.msgid for entry in catalogue if entry.fuzzy] == []

    def test_it_has_every_text_of_the_code(self, catalogue: polib.POFile) -> None:
        assert not_collected(our_texts(), catalogue) == []

    def test_it_has_no_text_that_the_code_lost(self, catalogue: polib.POFile) -> None:
        said = {text for _path, text in our_texts()}
        assert [entry.msgid for entry in catalogue if as_text(entry) not in said or entry.obsolete] == []

    def test_translations_keep_what_is_filled_in(self, catalogue: polib.POFile) -> None:
        changed = [
            entry.msgid
            for entry in catalogue
            if sorted(PLACEHOLDER.findall(entry.msgid_plural or entry.msgid))
            != sorted(PLACEHOLDER.findall(chinese_of(entry)))
        ]
        assert changed == []

    def test_translations_keep_line_breaks_at_their_ends(self, catalogue: polib.POFile) -> None:
        ends = [
            entry.msgid
            for entry in catalogue
            if (entry.msgid[:1] == "\n", entry.msgid[-1:] == "\n")
            != (chinese_of(entry)[:1] == "\n", chinese_of(entry)[-1:] == "\n")
        ]
        assert ends == []

    def test_what_runs_is_what_was_written(self, catalogue: polib.POFile) -> None:
        with CATALOGUE.with_suffix(".mo").open("rb") as compiled:
            runs = gettext.GNUTranslations(compiled)._catalog
        runs.pop("", None)
        written: dict[object, str] = {}
        for entry in catalogue:
            key = f"{entry.msgctxt}\x04{entry.msgid}" if entry.msgctxt else entry.msgid
            written[(key, 0) if entry.msgid_plural else key] = chinese_of(entry)
        assert {key: text for key, text in runs.items() if written.get(key) != text} == {}
        assert set(written) == set(runs)


class TestOtherPeoplesPages:
    @pytest.mark.parametrize(
        ("package", "left_out"),
        [("unfold", ("contrib/", "unfold_crispy/")), ("unfold.contrib.filters", ()), ("simple_history", ())],
    )
    def test_the_admin_has_no_word_without_chinese(self, package: str, left_out: tuple[str, ...]) -> None:
        # where this fails: repairhub/ops/unfold_words.py lacks the word
        spec = find_spec(package)
        assert spec is not None
        [folder] = spec.submodule_search_locations or []
        chinese = trans_real.translation("zh-hans")
        missing = set()
        for path in Path(folder).rglob("*.html"):
            if not any(part in str(path.relative_to(folder)) for part in left_out):
                for text in texts_in_template(path.read_text()):
                    found = chinese.ngettext(*text[:2], 2) if text.plural else chinese.gettext(text.text)
                    if found in text:
                        missing.add(text.text)
        assert missing == set()


class TestFields:
    def test_everything_that_the_admin_shows_has_a_name_in_both_languages(self) -> None:
        inlines = [inline.model for shown in admin.site._registry.values() for inline in shown.inlines]
        ours = [
            model for model in {*admin.site._registry, *inlines} if model.__module__.split(".")[0] in ROOMS
        ]
        assert len(ours) > 25
        unnamed = [
            str(field)
            for model in ours
            for field in (*model._meta.fields, *model._meta.many_to_many)
            if not field.primary_key and not isinstance(field.verbose_name, Promise)
        ]
        assert unnamed == []


class Words(HTMLParser):
    """Words that stand in a template itself."""

    SPOKEN = {"alt", "aria-label", "placeholder", "title", "data-copied"}

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self._code = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._code += tag in {"script", "style"}
        for name, value in attrs:
            if name in self.SPOKEN:
                self._note(value or "")

    def handle_endtag(self, tag: str) -> None:
        self._code -= tag in {"script", "style"}

    def handle_data(self, data: str) -> None:
        if not self._code:
            self._note(data)

    def _note(self, said: str) -> None:
        self.found += [word for word in re.findall(r"[A-Za-z]{2,}", said) if word not in NAMES]


def untranslated_words(source: str) -> list[str]:
    """Words of a page that stand outside the tags of translation."""
    parser = Words()
    parser.feed("".join(_without_tags(source)))
    parser.close()
    return parser.found


def _without_tags(source: str) -> Iterator[str]:
    inside = ""
    for token in Lexer(source).tokenize():
        if token.token_type == TokenType.BLOCK:
            name, *words = token.contents.split()
            is_css = name == "block" and words[0].endswith("_class")
            if is_css or name in {"blocktranslate", "blocktrans", "comment", "verbatim"}:
                inside = name
            elif name == f"end{inside}":
                inside = ""
        elif token.token_type == TokenType.TEXT and not inside:
            yield token.contents


class TestTemplates:
    def test_no_word_stands_there_in_one_language(self) -> None:
        pages = [path for path in our_templates() if path.suffix == ".html"]
        assert len(pages) > 50
        words = {str(path.relative_to(ROOT)): untranslated_words(path.read_text()) for path in pages}
        assert {path: found for path, found in words.items() if found} == {}


class TestRefusals:
    def test_every_refusal_is_said_in_the_readers_language(self) -> None:
        assert [f"{path}:{line}" for path, line in refusals_in_python()] == []


class TestTheChecks:
    """Each of them can fail."""

    @pytest.mark.parametrize(
        "source",
        [
            '_("Nobody has said this before.")',
            'ngettext("One such thing.", "%(n)d such things.", n)',
            'pgettext_lazy("device", "Nobody has said this before.")',
            '_("Nobody has "\n"said this before.")',
        ],
    )
    def test_a_new_text_in_python_is_seen(self, source: str, catalogue: polib.POFile) -> None:
        assert len(not_collected((("x.py", text) for text in texts_in_python(source)), catalogue)) == 1

    @pytest.mark.parametrize(
        "source",
        [
            '{% translate "Nobody has said this before." %}',
            '{% translate "Phone" context "a room nobody has" %}',
            "{% blocktranslate trimmed %}\n  Nobody has\n  said this.\n{% endblocktranslate %}",
            "{% blocktranslate count n=n %}{{ n }} such thing{% plural %}{{ n }} such{% endblocktranslate %}",
            '{{ words|join:_("Nobody has said this before.") }}',
            '{% include "x.html" with why=_("Nobody has said this before.") %}',
        ],
    )
    def test_a_new_text_in_a_template_is_seen(self, source: str, catalogue: polib.POFile) -> None:
        assert len(not_collected((("x.html", text) for text in texts_in_template(source)), catalogue)) == 1

    @pytest.mark.parametrize(
        "source", ["_(label)", "from django.utils.translation import gettext_lazy as lazy\nlazy('Late.')"]
    )
    def test_a_text_that_nobody_would_collect_is_an_error(self, source: str) -> None:
        with pytest.raises(ValueError, match="line 1"):
            list(texts_in_python(source))

    @pytest.mark.parametrize(
        "source",
        ["<p>Hello there</p>", '<img alt="A phone">', '<a aria-label="Next {{ page }}">{{ page }}</a>'],
    )
    def test_a_bare_word_is_seen(self, source: str) -> None:
        assert untranslated_words(source)

    @pytest.mark.parametrize(
        "source",
        [
            '<p class="lead">{% translate "Hello" %} {{ name }} &middot; RepairHub</p>',
            "<script>let hello = 1</script>{% comment %}Hello{% endcomment %}",
            "{% blocktranslate %}Hello {{ name }}{% endblocktranslate %}",
        ],
    )
    def test_what_is_translated_or_no_text_is_left_alone(self, source: str) -> None:
        assert untranslated_words(source) == []

    @pytest.mark.parametrize(
        "source",
        [
            'raise Conflict("Too late.")',
            'raise InvalidInput(_("No."), next_step="Try again.")',
            'x = F(f"No {x}")',
        ],
    )
    def test_a_refusal_in_one_language_is_seen(self, source: str) -> None:
        assert bool(list(refusals_in_python([("x.py", source)]))) is ("F(" not in source)
