"""Tables for spreadsheets: CSV that Excel reads as UTF-8 and in which no cell runs as a formula."""

import csv
from collections.abc import Iterable, Iterator
from typing import Any

BYTE_ORDER_MARK = "\ufeff"  # Excel reads UTF-8 with it alone
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


class _Echo:
    """A file that hands back what is written to it."""

    def write(self, line: str) -> str:
        """The line itself."""
        return line


def csv_lines(heading: Iterable[Any], rows: Iterable[Iterable[Any]]) -> Iterator[str]:
    """The heading and the rows as lines of CSV; None is an empty cell."""
    writer = csv.writer(_Echo())
    yield BYTE_ORDER_MARK + writer.writerow([plain_cell(value) for value in heading])
    for row in rows:
        yield writer.writerow([plain_cell(value) for value in row])


def plain_cell(value: Any) -> str:
    """The value as text that no spreadsheet runs: an apostrophe before what begins like a formula."""
    text = "" if value is None else str(value)
    return f"'{text}" if text.startswith(FORMULA_STARTS) else text
