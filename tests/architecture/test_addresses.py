"""Closed by default: every address, tried as nobody and in every role, opens for those of the table alone."""

from collections.abc import Iterator

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from repairhub.accounts.models import User
from repairhub.accounts.states import Role
from tests.architecture.addresses import ADDRESSES, PUBLIC, Door
from tests.factories.accounts import UserFactory

NOBODY = "nobody"
WHO = [NOBODY, *Role.values]


def addresses(patterns: list[URLPattern | URLResolver], prefix: str = "") -> Iterator[str]:
    """The full name of every address outside the admin site (which is tried by itself)."""
    for pattern in patterns:
        if isinstance(pattern, URLResolver):
            if pattern.namespace == "admin":
                continue
            space = f"{prefix}{pattern.namespace}:" if pattern.namespace else prefix
            yield from addresses(pattern.url_patterns, space)
        else:
            yield f"{prefix}{pattern.name}"


def admin_addresses() -> list[str]:
    """The index, and list and add page of every model in the admin."""
    from django.contrib import admin

    found = [reverse("admin:index")]
    for model in admin.site._registry:
        name = f"{model._meta.app_label}_{model._meta.model_name}"
        found += [reverse(f"admin:{name}_changelist"), reverse(f"admin:{name}_add")]
    return found


def is_shut(client: Client, path: str) -> bool:
    """Whether the address sends the visitor to sign in, or refuses the role."""
    response = client.get(path)
    if response.status_code in (301, 302):
        return "/accounts/login/" in response["Location"] or "/admin/login/" in response["Location"]
    return response.status_code in (401, 403)


def may_enter(door: Door, who: str) -> bool:
    """What the table says."""
    if door.who == PUBLIC:
        return True
    return who != NOBODY and who in door.who


def signed_in(who: str) -> Client:
    """A browser session of that role."""
    client = Client()
    if who != NOBODY:
        client.force_login(UserFactory(role=who))
    return client


class TestTable:
    def test_every_address_has_its_row_and_every_row_its_address(self) -> None:
        there = set(addresses(get_resolver().url_patterns))
        assert there - set(ADDRESSES) == set(), "addresses without a row"
        assert set(ADDRESSES) - there == set(), "rows without an address"

    def test_the_check_sees_an_address_without_a_row(self) -> None:
        there = set(addresses(get_resolver("tests.architecture.one_more_address").url_patterns))
        assert there - set(ADDRESSES) == {"one_more_address"}


@pytest.mark.django_db
@pytest.mark.parametrize("who", WHO)
class TestDoors:
    def test_opens_for_those_of_the_table_alone(self, who: str) -> None:
        client = signed_in(who)
        wrong = []
        for name, door in ADDRESSES.items():
            shut = is_shut(client, reverse(name, kwargs=door.args))
            if shut == may_enter(door, who):
                wrong.append(f"{name} is {'shut' if shut else 'open'}")
        assert wrong == []

    def test_the_admin_opens_for_parts_admins_and_managers_alone(self, who: str) -> None:
        client = signed_in(who)
        if who in (Role.PARTS_ADMIN, Role.MANAGER):
            User.objects.filter(role=who).update(is_staff=True)
            assert not is_shut(client, reverse("admin:index"))
        else:
            assert [path for path in admin_addresses() if not is_shut(client, path)] == []


@pytest.mark.django_db
class TestControl:
    def test_a_view_that_forgot_its_door_is_seen(self, settings: object) -> None:
        settings.ROOT_URLCONF = "tests.architecture.one_more_address"  # type: ignore[attr-defined]
        assert not is_shut(Client(), "/one-more-address/")
