"""A window is promised only where a real route can keep it, and the visit stands in that route at once."""

from datetime import date, time, timedelta
from typing import Any

import pytest
from django.conf import LazySettings

from engineers.dispatch import Candidate, check_plan
from engineers.models import CityDay, Engineer, Visit
from engineers.planning import load_plans
from engineers.selectors.windows import VisitNeeds
from engineers.services import planning
from engineers.services.planning import ARRIVE_WITHIN_WINDOW, ASSIGN_WITHIN, WindowShut, plan_visit
from engineers.services.routes import BrokenPlan
from engineers.signals import visit_planned
from engineers.states import VisitStatus
from repairhub.core.errors import InvalidInput
from repairhub.places.models import City
from repairhub.sla.models import SlaClock
from tests.factories.engineers import (
    CENTRE,
    DAY,
    MORNING,
    SCREEN,
    EngineerFactory,
    clock,
    north,
    planned_visit,
)

pytestmark = pytest.mark.django_db
LONG = VisitNeeds(service_minutes=115, skills={"screen": 2}, brands=frozenset())


class TestPlanVisit:
    def test_writes_the_visit_into_a_route_with_a_tentative_engineer(
        self, city: City, engineer: Engineer
    ) -> None:
        visit = planned_visit(city=city, place=north(5))
        assert (visit.status, visit.engineer, visit.on) == (VisitStatus.PLANNED, engineer, DAY)
        assert visit.planned_start_at == clock("10:00")
        assert visit.planned_end_at == clock("11:00")

    def test_keeps_what_was_promised(self, city: City, engineer: Engineer) -> None:
        visit = planned_visit(city=city, place=north(5))
        assert (visit.window_start_at, visit.window_end_at) == (clock("10:00"), clock("12:00"))
        assert (visit.required_skills, visit.required_brands) == ({"screen": 2}, [])
        assert (visit.latitude, visit.longitude) == north(5)

    def test_records_and_announces_it(self, city: City, engineer: Engineer) -> None:
        heard = []

        def listen(visit: Visit, at: object, **_kwargs: object) -> None:
            heard.append((visit.engineer_id, at))

        visit_planned.connect(listen)
        try:
            visit = planned_visit(city=city)
        finally:
            visit_planned.disconnect(listen)
        assert heard == [(engineer.pk, MORNING)]
        assert [(e.kind, e.from_status, e.to_status) for e in visit.events.all()] == [
            ("planned", "", "planned")
        ]

    def test_starts_both_clocks_with_a_link_to_the_board(self, city: City, engineer: Engineer) -> None:
        visit = planned_visit(city=city)
        clocks = {c.target.key: c for c in SlaClock.objects.for_subjects([visit]).select_related("target")}
        assert clocks[ASSIGN_WITHIN].due_at == MORNING + timedelta(minutes=30)
        assert clocks[ARRIVE_WITHIN_WINDOW].due_at == visit.window_end_at
        assert {c.scope for c in clocks.values()} == {"BJ"}
        assert clocks[ASSIGN_WITHIN].link == f"/dispatch/?city=BJ&on=2026-11-23&visit={visit.reference}"

    def test_raises_the_version_of_the_day(self, city: City, engineer: Engineer) -> None:
        planned_visit(city=city)
        planned_visit(city=city, window="14:00")
        assert CityDay.objects.get(city=city, on=DAY).version == 2

    def test_every_route_holds_after_filling_a_day(self, city: City) -> None:
        EngineerFactory(city=city)
        EngineerFactory(city=city, base_latitude=north(6)[0])
        sold = shut = 0
        for number in range(40):
            window = f"{8 + 2 * (number % 6):02d}:00"
            try:
                planned_visit(city=city, window=window, place=north((number * 7) % 19 - 9))
                sold += 1
            except WindowShut:
                shut += 1
        assert sold > 8
        assert shut > 0
        plan = load_plans(city, DAY, DAY, MORNING)[DAY]
        stops = [stop for route in plan.routes.values() for stop in route.stops]
        assert len(stops) == sold
        planned = {engineer.engineer_id: plan.planned(engineer.engineer_id) for engineer in plan}
        assert check_plan(planned, days=list(plan), stops=stops, travel=plan.travel) == []
        stored = {v.pk: (v.planned_start_at, v.planned_end_at) for v in Visit.objects.all()}
        assert len(stored) == sold
        assert all(
            start >= v.window_start_at and start <= v.window_end_at
            for v in Visit.objects.all()
            for start, _end in [stored[v.pk]]
            if start is not None
        )


