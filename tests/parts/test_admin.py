"""The parts desk in the admin: pages open and save, the books are only looked at."""

from datetime import date
from decimal import Decimal

import pytest
from django.contrib import admin
from django.urls import reverse

from parts.models import Part, StockLocation, StockMovement, StockUnit
from tests.factories.accounts import (
    CaseOfficerFactory,
    DispatcherFactory,
    EngineerUserFactory,
    ManagerFactory,
    PartsAdminFactory,
)
from tests.factories.parts import (
    LotFactory,
    PartCertificateFactory,
    PartFactory,
    StockLocationFactory,
    received_unit,
)

pytestmark = pytest.mark.django_db
MODELS = [
    "brand",
    "devicemodel",
    "component",
    "supplier",
    "part",
    "lot",
    "stocklocation",
    "stockunit",
    "stockmovement",
]


@pytest.fixture
def desk(client):
    """The admin as a parts admin sees it."""
    client.force_login(PartsAdminFactory())
    return client


def page_of(model: str, row=None) -> str:
    name = f"admin:parts_{model}_{'change' if row else 'changelist'}"
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
            elif isinstance(value, list):
                data[bound.html_name] = [getattr(one, "pk", one) for one in value]
            elif value is not None and value is not False:
                data[bound.html_name] = value
    return data


class TestPages:
    @pytest.mark.parametrize("model", MODELS)
    def test_every_list_and_every_row_opens(self, desk, model):
        PartCertificateFactory()
        unit = received_unit()
        rows = {
            "brand": unit.lot.part.fits.get().brand,
            "devicemodel": unit.lot.part.fits.get(),
            "component": unit.lot.part.component,
            "supplier": unit.lot.supplier,
            "part": unit.lot.part,
            "lot": unit.lot,
            "stocklocation": unit.location,
            "stockunit": unit,
            "stockmovement": unit.movements.get(),
        }
        assert desk.get(page_of(model)).status_code == 200
        assert desk.get(page_of(model), {"q": "iphone"}).status_code == 200
        assert desk.get(page_of(model, rows[model])).status_code == 200

    @pytest.mark.parametrize("model", [name for name in MODELS if name not in ("stockunit", "stockmovement")])
    def test_every_empty_form_opens(self, desk, model):
        assert desk.get(reverse(f"admin:parts_{model}_add")).status_code == 200

    def test_the_list_of_parts_takes_as_many_queries_for_many_as_for_one(
        self, desk, django_assert_max_num_queries
    ):
        for number in range(30):
            PartFactory(sku=f"PART-{number:02d}")
        with django_assert_max_num_queries(14):
            desk.get(page_of("part"))

    @pytest.mark.parametrize("person", [EngineerUserFactory, DispatcherFactory, CaseOfficerFactory])
    def test_nobody_else_comes_in(self, client, person):
        client.force_login(person())
        assert client.get(page_of("part")).status_code in (302, 403)

    def test_a_manager_comes_in(self, client):
        client.force_login(ManagerFactory())
        assert client.get(page_of("part")).status_code == 200


class TestMenu:
    @pytest.mark.parametrize("person", [PartsAdminFactory, ManagerFactory])
    def test_every_entry_that_is_shown_opens(self, client, rf, person):
        user = person()
        client.force_login(user)
        request = rf.get("/admin/")
        request.user = user
        entries = [entry for group in admin.site.get_sidebar_list(request) for entry in group["items"]]
        shown = [str(entry["link"]) for entry in entries if entry["has_permission"]]
        assert page_of("part") in shown
        inside = [link for link in shown if link.startswith("/admin/")]
        assert {link: client.get(link).status_code for link in inside} == dict.fromkeys(inside, 200)


class TestFirstPage:
    @pytest.mark.parametrize(
        ("person", "number"), [(PartsAdminFactory, 4), (ManagerFactory, 5)], ids=["parts admin", "manager"]
    )
    def test_every_card_leads_to_the_list_that_it_counts(self, client, person, number):
        client.force_login(person())
        PartCertificateFactory(valid_from_on=date(2020, 1, 1), valid_until_on=date(2020, 12, 31))
        received_unit()
        received_unit("IPHONE12-SCR-O-0002")
        cards = client.get("/admin/").context["cards"]
        assert len(cards) == number
        assert {card["number"] for card in cards} == {0, 1, 2}
        for card in cards:
            assert client.get(card["link"]).context["cl"].result_count == card["number"], card["title"]


