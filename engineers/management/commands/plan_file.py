"""manage.py plan_file PROBLEM.json --seconds S --seed N: plans a city-day from a file, without a database."""

import json
import math
import os
import random
import sys
import time
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from engineers.dispatch import check_plan, kept, search
from engineers.dispatch.files import BadProblemError, answer, read_problem

WORTH_LOADING = 0.2
"""CPU seconds of a search from which on the compiled rounds are loaded: half a second, not of the budget."""


class Command(BaseCommand):
    help = "Plans one city-day from a JSON file and prints the routes as JSON. Needs no database."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        """The file, and the budget of the search."""
        parser.add_argument("problem", help="the city-day as JSON; - reads it from standard input")
        parser.add_argument(
            "--seconds", type=_seconds, default=1.0, help="CPU seconds for reading and planning (1)"
        )
        parser.add_argument("--seed", type=int, default=1, help="the same seed and rounds, the same plan (1)")
        parser.add_argument("--rounds", type=int, default=None, help="at most so many rounds of the search")

    def handle(self, *args: Any, **options: Any) -> None:
        """Prints the answer; one line and exit code 2 for a file that is no problem."""
        compiled = options["seconds"] >= WORTH_LOADING and _load_compiled()
        begun = time.process_time()
        try:
            plan, waiting = read_problem(_text(options["problem"]))
        except (BadProblemError, OSError, UnicodeDecodeError) as error:
            self.stderr.write(f"{options['problem']}: {_one_line(error)}")
            sys.exit(2)
        found = search(
            plan,
            waiting,
            draw=random.Random(options["seed"]),  # noqa: S311 - a plan is no secret
            rounds=options["rounds"],
            seconds=options["seconds"],
            spent=lambda: time.process_time() - begun,
            compiled=compiled,
        )
        planned = {day.engineer_id: found.plan.planned(day.engineer_id) for day in found.plan}
        faults = check_plan(planned, days=list(plan), stops=waiting, travel=plan.travel)
        if faults:
            self.stderr.write(f"The plan breaks its own rules: {faults[0]}")
            sys.exit(1)
        self.stdout.write(json.dumps(answer(found.plan, found.unserved, time.process_time() - begun)))


def _load_compiled() -> bool:
    """Whether the compiled rounds are there now. Where they can be kept they are made first, once."""
    if not kept.is_kept():
        if not os.access(kept.FOLDER if kept.FOLDER.exists() else kept.SOURCE.parent, os.W_OK):
            return False
        sys.stderr.write("Compiling the search of plans, once ...\n")
    kept.load()
    return True


def _seconds(text: str) -> float:
    value = float(text)
    if not math.isfinite(value) or value < 0:
        raise ValueError(text)
    return value


def _text(name: str) -> bytes:
    return sys.stdin.buffer.read() if name == "-" else Path(name).read_bytes()


def _one_line(error: Exception) -> str:
    if isinstance(error, OSError):
        return f"cannot be read: {error.strerror}"
    return " ".join(str(error).split())
