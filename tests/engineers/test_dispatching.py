"""A dispatcher names the engineer: confirmed and told, or refused with the reason and what would help."""

from datetime import date, time

import pytest
from django.utils import timezone

from engineers.models import Engineer, EngineerCertificate, Visit
from engineers.selectors.candidates import candidates_for
from engineers.selectors.windows import VisitNeeds
from engineers.services.dispatching import dispatch_visit
from engineers.services.doorstep import mark_at_risk
from engineers.services.planning import ASSIGN_WITHIN
from engineers.signals import visit_confirmed
from engineers.states import VisitStatus
from parts.models import Brand
from repairhub.accounts.models import User
from repairhub.core.errors import Conflict, InvalidInput
from repairhub.places.models import City
from repairhub.sla.models import SlaClock
from tests.engineers.moves import refusing
from tests.factories.accounts import DispatcherFactory
from tests.factories.engineers import (
    DAY,
    MORNING,
    AbsenceFactory,
    AuthorisationFactory,
    CertificateFactory,
    EngineerFactory,
    SkillFactory,
    clock,
    north,
    planned_visit,
    visit_in,
)
from tests.factories.places import CityFactory

pytestmark = pytest.mark.django_db
AT = clock("06:10")


def name(visit: Visit, engineer: Engineer, by: User, **kwargs: object) -> Visit:
    """The verb."""
    return dispatch_visit(visit=visit, engineer=engineer, by=by, at=AT, **kwargs)  # type: ignore[arg-type]


class TestConfirmingTheTentativeEngineer:
    def test_confirms_and_stops_the_clock(self, city: City, engineer: Engineer, dispatcher: User) -> None:
        visit = planned_visit(city=city)
        confirmed = name(visit, engineer, dispatcher)
        assert (confirmed.status, confirmed.confirmed_at) == (VisitStatus.CONFIRMED, AT)
        assert confirmed.planned_start_at == visit.planned_start_at
        clocks = SlaClock.objects.for_subjects([visit]).about(ASSIGN_WITHIN)
        assert [c.shown_state(AT) for c in clocks] == ["kept"]

    def test_records_who_named_whom(self, city: City, engineer: Engineer, dispatcher: User) -> None:
        visit = name(planned_visit(city=city), engineer, dispatcher)
        event = visit.events.last()
        assert event is not None
        assert (event.kind, event.from_status, event.to_status) == ("confirmed", "planned", "confirmed")
        assert (event.by, event.data) == (dispatcher, {"engineer": engineer.pk, "before": engineer.pk})

    def test_announces_it_once(self, city: City, engineer: Engineer, dispatcher: User) -> None:
        heard = []

        def listen(visit: Visit, by: User, **_kwargs: object) -> None:
            heard.append((visit.engineer_id, by.pk))

        visit_confirmed.connect(listen)
        try:
            visit = name(planned_visit(city=city), engineer, dispatcher)
            name(visit, engineer, dispatcher)
        finally:
            visit_confirmed.disconnect(listen)
        assert heard == [(engineer.pk, dispatcher.pk)]

    def test_is_refused_where_the_certificate_has_lapsed_since(
        self, city: City, engineer: Engineer, dispatcher: User
    ) -> None:
        visit = planned_visit(city=city)
        EngineerCertificate.objects.update(valid_until_on=date(2026, 11, 22))
        with pytest.raises(Conflict, match="“Screens” has run out by that day"):
            name(visit, engineer, dispatcher)

    def test_is_refused_where_the_engineer_has_become_absent(
        self, city: City, engineer: Engineer, dispatcher: User
    ) -> None:
        visit = planned_visit(city=city)
        AbsenceFactory(engineer=engineer)
        with pytest.raises(Conflict, match="absent"):
            name(visit, engineer, dispatcher)

    def test_a_visit_whose_window_can_be_kept_is_at_risk_no_more(
        self, city: City, engineer: Engineer, dispatcher: User
    ) -> None:
        visit = planned_visit(city=city)
        mark_at_risk(visit_ids=[visit.pk], at=MORNING)
        assert name(visit, engineer, dispatcher).at_risk_at is None

    def test_a_visit_whose_window_has_passed_stays_at_risk(
        self, city: City, engineer: Engineer, dispatcher: User
    ) -> None:
        visit = planned_visit(city=city)
        mark_at_risk(visit_ids=[visit.pk], at=MORNING)
        late = dispatch_visit(visit=visit, engineer=engineer, by=dispatcher, at=clock("12:30"))
        assert (late.status, late.at_risk_at) == (VisitStatus.CONFIRMED, MORNING)


