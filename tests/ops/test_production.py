"""Production settings: refuse to start without their secrets; what they serve behind gunicorn."""

import io
import json
import logging
import os
import re
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog
from django.conf import settings
from django.http import HttpResponse

from repairhub.ops.embedded.processes import die_with_parent
from repairhub.ops.proxy import ClientAddressMiddleware
from repairhub.settings.logs import hide_tokens, logging_settings
from tests.deploy_check import production_environment
from tests.ops.test_start import free_port

CHECKOUT = Path(__file__).resolve().parent.parent.parent
REQUIRED = (
    "SECRET_KEY",
    "FERNET_KEYS",
    "DATABASE_URL",
    "REDIS_URL",
    "ALLOWED_HOSTS",
    "PUBLIC_URL",
    "EMAIL_URL",
    "DEFAULT_FROM_EMAIL",
)


def load_settings(environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", "import repairhub.settings.production"],
        cwd=CHECKOUT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


class TestSecrets:
    def test_everything_set_loads(self):
        assert load_settings(production_environment()).returncode == 0

    @pytest.mark.parametrize("name", ["SECRET_KEY", "DATABASE_URL", "EMAIL_URL"])
    def test_each_missing_one_is_named_in_one_line(self, name):
        environment = production_environment()
        del environment[name]
        done = load_settings(environment)
        assert done.returncode == 1
        (line,) = done.stderr.splitlines()
        assert line.startswith(f"RepairHub cannot start: {name} is not set")

    def test_nothing_set_names_all_of_them(self):
        environment = {name: value for name, value in os.environ.items() if name not in REQUIRED}
        lines = load_settings(environment).stderr.splitlines()
        assert [re.search(r"start: (\w+) is", line)[1] for line in lines] == list(REQUIRED)

    def test_a_key_that_seals_nothing_is_refused(self):
        done = load_settings(production_environment(FERNET_KEYS="too-short"))
        assert done.returncode == 1
        (line,) = done.stderr.splitlines()
        assert "FERNET_KEYS" in line


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    return production_environment(
        STATIC_ROOT=str(tmp_path_factory.mktemp("static")),
        MEDIA_ROOT=str(tmp_path_factory.mktemp("media")),
        DATABASE_URL=os.environ["DATABASE_URL"],
        REDIS_URL=settings.REDIS_URL,
        WEB_BIND=f"127.0.0.1:{free_port()}",
        WEB_CONCURRENCY="1",
    )


@pytest.fixture(scope="module")
def server(environment: dict[str, str]) -> Iterator[str]:
    subprocess.run(
        [sys.executable, "manage.py", "collectstatic", "--noinput", "--verbosity", "0"],
        cwd=CHECKOUT,
        env=environment,
        check=True,
    )
    server = subprocess.Popen(
        [sys.executable, "-m", "gunicorn", "--config", "deploy/gunicorn.conf.py", "repairhub.wsgi"],
        cwd=CHECKOUT,
        env=environment,
        preexec_fn=die_with_parent(signal.SIGTERM),
    )
    url = f"http://{environment['WEB_BIND']}"
    deadline = time.monotonic() + 60
    while True:
        try:
            get(url, "/healthz")
            break
        except urllib.error.URLError:
            assert server.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.2)
    yield url
    server.terminate()
    server.wait(30)


def get(url: str, path: str, **headers: str) -> tuple[int, dict[str, str], str]:
    class NoRedirect(urllib.request.HTTPRedirectHandler):
        def redirect_request(self, *args: object, **kwargs: object) -> None:
            return None

    asked = urllib.request.Request(url + path, headers={"Host": "repair.example.com", **headers})
    try:
        with urllib.request.build_opener(NoRedirect).open(asked, timeout=30) as answer:
            return answer.status, dict(answer.headers), answer.read().decode()
    except urllib.error.HTTPError as answer:
        return answer.code, dict(answer.headers), ""


class TestServing:
    """The production settings behind gunicorn, with collected static files, as the image does it."""

    def test_pages_name_static_files_by_their_content_and_they_are_there(self, server):
        status, headers, page = get(server, "/accounts/login/", **{"X-Forwarded-Proto": "https"})
        assert status == 200
        assert "max-age=31536000" in headers["Strict-Transport-Security"]
        assert "default-src 'none'" in headers["Content-Security-Policy"]
        paths = re.findall(r'"(/static/[^"]+\.(?:css|js))"', page)
        assert any(re.search(r"/repairhub\.[0-9a-f]{12}\.css$", path) for path in paths), paths
        for path in paths:
            status, headers, _ = get(server, path, **{"X-Forwarded-Proto": "https"})
            assert status == 200
            assert "immutable" in headers["Cache-Control"]

    def test_plain_http_is_sent_to_https(self, server):
        status, headers, _ = get(server, "/")
        assert status == 301
        assert headers["Location"] == "https://repair.example.com/"

    def test_other_host_names_are_refused(self, server):
        assert get(server, "/", Host="evil.example.com", **{"X-Forwarded-Proto": "https"})[0] == 400

    def test_health_is_asked_without_the_proxy(self, server):
        assert get(server, "/healthz")[0] == 200

    def test_the_demo_is_not_there(self, server):
        assert get(server, "/demo/messages/", **{"X-Forwarded-Proto": "https"})[0] in {302, 404}

    def test_requests_are_logged_as_json(self, environment):
        program = (
            "import logging, django; django.setup(); logging.getLogger('repairhub').warning('Two words')"
        )
        done = subprocess.run(
            [sys.executable, "-c", program],
            cwd=CHECKOUT,
            env=environment,
            capture_output=True,
            text=True,
            check=True,
        )
        event = json.loads(done.stderr.splitlines()[-1])
        assert event["event"] == "Two words"
        assert event["level"] == "warning"
        assert event["logger"] == "repairhub"


