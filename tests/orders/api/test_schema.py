"""The API against its own schema: whatever fits it or breaks it is answered as the schema says."""

from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.db import close_old_connections, connection
from django.test import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis.config import SchemathesisConfig
from schemathesis.generation import GenerationMode

from orders.models import RepairOrder
from repairhub.places.models import City
from repairhub.wsgi import application
from tests.orders.api.caller import order_body

EXAMPLES = 30  # for each operation, of data that fits and of data that does not
OPERATIONS = [
    ("/api/v1/cities/", "GET"),
    ("/api/v1/device-models/", "GET"),
    ("/api/v1/repairs/", "GET"),
    ("/api/v1/windows/", "GET"),
    ("/api/v1/phone-codes/", "POST"),
    ("/api/v1/phone-proofs/", "POST"),
    ("/api/v1/orders/", "POST"),
    ("/api/v1/orders/{reference}/", "GET"),
    ("/api/v1/orders/{reference}/proposals/{proposal_id}/answer/", "POST"),
    # the desk's: whoever is not signed in is refused in the same shape
    ("/api/v1/plan-runs/", "POST"),
    ("/api/v1/plan-runs/{reference}/", "GET"),
    ("/api/v1/plan-runs/{reference}/apply/", "POST"),
    ("/api/v1/plan-runs/{reference}/cancel/", "POST"),
]
CONFIG: dict[str, Any] = {
    "checks": {
        # no schema knows which repairs there are, or which proof is good
        "positive_data_acceptance": {"expected-statuses": ["2xx", 400, 403, 404, 409, 429]},
    },
}
bounded = settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)


@pytest.fixture
def kept_connection() -> Iterator[None]:
    """The application would close the connection after a request, and with it the test's transaction."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


@pytest.fixture
def schema(city: City, kept_connection: None) -> Any:
    """The schema as it is served, with a city to book in."""
    return schemathesis.openapi.from_wsgi(
        "/api/schema/?format=json", application, config=SchemathesisConfig.from_dict(CONFIG)
    )


class TestAgainstTheSchema:
    def test_the_table_holds_every_operation(self, schema: Any) -> None:
        served = [result.ok() for result in schema.get_all_operations()]
        assert sorted((one.path, one.method.upper()) for one in served) == sorted(OPERATIONS)

    @pytest.mark.parametrize("mode", list(GenerationMode), ids=lambda mode: mode.value)
    @pytest.mark.parametrize(("path", "method"), OPERATIONS)
    def test_every_answer_is_one_that_the_schema_names(
        self, path: str, method: str, mode: GenerationMode, schema: Any
    ) -> None:
        @given(schema[path][method].as_strategy(generation_mode=mode))
        @bounded
        def ask(case: Any) -> None:
            case.call_and_validate()
            assert not connection.needs_rollback

        ask()

    def test_a_booking_that_fits_is_booked_whatever_stands_in_its_texts(
        self, schema: Any, city: City, proof: str
    ) -> None:
        body = order_body(city, proof)
        texts = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=80)
        operation = schema["/api/v1/orders/"]["POST"]

        @given(name=texts, address=texts, note=texts)
        @settings(bounded, max_examples=10)
        def ask(name: str, address: str, note: str) -> None:
            booked_before = RepairOrder.objects.count()
            case = operation.Case(
                body={**body, "name": name, "address": address, "access_note": note},
                media_type="application/json",
                headers={"Idempotency-Key": f"key-number-{booked_before}-{hash((name, address, note))}"},
            )
            response = case.call_and_validate()
            fits = bool(name.strip() and address.strip())
            assert response.status_code in ((201, 409) if fits else (400,))

        ask()
        assert RepairOrder.objects.exists()


class TestSchema:
    def test_it_is_served_to_everybody_in_yaml_and_json(self, db: None) -> None:
        assert Client().get("/api/schema/")["Content-Type"].startswith("application/vnd.oai.openapi")
        assert Client().get("/api/schema/?format=json").json()["info"]["title"] == "RepairHub"

    def test_it_is_a_whole_one(self, db: None) -> None:
        from drf_spectacular.validation import validate_schema

        validate_schema(Client().get("/api/schema/?format=json").json())
