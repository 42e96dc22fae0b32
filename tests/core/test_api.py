"""What every endpoint of the API has in common: the shape of a refusal, limits, methods, languages."""

import base64
from typing import Any
from unittest.mock import patch

import pytest
from django.core.cache import cache
from django.test import Client, RequestFactory
from rest_framework.response import Response
from rest_framework.views import APIView

from repairhub.core.api_fields import PublicAPI
from repairhub.core.errors import Conflict, DomainError, InvalidInput, NotAllowed, NotFoundError, TooMany
from tests.factories.places import CityFactory
from tests.orders.api.caller import get, post, refusal

UNKNOWN = [
    "/api/",
    "/api/v1/",
    "/api/v2/cities/",
    "/api/v1/cities",
    "/api/nothing",
    "/api/%00",
    "/api/v1/\u5c4f/",
]
FORMS = ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data"]
FOREIGN_CURSORS = ["x", "\u5c4f", "bz14", *(base64.b64encode(text).decode() for text in (b"o=-1", b"p=%00"))]
ENDPOINTS = ["cities/", "device-models/", "repairs/", "windows/", "phone-codes/", "phone-proofs/", "orders/"]

pytestmark = pytest.mark.django_db


def answer_to(error: Exception, **of_view: Any) -> Response:
    """What an endpoint answers that raises this."""

    class Endpoint(PublicAPI, APIView):
        def get(self, request: Any) -> Response:
            raise error

    for name, value in of_view.items():
        setattr(Endpoint, name, value)
    response = Endpoint.as_view()(RequestFactory().get("/"))
    response.render()
    return response


class TestRefusals:
    @pytest.mark.parametrize(
        ("error", "status", "kind"),
        [
            (InvalidInput("No.", field="name"), 400, "validation_error"),
            (NotAllowed("No.", field="name"), 403, "client_error"),
            (NotFoundError("No.", field="name"), 404, "client_error"),
            (Conflict("No.", field="name"), 409, "client_error"),
            (TooMany("No.", field="name"), 429, "client_error"),
        ],
    )
    def test_have_one_shape(self, error: DomainError, status: int, kind: str) -> None:
        response = answer_to(error)
        assert response.status_code == status
        assert response.data == {
            "type": kind,
            "errors": [{"code": error.code, "detail": "No.", "attr": "name"}],
        }

    def test_say_what_to_do_next_and_carry_their_data(self) -> None:
        response = answer_to(Conflict("Taken.", next_step="Choose another.", details={"nearest": []}))
        assert response.data["errors"][0]["detail"] == "Taken. Choose another."
        response = answer_to(Conflict("Taken.", details={"nearest": [1]}))
        assert response.data["details"] == {"nearest": [1]}

    def test_name_the_input_as_the_endpoint_does(self) -> None:
        response = answer_to(InvalidInput("No.", field="place"), field_names={"place": "latitude"})
        assert response.data["errors"][0]["attr"] == "latitude"

    def test_say_when_to_come_back(self) -> None:
        response = answer_to(TooMany("No.", details={"retry_after_s": 42}))
        assert response["Retry-After"] == "42"

    def test_a_fault_of_ours_is_not_explained_to_the_caller(self, settings: Any) -> None:
        settings.DEBUG = False
        response = answer_to(RuntimeError("password of the database: hunter2"))
        assert response.status_code == 500
        assert b"hunter2" not in response.content
        assert response.data["type"] == "server_error"


class TestEveryEndpoint:
    @pytest.mark.parametrize("path", ENDPOINTS)
    def test_refuses_other_methods_in_the_same_shape(self, path: str) -> None:
        response = Client().delete(f"/api/v1/{path}")
        assert response.status_code == 405
        assert refusal(response)["code"] == "method_not_allowed"

    @pytest.mark.parametrize("path", ENDPOINTS)
    def test_speaks_json_only(self, path: str) -> None:
        response = Client().generic(
            "POST" if path in ENDPOINTS[4:] else "GET", f"/api/v1/{path}", headers={"Accept": "text/html"}
        )
        assert response.status_code == 406
        assert refusal(response)["code"] == "not_acceptable"

    @pytest.mark.parametrize("path", ENDPOINTS[4:])
    @pytest.mark.parametrize(
        "kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data"]
    )
    def test_reads_json_only(self, path: str, kind: str) -> None:
        response = Client().post(f"/api/v1/{path}", b"phone=1", content_type=kind)
        assert response.status_code == 415
        assert refusal(response)["code"] == "unsupported_media_type"

    @pytest.mark.parametrize("path", ENDPOINTS[4:])
    @pytest.mark.parametrize("body", ["", "{", "[" * 100_000, b"\xff"])
    def test_bad_json_is_400(self, path: str, body: str | bytes) -> None:
        response = post(path, body, **{"Idempotency-Key": "good-enough"})
        assert response.status_code == 400
        refusal(response)

    @pytest.mark.parametrize("path", ENDPOINTS[:4])
    @pytest.mark.parametrize("query", ["search=%00", "%00=1", "device_model=%00", "cursor=%00"])
    def test_nul_in_a_query_is_400(self, path: str, query: str) -> None:
        response = Client().get(f"/api/v1/{path}?{query}")
        assert response.status_code == 400
        refusal(response)

    def test_a_session_of_the_staff_gives_no_more_than_nobody_has(self) -> None:
        from tests.factories.accounts import SuperuserFactory

        client = Client(enforce_csrf_checks=True)
        client.force_login(SuperuserFactory())
        response = client.post("/api/v1/phone-codes/", {"phone": "1"}, content_type="application/json")
        assert response.status_code == 400  # neither CSRF nor a session plays a part


