"""A visit is moved to an engineer and a time: as near as every promise lets it, or refused with reasons."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.urls import reverse

from engineers.models import CityDay, Engineer, Visit
from engineers.selectors.windows import VisitNeeds
from engineers.services.doorstep import mark_at_risk, set_out
from engineers.services.moving import Moved, move_visit, pin_visit, unpin_visit
from engineers.services.replanning import replan_day
from engineers.signals import visit_confirmed, visit_in_time_again
from engineers.states import VisitStatus
from repairhub.accounts.models import User
from repairhub.core.errors import Conflict
from repairhub.places.models import City
from tests.factories.accounts import DispatcherFactory
from tests.factories.engineers import (
    DAY,
    MORNING,
    AbsenceFactory,
    EngineerFactory,
    clock,
    confirmed_visit,
    north,
    planned_visit,
    visit_in,
)

pytestmark = pytest.mark.django_db
AT = clock("06:10")
SHORT = VisitNeeds(service_minutes=30, skills={"screen": 2}, brands=frozenset())
LONG = VisitNeeds(service_minutes=170, skills={"screen": 2}, brands=frozenset())


def move(visit: Visit, engineer: Engineer, time: str, by: User, seen: str | None = None) -> Moved:
    """The verb."""
    return move_visit(visit=visit, engineer=engineer, start_at=clock(time), by=by, at=AT, seen=seen)


def starts(*visits: Visit) -> list[datetime | None]:
    """When each is planned to begin."""
    return [Visit.objects.get(pk=visit.pk).planned_start_at for visit in visits]


@pytest.fixture
def pair(city: City, engineer: Engineer) -> tuple[Visit, Visit]:
    """Two short visits of one engineer in the window from ten to twelve, at ten and at half past ten."""
    for _visit in range(2):
        planned_visit(city=city, needs=SHORT)
    first, second = Visit.objects.order_by("planned_start_at")
    return first, second


class TestWithinTheRoute:
    def test_the_visit_goes_where_it_begins_nearest_to_the_time(
        self, pair: tuple[Visit, Visit], engineer: Engineer, dispatcher: User
    ) -> None:
        first, second = pair
        moved = move(first, engineer, "11:30", dispatcher)
        assert moved.is_changed
        assert starts(second, first) == [clock("10:00"), clock("10:30")]

    def test_a_tentative_visit_stays_tentative_and_nobody_is_told(
        self, pair: tuple[Visit, Visit], engineer: Engineer, dispatcher: User
    ) -> None:
        heard: list[Visit] = []

        def listen(visit: Visit, **_kwargs: object) -> None:
            heard.append(visit)

        visit_confirmed.connect(listen)
        try:
            moved = move(pair[0], engineer, "10:35", dispatcher)
        finally:
            visit_confirmed.disconnect(listen)
        assert (moved.visit.status, moved.is_named, heard) == (VisitStatus.PLANNED, False, [])

    def test_is_recorded_with_who_and_from_when(
        self, pair: tuple[Visit, Visit], engineer: Engineer, dispatcher: User
    ) -> None:
        before = pair[0].planned_start_at
        assert before is not None
        event = move(pair[0], engineer, "10:35", dispatcher).visit.events.last()
        assert event is not None
        assert (event.kind, event.by, event.data["engineer"]) == ("moved", dispatcher, engineer.pk)
        assert datetime.fromisoformat(event.data["before"]) == before

    def test_the_promised_window_never_moves(
        self, pair: tuple[Visit, Visit], engineer: Engineer, dispatcher: User
    ) -> None:
        visit = move(pair[0], engineer, "10:35", dispatcher).visit
        assert (visit.window_start_at, visit.window_end_at) == (clock("10:00"), clock("12:00"))

    def test_the_place_it_has_already_changes_nothing(
        self, pair: tuple[Visit, Visit], engineer: Engineer, dispatcher: User
    ) -> None:
        first, second = pair
        move(first, engineer, "10:35", dispatcher)
        events = first.events.count()
        again = move(first, engineer, "10:35", dispatcher, seen="planned:1@0")
        assert not again.is_changed
        assert first.events.count() == events
        assert starts(second, first) == [clock("10:00"), clock("10:30")]

    def test_a_pinned_visit_may_change_its_place(
        self, pair: tuple[Visit, Visit], engineer: Engineer, dispatcher: User
    ) -> None:
        pin_visit(visit=pair[0], by=dispatcher, at=AT)
        assert move(pair[0], engineer, "10:35", dispatcher).is_changed

    def test_a_visit_at_risk_that_can_be_kept_there_is_at_risk_no_more(
        self, pair: tuple[Visit, Visit], engineer: Engineer, dispatcher: User
    ) -> None:
        mark_at_risk(visit_ids=[pair[0].pk], at=MORNING)
        heard: list[str] = []

        def hear(*, visit: Visit, **kwargs: Any) -> None:
            heard.append(visit.reference)

        visit_in_time_again.connect(hear)
        assert move(pair[0], engineer, "10:35", dispatcher).visit.at_risk_at is None
        visit_in_time_again.disconnect(hear)
        assert heard == [pair[0].reference]


class TestToAnotherEngineer:
    def test_names_them_and_plans_it_near_the_time(
        self, city: City, engineer: Engineer, dispatcher: User
    ) -> None:
        visit = planned_visit(city=city, needs=SHORT)
        other = EngineerFactory(city=city)
        busy = confirmed_visit(city=city, needs=SHORT)
        assert busy.engineer == engineer
        move(busy, other, "10:00", dispatcher)
        moved = move(visit, other, "10:40", dispatcher)
        assert moved.is_named
        assert (moved.visit.engineer, moved.visit.status) == (other, VisitStatus.CONFIRMED)
        assert starts(busy, moved.visit) == [clock("10:00"), clock("10:30")]

    def test_the_same_drop_twice_is_one_move(self, city: City, engineer: Engineer, dispatcher: User) -> None:
        visit = planned_visit(city=city)
        other = EngineerFactory(city=city)
        seen = visit.place_in_route
        move(visit, other, "10:00", dispatcher, seen=seen)
        assert not move(visit, other, "10:00", dispatcher, seen=seen).is_changed
        assert visit.events.filter(kind="confirmed").count() == 1

    def test_raises_the_version_of_the_day(self, city: City, engineer: Engineer, dispatcher: User) -> None:
        visit = planned_visit(city=city)
        version = CityDay.objects.get().version
        move(visit, EngineerFactory(city=city), "10:00", dispatcher)
        assert CityDay.objects.get().version > version


class TestWhatIsRefused:
    def test_a_time_outside_the_window_says_that_it_is_promised_and_what_is_possible(
        self, city: City, engineer: Engineer, dispatcher: User
    ) -> None:
        visit = planned_visit(city=city)
        with pytest.raises(Conflict, match="10:00–12:00 is promised") as refusal:
            move(visit, engineer, "13:00", dispatcher)
        assert "proposal that the customer accepts" in str(refusal.value.next_step)
        assert refusal.value.details["times"] == [
            {"engineer": engineer.pk, "name": "Ying Chen", "start": "10:00"}
        ]
        assert starts(visit) == [clock("10:00")]

    def test_a_busy_engineer_says_what_is_in_the_way_and_who_could(
        self, city: City, engineer: Engineer, dispatcher: User
    ) -> None:
        first = planned_visit(city=city, needs=LONG, place=north(2))
        free = EngineerFactory(city=city, user__name="Wei Li")
        second = planned_visit(city=city, needs=LONG, place=north(2))
        assert second.engineer == free
        with pytest.raises(Conflict) as refusal:
            move(second, first.engineer or engineer, "11:00", dispatcher)
        assert first.reference in str(refusal.value.message)
        assert "would make it possible" in str(refusal.value.message)
        assert [time["name"] for time in refusal.value.details["times"]] == ["Wei Li"]

    def test_an_unqualified_or_absent_engineer(
        self, city: City, engineer: Engineer, dispatcher: User
    ) -> None:
        visit = planned_visit(city=city)
        with pytest.raises(Conflict, match="No certificate"):
            move(visit, EngineerFactory(city=city, certified=False), "10:00", dispatcher)
        away = EngineerFactory(city=city)
        AbsenceFactory(engineer=away)
        with pytest.raises(Conflict, match="absent"):
            move(visit, away, "10:00", dispatcher)

    def test_somebody_else_has_moved_it_meanwhile(
        self, pair: tuple[Visit, Visit], engineer: Engineer, dispatcher: User
    ) -> None:
        first = pair[0]
        seen = first.place_in_route
        move(first, engineer, "10:35", dispatcher, seen=seen)
        with pytest.raises(Conflict) as refusal:
            move(first, engineer, "10:00", DispatcherFactory(), seen=seen)
        assert refusal.value.code == "decided_meanwhile"
        assert f"{dispatcher.name} has moved visit {first.reference} to 10:30" in str(refusal.value.message)

    @pytest.mark.parametrize("status", [VisitStatus.EN_ROUTE, VisitStatus.ON_SITE, VisitStatus.DONE])
    def test_a_visit_under_way_or_over(
        self, status: str, city: City, engineer: Engineer, dispatcher: User
    ) -> None:
        visit = visit_in(status, city=city)
        for who in (engineer, EngineerFactory(city=city)):
            with pytest.raises(Conflict, match="can no longer change engineer"):
                move(visit, who, "11:00", dispatcher)

    def test_a_day_that_is_over(
        self, pair: tuple[Visit, Visit], engineer: Engineer, dispatcher: User
    ) -> None:
        with pytest.raises(Conflict, match="day of this visit is over"):
            move_visit(
                visit=pair[0], engineer=engineer, start_at=clock("11:00"), by=dispatcher,
                at=AT + timedelta(days=1),
            )  # fmt: skip


class TestPins:
    def test_keep_the_visit_with_its_engineer(self, city: City, engineer: Engineer, dispatcher: User) -> None:
        visit = pin_visit(visit=planned_visit(city=city, place=north(9)), by=dispatcher, at=AT)
        nearer = EngineerFactory(city=city, base_latitude=north(9)[0])
        replan_day(city=city, on=DAY, by=None, at=AT, rounds=50)
        with pytest.raises(Conflict, match="is pinned to Ying Chen"):
            move(visit, nearer, "10:30", dispatcher)
        visit.refresh_from_db()
        assert visit.engineer == engineer

    def test_control_without_a_pin_the_plan_gives_it_to_who_is_nearer(
        self, city: City, engineer: Engineer, dispatcher: User
    ) -> None:
        visit = planned_visit(city=city, place=north(9))
        nearer = EngineerFactory(city=city, base_latitude=north(9)[0])
        replan_day(city=city, on=DAY, by=None, at=AT, rounds=50)
        visit.refresh_from_db()
        assert visit.engineer == nearer

    def test_are_taken_off_again(self, city: City, engineer: Engineer, dispatcher: User) -> None:
        visit = pin_visit(visit=planned_visit(city=city), by=dispatcher, at=AT)
        visit = unpin_visit(visit=visit, by=dispatcher, at=AT)
        other = EngineerFactory(city=city)
        assert move(visit, other, "10:30", dispatcher).visit.engineer == other
        assert list(visit.events.values_list("kind", flat=True)) == [
            "planned",
            "pinned",
            "unpinned",
            "confirmed",
        ]

    def test_twice_are_one(self, city: City, engineer: Engineer, dispatcher: User) -> None:
        visit = planned_visit(city=city)
        for verb in (pin_visit, pin_visit, unpin_visit, unpin_visit):
            verb(visit=visit, by=dispatcher, at=AT)
        assert visit.events.filter(kind__in=["pinned", "unpinned"]).count() == 2

    def test_need_an_engineer_who_has_not_set_out(
        self, city: City, engineer: Engineer, dispatcher: User
    ) -> None:
        visit = confirmed_visit(city=city)
        set_out(visit=visit, by=engineer.user, at=AT)
        with pytest.raises(Conflict, match="cannot be pinned"):
            pin_visit(visit=visit, by=dispatcher, at=AT)

    def test_do_not_stand_in_the_way_of_confirming(
        self, city: City, engineer: Engineer, dispatcher: User
    ) -> None:
        from engineers.services.dispatching import dispatch_visit

        visit = pin_visit(visit=planned_visit(city=city), by=dispatcher, at=AT)
        confirmed = dispatch_visit(visit=visit, engineer=engineer, by=dispatcher, at=AT)
        assert confirmed.status == VisitStatus.CONFIRMED


class TestThePages:
    @pytest.fixture(autouse=True)
    def early_in_the_morning(self) -> Iterator[None]:
        with time_machine.travel(AT, tick=False):
            yield

    @pytest.fixture
    def desk(self, client: Client, dispatcher: User) -> Client:
        """The dispatcher's browser."""
        client.force_login(dispatcher)
        return client

    def test_a_plain_form_moves_and_leads_back_to_the_board(
        self, desk: Client, pair: tuple[Visit, Visit], engineer: Engineer
    ) -> None:
        first = pair[0]
        answer = desk.post(
            reverse("move_visit", args=[first.reference]),
            {"engineer": engineer.pk, "start": "10:35", "seen": first.place_in_route},
            follow=True,
        )
        assert f"Visit {first.reference} is now planned for 10:30 with Ying Chen." in answer.content.decode()

    def test_a_time_that_it_did_not_get_is_said_with_why(
        self, desk: Client, pair: tuple[Visit, Visit], engineer: Engineer
    ) -> None:
        first = pair[0]
        answer = desk.post(
            reverse("move_visit", args=[first.reference]),
            {"engineer": engineer.pk, "start": "11:45", "seen": first.place_in_route},
            follow=True,
        )
        page = answer.content.decode()
        assert "You asked for 11:45: an engineer comes as early as the route and the window allow." in page

    def test_a_refusal_keeps_what_was_typed_and_offers_times_as_buttons(
        self, desk: Client, city: City, engineer: Engineer
    ) -> None:
        visit = planned_visit(city=city)
        other = EngineerFactory(city=city, user__name="Wei Li")
        answer = desk.post(
            reverse("move_visit", args=[visit.reference]),
            {"engineer": other.pk, "start": "13:15", "seen": visit.place_in_route},
        )
        html = answer.content.decode()
        assert answer.status_code == 409
        assert 'name="start" value="13:15"' in html
        assert f'value="{other.pk}" selected' in html
        assert f'name="to" value="{other.pk}@10:00"' in html
        desk.post(
            reverse("move_visit", args=[visit.reference]),
            {"to": f"{other.pk}@10:00", "seen": visit.place_in_route},
        )
        visit.refresh_from_db()
        assert visit.engineer == other

    @pytest.mark.parametrize(
        ("typed", "said"),
        [
            ({}, "Choose an engineer"),
            ({"engineer": "x", "start": "10:00"}, "Choose an engineer"),
            ({"engineer": "1"}, "Choose an engineer"),
            ({"to": "1@99:99"}, "Choose an engineer"),
            ({"to": "x@10:00"}, "Choose an engineer"),
        ],
    )
    def test_what_names_nobody_is_sent_back(
        self, typed: dict[str, str], said: str, desk: Client, city: City, engineer: Engineer
    ) -> None:
        visit = planned_visit(city=city)
        typed = {key: value.replace("1", "999999") for key, value in typed.items()}
        answer = desk.post(reverse("move_visit", args=[visit.reference]), typed)
        assert answer.status_code == 400
        assert said in answer.content.decode()

    @pytest.mark.parametrize("start", ["", "noon", "25:00", "10:00\0"])
    def test_what_is_no_time_is_sent_back(
        self, start: str, desk: Client, city: City, engineer: Engineer
    ) -> None:
        visit = planned_visit(city=city)
        for typed in ({"engineer": engineer.pk, "start": start}, {"to": f"{engineer.pk}@{start or '99:99'}"}):
            answer = desk.post(reverse("move_visit", args=[visit.reference]), typed)
            assert answer.status_code == 400, typed

    def test_pinning_is_one_press_and_off_another(self, desk: Client, city: City, engineer: Engineer) -> None:
        visit = planned_visit(city=city)
        address = reverse("pin_visit", args=[visit.reference])
        html = desk.post(address, follow=True).content.decode()
        assert "is pinned: it stays with its engineer" in html
        assert "Take the pin off" in html
        assert "Choose an engineer" not in html
        assert "Pin to Ying Chen" in desk.post(address, {"off": "1"}, follow=True).content.decode()

    @pytest.mark.parametrize("name", ["move_visit", "pin_visit", "access_note"])
    def test_read_after_a_sign_in_lead_to_the_board_with_the_visit(
        self, name: str, desk: Client, city: City, engineer: Engineer
    ) -> None:
        visit = planned_visit(city=city)
        answer = desk.get(reverse(name, args=[visit.reference]))
        assert answer.url == f"/dispatch/?city=BJ&on=2026-11-23&visit={visit.reference}"  # type: ignore[attr-defined]
