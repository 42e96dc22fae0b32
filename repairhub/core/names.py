"""Names that data carries in English and Chinese."""

from collections.abc import Iterable

from django.db import models
from django.utils.translation import get_language, gettext
from django.utils.translation import gettext_lazy as _


def listed(words: Iterable[object]) -> str:
    """The words in one line, joined as the reader's language does: "a, b" or "a、b"."""
    return gettext(", ").join(str(word) for word in words)


def name_column() -> str:
    """The column of NamedInTwoLanguages that holds the name in the reader's language."""
    return "name_zh" if (get_language() or "en").startswith("zh") else "name_en"


class NamedInTwoLanguages(models.Model):
    """`name_en` and `name_zh`; `name` is the one of the active language."""

    name_en = models.CharField(_("English name"), max_length=120)
    name_zh = models.CharField(_("Chinese name"), max_length=120)

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return self.name

    @property
    def name(self) -> str:
        """The name in the reader's language."""
        return str(getattr(self, name_column()))
