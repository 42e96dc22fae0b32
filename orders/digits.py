"""PINs and codes as people type them: spaced, with dashes, on a keyboard that has other digits."""

import re

DIGITS = 6


def six_digits(typed: str) -> str | None:
    """The six digits as plain ones, or None for anything else: that is a slip, and must not cost a try."""
    bare = re.sub(r"[\s-]", "", typed)
    if len(bare) != DIGITS or not bare.isdecimal():
        return None
    return "".join(str(int(digit)) for digit in bare)
