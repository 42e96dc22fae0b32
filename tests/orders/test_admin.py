"""Orders in the admin: everything promised can be read, nothing changed, nobody's door or phone."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from orders.models import Fitting, Quote, Repair, RepairOrder
from repairhub.places.models import City
from tests.factories.accounts import (
    CaseOfficerFactory,
    DispatcherFactory,
    EngineerUserFactory,
    ManagerFactory,
    PartsAdminFactory,
    UserFactory,
)
from tests.factories.door import Door, booked, door

pytestmark = pytest.mark.django_db


@pytest.fixture
def manager(client: Client) -> Client:
    """A manager, signed in."""
    client.force_login(ManagerFactory())
    return client


@pytest.fixture
def done(settings: Any, tmp_path: Any) -> Door:
    """A finished order."""
    settings.MEDIA_ROOT = tmp_path
    return door(started=True).do_all_lines().finish()


class TestOrders:
    def test_are_shown_with_what_was_promised(self, manager: Client, done: Door) -> None:
        text = manager.get(reverse("admin:orders_repairorder_change", args=[done.order.pk])).text
        for shown in [done.order.reference, done.visit.reference, "Engineer on the way", "2149.00"]:
            assert shown in text, shown

    def test_cover_names_addresses_and_phones(self, manager: Client, done: Door) -> None:
        text = manager.get(reverse("admin:orders_repairorder_change", args=[done.order.pk])).text
        for contact in done.order.contacts.all():
            assert contact.address not in text
            assert contact.name not in text
        assert done.order.address not in text
        assert "+86 139****" in text

    @pytest.mark.parametrize("model", [RepairOrder, Quote, Fitting])
    def test_are_neither_added_changed_nor_deleted(self, manager: Client, done: Door, model: Any) -> None:
        row, name = model.objects.get(), f"admin:orders_{model._meta.model_name}"
        assert manager.get(reverse(f"{name}_changelist")).status_code == 200
        change = reverse(f"{name}_change", args=[row.pk])
        assert manager.get(change).status_code == 200
        assert manager.post(change, {"status": "cancelled"}).status_code == 403
        assert manager.get(reverse(f"{name}_add")).status_code == 403
        assert manager.get(reverse(f"{name}_delete", args=[row.pk])).status_code == 403

    def test_are_found_by_their_reference(self, manager: Client, done: Door) -> None:
        answer = manager.get(reverse("admin:orders_repairorder_changelist"), {"q": done.order.reference})
        assert done.order.reference in answer.text
        assert "¥2,149" in answer.text

    def test_the_list_asks_the_same_for_few_and_for_many(
        self, manager: Client, done: Door, django_assert_max_num_queries: Any
    ) -> None:
        for window in ("14:00", "16:00", "18:00"):
            booked(done.order.city, window=window)
        with django_assert_max_num_queries(12):
            manager.get(reverse("admin:orders_repairorder_changelist"))

    @pytest.mark.parametrize(
        "factory",
        [UserFactory, EngineerUserFactory, DispatcherFactory, CaseOfficerFactory, PartsAdminFactory],
    )
    def test_are_for_managers(self, client: Client, done: Door, factory: Any) -> None:
        client.force_login(factory())
        assert client.get(reverse("admin:orders_repairorder_changelist")).status_code in (302, 403)


class TestRepairs:
    def test_a_parts_admin_edits_them_and_every_version_is_kept(self, client: Client) -> None:
        door()
        client.force_login(PartsAdminFactory())
        repair = Repair.objects.get(key="screen")
        path = reverse("admin:orders_repair_change", args=[repair.pk])
        assert client.get(path).status_code == 200
        fields = [
            "name_en", "name_zh", "fault_en", "fault_zh", "key", "skill_level", "minutes", "position",
        ]  # fmt: skip
        form = {field: getattr(repair, field) for field in fields}
        form |= {"component": repair.component_id, "skill": repair.skill_id, "is_active": "on"}
        assert client.post(path, {**form, "labour": "120"}).status_code == 302
        assert [version.labour for version in repair.history.all()] == [120, 100]
        history = client.get(reverse("admin:orders_repair_history", args=[repair.pk])).text
        assert "¥120" in history

    def test_a_price_below_nothing_is_refused(self, client: Client) -> None:
        door()
        client.force_login(PartsAdminFactory())
        repair = Repair.objects.get(key="screen")
        answer = client.post(reverse("admin:orders_repair_change", args=[repair.pk]), {"labour": "-1"})
        assert answer.status_code == 200
        repair.refresh_from_db()
        assert repair.labour == 100


class TestCities:
    def test_a_manager_edits_a_city_with_its_districts(self, manager: Client) -> None:
        city = door().order.city
        path = reverse("admin:places_city_change", args=[city.pk])
        assert manager.get(path).status_code == 200
        kept = ["code", "name_en", "name_zh", "latitude", "longitude", "time_zone", "speed_kmh"]
        form = {field: getattr(city, field) for field in kept} | {"radius_km": 25, "is_open": "on"}
        row = {"name_en": "Haidian", "name_zh": "海淀区", "latitude": 39.96, "longitude": 116.3}
        rows = {f"districts-0-{field}": value for field, value in row.items()}
        rows |= {"districts-TOTAL_FORMS": 1, "districts-INITIAL_FORMS": 0}
        rows |= {"paces-TOTAL_FORMS": 0, "paces-INITIAL_FORMS": 0}
        assert manager.post(path, {**form, **rows}).status_code == 302
        changed = City.objects.get(pk=city.pk)
        assert changed.radius_km == 25
        assert changed.districts.get().name_zh == "海淀区"