class TestNamingAnother:
    def test_writes_the_visit_into_the_other_route(
        self, city: City, engineer: Engineer, dispatcher: User
    ) -> None:
        visit = planned_visit(city=city)
        other = EngineerFactory(city=city)
        confirmed = name(visit, other, dispatcher)
        assert (confirmed.engineer, confirmed.status) == (other, VisitStatus.CONFIRMED)
        assert confirmed.events.filter(kind="confirmed").get().data == {
            "engineer": other.pk,
            "before": engineer.pk,
        }

    def test_gives_an_engineer_to_a_visit_without_one(
        self, city: City, engineer: Engineer, dispatcher: User
    ) -> None:
        visit = planned_visit(city=city)
        Visit.objects.update(engineer=None, planned_start_at=None, planned_end_at=None)
        confirmed = name(visit, engineer, dispatcher)
        assert confirmed.engineer == engineer
        assert confirmed.planned_start_at == clock("10:00")

    def test_may_change_a_confirmed_engineer(self, city: City, engineer: Engineer, dispatcher: User) -> None:
        visit = visit_in(VisitStatus.CONFIRMED, city=city)
        other = EngineerFactory(city=city)
        assert name(visit, other, dispatcher).engineer == other

    def test_moves_the_other_visits_of_the_route_within_their_windows(
        self, city: City, engineer: Engineer, dispatcher: User
    ) -> None:
        first, second = planned_visit(city=city), planned_visit(city=city)
        other = EngineerFactory(city=city)
        assert name(first, other, dispatcher).planned_start_at == clock("10:00")
        second.refresh_from_db()
        assert second.planned_start_at == clock("10:00")
        name(first, engineer, dispatcher)
        starts = Visit.objects.filter(engineer=engineer).values_list("planned_start_at", flat=True)
        assert sorted(starts) == [clock("10:00"), clock("11:00")]


class TestAWindowThatNobodyCanKeep:
    @pytest.fixture
    def missed(self, city: City, engineer: Engineer) -> Visit:
        """Promised until noon, in nobody's route, and noon has passed."""
        visit = planned_visit(city=city)
        mark_at_risk(visit_ids=[visit.pk], at=MORNING)
        Visit.objects.update(engineer=None, planned_start_at=None, planned_end_at=None)
        visit.refresh_from_db()
        return visit

    def test_goes_to_whoever_arrives_first_and_stays_at_risk(
        self, missed: Visit, city: City, engineer: Engineer, dispatcher: User
    ) -> None:
        far = EngineerFactory(city=city, base_latitude=north(10)[0])
        at = clock("12:30")
        found = candidates_for(missed, at)
        assert [row.engineer for row in found.fit] == [engineer]
        assert "It will be late by 30 minutes." in found.fit[0].why
        assert [row.engineer for row in found.unfit] == [far]
        with pytest.raises(Conflict, match="too late"):
            dispatch_visit(visit=missed, engineer=far, by=dispatcher, at=at)
        named = dispatch_visit(visit=missed, engineer=engineer, by=dispatcher, at=at)
        assert (named.status, named.planned_start_at) == (VisitStatus.CONFIRMED, at)
        assert (named.at_risk_at, named.window_end_at) == (MORNING, clock("12:00"))

    def test_is_at_risk_from_then_on_at_the_latest(
        self, missed: Visit, engineer: Engineer, dispatcher: User
    ) -> None:
        Visit.objects.update(at_risk_at=None)
        at = clock("12:30")
        assert dispatch_visit(visit=missed, engineer=engineer, by=dispatcher, at=at).at_risk_at == at

    def test_of_a_day_that_is_over_goes_to_nobody(
        self, missed: Visit, engineer: Engineer, dispatcher: User
    ) -> None:
        tomorrow = clock("08:00", DAY.replace(day=24))
        with pytest.raises(Conflict):
            dispatch_visit(visit=missed, engineer=engineer, by=dispatcher, at=tomorrow)


