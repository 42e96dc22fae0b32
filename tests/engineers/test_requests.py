"""Engineers ask to be away or to work at other hours; the desk answers, knowing what a yes costs."""

from datetime import date, time, timedelta
from typing import Any

import pytest
import time_machine
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse

from engineers.models import Absence, Engineer, EngineerRequest, WeeklyShift
from engineers.planning import engineer_day
from engineers.selectors.requests import visits_at_stake
from engineers.services.requests import (
    approve_request,
    ask_absence,
    ask_shift,
    refuse_request,
    withdraw_request,
)
from engineers.states import RequestKind, RequestStatus
from repairhub.accounts.models import User
from repairhub.core.errors import Conflict, InvalidInput, NotAllowed
from repairhub.notifications.models import Message
from repairhub.notifications.rendering import render
from repairhub.places.models import City
from tests.factories.accounts import DispatcherFactory
from tests.factories.engineers import DAY, MORNING, EngineerFactory, confirmed_visit, planned_visit
from tests.factories.places import CityFactory

pytestmark = pytest.mark.django_db
HOURS = {"starts_at": time(12), "ends_at": time(18)}


def absence(engineer: Engineer, from_on: date = DAY, until_on: date = DAY, **fields: Any) -> EngineerRequest:
    """A request to be away."""
    asked = {"reason": "my sister marries", "by": engineer.user, "at": MORNING, **fields}
    return ask_absence(engineer=engineer, from_on=from_on, until_on=until_on, **asked)


def shift(engineer: Engineer, **fields: Any) -> EngineerRequest:
    """A request for other hours."""
    return ask_shift(
        engineer=engineer, **{**HOURS, "reason": "school", "by": engineer.user, "at": MORNING, **fields}
    )


class TestAsking:
    def test_waits_for_an_answer_and_changes_nothing(self, engineer: Engineer) -> None:
        request = absence(engineer)
        assert (request.status, request.decided_at) == (RequestStatus.PENDING, None)
        assert not Absence.objects.exists()

    @pytest.mark.parametrize(
        ("asked", "field"),
        [
            ({"from_on": DAY - timedelta(days=1)}, "from_on"),
            ({"until_on": DAY - timedelta(days=1)}, "until_on"),
            ({"from_on": DAY + timedelta(days=2), "until_on": DAY + timedelta(days=1)}, "until_on"),
            ({"until_on": DAY + timedelta(days=500)}, "until_on"),
            ({"reason": "  "}, "reason"),
        ],
    )
    def test_names_the_field_at_fault(self, asked: dict[str, Any], field: str, engineer: Engineer) -> None:
        with pytest.raises(InvalidInput) as refusal:
            absence(engineer, **asked)
        assert refusal.value.field == field

    @pytest.mark.parametrize(
        ("asked", "field"),
        [
            ({}, "weekday"),
            ({"weekday": 1, "on": DAY}, "weekday"),
            ({"weekday": 9}, "weekday"),
            ({"on": DAY - timedelta(days=1)}, "on"),
            ({"weekday": 1, "ends_at": time(12)}, "ends_at"),
            ({"weekday": 1, "reason": ""}, "reason"),
        ],
    )
    def test_for_other_hours_too(self, asked: dict[str, Any], field: str, engineer: Engineer) -> None:
        with pytest.raises(InvalidInput) as refusal:
            shift(engineer, **asked)
        assert refusal.value.field == field

    def test_twice_for_the_same_days_is_refused_until_it_is_answered(
        self, engineer: Engineer, dispatcher: User
    ) -> None:
        first = absence(engineer, DAY, DAY + timedelta(days=3))
        with pytest.raises(Conflict, match="already asked"):
            absence(engineer, DAY + timedelta(days=3), DAY + timedelta(days=5))
        absence(engineer, DAY + timedelta(days=4), DAY + timedelta(days=5))
        refuse_request(request=first, answer="no", by=dispatcher, at=MORNING)
        absence(engineer, DAY, DAY)

    @pytest.mark.parametrize("when", [{"weekday": 2}, {"on": DAY}])
    def test_for_the_same_hours_too(self, when: dict[str, Any], engineer: Engineer) -> None:
        shift(engineer, **when)
        with pytest.raises(Conflict, match="already asked"):
            shift(engineer, **when)

    def test_is_for_oneself(self, engineer: Engineer, dispatcher: User) -> None:
        with pytest.raises(NotAllowed):
            absence(engineer, by=dispatcher)

    @pytest.mark.parametrize(
        ("fields", "name"),
        [
            ({"kind": "absence", "from_on": DAY, "until_on": DAY - timedelta(days=1)}, "request_says_what"),
            ({"kind": "absence", "from_on": DAY, "until_on": DAY, "weekday": 1}, "request_says_what"),
            ({"kind": "weekly_shift", "weekday": 1}, "request_says_what"),
            ({"kind": "absence", "from_on": DAY, "until_on": DAY, "decided_at": MORNING}, "decided_by"),
        ],
    )
    def test_nonsense_is_refused_by_the_database(
        self, fields: dict[str, Any], name: str, engineer: Engineer
    ) -> None:
        with pytest.raises(IntegrityError, match=name), transaction.atomic():
            EngineerRequest.objects.create(engineer=engineer, asked_at=MORNING, reason="x", **fields)


