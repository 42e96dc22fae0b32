"""Staff of a city find that city's rows in the admin, and no other's."""

import pytest
from django.urls import reverse

from tests.factories.accounts import ManagerFactory
from tests.factories.warranty import Workshop

pytestmark = pytest.mark.django_db


class TestOwnCities:
    PAGES = ("engineers/engineer", "engineers/visit", "orders/repairorder", "orders/quote",
             "orders/fitting", "warranty/warranty", "warranty/claim")  # fmt: skip

    def rows(self, client, page: str) -> int:
        return client.get(f"/admin/{page}/").context["cl"].result_count

    def test_a_manager_of_one_city_sees_nothing_of_another(self, client):
        workshop, other = Workshop.open(), Workshop.open(shanghai=True)
        claim = workshop.claim()
        for manager, seen in (
            (ManagerFactory(), 1),
            (ManagerFactory(cities=[workshop.city]), 1),
            (ManagerFactory(cities=[other.city]), 0),
        ):
            client.force_login(manager)
            for page in self.PAGES:
                own = seen if page != "engineers/engineer" else (1 if manager.cities.exists() else 2)
                assert self.rows(client, page) == own, page
            change = client.get(reverse("admin:warranty_claim_change", args=[claim.pk]))
            assert change.status_code == (200 if seen else 302)