class TestRefusals:
    @pytest.mark.parametrize("status", refusing("confirm"))
    def test_a_visit_under_way_or_over_keeps_its_engineer(
        self, status: str, city: City, engineer: Engineer, dispatcher: User
    ) -> None:
        visit = visit_in(status, city=city)
        before = visit.events.count()
        with pytest.raises(Conflict) as refused:
            name(visit, EngineerFactory(city=city), dispatcher)
        assert refused.value.code == "visit_not_movable"
        fresh = Visit.objects.get(pk=visit.pk)
        assert (fresh.status, fresh.engineer_id, fresh.events.count()) == (status, engineer.pk, before)

    def test_a_pinned_visit_keeps_its_engineer(
        self, city: City, engineer: Engineer, dispatcher: User
    ) -> None:
        visit = planned_visit(city=city)
        Visit.objects.update(is_pinned=True)
        with pytest.raises(Conflict):
            name(visit, EngineerFactory(city=city), dispatcher)

    def test_without_the_certificate(self, city: City, engineer: Engineer, dispatcher: User) -> None:
        visit = planned_visit(city=city)
        unqualified = EngineerFactory(city=city, certified=False)
        with pytest.raises(Conflict, match="No certificate for “Screens”, level 2") as refused:
            name(visit, unqualified, dispatcher)
        assert refused.value.field == "engineer"
        assert refused.value.details == {"reasons": ["not_qualified"]}

    def test_at_too_low_a_level(self, city: City, engineer: Engineer, dispatcher: User) -> None:
        visit = planned_visit(city=city)
        junior = EngineerFactory(city=city, certified__level=1)
        with pytest.raises(Conflict, match="level 1, but level 2 is needed"):
            name(visit, junior, dispatcher)

    def test_suspended(self, city: City, engineer: Engineer, dispatcher: User) -> None:
        visit = planned_visit(city=city)
        suspended = EngineerFactory(city=city, certified__suspended_at=timezone.now())
        with pytest.raises(Conflict, match="is suspended"):
            name(visit, suspended, dispatcher)

    def test_without_the_brand_s_authorisation(self, city: City, dispatcher: User) -> None:
        brand = Brand.objects.create(key="apple", name_en="Apple", name_zh="苹果")
        authorised, other = EngineerFactory(city=city), EngineerFactory(city=city)
        AuthorisationFactory(engineer=authorised, brand=brand)
        needs = VisitNeeds(60, {"screen": 2}, frozenset(["apple"]))
        visit = planned_visit(city=city, needs=needs)
        assert visit.engineer == authorised
        with pytest.raises(Conflict, match="No authorisation by Apple"):
            name(visit, other, dispatcher)

    def test_off_shift(self, city: City, engineer: Engineer, dispatcher: User) -> None:
        visit = planned_visit(city=city)
        early = EngineerFactory(city=city, shift=(time(6), time(9)))
        with pytest.raises(Conflict, match="Works from 06:00 to 09:00"):
            name(visit, early, dispatcher)

    def test_absent(self, city: City, engineer: Engineer, dispatcher: User) -> None:
        visit = planned_visit(city=city)
        absent = EngineerFactory(city=city)
        AbsenceFactory(engineer=absent)
        with pytest.raises(Conflict, match="absent on that day"):
            name(visit, absent, dispatcher)

    def test_busy_with_the_visit_in_the_way_named(
        self, city: City, engineer: Engineer, dispatcher: User
    ) -> None:
        long = VisitNeeds(service_minutes=170, skills={"screen": 2}, brands=frozenset())
        first = planned_visit(city=city, needs=long)
        other = EngineerFactory(city=city)
        second = planned_visit(city=city, needs=long)
        assert second.engineer == other
        with pytest.raises(Conflict, match=first.reference) as refused:
            name(second, engineer, dispatcher)
        assert refused.value.details["reasons"][0] in ("arrives_late", "breaks_promise")
        second.refresh_from_db()
        assert (second.engineer, second.status) == (other, VisitStatus.PLANNED)

    def test_of_another_city(self, city: City, engineer: Engineer, dispatcher: User) -> None:
        visit = planned_visit(city=city)
        with pytest.raises(InvalidInput):
            name(visit, EngineerFactory(city=CityFactory(shanghai=True)), dispatcher)

    def test_who_left_us(self, city: City, engineer: Engineer, dispatcher: User) -> None:
        visit = planned_visit(city=city)
        with pytest.raises(Conflict) as refused:
            name(visit, EngineerFactory(city=city, is_active=False), dispatcher)
        assert refused.value.code == "engineer_gone"

    @pytest.mark.parametrize("is_tentative", [True, False], ids=["the tentative engineer", "another"])
    def test_for_a_day_that_is_over(
        self, city: City, engineer: Engineer, dispatcher: User, is_tentative: bool
    ) -> None:
        visit = planned_visit(city=city)
        chosen = engineer if is_tentative else EngineerFactory(city=city)
        with pytest.raises(Conflict, match="The day of this visit is over") as refused:
            dispatch_visit(visit=visit, engineer=chosen, by=dispatcher, at=clock("00:00", date(2026, 11, 24)))
        assert refused.value.code == "day_over"
        visit.refresh_from_db()
        assert (visit.status, visit.engineer) == (VisitStatus.PLANNED, engineer)

    def test_not_on_its_day_however_late(self, city: City, engineer: Engineer, dispatcher: User) -> None:
        visit = planned_visit(city=city)
        late = dispatch_visit(visit=visit, engineer=engineer, by=dispatcher, at=clock("23:59"))
        assert late.status == VisitStatus.CONFIRMED

    def test_an_unknown_skill_is_nobody_s(self, city: City, engineer: Engineer, dispatcher: User) -> None:
        SkillFactory(key="board", name_en="Boards")
        CertificateFactory(engineer=engineer, skill=SkillFactory(key="board"))
        needs = VisitNeeds(60, {"board": 1}, frozenset())
        visit = planned_visit(city=city, needs=needs)
        with pytest.raises(Conflict, match="Boards"):
            name(visit, EngineerFactory(city=city), dispatcher)


