"""Engineers in the admin: what they may do and when they work is kept here; visits are only looked at."""

from datetime import date, time, timedelta

import pytest
import time_machine
from django.urls import reverse
from django.utils import timezone

from engineers.models import Absence, Engineer, EngineerCertificate, WeeklyShift
from engineers.states import VisitStatus
from tests.factories.accounts import DispatcherFactory, EngineerUserFactory, ManagerFactory, PartsAdminFactory
from tests.factories.engineers import (
    MORNING,
    AbsenceFactory,
    CertificateFactory,
    EngineerFactory,
    SkillFactory,
    clock,
    confirmed_visit,
    planned_visit,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def desk(client):
    """The admin as a manager sees it."""
    client.force_login(ManagerFactory())
    return client


@pytest.fixture
def engineer() -> Engineer:
    return EngineerFactory(number="BJ-001", user__name="陈颖", shift=(time(8), time(17)))


def page_of(model: str, row=None) -> str:
    name = f"admin:engineers_{model}_{'change' if row else 'changelist'}"
    return reverse(name, args=[row.pk] if row else [])


def form_data(response) -> dict:
    """What the change page would send back unchanged."""
    data = {}
    forms = [response.context["adminform"].form]
    for inline in response.context["inline_admin_formsets"]:
        forms += [inline.formset.management_form, *inline.formset.forms]
    for form in forms:
        for bound in form:
            value = bound.value()
            if value is True:
                data[bound.html_name] = "on"
            elif value is not None and value is not False:
                data[bound.html_name] = value
    return data


class TestWhoComesIn:
    @pytest.mark.parametrize("person", [EngineerUserFactory, DispatcherFactory, PartsAdminFactory])
    @pytest.mark.parametrize("model", ["engineer", "visit", "skill"])
    def test_nobody_but_managers(self, client, person, model):
        client.force_login(person())
        assert client.get(page_of(model)).status_code in (302, 403)


class TestEngineers:
    def test_the_list_shows_what_is_valid_today_and_is_searched_by_name(self, desk, engineer):
        CertificateFactory(engineer=engineer, skill=SkillFactory(key="board", name_en="Mainboards"), level=3)
        CertificateFactory(
            engineer=engineer,
            skill=SkillFactory(key="glass", name_en="Back glass"),
            valid_from_on=date(2020, 1, 1),
            valid_until_on=date(2020, 12, 31),
        )
        CertificateFactory(
            engineer=engineer,
            skill=SkillFactory(key="port", name_en="Ports"),
            suspended_at=timezone.now(),
        )
        page = desk.get(page_of("engineer"), {"q": "陈颖"}).content.decode()
        assert "Mainboards 3, Screens 2" in page
        assert "Back glass 2" not in page
        assert "Ports 2" not in page
        assert "BJ-001" not in desk.get(page_of("engineer"), {"q": "王芳"}).content.decode()

    def test_certificates_that_have_to_be_looked_after_are_found_by_the_filter(self, desk, engineer):
        today = timezone.localdate()
        EngineerFactory(number="BJ-002")
        CertificateFactory(
            engineer=engineer,
            skill=SkillFactory(key="board", name_en="Mainboards"),
            valid_from_on=today,
            valid_until_on=today + timedelta(days=20),
        )
        suspended = EngineerFactory(number="BJ-003")
        suspended.certificates.update(suspended_at=timezone.now())
        for answer, found in {"ending": engineer, "suspended": suspended}.items():
            rows = desk.get(page_of("engineer"), {"certificate": answer}).context["cl"].result_list
            assert list(rows) == [found]

    def test_everything_about_an_engineer_stands_on_one_page(self, desk, engineer):
        page = desk.get(page_of("engineer", engineer))
        inlines = [inline.formset.prefix for inline in page.context["inline_admin_formsets"]]
        assert inlines == ["certificates", "authorisations", "shifts", "absences"]
        assert desk.get(reverse("admin:engineers_engineer_add")).status_code == 200

    def test_certificates_are_looked_at_and_typed_by_nobody(self, desk, engineer):
        before = list(EngineerCertificate.objects.values())
        page = desk.get(page_of("engineer", engineer))
        assert engineer.certificates.get().number in page.content.decode()
        data = form_data(page) | {
            "certificates-TOTAL_FORMS": "2",
            "certificates-0-level": "3",
            "certificates-0-suspended_at_0": "2026-11-23",
            "certificates-0-suspended_at_1": "09:00:00",
            "certificates-1-number": "C-BY-HAND",
            "certificates-1-skill": SkillFactory().pk,
            "certificates-1-level": "3",
            "certificates-1-valid_from_on": "2026-11-23",
            "certificates-1-valid_until_on": "2027-11-23",
        }
        assert desk.post(page_of("engineer", engineer), data).status_code == 302
        assert list(EngineerCertificate.objects.values()) == before

    def test_an_absence_is_saved(self, desk, engineer):
        data = form_data(desk.get(page_of("engineer", engineer))) | {
            "absences-TOTAL_FORMS": "1",
            "absences-0-engineer": engineer.pk,
            "absences-0-from_on": "2026-12-01",
            "absences-0-until_on": "2026-12-03",
        }
        assert desk.post(page_of("engineer", engineer), data).status_code == 302
        assert Absence.objects.get().until_on == date(2026, 12, 3)

    def test_visits_that_cannot_be_done_any_more_are_counted_in_a_message(self, desk, engineer):
        with time_machine.travel(MORNING, tick=False):
            visit = confirmed_visit(city=engineer.city)
            data = form_data(desk.get(page_of("engineer", engineer))) | {
                "absences-TOTAL_FORMS": "1",
                "absences-0-engineer": engineer.pk,
                "absences-0-from_on": "2026-11-23",
                "absences-0-until_on": "2026-11-23",
            }
            response = desk.post(page_of("engineer", engineer), data, follow=True)
        said = f"1 visit has lost its engineer and waits on the dispatch board: {visit.reference}."
        assert said in response.content.decode()
        visit.refresh_from_db()
        assert (visit.status, visit.engineer) == (VisitStatus.PLANNED, None)

    def test_a_break_is_kept_with_the_shift_and_visits_planned_into_it_come_after_it(self, desk, engineer):
        with time_machine.travel(MORNING, tick=False):
            visit = planned_visit(city=engineer.city, window="12:00")
            data = form_data(desk.get(page_of("engineer", engineer))) | {
                "shifts-0-break_starts_at": "12:00:00",
                "shifts-0-break_ends_at": "12:30:00",
            }
            assert desk.post(page_of("engineer", engineer), data).status_code == 302
        visit.refresh_from_db()
        assert visit.planned_start_at == clock("12:30")

    @pytest.mark.parametrize(
        ("field", "value", "model"),
        [
            ("shifts-0-ends_at", "07:00:00", WeeklyShift),
            ("shifts-0-break_starts_at", "12:00:00", WeeklyShift),
            ("absences-0-until_on", "2026-11-01", Absence),
        ],
    )
    def test_what_the_database_would_refuse_is_said_in_the_form(self, desk, engineer, field, value, model):
        AbsenceFactory(engineer=engineer)
        before = list(model.objects.order_by("pk").values())
        data = form_data(desk.get(page_of("engineer", engineer))) | {field: value}
        response = desk.post(page_of("engineer", engineer), data)
        assert response.status_code == 200
        assert any(any(inline.formset.errors) for inline in response.context["inline_admin_formsets"])
        assert list(model.objects.order_by("pk").values()) == before

    def test_no_engineer_and_no_certificate_is_deleted(self, desk, engineer):
        page = reverse("admin:engineers_engineer_delete", args=[engineer.pk])
        assert desk.post(page).status_code == 403
        data = form_data(desk.get(page_of("engineer", engineer))) | {"certificates-0-DELETE": "on"}
        desk.post(page_of("engineer", engineer), data)
        assert engineer.certificates.count() == 1


class TestTheAccountOfAnEngineer:
    @pytest.mark.parametrize("change", [{"is_active": ""}, {"role": "dispatcher"}], ids=str)
    def test_that_is_closed_leaves_no_visit_without_somebody_to_come(self, desk, engineer, change):
        user = engineer.user
        with time_machine.travel(MORNING, tick=False):
            visit = confirmed_visit(city=engineer.city)
            page = reverse("admin:accounts_user_change", args=[user.pk])
            data = {"name": user.name, "phone": user.phone.as_e164, "email": "", "language": "en"}
            data |= {"role": "engineer", "is_active": "on", **change}
            response = desk.post(page, data, follow=True)
        said = f"1 visit has lost its engineer and waits on the dispatch board: {visit.reference}."
        assert said in response.content.decode()
        visit.refresh_from_db()
        assert (visit.status, visit.engineer) == (VisitStatus.PLANNED, None)

    def test_that_stays_open_leaves_the_route_as_it_is(self, desk, engineer):
        user = engineer.user
        with time_machine.travel(MORNING, tick=False):
            visit = confirmed_visit(city=engineer.city)
            page = reverse("admin:accounts_user_change", args=[user.pk])
            data = {"name": "Chen Ying", "phone": user.phone.as_e164, "email": "", "language": "en"}
            assert desk.post(page, data | {"role": "engineer", "is_active": "on"}).status_code == 302
        visit.refresh_from_db()
        assert (visit.status, visit.engineer) == (VisitStatus.CONFIRMED, engineer)


class TestVisitsAreOnlyLookedAt:
    @pytest.fixture
    def visit(self, engineer):
        return confirmed_visit(city=engineer.city)

    def test_list_and_page_show_the_state_and_what_happened(self, desk, visit):
        assert desk.get(page_of("visit"), {"q": visit.reference}).status_code == 200
        page = desk.get(page_of("visit", visit))
        assert page.status_code == 200
        assert "Confirmed" in page.content.decode()
        (events,) = page.context["inline_admin_formsets"]
        assert [form.instance.kind for form in events.formset.forms] == ["planned", "confirmed"]

    def test_nothing_is_added_changed_or_deleted(self, desk, visit):
        assert desk.get(reverse("admin:engineers_visit_add")).status_code == 403
        assert desk.post(page_of("visit", visit), {"status": "done"}).status_code == 403
        assert desk.post(reverse("admin:engineers_visit_delete", args=[visit.pk])).status_code == 403
        visit.refresh_from_db()
        assert visit.status == VisitStatus.CONFIRMED
