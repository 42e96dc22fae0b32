"""One measured figure beside the bar that an issue sets."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Row:
    """`bar`: the most that is good in the same unit, or with `at_least` the least. None: for information."""

    name: str
    value: float
    unit: str
    bar: float | None = None
    at_least: bool = False

    @property
    def ok(self) -> bool:
        """Whether the bar is kept; a row without one is always ok."""
        if self.bar is None:
            return True
        return self.value >= self.bar if self.at_least else self.value <= self.bar

    def as_dict(self) -> dict[str, Any]:
        """The row as its JSON file holds it."""
        return {"name": self.name, "value": self.value, "unit": self.unit, "bar": self.bar, "ok": self.ok}

    def __str__(self) -> str:
        line = f"{self.name:<70} {readable(self.value):>8} {self.unit:<8}"
        if self.bar is None:
            return line.rstrip()
        kind = "at least" if self.at_least else "at most"
        return f"{line} bar {kind} {readable(self.bar)} {'ok' if self.ok else 'SHORT'}"


def readable(value: float) -> str:
    """The number with about four figures: 2983, 116.2, 7.4, 1.012."""
    decimals = 0 if abs(value) >= 1000 else 1 if abs(value) >= 100 else 2 if abs(value) >= 10 else 3
    text = f"{value:.{decimals}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