class TestUnknownAddresses:
    @pytest.mark.parametrize(
        "path",
        [
            "/api/",
            "/api/v1/",
            "/api/v2/cities/",
            "/api/v1/cities",
            "/api/nothing",
            "/api/%00",
            "/api/v1/\u5c4f/",
        ],
    )
    @pytest.mark.parametrize("method", ["get", "post", "put", "delete"])
    def test_answer_404_in_the_same_shape(self, path: str, method: str) -> None:
        response = getattr(Client(), method)(path)
        assert response.status_code == 404
        assert refusal(response)["code"] == "not_found"
        assert "/api/docs/" in refusal(response)["detail"]


class TestLimits:
    def test_too_many_calls_are_429_and_say_when_to_come_back(self) -> None:
        with patch("repairhub.core.api_fields.CallsByAddress.get_rate", return_value="2/min"):
            answers = [get("cities/") for _call in range(3)]
        assert [answer.status_code for answer in answers] == [200, 200, 429]
        assert refusal(answers[2])["code"] == "throttled"
        assert 0 < int(answers[2]["Retry-After"]) <= 60

    @pytest.mark.parametrize("path", ["windows/", "orders/"])
    def test_what_asks_the_dispatch_engine_is_counted_by_itself(self, path: str) -> None:
        answers = [(get(path) if path == "windows/" else post(path, {})).status_code for _call in range(121)]
        assert answers == [400] * 120 + [429]
        assert get("cities/").status_code == 200

    def test_nobody_escapes_by_naming_another_address(self) -> None:
        with patch("repairhub.core.api_fields.CallsByAddress.get_rate", return_value="1/min"):
            answers = [
                Client().get("/api/v1/cities/", headers={"X-Forwarded-For": f"10.0.0.{number}"})
                for number in range(2)
            ]
        assert answers[1].status_code == 429

    def test_a_cache_that_is_down_stops_nobody(self) -> None:
        with patch.object(type(cache._connections["default"]), "get", side_effect=ConnectionError):
            assert get("cities/").status_code == 200


class TestLanguages:
    def test_sentences_are_in_the_language_asked_for(self) -> None:
        english = post("phone-proofs/", {}, language="en")
        chinese = post("phone-proofs/", {}, language="zh-CN")
        assert english["Content-Language"] == "en"
        assert chinese["Content-Language"] == "zh-hans"
        details = [response.json()["errors"][0]["detail"] for response in (english, chinese)]
        assert details == ["This field is required.", "该字段是必填项。"]

    def test_caches_are_told_that_the_language_matters(self) -> None:
        assert "Accept-Language" in get("cities/")["Vary"]


class TestPaging:
    def test_a_page_leads_to_the_next_and_back(self) -> None:
        for number in range(5):
            CityFactory(code=f"C{number}", name_en=f"City {number}")
        first = get("cities/", page_size=2).json()
        assert [city["name_en"] for city in first["results"]] == ["City 0", "City 1"]
        assert first["previous"] is None
        second = Client().get(first["next"]).json()
        assert [city["name_en"] for city in second["results"]] == ["City 2", "City 3"]
        assert Client().get(second["previous"]).json()["results"] == first["results"]

    @pytest.mark.parametrize("size", ["0", "-1", "201", "two", "", "1.5", "\u0663", "9" * 40])
    def test_a_size_out_of_bounds_is_400(self, size: str) -> None:
        response = get("cities/", page_size=size)
        assert response.status_code == 400
        assert refusal(response)["attr"] == "page_size"

    @pytest.mark.parametrize("cursor", FOREIGN_CURSORS)
    def test_a_cursor_that_we_did_not_give_out_is_404(self, cursor: str) -> None:
        response = get("cities/", cursor=cursor)
        assert response.status_code == 404
        refusal(response)
