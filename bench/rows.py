"""One measured figure beside the bar that an issue sets."""

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class Row:
    """`bar`: the most that is good, in the same unit."""

    name: str
    value: float
    unit: str
    bar: float

    @property
    def ok(self) -> bool:
        """Whether the bar is kept."""
        return self.value <= self.bar

    def as_dict(self) -> dict[str, Any]:
        """The row as its JSON file holds it."""
        return {**asdict(self), "ok": self.ok}

    def __str__(self) -> str:
        verdict = "ok" if self.ok else "SHORT"
        return f"{self.name:<52} {self.value:>8.1f} {self.unit:<3} bar {self.bar:g} {verdict}"
