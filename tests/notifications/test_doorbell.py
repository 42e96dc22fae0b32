"""A dead or silent broker loses nothing and costs a request less than a second."""

import socket
import subprocess
import sys
from contextlib import closing

import pytest
from django.conf import settings
from django.db import transaction

from repairhub.notifications import doorbell
from repairhub.notifications.doorbell import BELL, ring_on_commit
from repairhub.notifications.tasks import send_one_message

# Four messages of one request, with a broker that is not there for them.
RING_FOUR_TIMES = """
import time
import django
django.setup()
from repairhub.notifications.doorbell import BELL
from repairhub.notifications.tasks import send_one_message
started = time.monotonic()
answers = [BELL.ring(send_one_message, (number,)) for number in range(4)]
print(time.monotonic() - started, any(answers))
"""


@pytest.fixture(autouse=True)
def awake():
    BELL.wake()
    yield
    BELL.wake()


class TestABrokerThatIsNotThere:
    @pytest.mark.parametrize("broker", ["dead", "silent"])
    def test_four_messages_of_one_request_wait_for_less_than_a_second(self, broker):
        with closing(socket.socket()) as listener:
            listener.bind(("127.0.0.1", 0))
            port = listener.getsockname()[1]
            if broker == "silent":
                listener.listen()  # takes the connection, never answers
            else:
                listener.close()
            run = subprocess.run(
                [sys.executable, "-c", RING_FOUR_TIMES],
                env={"DJANGO_SETTINGS_MODULE": "repairhub.settings.test", "REDIS_URL": f"redis://127.0.0.1:{port}/0"},
                cwd=settings.BASE_DIR, capture_output=True, text=True, check=True, timeout=60,
            )  # fmt: skip
        seconds, anybody_heard = run.stdout.split()
        assert float(seconds) < 1
        assert anybody_heard == "False"
        assert run.stderr.count("Broker did not take") == 1


class TestTheBell:
    def test_after_a_failure_it_rests_and_then_rings_again(self, monkeypatch):
        rings = []

        def fail(*args, **kwargs):
            rings.append(args)
            raise ConnectionError

        monkeypatch.setattr(send_one_message, "apply_async", fail)
        assert not BELL.ring(send_one_message, (1,))
        assert not BELL.ring(send_one_message, (2,))
        assert len(rings) == 1
        monkeypatch.setattr(doorbell, "REST_SECONDS", 0)
        BELL.wake()
        BELL.ring(send_one_message, (3,))
        BELL.ring(send_one_message, (4,))
        assert len(rings) == 3

    def test_a_broker_that_is_there_takes_it(self):
        assert BELL.ring(send_one_message, (1,))

    @pytest.mark.django_db(transaction=True)
    def test_a_request_is_answered_though_the_broker_fails(self, monkeypatch):
        monkeypatch.setattr(send_one_message, "apply_async", lambda *args, **kwargs: 1 / 0)
        with transaction.atomic():
            ring_on_commit(send_one_message, 1)


class TestCelerySettings:
    """The numbers under which no task was lost or stuck, whoever died."""

    def test_a_task_is_given_back_only_after_its_time_limit(self):
        options = settings.CELERY_BROKER_TRANSPORT_OPTIONS
        assert options["visibility_timeout"] > settings.CELERY_TASK_TIME_LIMIT
        assert (options["unacked_restore_interval"], options["unacked_restore_throttle"]) == (5, 1)
        assert options["socket_timeout"] == options["socket_connect_timeout"] == 2

    def test_a_dead_workers_task_is_done_by_another(self):
        assert settings.CELERY_TASK_ACKS_LATE
        assert settings.CELERY_TASK_REJECT_ON_WORKER_LOST
        assert settings.CELERY_WORKER_PREFETCH_MULTIPLIER == 1

    def test_the_sweeps_ring_each_minute(self):
        from repairhub.celery import app

        app.loader.import_default_modules()
        each_minute = {
            entry["task"].rsplit(".", 1)[1]
            for entry in app.conf.beat_schedule.values()
            if entry["schedule"].minute == set(range(60))
        }
        assert each_minute == {"sweep_clocks", "send_due_messages", "sweep_open_proposals"}
        assert all(entry["task"] in app.tasks for entry in app.conf.beat_schedule.values())
