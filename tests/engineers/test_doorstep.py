"""The engineer's own moves: each from the states that the model declares, and refused from every other."""

from datetime import timedelta

import pytest

from engineers.models import Engineer, Visit, VisitEvent
from engineers.services import doorstep
from engineers.services.planning import ARRIVE_WITHIN_WINDOW, ASSIGN_WITHIN
from engineers.signals import visit_ended
from engineers.states import CannotCompleteReason, VisitStatus
from repairhub.core.errors import Conflict, DomainError, InvalidInput, NotAllowed
from repairhub.places.models import City
from repairhub.sla.models import SlaClock
from tests.engineers.moves import refusing
from tests.factories.accounts import EngineerUserFactory
from tests.factories.engineers import MORNING, clock, confirmed_visit, planned_visit, visit_in

pytestmark = pytest.mark.django_db
AT = clock("10:05")


def open_clocks(visit: Visit) -> set[str]:
    """The targets of the visit's running clocks."""
    clocks = SlaClock.objects.open().for_subjects([visit])
    return set(clocks.values_list("target__key", flat=True))


def last_event(visit: Visit) -> VisitEvent:
    """What was recorded last."""
    event = visit.events.last()
    assert event is not None
    return event


def unchanged(visit: Visit, events: int) -> bool:
    """Whether the row in the database is as the visit was, with no new event."""
    fresh = Visit.objects.get(pk=visit.pk)
    return fresh.status == visit.status and fresh.events.count() == events


class TestSetOut:
    def test_puts_a_confirmed_visit_on_the_way(self, city: City, engineer: Engineer) -> None:
        visit = visit_in(VisitStatus.CONFIRMED, city=city)
        moved = doorstep.set_out(visit=visit, by=engineer.user, at=AT)
        assert (moved.status, moved.en_route_at) == (VisitStatus.EN_ROUTE, AT)
        event = last_event(visit)
        assert (event.kind, event.from_status, event.to_status) == ("set_out", "confirmed", "en_route")
        assert (event.by, event.at) == (engineer.user, AT)

    def test_pressed_twice_changes_nothing(self, city: City, engineer: Engineer) -> None:
        visit = visit_in(VisitStatus.EN_ROUTE, city=city)
        before = visit.events.count()
        assert doorstep.set_out(visit=visit, by=engineer.user, at=AT).status == VisitStatus.EN_ROUTE
        assert unchanged(visit, before)

    @pytest.mark.parametrize("status", refusing("set_out", quiet=VisitStatus.EN_ROUTE))
    def test_is_refused_from(self, status: str, city: City, engineer: Engineer) -> None:
        visit = visit_in(status, city=city)
        before = visit.events.count()
        with pytest.raises(Conflict):
            doorstep.set_out(visit=visit, by=engineer.user, at=AT)
        assert unchanged(visit, before)

    def test_is_refused_while_another_visit_is_under_way_and_names_it(
        self, city: City, engineer: Engineer
    ) -> None:
        first = visit_in(VisitStatus.ON_SITE, city=city)
        second = confirmed_visit(city=city, window="14:00")
        with pytest.raises(Conflict, match=first.reference) as refused:
            doorstep.set_out(visit=second, by=engineer.user, at=AT)
        assert refused.value.code == "another_under_way"
        assert refused.value.details == {"reference": first.reference}

    def test_is_refused_to_anybody_else(self, city: City, engineer: Engineer) -> None:
        visit = visit_in(VisitStatus.CONFIRMED, city=city)
        with pytest.raises(NotAllowed):
            doorstep.set_out(visit=visit, by=EngineerUserFactory(), at=AT)


