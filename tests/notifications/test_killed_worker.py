"""kill -9 of a real worker between a breach and its message: the message goes out once, after the restart."""

import time
from datetime import timedelta

import pytest
from django.utils import timezone

from repairhub.notifications.models import DemoDelivery, Message
from repairhub.notifications.tasks import send_due_messages, send_one_message
from repairhub.sla.models import Escalation
from repairhub.sla.services.clocks import start_clock
from repairhub.sla.tasks import sweep_clocks
from tests.celery_processes import celery_worker, wait_until
from tests.factories.accounts import DispatcherFactory
from tests.factories.places import CityFactory

FAULTY = "tests.notifications.faulty_worker"


@pytest.mark.django_db(transaction=True)
class TestKilledBetweenBreachAndMessage:
    @pytest.mark.parametrize("place", ["bell", "delivery"])
    def test_the_message_goes_out_once_after_the_restart(self, tmp_path, place):
        DispatcherFactory()
        overdue_since = timezone.now() - timedelta(hours=1)
        start_clock(subject=CityFactory(), target_key="assign_within", at=overdue_since, label="RH-1")
        reached = tmp_path / "reached"

        with celery_worker(
            tmp_path / "first.log", FAULTY, STAND_STILL_AT=place, REACHED=str(reached)
        ) as worker:
            sweep_clocks.delay()
            wait_until(reached.exists, f"the worker stands still at the {place}")
            worker.kill()

        assert Escalation.objects.get().level == "breach"
        message = Message.objects.get()
        assert message.status == "queued"
        assert not DemoDelivery.objects.exists()

        time.sleep(2.1)  # the dead worker's lease, two seconds here, runs out
        with celery_worker(tmp_path / "second.log", FAULTY):
            send_due_messages.delay()  # as beat does each minute
            wait_until(DemoDelivery.objects.exists, "the message leaves")
            bells = [send_one_message.delay(message.pk), send_one_message.delay(message.pk)]
            wait_until(
                lambda: all(
                    f"{bell.id}] succeeded" in (tmp_path / "second.log").read_text() for bell in bells
                ),
                "late bells are answered",
            )
        assert DemoDelivery.objects.get().message == message
        message.refresh_from_db()
        assert message.status == "sent"
        assert Message.objects.count() == Escalation.objects.count() == 1
