"""The texts that people read, collected from Python and templates without xgettext."""

import ast
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from django.conf import settings
from django.utils.translation.template import templatize

ROOT = Path(settings.BASE_DIR)
ROOMS = ("engineers", "orders", "parts", "repairhub", "warranty")
CATALOGUE = ROOT / "locale" / "zh_Hans" / "LC_MESSAGES" / "django.po"

# how many strings a call takes, and whether the first one is a context: as xgettext is told by Django
CALLS = {"_": (1, False), "gettext": (1, False), "gettext_lazy": (1, False), "gettext_noop": (1, False)}
CALLS |= {"ngettext": (2, False), "ngettext_lazy": (2, False)}
CALLS |= {"pgettext": (2, True), "pgettext_lazy": (2, True)}
CALLS |= {"npgettext": (3, True), "npgettext_lazy": (3, True)}

STRING = r"""u?('(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")"""
REFUSALS = {"DomainError", "InvalidInput", "NotAllowed", "NotFoundError", "Conflict", "TooMany", "KeyReused"}
TEMPLATE_CALL = re.compile(rf"\b({'|'.join(CALLS)})\(\s*{STRING}(?:\s*,\s*{STRING})?(?:\s*,\s*{STRING})?")


class Text(NamedTuple):
    """One entry of a catalogue."""

    text: str
    plural: str = ""
    context: str = ""


def texts_in_python(source: str) -> Iterator[Text]:
    """The literals in gettext calls. ValueError names the line of a text that `make messages` misses."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ImportFrom) and node.module == "django.utils.translation":
            for name in node.names:
                if name.name in CALLS and (name.asname or name.name) not in CALLS:
                    raise ValueError(f"line {node.lineno}: {name.name} under the name {name.asname}")
        if not isinstance(node, ast.Call):
            continue
        name = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
        if name not in CALLS or not node.args:
            continue
        count, has_context = CALLS[name]
        strings = [one.value for one in node.args[:count] if isinstance(one, ast.Constant)]
        if len(strings) < count:
            raise ValueError(f"line {node.lineno}: {name}() of something that is no literal")
        yield _text(strings, has_context)


def texts_in_template(source: str) -> Iterator[Text]:
    """What {% translate %}, {% blocktranslate %} and _("...") in tags say."""
    for call in TEMPLATE_CALL.finditer(templatize(source)):
        count, has_context = CALLS[call[1]]
        yield _text([ast.literal_eval(one) for one in call.groups()[1 : 1 + count]], has_context)


def our_texts() -> Iterator[tuple[str, Text]]:
    """(path, text) of everything that is ours."""
    for path, source in our_python():
        yield from ((path, text) for text in texts_in_python(source))
    for template in our_templates():
        found = texts_in_template(template.read_text())
        yield from ((str(template.relative_to(ROOT)), text) for text in found)


def our_python() -> Iterator[tuple[str, str]]:
    """(path, source) of every module."""
    for room in ROOMS:
        for path in sorted((ROOT / room).rglob("*.py")):
            yield str(path.relative_to(ROOT)), path.read_text()


def our_templates() -> list[Path]:
    """Templates of pages and messages."""
    return sorted(path for path in (ROOT / "templates").rglob("*") if path.suffix in {".html", ".txt"})


def _text(strings: list[str], has_context: bool) -> Text:
    context = strings.pop(0) if has_context else ""
    return Text(strings[0], strings[1] if len(strings) > 1 else "", context)


def refusals_in_python(sources: Iterable[tuple[str, str]] | None = None) -> Iterator[tuple[str, int]]:
    """(path, line) of every refusal whose sentence or next step is bare text."""
    for path, source in our_python() if sources is None else sources:
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") in REFUSALS:
                said = [*node.args[:1], *(word.value for word in node.keywords if word.arg == "next_step")]
                if any(_is_bare(one) for one in said):
                    yield path, node.lineno


def _is_bare(node: ast.expr) -> bool:
    return isinstance(node, ast.JoinedStr) or (isinstance(node, ast.Constant) and bool(node.value))
