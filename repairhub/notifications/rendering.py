"""A message's words: templates/messages/<template>.txt in the language of its reader.

The first line is `Subject: ...`, the rest the text. Facts that differ by language travel as data:
`x_en` and `x_zh` in the context are seen by the template as `x`; texts under a name ending in `_at` or
`_on` are read as ISO times and dates and shown in the reader's format, in the context's `time_zone`
(that of settings where it has none); `secret` is the decrypted code; `public_url` starts a link.
"""

import re
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.template import Context, loader
from django.utils import timezone, translation
from django.utils.dateparse import parse_date, parse_datetime

SUBJECT = "Subject:"


@dataclass(frozen=True)
class Wording:
    """What the reader gets. An SMS has no subject: only `body` is sent."""

    subject: str
    body: str


def render(
    *, template: str, language: str, channel: str, context: dict[str, Any], secret: str = ""
) -> Wording:
    """The wording of a message. Raises django.template.TemplateDoesNotExist for an unknown template."""
    zone = context.get("time_zone") or settings.TIME_ZONE
    with translation.override(language), timezone.override(ZoneInfo(zone)):
        seen = {
            **_facts(context, chinese=language.startswith("zh")),
            "time_zone": zone,
            "channel": channel,
            "secret": secret,
            "public_url": settings.PUBLIC_URL.rstrip("/"),
        }
        text = loader.get_template(f"messages/{template}.txt").template.render(  # type: ignore[attr-defined]
            Context(seen, autoescape=False)
        )
    first, _newline, rest = text.strip().partition("\n")
    subject = " ".join(first.removeprefix(SUBJECT).split())  # one line: no header can be smuggled in
    return Wording(subject=subject[:200], body=re.sub(r"\n{3,}", "\n\n", rest).strip())


def _facts(context: dict[str, Any], *, chinese: bool) -> dict[str, Any]:
    facts = dict(context)
    for name, value in context.items():
        if not isinstance(value, str):
            continue
        if name.endswith("_at"):
            facts[name] = parse_datetime(value) or value
        elif name.endswith("_on"):
            facts[name] = parse_date(value) or value
        elif name.endswith("_en"):
            stem = name.removesuffix("_en")
            facts[stem] = context.get(f"{stem}_zh") or value if chinese else value
    return facts
