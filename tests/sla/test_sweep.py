"""The sweep: warnings and breaches as rows, each once, whoever sweeps and how often."""

from datetime import timedelta
from zoneinfo import ZoneInfoNotFoundError

import pytest
import time_machine
from django.db import DatabaseError, transaction

from repairhub.accounts.states import Role
from repairhub.core.errors import Conflict
from repairhub.core.ticks import claim_tick
from repairhub.notifications.models import Message
from repairhub.sla.models import Escalation, SlaClock
from repairhub.sla.services.clocks import start_clock, stop_clock, sweep
from repairhub.sla.services.sweeps import SweepResult
from repairhub.sla.signals import clocks_breached, clocks_warned
from repairhub.sla.tasks import sweep_clocks
from tests.connections import both_at_once
from tests.factories.accounts import NOON, DispatcherFactory, ManagerFactory, UserFactory
from tests.factories.places import CityFactory

NOTHING = SweepResult(warned=0, breached=0)


def after(minutes: float):
    return NOON + timedelta(minutes=minutes)


def clock_about(city=None, **kwargs) -> SlaClock:
    kwargs = {"at": NOON, "scope": "BJ", "label": "RH-1", "link": "/dispatch/BJ/", **kwargs}
    return start_clock(subject=city or CityFactory(), target_key="assign_within", **kwargs)


@pytest.fixture
def heard():
    """What the signals said, in order."""
    news = []

    def listen(signal, level):
        def receiver(sender, clocks, at, **kwargs):
            news.append((level, [clock.pk for clock in clocks], at))

        signal.connect(receiver)
        return signal, receiver

    connected = [listen(clocks_warned, "warning"), listen(clocks_breached, "breach")]
    yield news
    for signal, receiver in connected:
        signal.disconnect(receiver)


@pytest.mark.django_db
class TestSweep:
    def test_before_the_warning_time_nothing_happens(self):
        clock_about()
        assert sweep(at=after(19)) == NOTHING

    def test_a_warning_is_recorded_and_said_to_those_who_hold_the_role(self, heard):
        dispatcher = DispatcherFactory()
        clock = clock_about()
        assert sweep(at=after(20)) == SweepResult(warned=1, breached=0)
        clock.refresh_from_db()
        assert (clock.warned_at, clock.breached_at) == (after(20), None)
        escalation = clock.escalations.get()
        assert (escalation.level, escalation.told, escalation.due_at) == ("warning", 1, after(30))
        message = Message.objects.get()
        assert message.key == f"sla:{clock.pk}:warning:{dispatcher.pk}"
        assert (message.address, message.template) == (dispatcher.email, "sla_warning")
        assert heard == [("warning", [clock.pk], after(20))]

    def test_a_breach_is_recorded_at_the_due_moment(self, heard):
        dispatcher = DispatcherFactory()
        clock = clock_about()
        sweep(at=after(20))
        assert sweep(at=after(30)) == SweepResult(warned=0, breached=1)
        clock.refresh_from_db()
        assert clock.breached_at == after(30)
        assert Message.objects.filter(key=f"sla:{clock.pk}:breach:{dispatcher.pk}").count() == 1
        assert [level for level, _clocks, _at in heard] == ["warning", "breach"]

    def test_what_was_slept_through_is_said_as_a_breach_alone(self):
        DispatcherFactory()
        clock_about()
        assert sweep(at=after(300)) == SweepResult(warned=0, breached=1)
        assert sweep(at=after(301)) == NOTHING
        assert Escalation.objects.get().level == "breach"

    def test_sweeping_again_records_and_says_nothing_twice(self):
        DispatcherFactory()
        clock_about()
        for minute in (20, 20, 21, 30, 30, 31, 90):
            sweep(at=after(minute))
        assert list(Escalation.objects.order_by("id").values_list("level", flat=True)) == [
            "warning",
            "breach",
        ]
        assert Message.objects.count() == 2

    def test_stopped_clocks_are_left_alone(self):
        city = CityFactory()
        clock_about(city)
        stop_clock(subject=city, target_key="assign_within", at=after(5))
        assert sweep(at=after(300)) == NOTHING

    def test_a_batch_takes_the_most_overdue_first(self):
        late, later = CityFactory(), CityFactory(shanghai=True)
        clock_about(later, due_at=after(20))
        clock_about(late, due_at=after(10))
        assert sweep(at=after(60), batch=1).breached == 1
        assert SlaClock.objects.get(breached_at__isnull=False).subject == late
        assert sweep(at=after(60), batch=1).breached == 1

    def test_many_clocks_cost_the_same_number_of_queries(self, django_assert_max_num_queries):
        DispatcherFactory.create_batch(3)
        for number in range(20):
            clock_about(CityFactory(code=f"C{number}"), due_at=after(10))
        with django_assert_max_num_queries(16):
            assert sweep(at=after(60)).breached == 20
        assert Message.objects.count() == 60


