"""Deadlines in the admin: clocks and escalations are read, targets may be changed."""

import pytest
import time_machine

from repairhub.sla.models import SlaClock, SlaTarget
from repairhub.sla.services.clocks import start_clock, sweep
from tests.factories.accounts import NOON, DispatcherFactory, ManagerFactory
from tests.factories.places import CityFactory
from tests.factories.sla import standard_target

pytestmark = pytest.mark.django_db
CLOCKS = "/admin/sla/slaclock/"


class TestDeadlinesInTheAdmin:
    @pytest.fixture(autouse=True)
    def manager(self, client):
        client.force_login(ManagerFactory())

    @pytest.fixture
    def clock(self):
        return start_clock(
            subject=CityFactory(), target_key="assign_within", at=NOON, label="RH-1", scope="BJ"
        )

    def test_the_state_is_that_of_now(self, client, clock):
        with time_machine.travel(clock.due_at, tick=False):
            client.force_login(ManagerFactory())
            for page in (CLOCKS, f"{CLOCKS}{clock.pk}/change/"):
                assert "overdue" in client.get(page).content.decode()

    def test_escalations_are_read_with_their_clock(self, client, clock):
        sweep(at=clock.due_at)
        assert "breach" in client.get(f"{CLOCKS}{clock.pk}/change/").content.decode()

    def test_nothing_can_be_typed_or_deleted(self, client, clock):
        assert client.post(f"{CLOCKS}{clock.pk}/change/", {"label": "x"}).status_code == 403
        assert client.get(f"{CLOCKS}add/").status_code == 403
        assert client.get(f"{CLOCKS}{clock.pk}/delete/").status_code == 403

    def test_it_costs_the_same_however_many_clocks_there_are(self, client, django_assert_max_num_queries):
        for number in range(20):
            start_clock(subject=CityFactory(code=f"C{number}"), target_key="assign_within", at=NOON)
        with django_assert_max_num_queries(12):
            client.get(CLOCKS)

    def test_targets_can_be_changed_and_running_clocks_keep_what_was_promised(self, client, clock):
        policy = standard_target().policy
        targets = list(policy.targets.order_by("pk"))
        form = {"name": policy.name, "targets-TOTAL_FORMS": "3", "targets-INITIAL_FORMS": "3"}
        for number, target in enumerate(targets):
            form |= {
                f"targets-{number}-id": target.pk,
                f"targets-{number}-policy": policy.pk,
                f"targets-{number}-key": target.key,
                f"targets-{number}-minutes": 45 if target.key == "assign_within" else target.minutes or "",
                f"targets-{number}-warn_before_minutes": target.warn_before_minutes,
                f"targets-{number}-notify_role": target.notify_role,
            }
        assert client.post(f"/admin/sla/slapolicy/{policy.pk}/change/", form).status_code == 302
        assert SlaTarget.objects.get(key="assign_within").minutes == 45
        assert SlaClock.objects.get().due_at == clock.due_at

    def test_they_are_for_managers(self, client):
        client.force_login(DispatcherFactory(is_staff=True))
        assert client.get(CLOCKS).status_code == 403
