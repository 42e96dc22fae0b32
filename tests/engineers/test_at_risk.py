"""A promised window about to break puts its visit at the head of the tray, whoever notices first."""

from datetime import timedelta
from threading import Event, Thread

import pytest
from django.db import connection, transaction

from engineers.models import Engineer, Visit
from engineers.services.doorstep import arrive, mark_at_risk, set_out
from engineers.services.planning import ARRIVE_WITHIN_WINDOW
from engineers.signals import visits_at_risk
from engineers.states import AWAITED, VisitStatus
from repairhub.places.models import City
from repairhub.sla.models import SlaClock
from repairhub.sla.services.clocks import start_clock, sweep
from tests.connections import both_at_once
from tests.factories.engineers import EngineerFactory, clock, confirmed_visit, planned_visit, visit_in
from tests.factories.places import CityFactory

NOON = clock("12:00")


@pytest.mark.django_db
class TestMarkAtRisk:
    @pytest.mark.parametrize("status", VisitStatus.values)
    def test_marks_visits_that_nobody_is_at_the_door_of(
        self, status: str, city: City, engineer: Engineer
    ) -> None:
        visit = visit_in(status, city=city)
        marked = mark_at_risk(visit_ids=[visit.pk], at=NOON)
        fresh = Visit.objects.get(pk=visit.pk)
        if status in AWAITED:
            assert [v.pk for v in marked] == [visit.pk]
            assert fresh.at_risk_at == NOON
            assert fresh.events.filter(kind="at_risk", by=None, at=NOON).count() == 1
        else:
            assert marked == []
            assert fresh.at_risk_at is None

    def test_again_changes_nothing(self, city: City, engineer: Engineer) -> None:
        visit = planned_visit(city=city)
        mark_at_risk(visit_ids=[visit.pk], at=NOON)
        assert mark_at_risk(visit_ids=[visit.pk], at=NOON + timedelta(minutes=5)) == []
        visit.refresh_from_db()
        assert visit.at_risk_at == NOON

    def test_announces_a_batch_as_one(self, city: City, engineer: Engineer) -> None:
        visits = [planned_visit(city=city, window=window) for window in ("08:00", "10:00", "12:00")]
        heard = []

        def listen(visits: list[Visit], **_kwargs: object) -> None:
            heard.append([v.pk for v in visits])

        visits_at_risk.connect(listen)
        try:
            mark_at_risk(visit_ids=[v.pk for v in visits], at=NOON)
        finally:
            visits_at_risk.disconnect(listen)
        assert heard == [[v.pk for v in visits]]


@pytest.mark.django_db
class TestTheClocks:
    def test_the_warning_marks_the_visit(self, city: City, engineer: Engineer) -> None:
        visit = confirmed_visit(city=city)
        warning = visit.window_end_at - timedelta(minutes=15)
        sweep(at=warning - timedelta(seconds=1))
        visit.refresh_from_db()
        assert visit.at_risk_at is None
        sweep(at=warning)
        visit.refresh_from_db()
        assert visit.at_risk_at == warning

    def test_a_breach_without_a_warning_marks_it_too(self, city: City, engineer: Engineer) -> None:
        visit = confirmed_visit(city=city)
        sweep(at=visit.window_end_at)
        visit.refresh_from_db()
        assert visit.at_risk_at == visit.window_end_at
        assert visit.window_end_at == clock("12:00")  # the promise stands as it was made

    def test_the_clock_of_naming_an_engineer_marks_nothing(self, city: City, engineer: Engineer) -> None:
        visit = planned_visit(city=city)
        result = sweep(at=visit.created_at + timedelta(minutes=30))
        assert result.breached == 1
        visit.refresh_from_db()
        assert visit.at_risk_at is None

    def test_clocks_of_other_things_mark_nothing(self, city: City, engineer: Engineer) -> None:
        visit = planned_visit(city=city)
        other = CityFactory(shanghai=True, pk=visit.pk + 1000)
        start_clock(subject=other, target_key=ARRIVE_WITHIN_WINDOW, at=clock("06:00"), due_at=clock("07:00"))
        sweep(at=clock("07:00"))
        assert Visit.objects.filter(at_risk_at__isnull=False).count() == 0

    def test_a_late_arrival_is_a_breach_but_no_risk_any_more(self, city: City, engineer: Engineer) -> None:
        visit = visit_in(VisitStatus.EN_ROUTE, city=city)
        arrive(visit=visit, by=engineer.user, at=visit.window_end_at + timedelta(minutes=1))
        visit.refresh_from_db()
        assert visit.at_risk_at is None
        assert SlaClock.objects.for_subjects([visit]).filter(breached_at__isnull=False).count() == 1


@pytest.mark.django_db(transaction=True)
class TestAVisitThatIsLockedNow:
    def test_is_not_waited_for_but_marked_once_the_caller_has_committed(self) -> None:
        city = CityFactory()
        EngineerFactory(city=city)
        visit = confirmed_visit(city=city)
        passed = Event()

        def sweep_like() -> None:
            try:
                with transaction.atomic():
                    mark_at_risk(visit_ids=[visit.pk], at=NOON)
                    passed.set()
            finally:
                connection.close()

        thread = Thread(target=sweep_like)
        with transaction.atomic():
            Visit.objects.select_for_update().get(pk=visit.pk)
            thread.start()
            assert passed.wait(timeout=10)
        thread.join(timeout=10)
        assert Visit.objects.get(pk=visit.pk).at_risk_at == NOON

    def test_setting_out_and_the_sweep_at_once_lose_nothing(self) -> None:
        city = CityFactory()
        engineer = EngineerFactory(city=city)
        visit = confirmed_visit(city=city)
        at = visit.window_end_at
        results = both_at_once(lambda: set_out(visit=visit, by=engineer.user, at=at), lambda: sweep(at=at))
        assert not [r for r in results if isinstance(r, Exception)]
        fresh = Visit.objects.get(pk=visit.pk)
        assert (fresh.status, fresh.at_risk_at) == (VisitStatus.EN_ROUTE, at)