@pytest.mark.django_db
class TestWhoIsTold:
    def told(self) -> set[str]:
        clock_about()
        sweep(at=after(20))
        return set(Message.objects.values_list("address", flat=True))

    def test_those_with_this_city_and_those_without_a_limit(self):
        beijing, shanghai = CityFactory(), CityFactory(shanghai=True)
        here = DispatcherFactory(cities=[beijing])
        everywhere = DispatcherFactory()
        DispatcherFactory(cities=[shanghai])
        DispatcherFactory(is_active=False)
        UserFactory()
        assert self.told() == {here.email, everywhere.email}

    def test_where_nobody_holds_the_role_the_managers_are_told(self):
        DispatcherFactory(cities=[CityFactory(shanghai=True)])
        manager = ManagerFactory()
        assert self.told() == {manager.email}

    def test_where_there_is_nobody_at_all_the_row_says_so(self, caplog):
        assert self.told() == set()
        assert Escalation.objects.get().told == 0
        assert "Nobody holds the role dispatcher" in caplog.text

    def test_in_their_language_and_by_phone_where_they_have_no_mail(self):
        dispatcher = DispatcherFactory(email=None, language="zh-hans")
        assert self.told() == {dispatcher.phone.as_e164}
        message = Message.objects.get()
        assert message.language == "zh-hans"
        assert (message.context["about_en"], message.context["about_zh"]) == ("RH-1, Beijing", "RH-1（北京）")

    def test_the_role_is_the_targets(self):
        assert clock_about().target.notify_role == Role.DISPATCHER


@pytest.mark.django_db
class TestAReceiverRefuses:
    @pytest.fixture
    def refuse(self):
        refused = []

        def receiver(sender, clocks, at, **kwargs):
            if any(clock.label in refused for clock in clocks):
                raise error["type"]("Not now.")

        error = {"type": Conflict}
        clocks_breached.connect(receiver)

        def say(label, kind=Conflict):
            error["type"] = kind
            refused.append(label)

        yield say
        clocks_breached.disconnect(receiver)

    @pytest.mark.parametrize("kind", [Conflict, ZoneInfoNotFoundError, ValueError, DatabaseError])
    def test_its_clock_stays_due_and_the_others_are_recorded(self, refuse, kind, caplog):
        DispatcherFactory()
        good, bad = CityFactory(), CityFactory(shanghai=True)
        clock_about(good, label="good")
        clock_about(bad, label="bad")
        refuse("bad", kind)
        assert sweep(at=after(60)) == SweepResult(warned=0, breached=1, refused=1)
        poisoned = SlaClock.objects.get(breached_at__isnull=True)
        assert poisoned.label == "bad"
        assert f"clock {poisoned.pk}" in caplog.text
        assert Message.objects.count() == Escalation.objects.count() == 1


@pytest.mark.django_db
class TestEscalation:
    def test_the_database_refuses_to_change_or_delete_one(self):
        clock_about()
        sweep(at=after(60))
        for change in (lambda rows: rows.update(level="warning"), lambda rows: rows.delete()):
            with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
                change(Escalation.objects.all())


@pytest.mark.django_db
class TestSweepTask:
    def test_it_sweeps_once_a_minute_however_many_beats_ring(self):
        clock_about(at=NOON - timedelta(hours=1))
        with time_machine.travel(NOON, tick=False):
            assert sweep_clocks() == 1
            clock_about(CityFactory(shanghai=True), at=NOON - timedelta(hours=1))
            assert sweep_clocks() == 0
        with time_machine.travel(after(1), tick=False):
            assert sweep_clocks() == 1


@pytest.mark.django_db(transaction=True)
class TestTwoConnections:
    def test_of_two_beats_one_claims_the_minute(self):
        assert sorted(both_at_once(lambda: claim_tick("sweep_clocks", NOON))) == [False, True]

    def test_two_sweeps_at_once_record_each_breach_once(self):
        DispatcherFactory()
        for number in range(10):
            clock_about(CityFactory(code=f"C{number}"), due_at=after(10))
        results = both_at_once(lambda: sweep(at=after(60)))
        assert sum(result.breached for result in results) == 10
        assert Escalation.objects.count() == Message.objects.count() == 10