class TestTwoDispatchers:
    def test_the_second_to_decide_on_what_both_saw_hears_who_was_first(
        self, city: City, engineer: Engineer, dispatcher: User
    ) -> None:
        visit = planned_visit(city=city)
        other = EngineerFactory(city=city)
        seen = visit.standing
        name(visit, other, dispatcher, seen=seen)
        with pytest.raises(Conflict, match=f"Fang Wang has confirmed visit {visit.reference}") as refused:
            name(visit, engineer, DispatcherFactory(), seen=seen)
        assert refused.value.code == "decided_meanwhile"
        visit.refresh_from_db()
        assert visit.engineer == other

    def test_the_same_decision_twice_is_one(self, city: City, engineer: Engineer, dispatcher: User) -> None:
        visit = planned_visit(city=city)
        seen = visit.standing
        name(visit, engineer, dispatcher, seen=seen)
        again = name(visit, engineer, DispatcherFactory(), seen=seen)
        assert again.status == VisitStatus.CONFIRMED
        assert again.events.filter(kind="confirmed").count() == 1

    def test_a_visit_replanned_meanwhile_is_looked_at_again(
        self, city: City, engineer: Engineer, dispatcher: User
    ) -> None:
        visit = planned_visit(city=city)
        seen = visit.standing
        other = EngineerFactory(city=city)
        Visit.objects.update(engineer=other)
        with pytest.raises(Conflict, match="has been given to"):
            name(visit, engineer, dispatcher, seen=seen)
        Visit.objects.update(engineer=None, planned_start_at=None, planned_end_at=None)
        with pytest.raises(Conflict, match="has lost its engineer"):
            name(visit, engineer, dispatcher, seen=seen)


def test_far_away_and_near_are_told_apart(city: City, engineer: Engineer, dispatcher: User) -> None:
    # 25 km at 25 km/h with the detour is 78 minutes: there in time only for a window that ends late enough
    far = EngineerFactory(city=city, base_latitude=north(-25)[0], shift=(time(10), time(20)))
    early = planned_visit(city=city, window="08:00")
    with pytest.raises(Conflict):
        name(early, far, dispatcher)
    later = planned_visit(city=city, window="10:00")
    assert name(later, far, dispatcher).planned_start_at > clock("11:15")
