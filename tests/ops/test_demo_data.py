"""The demo's data: official prices to the yuan, every city able to work, the same on every machine."""

import hashlib
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from engineers.models import Absence, Engineer, EngineerCertificate, WeeklyShift
from engineers.planning import engineer_day
from engineers.selectors.windows import missing_authorisations, offered_windows
from orders.models import Repair
from orders.offers import choose, repair_offers, visit_needs
from parts.models import Brand, DeviceModel, Grade, Part, StockLocation, StockMovement, StockUnit
from repairhub.accounts.models import User
from repairhub.accounts.states import ADMIN_ROLES, Role
from repairhub.ops.demo import tables
from repairhub.ops.demo.catalogue import ENDING_SKU, LAPSED_SKU
from repairhub.ops.demo.loading import load_data
from repairhub.ops.demo.people import DEMO_ENGINEER
from repairhub.ops.demo.sign_ins import PASSWORD, SIGN_INS
from repairhub.places.models import City, District

ON = date(2026, 11, 23)
AT = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)  # 09:00 in China
PUBLISHED = {"iPhone 12 mini": 1699, "iPhone 12": 2149, "iPhone 12 Pro": 2149, "iPhone 12 Pro Max": 2559}


def load(on: date = ON) -> list[str]:
    said: list[str] = []
    load_data(on=on, at=AT, say=said.append)
    return said


@pytest.fixture(scope="module")
def demo(django_db_setup, django_db_blocker) -> Iterator[list[str]]:
    """Everything, loaded once for the tests below and taken back after the last of them."""
    with django_db_blocker.unblock(), transaction.atomic():
        said = load()
        connection.check_constraints()  # now, instead of after each of the tests
        yield said
        transaction.set_rollback(True)


def everything() -> str:
    """A digest of all that is loaded, by names and not by ids."""
    rows = [
        *Part.objects.values_list("sku", "grade", "price", "price_source", "supplier__name", "fits__key"),
        *Part.objects.values_list("certificates__number", "certificates__valid_until_on"),
        *Repair.objects.values_list("key", "labour", "minutes", "skill__key", "skill_level"),
        *Engineer.objects.values_list(
            "number", "user__name", "user__phone", "base_latitude", "base_longitude"
        ),
        *EngineerCertificate.objects.values_list("number", "level", "valid_until_on", "suspended_at"),
        *WeeklyShift.objects.values_list("engineer__number", "weekday", "starts_at", "ends_at"),
        *Absence.objects.values_list("engineer__number", "from_on", "until_on", "reason"),
        *StockMovement.objects.values_list("unit__serial", "unit__lot__number", "to_location__name", "at"),
    ]
    return hashlib.sha256("\n".join(sorted(map(str, rows))).encode()).hexdigest()


@pytest.mark.django_db
class TestSameEverywhere:
    """First in this file, while the database is still empty."""

    def test_two_empty_databases_get_the_same(self, monkeypatch):
        small = [row for row in tables.cities() if row.code in ("SH", "TY")]
        monkeypatch.setattr(tables, "cities", lambda: small)
        digests = []
        for _database in range(2):
            with transaction.atomic():
                load()
                digests.append(everything())
                transaction.set_rollback(True)
        assert not Engineer.objects.exists()
        assert digests[0] == digests[1]