class TestArrive:
    def test_stops_the_clock_of_the_window(self, city: City, engineer: Engineer) -> None:
        visit = visit_in(VisitStatus.EN_ROUTE, city=city)
        assert open_clocks(visit) == {ARRIVE_WITHIN_WINDOW}
        moved = doorstep.arrive(visit=visit, by=engineer.user, at=AT)
        assert (moved.status, moved.arrived_at) == (VisitStatus.ON_SITE, AT)
        assert open_clocks(visit) == set()
        assert last_event(visit).kind == "arrived"

    def test_in_time_keeps_the_promise(self, city: City, engineer: Engineer) -> None:
        visit = visit_in(VisitStatus.EN_ROUTE, city=city)
        doorstep.arrive(visit=visit, by=engineer.user, at=AT)
        kept = SlaClock.objects.for_subjects([visit]).about(ARRIVE_WITHIN_WINDOW).get()
        assert kept.shown_state(AT) == "kept"

    def test_too_late_leaves_the_promise_broken_on_record(self, city: City, engineer: Engineer) -> None:
        visit = visit_in(VisitStatus.EN_ROUTE, city=city)
        late = visit.window_end_at + timedelta(minutes=3)
        doorstep.arrive(visit=visit, by=engineer.user, at=late)
        missed = SlaClock.objects.for_subjects([visit]).about(ARRIVE_WITHIN_WINDOW).get()
        assert missed.shown_state(late) == "missed"
        assert missed.breached_at == late

    def test_pressed_twice_changes_nothing(self, city: City, engineer: Engineer) -> None:
        visit = visit_in(VisitStatus.ON_SITE, city=city)
        before = visit.events.count()
        doorstep.arrive(visit=visit, by=engineer.user, at=AT)
        assert unchanged(visit, before)

    @pytest.mark.parametrize("status", refusing("arrive", quiet=VisitStatus.ON_SITE))
    def test_is_refused_from(self, status: str, city: City, engineer: Engineer) -> None:
        visit = visit_in(status, city=city)
        before = visit.events.count()
        with pytest.raises(Conflict):
            doorstep.arrive(visit=visit, by=engineer.user, at=AT)
        assert unchanged(visit, before)


class TestStartVisit:
    def test_records_when_the_work_began(self, city: City, engineer: Engineer) -> None:
        visit = visit_in(VisitStatus.ON_SITE, city=city, started=False)
        started = doorstep.start_visit(visit=visit, by=engineer.user, at=AT)
        assert started.started_at == AT
        assert last_event(visit).kind == "started"

    def test_is_refused_where_the_certificate_has_been_suspended_since(
        self, city: City, engineer: Engineer
    ) -> None:
        visit = visit_in(VisitStatus.ON_SITE, city=city, started=False)
        engineer.certificates.update(suspended_at=AT)
        with pytest.raises(Conflict, match="is suspended") as refused:
            doorstep.start_visit(visit=visit, by=engineer.user, at=AT)
        assert refused.value.code == "not_qualified"
        assert Visit.objects.get(pk=visit.pk).started_at is None

    def test_again_keeps_the_first_moment(self, city: City, engineer: Engineer) -> None:
        visit = visit_in(VisitStatus.ON_SITE, city=city)
        again = doorstep.start_visit(visit=visit, by=engineer.user, at=AT + timedelta(hours=1))
        assert again.started_at == visit.started_at

    @pytest.mark.parametrize("status", [s for s in VisitStatus.values if s != VisitStatus.ON_SITE])
    def test_is_refused_or_changes_nothing_from(self, status: str, city: City, engineer: Engineer) -> None:
        visit = visit_in(status, city=city)
        before = visit.events.count()
        if visit.started_at is None:
            with pytest.raises(Conflict):
                doorstep.start_visit(visit=visit, by=engineer.user, at=AT)
        else:
            doorstep.start_visit(visit=visit, by=engineer.user, at=AT)
        assert unchanged(visit, before)


