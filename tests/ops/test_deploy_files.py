"""What can be checked of the image and its composition without a container engine."""

import re
import tomllib
from pathlib import Path

import pytest
import yaml

CHECKOUT = Path(__file__).resolve().parent.parent.parent
DEPLOY = CHECKOUT / "deploy"


@pytest.fixture(scope="module")
def compose() -> dict:
    return yaml.safe_load((DEPLOY / "compose.yaml").read_text())


class TestCompose:
    def test_has_every_part_of_the_product(self, compose):
        assert set(compose["services"]) == {"db", "valkey", "migrate", "web", "worker", "beat"}

    def test_servers_and_processes_say_how_they_are(self, compose):
        for name in ("db", "valkey", "web", "worker"):
            assert compose["services"][name]["healthcheck"]["test"], name

    def test_valkey_survives_a_crash_with_what_it_accepted(self, compose):
        command = compose["services"]["valkey"]["command"]
        assert command[command.index("--appendonly") + 1] == "yes"

    def test_nothing_starts_before_the_migrations(self, compose):
        for name in ("web", "worker", "beat"):
            assert compose["services"][name]["depends_on"]["migrate"] == {
                "condition": "service_completed_successfully"
            }

    def test_no_secret_has_a_default(self, compose):
        text = (DEPLOY / "compose.yaml").read_text()
        for name in (
            "SECRET_KEY",
            "FERNET_KEYS",
            "POSTGRES_PASSWORD",
            "EMAIL_URL",
            "ALLOWED_HOSTS",
            "PUBLIC_URL",
        ):
            assert f"${{{name}:?" in text, name
            assert f"${{{name}:-" not in text, name

    def test_every_variable_is_explained_in_the_example(self):
        used = set(re.findall(r"\$\{(\w+)", (DEPLOY / "compose.yaml").read_text())) - {"PORT"}
        explained = set(
            re.findall(r"^(?:# )?([A-Z_]+)=", (CHECKOUT / ".env.example").read_text(), re.MULTILINE)
        )
        assert used <= explained

    def test_only_web_is_published_and_only_to_this_machine(self, compose):
        published = {
            name: service["ports"] for name, service in compose["services"].items() if "ports" in service
        }
        assert list(published) == ["web"]
        assert all(port.startswith("127.0.0.1:") for port in published["web"])


class TestImage:
    def test_copies_what_is_there(self):
        allowed = [
            line[1:]
            for line in (DEPLOY / "Dockerfile.dockerignore").read_text().splitlines()
            if line.startswith("!")
        ]
        assert [path for path in allowed if not (CHECKOUT / path).exists()] == []

    def test_holds_every_top_level_package_of_the_product(self):
        allowed = (DEPLOY / "Dockerfile.dockerignore").read_text()
        pyproject = tomllib.loads((CHECKOUT / "pyproject.toml").read_text())
        for package in pyproject["tool"]["importlinter"]["root_packages"]:
            assert f"!{package}\n" in allowed

    def test_its_command_names_files_that_it_holds(self):
        dockerfile = (DEPLOY / "Dockerfile").read_text()
        assert '"deploy/gunicorn.conf.py"' in dockerfile
        assert "USER repairhub" in dockerfile
        assert "requirements.txt" in dockerfile
        assert "tests/requirements.txt" not in dockerfile
