"""Enqueue and cancel: the outbox as the database keeps it."""

from datetime import timedelta

import pytest
from django.core.management import call_command
from django.core.management.base import SystemCheckError
from django.db import IntegrityError, transaction

from repairhub.core.errors import Conflict, NotFoundError
from repairhub.notifications.addresses import Address
from repairhub.notifications.models import Message
from repairhub.notifications.sealing import UnreadableSecretError, seal, unseal
from repairhub.notifications.services import Draft, cancel, enqueue, enqueue_many, send_again
from repairhub.notifications.states import MessageStatus
from tests.factories.accounts import NOON
from tests.factories.notifications import FACTORY_OF_STATUS, MessageFactory

pytestmark = pytest.mark.django_db
TO = Address("email", "wang@example.com")


def put(**kwargs) -> Message:
    facts = {
        "key": "test:1",
        "address": TO,
        "language": "en",
        "template": "sla_warning",
        "context": {},
        "at": NOON,
    }
    return enqueue(**{**facts, **kwargs})


@pytest.fixture
def rung(monkeypatch):
    """Which tasks were rung for, with what."""
    calls = []
    monkeypatch.setattr(
        "repairhub.notifications.doorbell.BELL.ring",
        lambda task, args: calls.append((task.name.rsplit(".", 1)[1], *args)),
    )
    return calls


class TestEnqueue:
    def test_it_waits_from_now_on(self):
        message = put(city_code="BJ")
        assert (message.status, message.not_before_at, message.created_at) == ("queued", NOON, NOON)
        assert (message.to, message.city_code, message.secret) == (TO, "BJ", None)

    def test_the_same_key_gives_the_message_that_is_there(self):
        assert put(template="sla_warning") == put(template="sla_breach")
        assert Message.objects.get().template == "sla_warning"

    def test_a_secret_lies_encrypted(self):
        message = put(secret="123456")
        assert "123456" not in message.secret
        assert unseal(message.secret) == "123456"

    def test_the_bell_rings_after_the_commit_and_carries_the_id_alone(
        self, rung, django_capture_on_commit_callbacks
    ):
        with django_capture_on_commit_callbacks(execute=True):
            message = put()
            assert rung == []
        assert rung == [("send_one_message", message.pk)]

    def test_no_bell_rings_for_what_leaves_later(self, rung, django_capture_on_commit_callbacks):
        with django_capture_on_commit_callbacks(execute=True):
            put(not_before_at=NOON + timedelta(hours=1))
        assert rung == []

    def test_many_at_once_share_a_bell(
        self, rung, django_capture_on_commit_callbacks, django_assert_num_queries
    ):
        drafts = [
            Draft(key=f"test:{n}", address=TO, language="en", template="sla_warning") for n in range(60)
        ]
        with django_capture_on_commit_callbacks(execute=True), django_assert_num_queries(2):
            messages = enqueue_many(drafts, at=NOON)
        assert [message.key for message in messages] == [draft.key for draft in drafts]
        assert [(task, len(ids)) for task, ids in rung] == [
            ("send_these_messages", 50),
            ("send_these_messages", 10),
        ]

    def test_what_is_rolled_back_was_never_said(self, rung, django_capture_on_commit_callbacks):
        with django_capture_on_commit_callbacks(execute=True), transaction.atomic():
            put()
            transaction.set_rollback(True)
        assert rung == []
        assert not Message.objects.exists()


class TestCancel:
    def test_waiting_messages_under_the_prefix_are_called_off_and_their_secrets_wiped(self):
        under = MessageFactory(key="order:7:reminder", code=True)
        MessageFactory(key="order:70:reminder")
        assert cancel(key_prefix="order:7:", at=NOON) == 1
        under.refresh_from_db()
        assert (under.status, under.secret, under.closed_at) == ("cancelled", None, NOON)

    @pytest.mark.parametrize("status", [one for one in MessageStatus if one != MessageStatus.QUEUED])
    def test_what_is_through_stays_as_it_is(self, status):
        message = FACTORY_OF_STATUS[status](key="order:7:reminder")
        assert cancel(key_prefix="order:7:", at=NOON) == 0
        message.refresh_from_db()
        assert message.status == status

    def test_signs_of_a_pattern_are_taken_as_they_are(self):
        MessageFactory(key="order:7:reminder")
        assert cancel(key_prefix="order:_:", at=NOON) == cancel(key_prefix="%", at=NOON) == 0


class TestWhatTheDatabaseHolds:
    @pytest.mark.parametrize(
        ("change", "constraint"),
        [
            ({"channel": "pigeon"}, "message_channel_known"),
            ({"sent_at": NOON}, "message_sent_has_its_time"),
        ],
    )
    def test_it_refuses(self, change, constraint):
        message = MessageFactory()
        with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
            Message.objects.filter(pk=message.pk).update(**change)

    def test_it_refuses_a_secret_on_a_message_that_is_through(self):
        message = FACTORY_OF_STATUS[MessageStatus.SENT]()
        with pytest.raises(IntegrityError, match="message_secret_wiped"), transaction.atomic():
            Message.objects.filter(pk=message.pk).update(secret="anything")


class TestSealing:
    def test_a_new_key_in_front_still_opens_what_the_old_one_sealed(self, settings):
        old = "b2xkLWtleS1vZi0zMi1ieXRlcy1mb3ItdGVzdHMhISE="
        new = "bmV3LWtleS1vZi0zMi1ieXRlcy1mb3ItdGVzdHMhISE="
        settings.FERNET_KEYS = [old]
        sealed = seal("123456")
        settings.FERNET_KEYS = [new, old]
        assert unseal(sealed) == "123456"
        settings.FERNET_KEYS = [new]
        with pytest.raises(UnreadableSecretError):
            unseal(sealed)


class TestDeployCheck:
    def test_a_sandbox_on_a_real_server_is_an_error(self):
        with pytest.raises(SystemCheckError, match=r"notifications\.E001"):
            call_command("check", deploy=True, fail_level="ERROR")


class TestSendAgain:
    def test_what_was_given_up_waits_again_with_all_its_attempts(
        self, rung, django_capture_on_commit_callbacks
    ):
        message = FACTORY_OF_STATUS[MessageStatus.FAILED](secret=seal("https://repairhub.example/o/x/"))
        with django_capture_on_commit_callbacks(execute=True):
            send_again(message_id=message.pk, at=NOON)
        message.refresh_from_db()
        assert (message.status, message.attempts, message.not_before_at) == ("queued", 0, NOON)
        assert (message.closed_at, message.last_error) == (None, "")
        assert rung == [("send_one_message", message.pk)]

    @pytest.mark.parametrize("status", [one for one in MessageStatus if one != MessageStatus.FAILED])
    def test_only_what_was_given_up(self, status):
        with pytest.raises(Conflict) as refusal:
            send_again(message_id=FACTORY_OF_STATUS[status]().pk, at=NOON)
        assert refusal.value.code == "message_not_given_up"

    @pytest.mark.parametrize("facts", [{"is_urgent": True}, {"expires_at": NOON}])
    def test_no_code_and_nothing_whose_time_is_over(self, facts):
        with pytest.raises(Conflict) as refusal:
            send_again(message_id=FACTORY_OF_STATUS[MessageStatus.FAILED](**facts).pk, at=NOON)
        assert refusal.value.code == "message_useless"

    def test_one_that_is_gone(self):
        with pytest.raises(NotFoundError):
            send_again(message_id=0, at=NOON)