class TestFinishVisit:
    def test_ends_a_started_visit_and_says_so(self, city: City, engineer: Engineer) -> None:
        visit = visit_in(VisitStatus.ON_SITE, city=city)
        heard = []

        def listen(visit: Visit, **_kwargs: object) -> None:
            heard.append((visit.pk, visit.status))

        visit_ended.connect(listen)
        try:
            finished = doorstep.finish_visit(visit=visit, by=engineer.user, at=AT)
        finally:
            visit_ended.disconnect(listen)
        assert (finished.status, finished.ended_at) == (VisitStatus.DONE, AT)
        assert heard == [(visit.pk, VisitStatus.DONE)]
        assert last_event(visit).kind == "finished"

    def test_is_refused_before_the_work_was_started(self, city: City, engineer: Engineer) -> None:
        visit = visit_in(VisitStatus.ON_SITE, city=city, started=False)
        with pytest.raises(Conflict) as refused:
            doorstep.finish_visit(visit=visit, by=engineer.user, at=AT)
        assert refused.value.code == "not_started"

    @pytest.mark.parametrize("status", refusing("finish"))
    def test_is_refused_from(self, status: str, city: City, engineer: Engineer) -> None:
        visit = visit_in(status, city=city)
        before = visit.events.count()
        with pytest.raises(Conflict):
            doorstep.finish_visit(visit=visit, by=engineer.user, at=AT)
        assert unchanged(visit, before)

    def test_a_receiver_that_refuses_undoes_everything(self, city: City, engineer: Engineer) -> None:
        visit = visit_in(VisitStatus.ON_SITE, city=city)
        before = visit.events.count()

        def refuse(**_kwargs: object) -> None:
            raise Conflict("Not like this.")

        visit_ended.connect(refuse)
        try:
            with pytest.raises(DomainError, match="Not like this"):
                doorstep.finish_visit(visit=visit, by=engineer.user, at=AT)
        finally:
            visit_ended.disconnect(refuse)
        assert unchanged(visit, before)


class TestReportCannotComplete:
    def report(self, visit: Visit, engineer: Engineer, reason: str = "wrong_part", note: str = "") -> Visit:
        """The verb, with a reason that needs no note."""
        return doorstep.report_cannot_complete(visit=visit, reason=reason, note=note, by=engineer.user, at=AT)

    def test_keeps_the_reason(self, city: City, engineer: Engineer) -> None:
        visit = visit_in(VisitStatus.ON_SITE, city=city)
        ended = self.report(visit, engineer, CannotCompleteReason.OTHER, "The lift is out. ")
        assert (ended.status, ended.end_reason) == (VisitStatus.CANNOT_COMPLETE, "other")
        assert ended.end_note == "The lift is out."
        assert last_event(visit).reason == "The lift is out."

    def test_needs_a_reason(self, city: City, engineer: Engineer) -> None:
        visit = visit_in(VisitStatus.ON_SITE, city=city)
        with pytest.raises(InvalidInput) as refused:
            self.report(visit, engineer, "")
        assert refused.value.field == "reason"

    def test_needs_words_for_another_reason(self, city: City, engineer: Engineer) -> None:
        visit = visit_in(VisitStatus.ON_SITE, city=city)
        with pytest.raises(InvalidInput) as refused:
            self.report(visit, engineer, CannotCompleteReason.OTHER, "  ")
        assert refused.value.field == "note"

    @pytest.mark.parametrize("status", refusing("give_up"))
    def test_is_refused_from(self, status: str, city: City, engineer: Engineer) -> None:
        visit = visit_in(status, city=city)
        before = visit.events.count()
        with pytest.raises(Conflict):
            self.report(visit, engineer)
        assert unchanged(visit, before)


