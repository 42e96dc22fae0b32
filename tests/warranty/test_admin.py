from datetime import date
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from tests.factories.accounts import CaseOfficerFactory, ManagerFactory
from tests.factories.warranty import Workshop
from warranty.models import WarrantyTerms

pytestmark = pytest.mark.django_db


@pytest.fixture
def admin() -> Client:
    """A manager's browser."""
    client = Client()
    client.force_login(ManagerFactory())
    return client


def draft(**given: Any) -> WarrantyTerms:
    """Terms that begin in a far year."""
    fields = {
        "version": "2099-1",
        "grade": "original",
        "days": 365,
        "text_en": "-",
        "text_zh": "-",
        "valid_from_on": date(2099, 1, 1),
    }
    return WarrantyTerms.objects.create(**{**fields, **given})


class TestTerms:
    def test_a_new_version_is_written(self, admin: Client) -> None:
        response = admin.post(
            reverse("admin:warranty_warrantyterms_add"),
            {
                "version": "2099-1",
                "grade": "certified",
                "days": 200,
                "text_en": "Terms",
                "text_zh": "条款",
                "valid_from_on": "2099-01-01",
            },
        )
        assert response.status_code == 302
        assert WarrantyTerms.objects.get(version="2099-1").history.count() == 1

    def test_a_draft_can_be_changed_and_a_published_version_cannot(self, admin: Client) -> None:
        published = WarrantyTerms.objects.get(version="2026-1", grade="original")
        for terms, expected in ((draft(), 302), (published, 403)):
            response = admin.post(
                reverse("admin:warranty_warrantyterms_change", args=[terms.pk]),
                {
                    "version": terms.version,
                    "grade": terms.grade,
                    "days": 7,
                    "text_en": "-",
                    "text_zh": "-",
                    "valid_from_on": "2099-01-01",
                },
            )
            assert response.status_code == expected
        published.refresh_from_db()
        assert published.days == 180

    def test_nothing_is_deleted(self, admin: Client) -> None:
        terms = draft()
        delete = reverse("admin:warranty_warrantyterms_delete", args=[terms.pk])
        assert admin.post(delete, {"post": "yes"}).status_code == 403


class TestRowsOfServices:
    @pytest.mark.parametrize("model", ["claim", "warranty"])
    def test_are_shown_and_never_changed(self, workshop: Workshop, admin: Client, model: str) -> None:
        claim = workshop.approved()
        row = claim if model == "claim" else claim.order.fittings.get().warranty
        assert admin.get(reverse(f"admin:warranty_{model}_changelist")).status_code == 200
        change = reverse(f"admin:warranty_{model}_change", args=[row.pk])
        assert admin.get(change).status_code == 200
        assert admin.post(change, {"status": "filed"}).status_code == 403
        assert admin.get(reverse(f"admin:warranty_{model}_add")).status_code == 403

    def test_a_case_officer_works_elsewhere(self, workshop: Workshop) -> None:
        client = Client()
        client.force_login(CaseOfficerFactory())
        assert client.get(reverse("admin:warranty_claim_changelist")).status_code == 302