class TestWithdrawing:
    def test_ends_it(self, engineer: Engineer) -> None:
        request = withdraw_request(request=absence(engineer), by=engineer.user, at=MORNING)
        assert request.status == RequestStatus.WITHDRAWN
        assert withdraw_request(request=request, by=engineer.user, at=MORNING) == request
        absence(engineer)

    def test_is_refused_once_it_is_answered_and_to_others(self, engineer: Engineer, dispatcher: User) -> None:
        request = absence(engineer)
        with pytest.raises(NotAllowed):
            withdraw_request(request=request, by=EngineerFactory(city=engineer.city).user, at=MORNING)
        approve_request(request=request, by=dispatcher, at=MORNING)
        with pytest.raises(Conflict, match="answered meanwhile: Approved"):
            withdraw_request(request=request, by=engineer.user, at=MORNING)


class TestApproving:
    def test_an_absence_is_in_force_and_its_visits_wait_for_others(
        self, city: City, engineer: Engineer, dispatcher: User
    ) -> None:
        visit = confirmed_visit(city=city)
        later = confirmed_visit(city=city, on=DAY + timedelta(days=1))
        request, lost = approve_request(request=absence(engineer), by=dispatcher, at=MORNING)
        assert (request.status, request.decided_by) == (RequestStatus.APPROVED, dispatcher)
        assert lost == [visit]
        visit.refresh_from_db()
        later.refresh_from_db()
        assert (visit.engineer, visit.at_risk_at) == (None, MORNING)
        assert later.engineer == engineer
        assert Absence.objects.get().reason == "my sister marries"

    def test_hours_of_a_weekday_replace_those_there_were(self, engineer: Engineer, dispatcher: User) -> None:
        approve_request(request=shift(engineer, weekday=0), by=dispatcher, at=MORNING)
        assert engineer.shifts.filter(weekday=0).count() == 1
        assert engineer.shifts.get(weekday=0).starts_at == time(12)

    @pytest.mark.parametrize(
        ("since", "until", "kept"),
        [(time(10), time(11), None), (time(12), time(13), None), (time(13), time(14), time(13))],
    )
    def test_a_break_outside_the_new_hours_is_over(
        self, engineer: Engineer, dispatcher: User, since: time, until: time, kept: time | None
    ) -> None:
        engineer.shifts.update(break_starts_at=since, break_ends_at=until)
        approve_request(request=shift(engineer, weekday=0), by=dispatcher, at=MORNING)
        assert engineer.shifts.get(weekday=0).break_starts_at == kept

    def test_hours_of_one_day_hold_on_that_day_alone(
        self, city: City, engineer: Engineer, dispatcher: User
    ) -> None:
        visit = confirmed_visit(city=city, window="08:00")
        _request, lost = approve_request(request=shift(engineer, on=DAY), by=dispatcher, at=MORNING)
        assert lost == [visit]
        loaded = Engineer.objects.with_day(DAY, DAY + timedelta(days=7)).get(pk=engineer.pk)
        assert [engineer_day(loaded, DAY + timedelta(days=n)).shift_start for n in (0, 7)] == [43200, 28800]
        with_shift = Engineer.objects.with_shift(DAY).get(pk=engineer.pk)
        held = WeeklyShift.on_day(with_shift.shifts.all(), DAY)
        assert held is not None
        assert held.starts_at == time(12)

    def test_twice_changes_nothing_twice(self, engineer: Engineer, dispatcher: User) -> None:
        request = absence(engineer)
        for _time in range(2):
            approve_request(request=request, by=dispatcher, at=MORNING)
        assert Absence.objects.count() == 1
        assert Message.objects.filter(template="request_decided").count() == 1

    def test_is_for_the_desk_of_the_city(self, engineer: Engineer) -> None:
        request = absence(engineer)
        elsewhere = DispatcherFactory(cities=[CityFactory(shanghai=True)])
        for stranger in (engineer.user, elsewhere):
            with pytest.raises(NotAllowed):
                approve_request(request=request, by=stranger, at=MORNING)

    def test_of_days_that_are_over_is_refused(self, engineer: Engineer, dispatcher: User) -> None:
        request = absence(engineer)
        with pytest.raises(Conflict, match="These days are over"):
            approve_request(request=request, by=dispatcher, at=MORNING + timedelta(days=1))

    @pytest.mark.parametrize(
        "ask",
        [
            lambda engineer: absence(engineer, DAY, DAY + timedelta(days=6)),
            lambda engineer: shift(engineer, on=DAY),
            lambda engineer: shift(engineer, weekday=DAY.weekday()),
            lambda engineer: shift(engineer, on=DAY, starts_at=time(8), ends_at=time(10)),
            lambda engineer: shift(engineer, on=DAY, starts_at=time(8), ends_at=time(20)),
        ],
    )
    def test_takes_off_exactly_what_was_shown_before(
        self, ask: Any, city: City, engineer: Engineer, dispatcher: User
    ) -> None:
        for window in ("08:00", "12:00", "18:00"):
            planned_visit(city=city, window=window)
        confirmed_visit(city=city, on=DAY + timedelta(days=7), window="08:00")
        request = ask(engineer)
        shown = [one.visit.pk for one in visits_at_stake(request, MORNING)]
        _request, lost = approve_request(request=request, by=dispatcher, at=MORNING)
        assert sorted(shown) == sorted(visit.pk for visit in lost)


