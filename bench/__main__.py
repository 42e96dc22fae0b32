"""`make bench`: measures, prints a table, writes bench/results/<name>.json. ONLY=start picks one."""

import json
import sys
from collections.abc import Callable
from pathlib import Path

from bench import board, desk, dispatch, scale, simulation, start
from bench.rows import Row

BENCHES: dict[str, Callable[[], list[Row]]] = {
    "start": start.measure,
    "dispatch": dispatch.measure,
    "simulation": simulation.measure,
    "board": board.measure,
    "desk": desk.measure,
    "scale": scale.measure,
}


def main() -> int:
    """Runs the benches named (all by default); 2 for an unknown name. A row that falls short is kept."""
    names = sys.argv[1:] or list(BENCHES)
    if unknown := set(names) - set(BENCHES):
        print(f"No bench called {', '.join(sorted(unknown))}; there are: {', '.join(BENCHES)}.")
        return 2
    results = Path(__file__).parent / "results"
    results.mkdir(exist_ok=True)
    for name in names:
        rows = BENCHES[name]()
        (results / f"{name}.json").write_text(json.dumps([row.as_dict() for row in rows], indent=1) + "\n")
        for row in rows:
            print(row)
    return 0


if __name__ == "__main__":
    sys.exit(main())
