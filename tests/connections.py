"""Two database connections at the same moment, for tests of races."""

from collections.abc import Callable
from threading import Barrier, Thread
from typing import Any

from django.db import connection


def both_at_once(*calls: Callable[[], Any]) -> list[Any]:
    """Results (or exceptions) of the calls, each on a connection of its own, started together.

    One call given runs twice.
    """
    calls = calls if len(calls) > 1 else calls * 2
    start = Barrier(len(calls))
    results: list[Any] = [None] * len(calls)

    def run(place: int, call: Callable[[], Any]) -> None:
        try:
            connection.ensure_connection()
            start.wait(timeout=10)
            results[place] = call()
        except Exception as error:
            results[place] = error
        finally:
            connection.close()

    threads = [Thread(target=run, args=(place, call)) for place, call in enumerate(calls)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
    return results