class TestRefusing:
    def test_says_why_and_changes_nothing(self, engineer: Engineer, dispatcher: User) -> None:
        request = absence(engineer)
        with pytest.raises(InvalidInput) as refusal:
            refuse_request(request=request, answer=" ", by=dispatcher, at=MORNING)
        assert refusal.value.field == "answer"
        request = refuse_request(request=request, answer="two are ill", by=dispatcher, at=MORNING)
        assert (request.status, request.answer) == (RequestStatus.REFUSED, "two are ill")
        assert not Absence.objects.exists()
        with pytest.raises(Conflict):
            approve_request(request=request, by=dispatcher, at=MORNING)


class TestTheAnswer:
    @pytest.mark.parametrize("language", ["en", "zh-hans"])
    @pytest.mark.parametrize("is_approved", [True, False])
    def test_is_told_in_the_engineers_language(
        self, language: str, is_approved: bool, engineer: Engineer, dispatcher: User
    ) -> None:
        engineer.user.language = language
        engineer.user.save()
        request = absence(engineer)
        if is_approved:
            approve_request(request=request, answer="enjoy it", by=dispatcher, at=MORNING)
        else:
            refuse_request(request=request, answer="enjoy it", by=dispatcher, at=MORNING)
        message = Message.objects.get(template="request_decided")
        assert message.language == language
        wording = render(
            template=message.template, language=language, channel="email", context=message.context
        )
        assert "enjoy it" in wording.body
        assert "/engineer/requests/" in wording.body
        assert ("11月23日" in wording.subject) == (language == "zh-hans")


