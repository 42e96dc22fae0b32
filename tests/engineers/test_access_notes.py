"""How one gets in is kept by place: written by desk and engineer, read by who is sent there, forgotten."""

import logging
from datetime import timedelta
from decimal import Decimal

import pytest
import time_machine
from django.db import DatabaseError, transaction
from django.test import Client
from django.urls import reverse

from engineers.models import AccessNote, Engineer, Visit
from engineers.selectors.access import access_note_of, place_key
from engineers.services.access import (
    KEPT_UNVISITED,
    KEPT_WHEN_REPLACED,
    forget_access_notes,
    write_access_note,
)
from engineers.services.doorstep import cancel_visit
from engineers.tasks import forget_places
from repairhub.accounts.models import User
from repairhub.core.errors import InvalidInput, NotAllowed
from repairhub.places.models import City
from tests.factories.accounts import DispatcherFactory, ManagerFactory
from tests.factories.engineers import CENTRE, DAY, MORNING, EngineerFactory, confirmed_visit, planned_visit
from tests.factories.places import CityFactory

pytestmark = pytest.mark.django_db
CODE = "Gate 4711#, lift B"


@pytest.fixture
def visit(city: City, engineer: Engineer) -> Visit:
    """Confirmed with the engineer."""
    return confirmed_visit(city=city)


class TestWriting:
    def test_is_for_the_desk_of_the_city_and_the_visit_s_engineer(
        self, visit: Visit, engineer: Engineer, dispatcher: User
    ) -> None:
        for by, text in ((dispatcher, "Gate 1"), (engineer.user, "Gate 2"), (ManagerFactory(), "Gate 3")):
            note = write_access_note(visit=visit, text=text, by=by, at=MORNING)
            assert note is not None
            assert (note.text, note.by) == (text, by)

    def test_is_for_nobody_else(self, visit: Visit, city: City) -> None:
        elsewhere = DispatcherFactory(cities=[CityFactory(shanghai=True)])
        for by in (EngineerFactory(city=city).user, elsewhere):
            with pytest.raises(NotAllowed):
                write_access_note(visit=visit, text=CODE, by=by, at=MORNING)
        assert not AccessNote.objects.exists()

    def test_is_not_for_an_engineer_who_is_only_tentative(self, city: City, engineer: Engineer) -> None:
        visit = planned_visit(city=city)
        with pytest.raises(NotAllowed):
            write_access_note(visit=visit, text=CODE, by=engineer.user, at=MORNING)

    def test_adds_a_version_and_the_newest_counts(self, visit: Visit, dispatcher: User) -> None:
        for text in ("Gate 1", "Gate 2", "Gate 2", "  Gate  2 "):
            write_access_note(visit=visit, text=text, by=dispatcher, at=MORNING)
        assert list(AccessNote.objects.values_list("text", flat=True)) == ["Gate 2", "Gate 1"]
        note = access_note_of(visit)
        assert note is not None
        assert note.text == "Gate 2"

    def test_leaves_out_what_no_database_holds(self, visit: Visit, dispatcher: User) -> None:
        note = write_access_note(visit=visit, text="Gate\x00 1", by=dispatcher, at=MORNING)
        assert note is not None
        assert note.text == "Gate 1"

    def test_of_nothing_takes_it_back(self, visit: Visit, dispatcher: User) -> None:
        assert write_access_note(visit=visit, text=" ", by=dispatcher, at=MORNING) is None
        assert not AccessNote.objects.exists()
        write_access_note(visit=visit, text=CODE, by=dispatcher, at=MORNING)
        assert write_access_note(visit=visit, text="", by=dispatcher, at=MORNING) is None
        assert access_note_of(visit) is None

    def test_of_too_much_is_refused_with_the_field(self, visit: Visit, dispatcher: User) -> None:
        with pytest.raises(InvalidInput, match="301 characters; 300 fit") as refusal:
            write_access_note(visit=visit, text="x" * 301, by=dispatcher, at=MORNING)
        assert refusal.value.field == "text"

    def test_stays_as_written(self, visit: Visit, dispatcher: User) -> None:
        note = write_access_note(visit=visit, text=CODE, by=dispatcher, at=MORNING)
        assert note is not None
        with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
            AccessNote.objects.filter(pk=note.pk).update(at=MORNING + timedelta(days=1))
        with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
            AccessNote.objects.filter(pk=note.pk).delete()


