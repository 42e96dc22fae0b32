"""What ends soon is said in time: thirty and seven days before, once each."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from engineers.models import BrandAuthorisation, Engineer, EngineerCertificate
from engineers.services.reminding import remind_of_ending
from engineers.tasks import remind_of_ending_certificates
from repairhub.core.models import Tick
from repairhub.notifications.models import Message
from repairhub.notifications.rendering import render
from tests.celery_processes import celery_worker, wait_until
from tests.factories.engineers import (
    DAY,
    MORNING,
    AuthorisationFactory,
    CertificateFactory,
    EngineerFactory,
    SkillFactory,
)
from tests.factories.parts import BrandFactory

Ending = Callable[[Engineer, int], EngineerCertificate | BrandAuthorisation]


def keys_after(days: int = 0) -> list[str]:
    """What lies in the outbox once the task has run that many days later."""
    remind_of_ending(at=MORNING + timedelta(days=days))
    return sorted(Message.objects.values_list("key", flat=True))


def a_certificate(engineer: Engineer, days: int, **given: Any) -> EngineerCertificate:
    """One of the engineer's that ends in so many days."""
    return CertificateFactory(
        engineer=engineer,
        skill=SkillFactory(key="board", name_en="Mainboards", name_zh="主板"),
        valid_until_on=DAY + timedelta(days=days),
        **given,
    )


def an_authorisation(engineer: Engineer, days: int, **given: Any) -> BrandAuthorisation:
    """One of the engineer's that ends in so many days."""
    return AuthorisationFactory(
        engineer=engineer, brand=BrandFactory(), valid_until_on=DAY + timedelta(days=days), **given
    )


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("ending", "kind"), [(a_certificate, "certificate"), (an_authorisation, "authorisation")]
)
class TestRemindOfEnding:
    def test_thirty_and_seven_days_before_once_each(
        self, engineer: Engineer, ending: Ending, kind: str
    ) -> None:
        row = ending(engineer, 31)
        first, last = (f"{kind}:{row.pk}:ends:{days}" for days in (30, 7))
        assert keys_after(0) == []
        assert keys_after(1) == [first]
        assert keys_after(1) == [first]
        assert keys_after(23) == [first]
        assert keys_after(24) == [first, last]
        for days in (25, 31, 32, 40):
            assert keys_after(days) == [first, last]

    def test_a_morning_that_was_missed_is_made_up_for(
        self, engineer: Engineer, ending: Ending, kind: str
    ) -> None:
        row = ending(engineer, 30)
        assert keys_after(4) == [f"{kind}:{row.pk}:ends:30"]

    def test_seven_days_before_there_is_no_word_of_thirty(
        self, engineer: Engineer, ending: Ending, kind: str
    ) -> None:
        row = ending(engineer, 5)
        assert keys_after() == [f"{kind}:{row.pk}:ends:7"]

    def test_is_told_to_its_engineer_in_their_language(
        self, engineer: Engineer, ending: Ending, kind: str
    ) -> None:
        engineer.user.language = "zh-hans"
        engineer.user.save()
        ending(engineer, 30)
        remind_of_ending(at=MORNING)
        message = Message.objects.get()
        assert (message.address, message.language) == (engineer.user.address.value, "zh-hans")
        for language, day in {"en": "23 Dec 2026", "zh-hans": "2026年12月23日"}.items():
            said = render(
                template=message.template, language=language, channel="sms", context=message.context
            )
            assert day in said.subject
            assert "/certificates/" in said.body

    def test_what_was_renewed_is_not_reminded_of(self, engineer: Engineer, ending: Ending, kind: str) -> None:
        ending(engineer, 20)
        ending(engineer, 400)
        assert keys_after() == []

    def test_whoever_left_is_not_reminded(self, engineer: Engineer, ending: Ending, kind: str) -> None:
        ending(engineer, 20)
        Engineer.objects.update(is_active=False)
        assert keys_after() == []


@pytest.mark.django_db
class TestCertificates:
    def test_a_suspended_one_is_not_reminded_of(self, engineer: Engineer) -> None:
        a_certificate(engineer, 20, suspended_at=MORNING)
        assert keys_after() == []

    def test_a_lower_one_is_no_renewal(self, engineer: Engineer) -> None:
        row = a_certificate(engineer, 20, level=3)
        a_certificate(engineer, 400, level=1)
        assert keys_after() == [f"certificate:{row.pk}:ends:30"]


@pytest.mark.django_db(transaction=True)
def test_run_by_real_workers_twice_on_one_morning_and_on_the_next_it_says_it_once(tmp_path: Path) -> None:
    engineer = EngineerFactory()
    engineer.certificates.update(valid_until_on=timezone.localdate() + timedelta(days=20))
    log = tmp_path / "worker.log"

    def ran(*runs: Any) -> bool:
        return all(f"{run.id}] succeeded" in log.read_text() for run in runs)

    with celery_worker(log):
        runs = [remind_of_ending_certificates.delay() for _bell in range(2)]
        wait_until(lambda: ran(*runs), "both bells are answered")
        Tick.objects.all().delete()  # as on another morning, when nobody has claimed the minute yet
        again = remind_of_ending_certificates.delay()
        wait_until(lambda: ran(again), "the next morning's bell is answered")
        assert f"{again.id}] succeeded" in log.read_text()
    assert Tick.objects.filter(job="remind_of_ending_certificates").count() == 1
    message = Message.objects.get(template="certificate_ends")
    assert message.key == f"certificate:{engineer.certificates.get().pk}:ends:30"
