"""Two threads of one process read rows with a protected status again at the same moment."""

from collections.abc import Callable
from threading import Event, Thread
from typing import Any

import pytest
from django.db import models
from django_fsm import FSMModelMixin

from engineers.models import Visit


@pytest.fixture
def slow_reading(monkeypatch: pytest.MonkeyPatch) -> Event:
    """The first reading goes on only when another one is through, or after half a second."""
    first_is_in, other_is_through = Event(), Event()

    def read(self: Visit, *args: Any, **kwargs: Any) -> None:
        if first_is_in.is_set():
            self.status = "planned"
        else:
            first_is_in.set()
            other_is_through.wait(timeout=0.5)
            self.status = "planned"

    monkeypatch.setattr(models.Model, "refresh_from_db", read)
    # both asked which fields are protected before either lifted the protection
    monkeypatch.setattr(FSMModelMixin, "_get_protected_fsm_fields", lambda self: {"status"})
    first_is_in.other_is_through = other_is_through  # type: ignore[attr-defined]
    return first_is_in


def errors_of_two(reading: Callable[[Visit], None], first_is_in: Event) -> list[Exception]:
    """What two threads meet, the second one starting inside the first one's reading."""
    errors: list[Exception] = []

    def run() -> None:
        try:
            reading(Visit())
        except AttributeError as error:
            errors.append(error)

    first = Thread(target=run)
    first.start()
    first_is_in.wait(timeout=5)

    def second_run() -> None:
        run()
        first_is_in.other_is_through.set()  # type: ignore[attr-defined]

    second = Thread(target=second_run)
    second.start()
    first.join(timeout=5)
    second.join(timeout=5)
    return errors


class TestReadingAgain:
    def test_two_threads_do_not_refuse_each_other(self, slow_reading: Event) -> None:
        assert errors_of_two(lambda visit: visit.refresh_from_db(), slow_reading) == []

    def test_the_library_alone_refuses_one_of_them(self, slow_reading: Event) -> None:
        assert len(errors_of_two(FSMModelMixin.refresh_from_db, slow_reading)) == 1