@pytest.mark.django_db
@pytest.mark.usefixtures("demo")
class TestCatalogue:
    @pytest.mark.parametrize("model", PUBLISHED)
    def test_the_iphone_12_family_costs_exactly_what_was_published(self, model):
        (row,) = (row for row in tables.official_prices() if row.model == model)
        offers = repair_offers(DeviceModel.objects.get(name=model, brand__name_en=row.brand), ON)
        (offer,) = (offer for offer in offers if offer.repair.name_en == row.repair)
        option = offer.option(row.grade)
        assert option.total == row.price == Decimal(PUBLISHED[model])
        assert option.part.is_sample_price is False
        assert row.source in option.part.price_source

    def test_every_other_price_is_labelled_as_a_sample(self):
        published = Part.objects.filter(is_sample_price=False)
        assert {part.fits.get().name for part in published} == set(PUBLISHED)
        others = Part.objects.filter(is_sample_price=True)
        assert set(others.values_list("price_source", flat=True)) == {"sample"}

    def test_the_iphone_12_screen_can_be_chosen_in_both_grades_by_any_screen_engineer(self):
        model = DeviceModel.objects.get(name="iPhone 12")
        (screen,) = (one for one in repair_offers(model, ON) if one.repair.component.key == "screen")
        assert [option.grade for option in screen.options] == [Grade.ORIGINAL, Grade.CERTIFIED]
        assert not any(option.part.needs_brand_authorisation for option in screen.options)
        assert screen.options[1].total < screen.options[0].total

    def test_brands_models_components_and_both_grades(self):
        assert Brand.objects.count() >= 6
        assert DeviceModel.objects.count() >= 45
        assert set(Part.objects.values_list("grade", flat=True)) == set(Grade.values)
        for model in DeviceModel.objects.offered():
            assert len(repair_offers(model, ON)) == 8, model

    def test_a_certified_part_has_a_valid_certificate_but_one_that_is_not_offered(self):
        certified = Part.objects.filter(grade=Grade.CERTIFIED)
        offered = Part.objects.offered(ON).filter(grade=Grade.CERTIFIED)
        assert [part.sku for part in certified.difference(offered)] == [LAPSED_SKU]
        assert [part.sku for part in Part.objects.lapsing(ON, ON + timedelta(days=30))] == [ENDING_SKU]

    def test_the_makers_warranty_stays_only_where_the_maker_authorised_the_engineer(self):
        keeps = Part.objects.filter(keeps_maker_warranty=True)
        assert keeps.exists()
        assert not keeps.exclude(needs_brand_authorisation=True).exists()
        assert not keeps.filter(grade=Grade.CERTIFIED).exists()

    def test_a_mainboard_by_apple_takes_the_maker_in_most_cities(self):
        model = DeviceModel.objects.get(name="iPhone 12")
        needs = visit_needs(model, choose(model, [("mainboard-replacement", "original")], ON))
        able = [
            city.code for city in City.objects.all() if not missing_authorisations(city, needs.brands, ON)
        ]
        assert sorted(able) == ["BJ", "CD", "GZ", "SH", "SZ"]
        assert all(Brand.objects.values_list("support_url", flat=True))

    def test_the_first_price_is_in_the_history(self):
        part = Part.objects.get(sku="IPHONE12-SCR-O")
        version = part.history.get()
        assert (version.price, version.history_change_reason) == (part.price, "demo data")
        assert [link.devicemodel.name for link in version.fits.all()] == ["iPhone 12"]


@pytest.mark.django_db
@pytest.mark.usefixtures("demo")
class TestPeople:
    def test_36_cities_and_630_engineers_as_the_table_says(self):
        in_table = {row.code: row.engineers for row in tables.cities()}
        assert (len(in_table), sum(in_table.values())) == (36, 630)
        assert Counter(Engineer.objects.values_list("city__code", flat=True)) == in_table
        assert set(City.objects.filter(districts=None)) == set()
        assert District.objects.exists()

    def test_every_engineer_starts_from_a_place_in_the_city(self):
        for engineer in Engineer.objects.select_related("city"):
            assert engineer.city.covers(engineer.base_latitude, engineer.base_longitude), engineer

    def test_in_every_city_somebody_qualified_for_screens_works_on_every_day(self):
        level = Repair.objects.get(key="screen-replacement").skill_level
        days = [ON + timedelta(days=offset) for offset in range(21)]
        engineers = Engineer.objects.select_related("city", "user").with_day(days[0], days[-1])
        able = {
            (engineer.city.code, on)
            for engineer in engineers
            for on in days
            if (day := engineer_day(engineer, on)).on_shift and day.skills.get("screen", 0) >= level
        }
        assert able == {(row.code, on) for row in tables.cities() for on in days}

    @pytest.mark.parametrize("code", ["SH", "TY"])
    def test_a_screen_can_be_booked_on_every_day_of_the_horizon(self, code):
        city, model = City.objects.get(code=code), DeviceModel.objects.get(name="iPhone 12")
        needs = visit_needs(model, choose(model, [("screen-replacement", "original")], ON))
        windows = offered_windows(
            city=city, latitude=city.latitude, longitude=city.longitude, needs=needs, at=AT
        )
        days = Counter(window.on for window in windows if window.is_open)
        assert len(days) == 14
        assert min(days.values()) >= 3

    def test_whoever_is_on_the_list_of_sign_ins_can_sign_in(self):
        for person in SIGN_INS:
            user = User.objects.get(phone=person.phone)
            assert (user.role, user.email, user.name) == (person.role, person.email, person.name)
            assert user.check_password(PASSWORD)
            assert user.is_staff == (person.role in ADMIN_ROLES)
            assert [city.code for city in user.cities.all()] == [person.city_code] * bool(person.city_code)
        chen = Engineer.objects.get(user__email="engineer@repairhub.example")
        assert chen.number == DEMO_ENGINEER
        assert set(chen.shifts.values_list("weekday", flat=True)) == set(range(7))

    def test_no_phone_number_is_used_twice_and_none_is_a_customers(self):
        phones = [str(phone) for phone in User.objects.values_list("phone", flat=True)]
        assert len(set(phones)) == len(phones) == 630 + len(SIGN_INS) - 1
        assert not User.objects.filter(role=Role.CUSTOMER).exists()

    def test_some_certificates_have_run_out_end_soon_or_are_suspended_but_none_for_screens(self):
        lapsed = EngineerCertificate.objects.filter(valid_until_on__lt=ON)
        ending = EngineerCertificate.objects.ending(ON, ON + timedelta(days=30))
        suspended = EngineerCertificate.objects.exclude(suspended_at=None)
        for certificates in (lapsed, ending, suspended):
            assert certificates.exists()
            assert not certificates.filter(skill__key="screen").exists()