class TestThePlace:
    def test_is_the_same_eleven_metres_around(self, visit: Visit, city: City, dispatcher: User) -> None:
        write_access_note(visit=visit, text=CODE, by=dispatcher, at=MORNING)
        EngineerFactory.create_batch(2, city=city)
        beside = planned_visit(city=city, place=(CENTRE[0] + 0.00003, CENTRE[1] - 0.00003))
        along = planned_visit(city=city, place=(CENTRE[0] + 0.0003, CENTRE[1]))
        note = access_note_of(beside)
        assert note is not None
        assert note.text == CODE
        assert access_note_of(along) is None

    def test_has_four_decimals(self, city: City, engineer: Engineer) -> None:
        visit = planned_visit(city=city, place=(39.90424, 116.40736))
        assert place_key(visit) == (Decimal("39.9042"), Decimal("116.4074"))


class TestForgetting:
    def test_erases_what_was_replaced_a_month_ago(self, visit: Visit, dispatcher: User) -> None:
        for text in ("Gate 1", "Gate 2"):
            write_access_note(visit=visit, text=text, by=dispatcher, at=MORNING)
        assert forget_access_notes(at=MORNING + KEPT_WHEN_REPLACED - timedelta(hours=1)) == 0
        assert forget_access_notes(at=MORNING + KEPT_WHEN_REPLACED) == 1
        assert list(AccessNote.objects.values_list("text", flat=True)) == ["Gate 2", ""]
        assert forget_access_notes(at=MORNING + KEPT_WHEN_REPLACED) == 0

    def test_erases_the_note_of_a_place_without_a_visit_for_a_year(
        self, visit: Visit, dispatcher: User
    ) -> None:
        write_access_note(visit=visit, text=CODE, by=dispatcher, at=MORNING)
        assert forget_access_notes(at=MORNING + KEPT_UNVISITED) == 0
        assert forget_access_notes(at=MORNING + KEPT_UNVISITED + timedelta(days=1)) == 1
        assert access_note_of(visit) is None

    def test_keeps_it_where_somebody_was_sent_since(self, visit: Visit, city: City, dispatcher: User) -> None:
        write_access_note(visit=visit, text=CODE, by=dispatcher, at=MORNING)
        later = planned_visit(city=city, on=DAY + timedelta(days=10), place=(CENTRE[0] + 0.00003, CENTRE[1]))
        cancel_visit(visit=later, reason="", by=None, at=MORNING)
        assert forget_access_notes(at=MORNING + KEPT_UNVISITED + timedelta(days=5)) == 0

    def test_runs_each_night_once(self, visit: Visit, dispatcher: User) -> None:
        write_access_note(visit=visit, text=CODE, by=dispatcher, at=MORNING)
        with time_machine.travel(MORNING + KEPT_UNVISITED + timedelta(days=2), tick=False):
            assert [forget_places(), forget_places()] == [1, 0]


class TestThePages:
    @pytest.fixture
    def desk(self, client: Client, dispatcher: User) -> Client:
        """The dispatcher's browser."""
        client.force_login(dispatcher)
        return client

    def test_the_panel_shows_who_wrote_it_and_keeps_a_new_one(self, desk: Client, visit: Visit) -> None:
        address = reverse("access_note", args=[visit.reference])
        html = desk.post(address, {"text": CODE}, follow=True).content.decode()
        assert "Kept for this place" in html
        assert CODE in desk.get(reverse("board_visit", args=[visit.reference])).content.decode()

    def test_what_is_too_long_stays_in_the_form(self, desk: Client, visit: Visit) -> None:
        typed = "Gate " + "9" * 300
        answer = desk.post(reverse("access_note", args=[visit.reference]), {"text": typed})
        assert answer.status_code == 400
        assert typed in answer.content.decode()
        assert "305 characters; 300 fit" in answer.content.decode()

    def test_the_engineer_reads_and_writes_it_for_their_own_visits(
        self, client: Client, visit: Visit, engineer: Engineer, city: City, dispatcher: User
    ) -> None:
        write_access_note(visit=visit, text=CODE, by=dispatcher, at=MORNING)
        client.force_login(engineer.user)
        address = reverse("own_access_note", args=[visit.reference])
        assert CODE in client.get(address).content.decode()
        assert client.post(address, {"text": "y" * 301}).status_code == 400
        assert client.post(address, {"text": "Ring twice"}).status_code == 302
        note = access_note_of(visit)
        assert note is not None
        assert note.text == "Ring twice"
        client.force_login(EngineerFactory(city=city).user)
        assert client.get(address).status_code == 404
        assert client.post(address, {"text": CODE}).status_code == 404

    def test_no_log_holds_it(
        self, desk: Client, visit: Visit, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
    ) -> None:
        with caplog.at_level(logging.DEBUG):
            desk.post(reverse("access_note", args=[visit.reference]), {"text": CODE})
            desk.post(reverse("access_note", args=[visit.reference]), {"text": "4711" * 100})
        heard = capsys.readouterr()
        # what the database driver says at DEBUG is no log of ours, and is off in every settings file
        said = [record.getMessage() for record in caplog.records if record.name != "django.db.backends"]
        assert "4711" not in "".join(said) + heard.out + heard.err