class TestReportNoAccess:
    def test_ends_the_visit_before_the_work(self, city: City, engineer: Engineer) -> None:
        visit = visit_in(VisitStatus.ON_SITE, city=city, started=False)
        at = AT + timedelta(minutes=5)
        ended = doorstep.report_no_access(visit=visit, note="Rang and called.", by=engineer.user, at=at)
        assert (ended.status, ended.end_note) == (VisitStatus.NO_ACCESS, "Rang and called.")

    def test_needs_what_was_tried(self, city: City, engineer: Engineer) -> None:
        visit = visit_in(VisitStatus.ON_SITE, city=city, started=False)
        with pytest.raises(InvalidInput) as refused:
            doorstep.report_no_access(visit=visit, note=" ", by=engineer.user, at=AT)
        assert refused.value.field == "note"

    def test_is_refused_once_the_work_has_started(self, city: City, engineer: Engineer) -> None:
        visit = visit_in(VisitStatus.ON_SITE, city=city)
        with pytest.raises(Conflict) as refused:
            doorstep.report_no_access(visit=visit, note="Rang.", by=engineer.user, at=AT)
        assert refused.value.code == "already_started"

    def test_is_refused_before_the_promised_window_begins(self, city: City, engineer: Engineer) -> None:
        visit = confirmed_visit(city=city, window="14:00")
        for move in (doorstep.set_out, doorstep.arrive):
            visit = move(visit=visit, by=engineer.user, at=AT)
        before = visit.events.count()
        with pytest.raises(Conflict, match=r"promised Mon 23 Nov, 14:00.16:00.*before 14:00") as refused:
            doorstep.report_no_access(visit=visit, note="Rang.", by=engineer.user, at=clock("13:59"))
        assert refused.value.code == "before_window"
        assert unchanged(visit, before)

    def test_is_refused_until_the_engineer_has_waited_ten_minutes(
        self, city: City, engineer: Engineer
    ) -> None:
        visit = visit_in(VisitStatus.ON_SITE, city=city, started=False)
        with pytest.raises(Conflict, match="You arrived at 10:00") as refused:
            doorstep.report_no_access(visit=visit, note="Rang.", by=engineer.user, at=AT)
        assert "From 10:10 on" in str(refused.value.next_step)
        at = clock("10:10")
        ended = doorstep.report_no_access(visit=visit, note="Rang.", by=engineer.user, at=at)
        assert ended.status == VisitStatus.NO_ACCESS

    @pytest.mark.parametrize("status", refusing("find_nobody"))
    def test_is_refused_from(self, status: str, city: City, engineer: Engineer) -> None:
        visit = visit_in(status, city=city)
        before = visit.events.count()
        with pytest.raises(Conflict):
            doorstep.report_no_access(visit=visit, note="Rang.", by=engineer.user, at=AT)
        assert unchanged(visit, before)


class TestCancelVisit:
    @pytest.mark.parametrize("status", [VisitStatus.PLANNED, VisitStatus.CONFIRMED])
    def test_gives_the_time_back_and_stops_both_clocks(
        self, status: str, city: City, engineer: Engineer
    ) -> None:
        visit = visit_in(status, city=city)
        cancelled = doorstep.cancel_visit(visit=visit, reason="moved", by=None, at=AT)
        assert cancelled.status == VisitStatus.CANCELLED
        assert open_clocks(visit) == set()
        again = planned_visit(city=city)
        assert again.planned_start_at == visit.planned_start_at

    def test_again_changes_nothing(self, city: City, engineer: Engineer) -> None:
        visit = visit_in(VisitStatus.CANCELLED, city=city)
        before = visit.events.count()
        doorstep.cancel_visit(visit=visit, reason="moved", by=None, at=AT)
        assert unchanged(visit, before)

    @pytest.mark.parametrize("status", refusing("cancel", quiet=VisitStatus.CANCELLED))
    def test_is_refused_from(self, status: str, city: City, engineer: Engineer) -> None:
        visit = visit_in(status, city=city)
        before = visit.events.count()
        with pytest.raises(Conflict):
            doorstep.cancel_visit(visit=visit, reason="moved", by=None, at=AT)
        assert unchanged(visit, before)


class TestOnlyTheEngineerOfTheVisit:
    @pytest.mark.parametrize(
        "verb",
        [
            lambda visit, by: doorstep.arrive(visit=visit, by=by, at=AT),
            lambda visit, by: doorstep.start_visit(visit=visit, by=by, at=AT),
            lambda visit, by: doorstep.finish_visit(visit=visit, by=by, at=AT),
            lambda visit, by: doorstep.report_no_access(visit=visit, note="Rang.", by=by, at=AT),
            lambda visit, by: doorstep.report_cannot_complete(
                visit=visit, reason="wrong_part", note="", by=by, at=AT
            ),
        ],
        ids=["arrive", "start", "finish", "no access", "cannot complete"],
    )
    def test_moves_it(self, verb: object, city: City, engineer: Engineer) -> None:
        visit = visit_in(VisitStatus.ON_SITE, city=city, started=False)
        with pytest.raises(NotAllowed, match="not yours"):
            verb(visit, EngineerUserFactory())  # type: ignore[operator]


def test_a_new_visit_runs_two_clocks(city: City, engineer: Engineer) -> None:
    visit = planned_visit(city=city, at=MORNING)
    assert open_clocks(visit) == {ASSIGN_WITHIN, ARRIVE_WITHIN_WINDOW}