class TestWindowShut:
    def test_names_the_three_nearest(self, city: City, engineer: Engineer) -> None:
        planned_visit(city=city, needs=LONG)
        with pytest.raises(WindowShut) as refused:
            planned_visit(city=city, needs=LONG)
        assert refused.value.status == 409
        assert refused.value.field == "window"
        starts = [w.start_at for w in refused.value.nearest]
        assert starts == [clock("08:00"), clock("12:00"), clock("14:00")]
        assert [w["start_at"] for w in refused.value.details["nearest"]] == [s.isoformat() for s in starts]

    def test_leaves_nothing_behind(self, city: City, engineer: Engineer) -> None:
        planned_visit(city=city, needs=LONG)
        with pytest.raises(WindowShut):
            planned_visit(city=city, needs=LONG)
        assert Visit.objects.count() == 1
        assert SlaClock.objects.count() == 2

    def test_where_nobody_is_certified(self, city: City, engineer: Engineer) -> None:
        with pytest.raises(WindowShut) as refused:
            planned_visit(city=city, needs=VisitNeeds(30, {"board": 1}, frozenset()))
        assert refused.value.nearest == []
        assert "call us" in str(refused.value)

    def test_before_the_lead_time_has_passed(self, city: City, engineer: Engineer) -> None:
        planned_visit(city=city, at=clock("08:30"))
        with pytest.raises(WindowShut):
            planned_visit(city=city, at=clock("08:31"))

    def test_keeps_the_slack_free(self, city: City, engineer: Engineer, settings: LazySettings) -> None:
        # after 110 minutes from 10:00 the next begins at 11:50, ten minutes before the window ends
        needs = VisitNeeds(service_minutes=110, skills={"screen": 2}, brands=frozenset())
        planned_visit(city=city, needs=needs)
        settings.BOOKING_SLACK_MINUTES = 11
        with pytest.raises(WindowShut):
            planned_visit(city=city, needs=needs)
        settings.BOOKING_SLACK_MINUTES = 10
        planned_visit(city=city, needs=needs)
        starts = Visit.objects.values_list("planned_start_at", flat=True)
        assert sorted(starts) == [clock("10:00"), clock("11:50")]


class TestInvalidRequests:
    @pytest.mark.parametrize(
        ("start", "minutes"), [("10:30", 120), ("10:00", 60), ("06:00", 120), ("20:00", 120)]
    )
    def test_only_our_windows_are_sold(
        self, start: str, minutes: int, city: City, engineer: Engineer
    ) -> None:
        with pytest.raises(InvalidInput) as refused:
            plan_visit(
                city=city,
                latitude=CENTRE[0],
                longitude=CENTRE[1],
                window_start_at=clock(start),
                window_end_at=clock(start) + timedelta(minutes=minutes),
                needs=SCREEN,
                by=None,
                at=MORNING,
            )
        assert refused.value.field == "window"

    @pytest.mark.parametrize("on", [date(2026, 11, 22), date(2026, 12, 7)])
    def test_only_within_the_horizon(self, on: date, city: City, engineer: Engineer) -> None:
        with pytest.raises(InvalidInput):
            planned_visit(city=city, on=on)

    def test_only_inside_the_city(self, city: City, engineer: Engineer) -> None:
        with pytest.raises(InvalidInput) as refused:
            planned_visit(city=city, place=north(31))
        assert (refused.value.field, refused.value.code) == ("place", "outside_city")


class TestTheCheckerStandsBetween:
    @pytest.mark.parametrize("fault", [{"certified": False}, {"shift": (time(14), time(20))}])
    def test_a_plan_with_a_fault_is_never_stored(
        self, fault: dict[str, Any], city: City, engineer: Engineer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        unfit = EngineerFactory(city=city, **fault)
        mistaken = Candidate(unfit.pk, feasible=True, reasons=(), position=0, start=36_000, end=39_600)
        monkeypatch.setattr(planning, "best_insertion", lambda *_args, **_kwargs: mistaken)
        with pytest.raises(BrokenPlan):
            planned_visit(city=city)
        assert Visit.objects.count() == 0