class TestParts:
    def test_a_certified_part_whose_certificate_ran_out_is_found_by_the_filter(self, desk):
        PartFactory()
        PartCertificateFactory(valid_from_on=date(2020, 1, 1), valid_until_on=date(2020, 12, 31))
        for answer, sku in {"yes": "IPHONE12-SCR-O", "no": "IPHONE12-SCR-C"}.items():
            rows = desk.get(page_of("part"), {"offered": answer}).context["cl"].result_list
            assert [row.sku for row in rows] == [sku]

    @pytest.mark.parametrize("by", ["grade__exact", "component__id__exact", "fits__brand__id__exact"])
    def test_filters_by_grade_component_and_brand(self, desk, by):
        part = PartFactory()
        wanted = {
            "grade__exact": part.grade,
            "component__id__exact": part.component_id,
            "fits__brand__id__exact": part.fits.get().brand_id,
        }
        rows = desk.get(page_of("part"), {by: wanted[by]}).context["cl"].result_list
        assert [row.sku for row in rows] == [part.sku]

    def test_a_price_is_changed_here_and_the_earlier_one_stays_visible(self, desk):
        part = PartFactory()
        data = form_data(desk.get(page_of("part", part))) | {"price": "1999"}
        assert desk.post(page_of("part", part), data).status_code == 302
        part.refresh_from_db()
        assert part.price == Decimal(1999)
        versions = part.history.order_by("-history_id")
        assert [version.price for version in versions][:2] == [Decimal(1999), Decimal(2049)]
        assert versions[0].history_user.name.startswith("Parts admin")
        page = desk.get(page_of("part", part)).content.decode()
        assert "¥1,999" in page
        assert "¥2,049" in page
        history = desk.get(reverse("admin:parts_part_history", args=[part.pk]))
        assert history.status_code == 200
        assert "2049.00" in history.content.decode()

    def test_a_price_below_zero_is_refused_in_the_form(self, desk):
        part = PartFactory()
        data = form_data(desk.get(page_of("part", part))) | {"price": "-1"}
        response = desk.post(page_of("part", part), data)
        assert response.context["adminform"].form.errors.keys() == {"price"}

    def test_a_certificate_is_entered_on_the_parts_page_and_the_part_is_offered(self, desk):
        part = PartFactory(certified=True)
        data = form_data(desk.get(page_of("part", part))) | {
            "certificates-TOTAL_FORMS": "1",
            "certificates-0-part": part.pk,
            "certificates-0-number": "PC-1",
            "certificates-0-issuer": "Laboratory",
            "certificates-0-valid_from_on": "2026-01-01",
            "certificates-0-valid_until_on": "2026-12-31",
        }
        assert desk.post(page_of("part", part), data).status_code == 302
        assert Part.objects.offered(date(2026, 6, 1)).filter(pk=part.pk).exists()

    def test_no_part_is_deleted(self, desk):
        part = PartFactory()
        assert desk.post(reverse("admin:parts_part_delete", args=[part.pk])).status_code == 403


class TestTheCustodianOfAVan:
    def test_is_chosen_among_the_engineers_at_work(self, desk):
        van = StockLocationFactory(kind=StockLocation.Kind.VAN, name="Van 1")
        engineer = EngineerUserFactory(name="陈颖", phone="+8613800138001")
        EngineerUserFactory(name="Gone", is_active=False)
        DispatcherFactory(name="At the desk")
        page = desk.get(page_of("stocklocation", van))
        choices = [str(label) for value, label in page.context["adminform"].form.fields["custodian"].choices]
        assert choices[1:] == ["陈颖 · +8613800138001"]
        assert "/admin/accounts/user/" not in page.content.decode()  # which a parts admin may not open
        data = form_data(page) | {"custodian": engineer.pk}
        assert desk.post(page_of("stocklocation", van), data).status_code == 302
        van.refresh_from_db()
        assert van.custodian == engineer

    def test_who_has_left_stays_until_another_one_is_chosen(self, desk):
        gone = EngineerUserFactory(is_active=False)
        van = StockLocationFactory(kind=StockLocation.Kind.VAN, name="Van 1", custodian=gone)
        data = form_data(desk.get(page_of("stocklocation", van))) | {"name": "Van 2"}
        assert desk.post(page_of("stocklocation", van), data).status_code == 302
        van.refresh_from_db()
        assert (van.name, van.custodian) == ("Van 2", gone)

    def test_is_nobody_but_an_engineer(self, desk):
        van = StockLocationFactory(kind=StockLocation.Kind.VAN, name="Van 1")
        data = form_data(desk.get(page_of("stocklocation", van))) | {"custodian": DispatcherFactory().pk}
        assert desk.post(page_of("stocklocation", van), data).status_code == 200
        van.refresh_from_db()
        assert van.custodian is None


class TestReceivingUnits:
    def receive(self, desk, serials: str):
        lot, store = LotFactory(), StockLocationFactory()
        page = reverse("admin:parts_lot_receive", args=[lot.pk])
        assert desk.get(page).status_code == 200
        return desk.post(page, {"location": store.pk, "serials": serials})

    def test_one_serial_a_line_becomes_units_in_stock(self, desk):
        assert self.receive(desk, "A-1\r\nA-2\r\n\r\n").status_code == 302
        assert list(StockUnit.objects.values_list("serial", flat=True)) == ["A-1", "A-2"]
        assert StockMovement.objects.count() == 2

    def test_a_known_serial_comes_back_with_the_reason_and_the_form_kept(self, desk):
        received_unit("A-2")
        response = self.receive(desk, "A-1\r\nA-2")
        assert response.status_code == 200
        page = response.content.decode()
        assert "Serial A-2 is already in the books." in page
        assert "A-1" in page

    def test_a_person_who_may_not_change_lots_is_refused(self, client):
        client.force_login(DispatcherFactory())
        page = reverse("admin:parts_lot_receive", args=[LotFactory().pk])
        assert client.post(page, {}).status_code in (302, 403)


class TestBooksAreOnlyLookedAt:
    @pytest.mark.parametrize("model", ["stockunit", "stockmovement"])
    def test_nothing_is_added_changed_or_deleted(self, desk, model):
        unit = received_unit()
        row = unit if model == "stockunit" else unit.movements.get()
        assert desk.get(reverse(f"admin:parts_{model}_add")).status_code == 403
        assert desk.post(page_of(model, row), {"serial": "X"}).status_code == 403
        assert desk.post(reverse(f"admin:parts_{model}_delete", args=[row.pk])).status_code == 403
