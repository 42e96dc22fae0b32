"""What browsers may load on our pages: a strict policy, and a wider one for the admin alone."""

import pytest
from django.urls import reverse

from tests.factories.accounts import ManagerFactory

pytestmark = pytest.mark.django_db


def directives(response) -> dict[str, list[str]]:
    policy = response["Content-Security-Policy"]
    return {part.split()[0]: part.split()[1:] for part in policy.split(";") if part.strip()}


class TestPolicy:
    def test_our_pages_run_nothing_inline(self, client):
        policy = directives(client.get(reverse("home")))
        assert policy["default-src"] == ["'none'"]
        assert policy["script-src"] == policy["style-src"] == ["'self'"]

    @pytest.mark.parametrize(
        "path", ["/admin/", "/admin/login/", "/admin/engineers/visit/", "/admin/nothing/"]
    )
    def test_the_admin_has_a_policy_of_its_own_and_loads_from_no_other_host(self, client, path):
        client.force_login(ManagerFactory())
        policy = directives(client.get(path))
        assert policy["default-src"] == ["'self'"]
        assert policy["script-src"] == ["'self'", "'unsafe-inline'", "'unsafe-eval'"]
        assert policy["frame-ancestors"] == policy["object-src"] == ["'none'"]
        named = {source for sources in policy.values() for source in sources}
        assert named <= {"'self'", "'none'", "'unsafe-inline'", "'unsafe-eval'", "data:"}
