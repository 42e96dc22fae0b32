from datetime import UTC, datetime
from decimal import Decimal
from time import sleep
from typing import Any

import pytest

from repairhub.core.errors import Conflict, InvalidInput, KeyReused
from repairhub.core.idempotency import run_once
from repairhub.core.models import IdempotentRequest, Tick
from tests.connections import both_at_once

NOON = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)


class Counter:
    """An action that counts how often it was really done."""

    def __init__(self, answer: Any = None) -> None:
        self.calls = 0
        self.answer = answer if answer is not None else {"reference": "RH-1"}

    def __call__(self) -> tuple[int, Any]:
        self.calls += 1
        return 201, self.answer


def run(
    action: Any, *, body: Any = None, key: str = "key-00000001", scope: str = "orders:1"
) -> tuple[int, Any]:
    return run_once(scope=scope, key=key, body=body or {"a": 1}, at=NOON, action=action)


@pytest.mark.django_db
class TestRunOnce:
    def test_the_second_time_the_first_answer_comes_back(self) -> None:
        action = Counter()
        assert run(action) == run(action) == (201, {"reference": "RH-1"})
        assert action.calls == 1

    def test_the_order_of_the_fields_makes_no_other_body(self) -> None:
        action = Counter()
        run(action, body={"a": 1, "b": 2})
        run(action, body={"b": 2, "a": 1})
        assert action.calls == 1

    def test_another_body_under_the_same_key_is_refused(self) -> None:
        action = Counter()
        run(action, body={"a": 1})
        with pytest.raises(KeyReused) as refusal:
            run(action, body={"a": 2})
        assert refusal.value.status == 422
        assert refusal.value.field == "Idempotency-Key"
        assert action.calls == 1

    def test_another_key_or_another_scope_is_another_request(self) -> None:
        action = Counter()
        run(action)
        run(action, key="key-00000002")
        run(action, scope="orders:2")
        assert action.calls == 3

    def test_money_and_moments_come_back_as_they_went_out(self) -> None:
        action = Counter({"total": Decimal("2149.00"), "at": NOON})
        first = run(action)
        assert first == run(action)
        assert first[1] == {"total": "2149.00", "at": "2026-11-23T04:00:00Z"}

    def test_a_refusal_is_not_stored_so_that_the_client_may_try_again(self) -> None:
        def refuse() -> tuple[int, Any]:
            Tick.objects.create(job="written before the refusal", minute=NOON)
            raise Conflict("Taken.")

        with pytest.raises(Conflict):
            run(refuse)
        assert not Tick.objects.exists()
        assert not IdempotentRequest.objects.exists()
        assert run(Counter())[0] == 201

    @pytest.mark.parametrize("key", ["", "short", "k" * 121])
    def test_a_key_that_is_no_key_is_refused(self, key: str) -> None:
        with pytest.raises(InvalidInput) as refusal:
            run(Counter(), key=key)
        assert refusal.value.field == "Idempotency-Key"


@pytest.mark.django_db(transaction=True)
class TestRunOnceOnTwoConnections:
    def test_two_at_once_do_the_work_once_and_get_one_answer(self) -> None:
        def slow() -> tuple[int, Any]:
            row = Tick.objects.create(job=f"work {Tick.objects.count()}", minute=NOON)
            sleep(0.2)
            return 201, {"id": row.pk}

        first, second = both_at_once(lambda: run(slow))
        assert first == second
        assert first[0] == 201
        assert Tick.objects.count() == 1

    def test_two_at_once_with_other_bodies_do_the_work_once_and_refuse_once(self) -> None:
        action = Counter()
        answers = both_at_once(lambda: run(action, body={"a": 1}), lambda: run(action, body={"a": 2}))
        assert sorted(type(answer).__name__ for answer in answers) == ["KeyReused", "tuple"]
        assert action.calls == 1

    def test_two_keys_do_not_wait_for_each_other(self) -> None:
        answers = both_at_once(
            lambda: run(Counter(), key="key-0000000a"), lambda: run(Counter(), key="key-0000000b")
        )
        assert [answer[0] for answer in answers] == [201, 201]
        assert IdempotentRequest.objects.count() == 2