class TestLogs:
    @pytest.mark.parametrize(
        ("request_line", "logged"),
        [
            ("GET /orders/RH-7K3M9Q2/0123456789abcdefABCDEF_-01234567/", "GET /orders/RH-7K3M9Q2/[token]/"),
            (
                "GET /api/v1/orders/RH-7K3M9Q2/?token=abc&x=1",
                "GET /api/v1/orders/RH-7K3M9Q2/?token=[token]&x=1",
            ),
            ("GET /static/css/repairhub.0123456789ab.css", "GET /static/css/repairhub.0123456789ab.css"),
        ],
    )
    def test_the_token_of_an_order_link_is_never_written(self, request_line, logged):
        assert hide_tokens(None, "info", {"request": request_line, "code": 200})["request"] == logged

    @pytest.fixture
    def written(self, client):
        """What the JSON log says of a request: real records of Django, formatted as in production."""
        lines = io.StringIO()
        handler = logging.StreamHandler(lines)
        chosen = logging_settings(as_json=True, requests="INFO")["formatters"]["event"]
        handler.setFormatter(
            structlog.stdlib.ProcessorFormatter(**{key: chosen[key] for key in chosen if key != "()"})
        )
        logger = logging.getLogger("django.request")
        logger.addHandler(handler)

        def ask(path: str) -> list[dict[str, object]]:
            client.raise_request_exception = False
            client.get(path)
            return [json.loads(line) for line in lines.getvalue().splitlines()]

        yield ask
        logger.removeHandler(handler)

    @pytest.mark.django_db
    def test_a_page_that_is_not_there_is_logged_without_its_token(self, written):
        token = "0123456789abcdefABCDEF_-01234567"
        (event,) = written(f"/o/RH-7K3M9Q2/{token}/photos/9/")
        assert event["status_code"] == 404
        assert "request" not in event
        assert "/o/RH-7K3M9Q2/[token]/photos/9/" in str(event["event"])
        assert token not in json.dumps(event)

    @pytest.mark.django_db
    def test_a_traceback_is_logged_without_its_token(self, written, monkeypatch):
        token = "0123456789abcdefABCDEF_-01234567"

        def fail(*args, **kwargs):
            raise ValueError(f"no such page: '/o/RH-7K3M9Q2/{token}/' with {{'token': '{token}'}}")

        monkeypatch.setattr("django.middleware.locale.LocaleMiddleware.process_request", fail)
        (event,) = written("/")
        assert "no such page" in str(event["exception"])
        assert token not in json.dumps(event)

    def test_a_value_that_is_no_text_is_masked_too(self):
        path = Path("/o/RH-7K3M9Q2/0123456789abcdefABCDEF_-01234567/")
        event = hide_tokens(None, "info", {"path": path, "all": {"paths": [f"{path}/"]}, "n": 2})
        assert event == {
            "path": "/o/RH-7K3M9Q2/[token]",
            "all": {"paths": ["/o/RH-7K3M9Q2/[token]/"]},
            "n": 2,
        }


class TestClientAddress:
    def address(self, rf, settings, proxies: int, forwarded: str | None) -> str:
        settings.TRUSTED_PROXIES = proxies
        headers = {} if forwarded is None else {"HTTP_X_FORWARDED_FOR": forwarded}
        request = rf.get("/", REMOTE_ADDR="10.0.0.1", **headers)
        return ClientAddressMiddleware(lambda asked: HttpResponse(asked.META["REMOTE_ADDR"]))(
            request
        ).content.decode()

    def test_is_what_our_proxy_saw_and_not_what_the_client_claims(self, rf, settings):
        assert self.address(rf, settings, 1, "1.2.3.4, 203.0.113.7") == "203.0.113.7"

    def test_two_proxies_are_counted_from_the_end(self, rf, settings):
        assert self.address(rf, settings, 2, "1.2.3.4, 203.0.113.7, 10.0.0.2") == "203.0.113.7"

    def test_without_a_proxy_the_header_is_not_believed(self, rf, settings):
        assert self.address(rf, settings, 0, "203.0.113.7") == "10.0.0.1"

    def test_without_the_header_it_stays(self, rf, settings):
        assert self.address(rf, settings, 1, None) == "10.0.0.1"
