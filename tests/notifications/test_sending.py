"""A message leaves once: by whom, when, in which words, and what happens when it does not."""

from datetime import timedelta

import pytest
import time_machine
from django.core import mail

from repairhub.notifications import sending
from repairhub.notifications.models import DemoDelivery, Message
from repairhub.notifications.querysets import URGENT_WAITS_FOR_ITS_BELL
from repairhub.notifications.sealing import seal, unseal
from repairhub.notifications.sending import LEASE, MAX_ATTEMPTS, send_due, send_message
from repairhub.notifications.services import cancel
from repairhub.notifications.states import MessageStatus
from repairhub.notifications.tasks import send_due_messages, send_one_message, send_these_messages
from tests.connections import both_at_once
from tests.factories.accounts import NOON
from tests.factories.notifications import FACTORY_OF_STATUS, MessageFactory
from tests.notifications.channels import CountingChannel, TextGateway

HERE = "tests.notifications.channels"
SMTP = "repairhub.notifications.channels.SmtpChannel"


def after(**kwargs):
    return NOON + timedelta(**kwargs)


@pytest.fixture
def through(settings):
    """Sends mail by the named channel of these tests."""

    def use(path: str) -> None:
        settings.NOTIFICATION_CHANNELS = {"sms": path, "email": path}

    return use


@pytest.mark.django_db
class TestSendMessage:
    def test_it_is_worded_delivered_and_marked(self):
        message = MessageFactory()
        assert send_message(message_id=message.pk, at=NOON)
        message.refresh_from_db()
        assert (message.status, message.sent_at, message.attempts) == ("sent", NOON, 1)
        delivery = DemoDelivery.objects.get()
        assert (delivery.message, delivery.address, delivery.language) == (message, message.address, "en")
        assert "RH-7K3M9Q2P" in delivery.body

    def test_a_code_arrives_and_is_wiped(self):
        message = MessageFactory(code=True, channel="sms", address="+8613800138000")
        send_message(message_id=message.pk, at=NOON)
        message.refresh_from_db()
        assert message.secret is None
        assert "123456" in DemoDelivery.objects.get().body

    @pytest.mark.parametrize("status", [one for one in MessageStatus if one != MessageStatus.QUEUED])
    def test_what_is_through_does_not_leave_again(self, status):
        assert not send_message(message_id=FACTORY_OF_STATUS[status]().pk, at=NOON)
        assert not DemoDelivery.objects.exists()

    def test_not_before_its_time(self):
        message = MessageFactory(not_before_at=after(hours=1))
        assert not send_message(message_id=message.pk, at=after(minutes=59))
        assert send_message(message_id=message.pk, at=after(hours=1))

    def test_one_that_is_gone_is_no_error(self):
        assert not send_message(message_id=0, at=NOON)

    def test_once_useless_it_is_given_up_and_its_secret_wiped(self):
        message = MessageFactory(code=True, expires_at=after(minutes=10))
        assert not send_message(message_id=message.pk, at=after(minutes=10))
        message.refresh_from_db()
        assert (message.status, message.secret, message.last_error) == ("failed", None, "expired")

    def test_another_workers_lease_is_respected_until_it_runs_out(self):
        message = MessageFactory(claimed_until=after(seconds=60), attempts=1)
        assert not send_message(message_id=message.pk, at=after(seconds=59))
        assert send_message(message_id=message.pk, at=after(seconds=60))

    def test_one_that_kills_its_workers_is_given_up(self):
        message = MessageFactory(attempts=MAX_ATTEMPTS)
        assert not send_message(message_id=message.pk, at=NOON)
        message.refresh_from_db()
        assert (message.status, message.last_error) == ("failed", "its workers died")

    def test_called_off_while_a_worker_words_it_it_does_not_leave(self, monkeypatch):
        message = MessageFactory(key="order:7:reminder")
        words = sending.render

        def call_off_meanwhile(**kwargs):
            cancel(key_prefix="order:7:", at=NOON)
            return words(**kwargs)

        monkeypatch.setattr(sending, "render", call_off_meanwhile)
        assert not send_message(message_id=message.pk, at=NOON)
        assert not DemoDelivery.objects.exists()

    def test_called_off_while_a_server_takes_it_the_row_says_what_is_true(self, through, monkeypatch):
        through(f"{HERE}.CountingChannel")
        message = MessageFactory(key="order:7:reminder")
        monkeypatch.setattr(
            CountingChannel, "deliver", lambda *args, **kwargs: cancel(key_prefix="order:7:", at=NOON)
        )
        assert send_message(message_id=message.pk, at=NOON)
        message.refresh_from_db()
        assert (message.status, message.closed_at) == ("sent", None)


