"""The demo's own pages, and that no real server has them."""

from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from repairhub.accounts.states import STAFF_ROLES
from repairhub.ops.demo.deliveries import PAGE, deliveries
from repairhub.ops.demo.sign_ins import PASSWORD, SIGN_INS
from tests.factories.accounts import NOON
from tests.factories.ops import DemoDeliveryFactory


class TestSignIns:
    def test_every_staff_role_has_one(self) -> None:
        assert {person.role for person in SIGN_INS} == set(STAFF_ROLES)

    def test_two_case_officers_so_that_one_can_check_the_other(self) -> None:
        assert sum(person.role == "case_officer" for person in SIGN_INS) == 2

    def test_nobody_shares_an_address(self) -> None:
        assert len({person.phone for person in SIGN_INS}) == len({p.email for p in SIGN_INS}) == len(SIGN_INS)

    def test_the_command_prints_them_with_the_password(self) -> None:
        out = StringIO()
        call_command("demo_sign_ins", stdout=out)
        assert all(person.national_phone in out.getvalue() for person in SIGN_INS)
        assert PASSWORD in out.getvalue()

    def test_a_real_server_prints_none(self, settings: Any) -> None:
        settings.DEMO = False
        with pytest.raises(CommandError, match="DEMO is off"):
            call_command("demo_sign_ins")


@pytest.mark.django_db
class TestFront:
    def test_tells_whoever_comes_how_to_sign_in(self, client: Client) -> None:
        page = client.get("/demo/").content.decode()
        assert all(person.national_phone in page for person in SIGN_INS)
        assert PASSWORD in page

    @pytest.mark.parametrize("path", ["/demo/", "/demo/messages/"])
    def test_a_real_server_does_not_have_it(self, client: Client, settings: Any, path: str) -> None:
        settings.DEMO = False
        assert client.get(path).status_code == 404


@pytest.mark.django_db
class TestDeliveries:
    def test_come_newest_first_page_after_page_without_gap_or_repeat(self) -> None:
        for number in range(PAGE * 2 + 3):  # three at each moment: the cursor must not rest on time alone
            DemoDeliveryFactory(created_at=NOON + timedelta(seconds=number // 3))
        seen: list[int] = []
        cursor = ""
        for _ in range(3):
            page = deliveries(before=cursor)
            seen += [delivery.row.pk for delivery in page.deliveries]
            cursor = page.older
        assert cursor == ""
        assert len(seen) == PAGE * 2 + 3
        assert seen == sorted(set(seen), reverse=True)

    def test_are_found_by_part_of_the_address_however_it_is_typed(self) -> None:
        DemoDeliveryFactory(channel="sms", address="+8613800008000")
        DemoDeliveryFactory(channel="email", address="li@example.com")
        for typed in ("13800008000", "138 0000 8000", "+86 138-0000-8000", "8000"):
            assert [one.row.address for one in deliveries(address=typed).deliveries] == ["+8613800008000"]
        assert [one.row.address for one in deliveries(address="LI@").deliveries] == ["li@example.com"]

    def test_are_filtered_by_channel(self) -> None:
        DemoDeliveryFactory(channel="sms", address="+8613800008000")
        DemoDeliveryFactory(channel="email", address="li@example.com")
        assert [one.row.channel for one in deliveries(channel="email").deliveries] == ["email"]

    def test_show_the_code_in_them(self) -> None:
        DemoDeliveryFactory(body="Your code is 048213. It is good for 10 minutes.")
        assert deliveries().deliveries[0].code == "048213"

    def test_a_longer_number_is_no_code(self) -> None:
        DemoDeliveryFactory(body="Call 13800008000.")
        assert deliveries().deliveries[0].code == ""

    @pytest.mark.parametrize("cursor", ["x", "2026-11-23_1", "2026-11-23T00:00:00+00:00_x", "_"])
    def test_a_cursor_that_cannot_be_read_is_none(self, cursor: str) -> None:
        DemoDeliveryFactory()
        assert len(deliveries(before=cursor).deliveries) == 1


@pytest.mark.django_db
class TestMessagesPage:
    def test_asks_again_and_hears_nothing_until_something_is_new(self, client: Client) -> None:
        first = DemoDeliveryFactory()
        asking = {"seen": str(first.pk)}
        htmx = {"HX-Request": "true"}
        assert client.get("/demo/messages/", asking, headers=htmx).status_code == 204
        DemoDeliveryFactory(body="Your code is 482913.")
        answer = client.get("/demo/messages/", asking, headers=htmx)
        assert answer.status_code == 200
        assert b"482913" in answer.content
        assert b"<html" not in answer.content

    def test_an_older_page_stays_as_it_is(self, client: Client) -> None:
        for _ in range(PAGE + 1):
            DemoDeliveryFactory(created_at=NOON)
        cursor = deliveries().older
        page = client.get("/demo/messages/", {"before": cursor}).content.decode()
        assert "every 5s" not in page
        assert page.count("<article") == 1

    @pytest.mark.parametrize("name", ["address", "channel", "before", "seen"])
    @pytest.mark.parametrize("value", ["\x00", "x" * 300])
    def test_what_cannot_be_read_counts_as_missing(self, client: Client, name: str, value: str) -> None:
        DemoDeliveryFactory()
        answer = client.get("/demo/messages/", {name: value})
        assert answer.status_code == 200
        assert answer.content.count(b"<article") == 1

    def test_says_what_to_do_where_nothing_has_left(self, client: Client) -> None:
        assert "Book a repair, and its code appears here" in client.get("/demo/messages/").content.decode()