class TestPages:
    @pytest.fixture(autouse=True)
    def early(self) -> Any:
        """Six in the morning in Beijing."""
        with time_machine.travel(MORNING, tick=False):
            yield

    def test_an_engineer_asks_and_withdraws(self, client: Client, engineer: Engineer) -> None:
        client.force_login(engineer.user)
        form = {"from_on": "2026-12-01", "until_on": "2026-12-03", "reason": "holiday"}
        assert client.post(reverse("ask", args=["absence"]), form).status_code == 302
        request = EngineerRequest.objects.get()
        html = client.get(reverse("engineer_requests")).content.decode()
        assert "Away from Tue 1 Dec to Thu 3 Dec" in html
        client.post(reverse("withdraw_request", args=[request.pk]))
        request.refresh_from_db()
        assert request.status == RequestStatus.WITHDRAWN

    def test_asks_for_other_hours(self, client: Client, engineer: Engineer) -> None:
        client.force_login(engineer.user)
        form = {"weekday": "2", "on": "", "starts_at": "10:00", "ends_at": "16:00", "reason": "school"}
        client.post(reverse("ask", args=["shift"]), form)
        assert EngineerRequest.objects.get().kind == RequestKind.WEEKLY_SHIFT
        assert "Every Wednesday: 10:00–16:00" in client.get(reverse("engineer_requests")).content.decode()

    @pytest.mark.parametrize(
        ("kind", "form", "status"),
        [
            ("absence", {"from_on": "yesterday"}, 400),
            ("absence", {"from_on": "2026-12-03", "until_on": "2026-12-01", "reason": "x"}, 400),
            ("shift", {"weekday": "17", "starts_at": "10:00", "ends_at": "16:00", "reason": "x"}, 400),
            ("shift", {"on": "9999-12-31", "starts_at": "10:00", "ends_at": "16:00", "reason": "x"}, 400),
        ],
    )
    def test_what_makes_no_sense_is_refused_and_kept(
        self, kind: str, form: dict[str, str], status: int, client: Client, engineer: Engineer
    ) -> None:
        client.force_login(engineer.user)
        response = client.post(reverse("ask", args=[kind]), form)
        assert response.status_code == status
        assert 'class="error"' in response.content.decode()
        assert all(value in response.content.decode() for value in form.values())

    def test_nobody_withdraws_for_another(self, client: Client, engineer: Engineer) -> None:
        client.force_login(EngineerFactory(city=engineer.city).user)
        response = client.post(reverse("withdraw_request", args=[absence(engineer).pk]))
        assert response.status_code == 404

    def test_the_desk_sees_what_a_yes_costs_and_decides(
        self, client: Client, city: City, engineer: Engineer, dispatcher: User
    ) -> None:
        visit = confirmed_visit(city=city)
        request = absence(engineer)
        client.force_login(dispatcher)
        assert "Ying Chen" in client.get(reverse("desk_requests")).content.decode()
        html = client.get(reverse("desk_request", args=[request.pk])).content.decode()
        assert "1 promised visit loses its engineer" in html
        assert visit.reference in html
        refused = client.post(reverse("decide_request", args=[request.pk]), {"decision": "refuse"})
        assert refused.status_code == 400
        assert "Say why it is refused" in refused.content.decode()
        assert client.post(reverse("decide_request", args=[request.pk]), {}).status_code == 400
        answer = {"decision": "approve", "answer": ""}
        response = client.post(reverse("decide_request", args=[request.pk]), answer, follow=True)
        assert "1 visit has lost its engineer" in response.content.decode()
        assert "No engineer of your cities waits" in client.get(reverse("desk_requests")).content.decode()
        everything = client.get(reverse("desk_requests"), {"status": "all", "kind": "absence", "page": "x"})
        assert "Approved" in everything.content.decode()

    def test_the_desk_of_another_city_does_not_see_it(self, client: Client, engineer: Engineer) -> None:
        request = absence(engineer)
        client.force_login(DispatcherFactory(cities=[CityFactory(shanghai=True)]))
        assert "Ying Chen" not in client.get(reverse("desk_requests")).content.decode()
        assert client.get(reverse("desk_request", args=[request.pk])).status_code == 404
        assert client.post(reverse("decide_request", args=[request.pk])).status_code == 404