@pytest.mark.django_db
class TestAFailure:
    @pytest.fixture(autouse=True)
    def broken(self, through):
        through(f"{HERE}.BrokenChannel")

    def test_it_is_tried_again_with_growing_pauses_and_then_given_up(self):
        message = MessageFactory()
        at, pauses = NOON, []
        while message.status == MessageStatus.QUEUED:
            assert not send_message(message_id=message.pk, at=at)
            message.refresh_from_db()
            pauses.append(int((message.not_before_at - at).total_seconds() // 60))
            at = max(at, message.not_before_at)
        assert pauses == [1, 2, 5, 15, 30, 60, 120, 0]
        assert (message.status, message.attempts) == ("failed", MAX_ATTEMPTS)

    def test_neither_the_row_nor_the_log_repeats_the_address(self, caplog):
        message = MessageFactory(address="wang@example.com")
        send_message(message_id=message.pk, at=NOON)
        message.refresh_from_db()
        assert message.last_error == "SMTPRecipientsRefused"
        assert "wang" not in caplog.text

    def test_a_code_is_tried_again_within_its_life(self):
        message = MessageFactory(code=True, expires_at=after(minutes=10))
        send_message(message_id=message.pk, at=NOON)
        message.refresh_from_db()
        assert message.not_before_at == after(seconds=30)
        assert message.secret

    def test_what_bears_a_link_is_tried_as_long_as_any_other_and_keeps_its_link(self, through):
        message = MessageFactory(secret=seal("https://repairhub.example/o/x/"))
        at = NOON
        for _each in range(MAX_ATTEMPTS):
            send_message(message_id=message.pk, at=at)
            message.refresh_from_db()
            at = max(at, message.not_before_at)
        assert at - NOON > timedelta(hours=3)
        assert (message.status, unseal(message.secret)) == ("failed", "https://repairhub.example/o/x/")

    def test_where_trying_again_is_useless_it_is_given_up_at_once(self, through):
        through(f"{HERE}.RefusingChannel")
        message = MessageFactory(code=True)
        send_message(message_id=message.pk, at=NOON)
        message.refresh_from_db()
        assert (message.status, message.secret) == ("failed", None)

    def test_without_a_channel_the_message_waits(self, settings):
        settings.NOTIFICATION_CHANNELS = {}
        message = MessageFactory()
        assert not send_message(message_id=message.pk, at=NOON)
        message.refresh_from_db()
        assert (message.status, message.last_error) == ("queued", "KeyError")


@pytest.mark.django_db
class TestSendDue:
    def test_what_is_due_leaves_oldest_first_and_no_more_than_asked(self):
        late, first = MessageFactory(not_before_at=NOON), MessageFactory(not_before_at=after(minutes=-5))
        MessageFactory(not_before_at=after(minutes=1))
        assert send_due(at=NOON, limit=1) == 1
        assert DemoDelivery.objects.get().message == first
        assert send_due(at=NOON) == 1
        assert send_due(at=NOON) == 0
        assert Message.objects.get(pk=late.pk).status == "sent"

    def test_a_code_is_left_to_its_own_bell_for_a_minute(self):
        MessageFactory(code=True)
        assert send_due(at=NOON + URGENT_WAITS_FOR_ITS_BELL - timedelta(seconds=1)) == 0
        assert send_due(at=NOON + URGENT_WAITS_FOR_ITS_BELL) == 1

    def test_a_reminder_with_a_link_leaves_with_the_sweep_like_any_other(self):
        MessageFactory(secret=seal("https://repairhub.example/o/x/"))
        assert send_due(at=NOON) == 1

    def test_only_these(self):
        wanted, _other = MessageFactory(), MessageFactory()
        assert send_due(at=NOON, only=[wanted.pk]) == 1
        assert DemoDelivery.objects.get().message == wanted

    def test_one_that_fails_does_not_hold_up_the_others(self):
        MessageFactory(template="no_such_template")
        MessageFactory()
        assert send_due(at=NOON) == 1
        assert Message.objects.get(last_error="TemplateDoesNotExist").status == "queued"

    def test_a_sweep_that_takes_too_long_leaves_the_rest_to_the_next(self, monkeypatch):
        monkeypatch.setattr(sending, "SWEEP_BUDGET_SECONDS", -1)
        MessageFactory()
        assert send_due(at=NOON) == 0


@pytest.mark.django_db
class TestTasks:
    def test_the_sweep_runs_once_a_minute_however_many_beats_ring(self):
        MessageFactory()
        with time_machine.travel(NOON, tick=False):
            assert send_due_messages() == 1
            MessageFactory()
            assert send_due_messages() == 0
        with time_machine.travel(after(minutes=1), tick=False):
            assert send_due_messages() == 1

    def test_a_bell_that_rings_twice_sends_once(self):
        message = MessageFactory()
        with time_machine.travel(NOON, tick=False):
            assert send_one_message(message.pk)
            assert not send_one_message(message.pk)
            assert send_these_messages([message.pk]) == 0

    def test_a_batch_bell_sends_its_messages(self):
        ids = [MessageFactory().pk for _ in range(3)]
        with time_machine.travel(NOON, tick=False):
            assert send_these_messages(ids) == 3


@pytest.mark.django_db
class TestSmtp:
    @pytest.fixture(autouse=True)
    def smtp(self, through, settings):
        through(SMTP)
        settings.DEFAULT_FROM_EMAIL = "RepairHub <noreply@repairhub.example>"

    def test_a_mail_goes_out_in_its_readers_language(self):
        send_message(message_id=MessageFactory(address="wang@example.com").pk, at=NOON)
        sent = mail.outbox[0]
        assert (sent.to, sent.from_email) == (["wang@example.com"], "RepairHub <noreply@repairhub.example>")
        assert sent.extra_headers["Content-Language"] == "en"
        assert "RH-7K3M9Q2P" in sent.subject

    def test_the_same_message_has_the_same_id_whenever_it_is_sent(self):
        message = MessageFactory(key="test:same")
        send_message(message_id=message.pk, at=NOON)
        Message.objects.all().delete()
        send_message(message_id=MessageFactory(key="test:same").pk, at=after(hours=1))
        send_message(message_id=MessageFactory(key="test:other").pk, at=after(hours=1))
        first, again, other = (sent.extra_headers["Message-ID"] for sent in mail.outbox)
        assert first == again != other
        assert first.endswith("@repairhub.example>")
        assert "test" not in first


@pytest.mark.django_db
class TestTextMessages:
    def test_a_gateway_gets_number_text_and_a_reference_of_its_own(self, through):
        through(f"{HERE}.TextGateway")
        TextGateway.sent.clear()
        message = MessageFactory(code=True, channel="sms", address="+8613800138000")
        send_message(message_id=message.pk, at=NOON)
        ((number, text, reference),) = TextGateway.sent
        assert number == "+8613800138000"
        assert text.startswith("123456 is your RepairHub code")
        assert len(reference) == 32


def look_without_claiming(message_id, lease, at):
    """The control: sees that the message waits, and takes nothing."""
    return Message.objects.claimable(at).filter(pk=message_id).exists()


@pytest.mark.django_db(transaction=True)
class TestTwoConnections:
    @pytest.fixture(autouse=True)
    def counting(self, through):
        through(f"{HERE}.CountingChannel")
        CountingChannel.taken.clear()

    def test_two_workers_at_once_send_it_once(self):
        message = MessageFactory()
        results = both_at_once(lambda: send_message(message_id=message.pk, at=NOON))
        assert sorted(results) == [False, True]
        assert len(CountingChannel.taken) == 1

    def test_without_the_claim_it_would_go_out_twice(self, monkeypatch):
        monkeypatch.setattr(sending, "_claim", look_without_claiming)
        message = MessageFactory()
        both_at_once(lambda: send_message(message_id=message.pk, at=NOON))
        assert len(CountingChannel.taken) == 2

    def test_two_sweeps_at_once_share_the_work(self):
        MessageFactory.create_batch(6)
        results = both_at_once(lambda: send_due(at=NOON))
        assert sum(results) == len(CountingChannel.taken) == 6

    def test_a_lease_is_longer_than_a_worker_may_live_with_one_task(self, settings):
        assert LEASE.total_seconds() > settings.CELERY_TASK_TIME_LIMIT > settings.EMAIL_TIMEOUT