@pytest.mark.django_db
@pytest.mark.usefixtures("demo")
class TestStock:
    def test_a_van_for_every_engineer_and_a_store_in_every_city(self):
        assert StockLocation.objects.filter(kind="store").count() == 36
        assert StockLocation.objects.filter(kind="van", custodian__engineer__isnull=False).count() == 630

    def test_stock_is_what_the_ledger_adds_up_to(self):
        units = {unit.pk: unit.location_id for unit in StockUnit.objects.all()}
        lines = StockMovement.objects.values_list("unit_id", "kind", "to_location_id")
        assert Counter(lines) == Counter((unit, "received", place) for unit, place in units.items())

    @pytest.mark.parametrize("sku", ["IPHONE12-SCR-O", "IPHONE12PROMAX-SCR-C", "GALAXYZFLIP5-MBD-O"])
    def test_every_city_has_every_part_of_the_catalogue(self, sku):
        stores = StockUnit.objects.in_stock().filter(lot__part__sku=sku, location__kind="store")
        assert stores.values("location__city").distinct().count() == 36

    def test_a_rework_finds_another_lot_of_the_screen_in_the_same_city(self):
        store = StockLocation.objects.get(kind="store", city__code="TY")
        lots = store.units.filter(lot__part__sku="IPHONE12-SCR-O").values("lot").distinct()
        assert lots.count() == 2


@pytest.mark.django_db
class TestLoading:
    def test_every_step_says_what_is_there(self, demo):
        assert demo[0] == "cities 36/36"
        assert "engineers 630" in demo
        assert any(line.startswith("stock of 36/36 cities") for line in demo)

    def test_a_second_run_changes_nothing_and_asks_little(self, demo):
        before = everything()
        part = Part.objects.get(sku="IPHONE12-SCR-O")
        part.price += 1  # somebody's change stays
        part.save()
        with CaptureQueriesContext(
            connection,
        ) as queries:
            load(ON + timedelta(days=3))
        assert len(queries) < 150
        part.refresh_from_db()
        assert part.price == Decimal(2050)
        part.price -= 1
        part.save()
        assert everything() == before

    def test_people_are_the_same_in_every_process(self):
        code = (
            "import datetime, hashlib; from repairhub.ops.demo import people, tables; "
            "found = people.people(tables.cities(), datetime.date(2026, 11, 23)); "
            "print(hashlib.sha256(repr(found).encode()).hexdigest())"
        )
        digests = {
            subprocess.run(
                [sys.executable, "-c", code],
                env={**os.environ, "PYTHONHASHSEED": seed},
                check=True,
                capture_output=True,
            ).stdout
            for seed in ("1", "2")
        }
        assert len(digests) == 1

    def test_the_command_refuses_where_this_is_no_demo(self, settings):
        settings.DEMO = False
        with pytest.raises(CommandError, match="This is no demo"):
            call_command("load_demo")
